// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pqenc/pqenc/internal/terminal"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/keyfile/keyring"
)

type keyListCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

func (keyListCmd) Help() string {
	return `Prints the name of each key, whether it is your own, and its fingerprint. A star marks
the default identity. Damaged keys are left out and reported as errors.

Examples:

    pqenc key list
    pqenc key list --json | jq -r '.[] | select(.private) | .name'`
}

// keyReport is a key in its JSON form.
type keyReport struct {
	Name         string   `json:"name"`
	Private      bool     `json:"private"`
	Default      bool     `json:"default"`
	Protected    bool     `json:"protected"`
	Fingerprint  string   `json:"fingerprint,omitempty"`
	Fingerprints []string `json:"fingerprints,omitempty"` // of all generations, newest first
	Generation   int      `json:"generation,omitempty"`
	Created      string   `json:"created,omitempty"` // RFC 3339, if known
	Expires      string   `json:"expires,omitempty"` // the same, if the key expires
	Retired      string   `json:"retired,omitempty"` // the same, if the key is retired
	Error        string   `json:"error,omitempty"`   // if set, all else is unknown
}

func (c *keyListCmd) Run(a *app) error {
	r, err := ring()
	if err != nil {
		return err
	}
	all, err := r.List()
	if err != nil {
		return err
	}
	if len(all) == 0 && !c.JSON {
		a.inform("there are no keys in %s", r.Dir())
		a.inform("hint: \"pqenc keygen\" makes an identity, and \"pqenc key add NAME FILE\" adds somebody's key")
	}
	standard, defaultErr := r.Default()
	reports := make([]keyReport, len(all))
	for i, e := range all {
		reports[i] = reportKey(e, standard)
	}
	if c.JSON {
		err = printJSON(a.stdout, reports)
	} else {
		err = printKeys(a.stdout, reports)
	}
	if err != nil {
		return err
	}
	return a.reportDamaged(r, all, defaultErr)
}

// reportDamaged reports all keys that cannot be used, and returns an error if there are
// any.
func (a *app) reportDamaged(r *keyring.Ring, all []keyring.Item, defaultErr error) error {
	damaged := 0
	for _, e := range all {
		a.warnOf(e.PublicErr)
		if e.Own && keyfile.Exposed(r.PrivateFile(e.Name)) {
			a.warn("%s can be read by others (chmod 600 fixes that)", r.PrivateFile(e.Name))
		}
		if e.Err != nil {
			a.report(e.Err)
			damaged++
		}
	}
	if damaged > 0 {
		return &failure{fmt.Errorf("%d of %d keys cannot be used", damaged, len(all)), exitKeyFile, nil}
	}
	return defaultErr
}

func reportKey(e keyring.Item, standard string) keyReport {
	k := keyReport{Name: e.Name, Private: e.Own, Default: e.Own && e.Name == standard, Protected: e.Protected}
	if e.Err != nil {
		k.Error = e.Err.Error()
		return k
	}
	newest := e.Generations[0]
	k.Fingerprint, k.Generation = newest.Fingerprint.String(), newest.Generation
	for _, g := range e.Generations {
		k.Fingerprints = append(k.Fingerprints, g.Fingerprint.String())
	}
	k.Created, k.Expires, k.Retired = rfc3339(newest.Created), rfc3339(newest.Expires), rfc3339(newest.Retired)
	return k
}

// printKeys prints one line for each usable key.
func printKeys(w io.Writer, all []keyReport) error {
	width := 0
	for _, k := range all {
		if k.Error == "" {
			width = max(width, len(k.Name))
		}
	}
	var b strings.Builder
	for _, k := range all {
		if k.Error == "" {
			fmt.Fprintf(&b, "%s%-*s  %-6s  %s%s\n", star(k.Default), width, k.Name, k.whose(), k.Fingerprint, k.remarks())
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func star(is bool) string {
	if is {
		return "* "
	}
	return "  "
}

func (k *keyReport) whose() string {
	if k.Private {
		return "own"
	}
	return "other"
}

// remarks returns the unusual properties of a key.
func (k *keyReport) remarks() string {
	var all []string
	if k.Protected {
		all = append(all, "protected")
	}
	if k.Generation > 1 {
		all = append(all, fmt.Sprintf("generation %d", k.Generation))
	}
	switch expires, _ := time.Parse(time.RFC3339, k.Expires); {
	case k.Retired != "":
		all = append(all, "retired "+k.Retired)
	case k.Expires != "" && expires.Before(time.Now()):
		all = append(all, "expired "+k.Expires)
	case k.Expires != "":
		all = append(all, "expires "+k.Expires)
	}
	if len(all) == 0 {
		return ""
	}
	return "  " + terminal.Printable(strings.Join(all, ", "))
}
