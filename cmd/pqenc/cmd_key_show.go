// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/pqenc/pqenc/keyfile"
)

type keyShowCmd struct {
	Key  string `arg:"" type:"path" complete:"keys" name:"KEY" help:"A public or private key: a name in the keyring or a file."`
	JSON bool   `name:"json" help:"Print JSON."`
}

func (keyShowCmd) Help() string {
	return `Needs no passphrase: for a protected private key, it shows what the public key file
beside it says.

Examples:

    pqenc key show lab.pub
    pqenc key show lab.key --json | jq -r '.[0].expires'`
}

// shownKey is an identity in its JSON form. Times are in RFC 3339, and left out if
// unknown or never.
type shownKey struct {
	Name        string            `json:"name,omitempty"`
	Fingerprint string            `json:"fingerprint,omitempty"` // of the newest generation
	Created     string            `json:"created,omitempty"`
	Expires     string            `json:"expires,omitempty"`
	Retired     string            `json:"retired,omitempty"`
	Usable      bool              `json:"usable"` // neither expired nor retired
	Private     bool              `json:"private"`
	Protected   bool              `json:"protected"`
	Beside      string            `json:"public_file,omitempty"` // source of all other fields, if the private key is protected
	Generations []shownGeneration `json:"generations"`
}

type shownGeneration struct {
	Generation  int    `json:"generation"`
	Fingerprint string `json:"fingerprint"`
	Created     string `json:"created,omitempty"`
	Expires     string `json:"expires,omitempty"`
	Retired     string `json:"retired,omitempty"`
}

func (c *keyShowCmd) Run(a *app) error {
	at, err := locate(c.Key)
	if err != nil {
		return err
	}
	name, err := at.anyFile()
	if err != nil {
		return err
	}
	all, err := look(name)
	if err != nil {
		return at.explain(err)
	}
	if c.JSON {
		return printJSON(a.stdout, all)
	}
	for i, key := range all {
		if i > 0 {
			fmt.Fprintln(a.stdout)
		}
		if err := key.print(a.stdout); err != nil {
			return err
		}
	}
	return nil
}

// look returns what is known about the keys in the file.
func look(name string) ([]shownKey, error) {
	keys, private, err := readEither(name, nil)
	if private && errors.Is(err, keyfile.ErrProtected) {
		return lookBeside(name)
	}
	return showAll(keys, shownKey{Private: private}), err
}

// lookBeside returns what the public key file beside a protected key has.
func lookBeside(name string) ([]shownKey, error) {
	key := shownKey{Private: true, Protected: true, Generations: []shownGeneration{}}
	keys, err := keyfile.LoadPublic(publicBeside(name))
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(keys) != 1 {
		return []shownKey{key}, nil
	}
	key.Beside = publicBeside(name)
	return showAll(keys, key), in(key.Beside, err)
}

// showAll returns the reports on the keys in a file; file has the fields that they share.
func showAll(keys keyfile.Publics, file shownKey) (all []shownKey) {
	for _, key := range keys {
		s := file
		s.Name, s.Fingerprint, s.Usable = key.Name(), key.Fingerprint().String(), key.Usable(time.Now()) == nil
		for _, g := range key.Generations() {
			s.Generations = append(s.Generations, shownGeneration{
				g.Generation(), g.Fingerprint().String(), rfc3339(g.Created()), rfc3339(g.Expires()), rfc3339(g.Retired())})
		}
		newest := s.Generations[0]
		s.Created, s.Expires, s.Retired = newest.Created, newest.Expires, newest.Retired
		all = append(all, s)
	}
	return all
}

// rfc3339 formats a time, or returns "" for the zero time.
func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// print writes the report for people.
func (k *shownKey) print(w io.Writer) error {
	var rows [][2]string
	row := func(name, text string) { rows = append(rows, [2]string{name, text}) }
	switch {
	case k.Protected:
		row("private", "yes, protected by a passphrase")
	case k.Private:
		row("private", "yes, without a passphrase")
	default:
		row("private", "no")
	}
	if k.Fingerprint == "" {
		row("fingerprint", "needs the passphrase: see \"pqenc fingerprint\"")
		return printRows(w, rows)
	}
	row("name", cmp.Or(k.Name, "none"))
	row("fingerprint", k.Fingerprint)
	row("created", cmp.Or(k.Created, "not known"))
	row("expires", cmp.Or(k.Expires, "never"))
	if k.Retired != "" {
		row("retired", k.Retired)
	}
	if k.Beside != "" {
		row("from", k.Beside+", which was not compared with the private key")
	}
	row("generations", fmt.Sprint(len(k.Generations)))
	for _, g := range k.Generations[1:] {
		row(fmt.Sprintf("%11d", g.Generation), fmt.Sprintf("%s, retired %s", g.Fingerprint, g.Retired))
	}
	return printRows(w, rows)
}
