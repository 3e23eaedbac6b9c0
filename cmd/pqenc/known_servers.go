// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pqenc/pqenc/internal/terminal"
	"github.com/pqenc/pqenc/internal/text"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/keyfile/keyring"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
)

// The file of known servers has one line per server,
//
//	HOST:PORT SHA256:...
//
// and comments that start with #. If a server is not at /pqenc, its path follows the
// port. The user is asked only once per server. A changed key is refused: the user must
// remove the line, or accept the new key in the keyring as the successor of the old one.

// maxKnown is the maximum size of the file of known servers in bytes.
const maxKnown = 4 << 20

// expectation describes the expected keys of a server.
type expectation struct {
	keys    []keyfile.Fingerprint
	rotated bool // also accept later generations in the keyring
	refuse  func(server keyfile.Fingerprint) error
}

func (e *expectation) check(server keyfile.Fingerprint) error {
	if slices.Contains(e.keys, server) || e.rotated && slices.ContainsFunc(e.keys, func(known keyfile.Fingerprint) bool { return succeeds(server, known) }) {
		return nil
	}
	return e.refuse(server)
}

// succeeds reports whether the keyring has a key as a later generation of another one,
// which means that the user accepted it.
func succeeds(key, old keyfile.Fingerprint) bool {
	r, err := ring()
	if err != nil {
		return false
	}
	e, err := r.FindFingerprint(old)
	if err != nil {
		return false
	}
	all := e.Public.Fingerprints() // newest first
	later := slices.Index(all, key)
	return later >= 0 && later < slices.Index(all, old)
}

// expected returns the expected keys of a server: those that --server names, or the known
// one, or the one that the user trusts now.
func (f *remoteFlags) expected(r *remote) (*expectation, error) {
	if f.Server != "" {
		return f.named(r.name)
	}
	file, err := knownServers()
	if err != nil {
		return nil, err
	}
	e, err := known(file, r.name)
	if err != nil || e != nil {
		return e, err
	}
	key, err := r.whoIs()
	if err != nil {
		return nil, err
	}
	if err := r.app.trust(r.name, key); err != nil {
		return nil, err
	}
	if err := remember(file, r.name, key); err != nil {
		r.app.warn("the server will not be known the next time: %v", err)
	}
	return &expectation{keys: []keyfile.Fingerprint{key}, refuse: func(now keyfile.Fingerprint) error { return changed(r.name, now, key, "a moment ago") }}, nil
}

// named returns the expectation for --server.
func (f *remoteFlags) named(name string) (*expectation, error) {
	keys, who, err := serverKeys(f.Server)
	if err != nil {
		return nil, in("--server", err)
	}
	return &expectation{keys: keys, refuse: func(server keyfile.Fingerprint) error {
		return &failure{fmt.Errorf("%w: %s has the key %s, which is not that of --server", transfer.ErrUnknownServer, name, server),
			exitServer, []string{"ask the operator of the server which key it has, and trust nothing else",
				fmt.Sprintf(`if they have rotated the key, accept the new one with "pqenc key add %s FILE"`, who)}}
	}}, nil
}

// serverKeys returns the server keys that an argument names, and their name in the
// keyring. A name stands for all accepted generations, anything else for one.
func serverKeys(arg string) (keys []keyfile.Fingerprint, name string, err error) {
	if at, err := locate(arg); err == nil && at.ring != nil && arg == at.name {
		e, err := at.ring.Find(at.name)
		if err != nil {
			return nil, "", err
		}
		return e.Public.Fingerprints(), at.name, nil
	}
	keys, err = fingerprints(arg)
	return keys, "NAME", err
}

// knownServers returns the path of the file of known servers.
func knownServers() (string, error) {
	dir, err := keyring.Dir()
	if err != nil {
		return "", withHints(err, "set PQENC_HOME to a folder, or name the server's key with --server")
	}
	return filepath.Join(dir, "known_servers"), nil
}

// known returns the expected key of a server from the file, or nil.
func known(file, name string) (*expectation, error) {
	lines, err := readKnown(file)
	if err != nil {
		return nil, err
	}
	e := &expectation{rotated: true}
	for i, text := range lines {
		line, _, _ := bytes.Cut(text, []byte("#"))
		fields := strings.Fields(string(line))
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 {
			return nil, badLine(file, i+1)
		}
		key, err := signature.ParseFingerprint(fields[1])
		if err != nil {
			return nil, badLine(file, i+1)
		}
		if fields[0] != name {
			continue
		}
		e.keys = append(e.keys, key)
		e.refuse = func(server keyfile.Fingerprint) error {
			return changed(name, server, key, fmt.Sprintf("in %s, line %d", file, i+1))
		}
	}
	if len(e.keys) == 0 {
		return nil, nil
	}
	return e, nil
}

// readKnown returns the lines of the file, or none if it does not exist.
func readKnown(file string) ([][]byte, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxKnown+1))
	if err == nil && len(b) > maxKnown {
		err = fmt.Errorf("%s is larger than %s", file, sizeText(maxKnown))
	}
	if err == nil {
		b, err = text.Trim(b)
		err = in(file, err)
	}
	return bytes.Split(b, []byte("\n")), err
}

func badLine(file string, number int) error {
	return &failure{fmt.Errorf("%s, line %d: not a server and its fingerprint", file, number), exitServer,
		[]string{"correct the line, or remove it"}}
}

// changed returns the error for a server with another key than the known one.
func changed(name string, now, before keyfile.Fingerprint, where string) error {
	return &failure{fmt.Errorf("%w: THE KEY OF %s HAS CHANGED to %s, and was %s %s", transfer.ErrUnknownServer, name, now, before, where),
		exitServer, []string{
			"this may be a man in the middle: do not continue until the operator of the server has told you why",
			"if the new key is right, remove the old line",
			`if they have rotated the key, accept the new one with "pqenc key add NAME FILE". Until then, the server can run with the old one: --generation`,
		}}
}

// whoIs returns the key of the server, which has proven to own it. The server does not
// learn the identity of the client.
func (r *remote) whoIs() (server keyfile.Fingerprint, err error) {
	r.CheckServer = func(key keyfile.Fingerprint) error {
		server = key
		return transfer.ErrUnknownServer
	}
	for _, err = range r.List(context.Background(), "") {
		break
	}
	if errors.Is(err, transfer.ErrUnknownServer) {
		return server, nil
	}
	return server, r.explain(err)
}

// trust asks whether a server is the right one.
func (a *app) trust(name string, key keyfile.Fingerprint) error {
	err := a.confirm(fmt.Sprintf("%s is not a known server. Its key is %s. Trust it?", name, key))
	switch {
	case errors.Is(err, terminal.ErrNoTerminal):
		return &failure{fmt.Errorf("%s is not a known server, and there is no terminal to ask whether to trust its key: %s", name, key),
			exitServer, []string{"if the operator confirms that this is the key, name it with --server"}}
	case err != nil:
		return &failure{fmt.Errorf("%w: %s has the key %s", transfer.ErrUnknownServer, name, key),
			exitServer, []string{"ask the operator of the server which key it has, and name it with --server"}}
	}
	return nil
}

// remember adds a server to the file.
func remember(file, name string, key keyfile.Fingerprint) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	// A single write, so that it does not mix with that of another process.
	line := fmt.Sprintf("%s %s\n", name, key)
	if !endsLine(f) {
		line = "\n" + line
	}
	_, err = f.WriteString(line)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// endsLine reports whether a file is empty or ends with a line break.
func endsLine(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return true
	}
	var last [1]byte
	_, err = f.ReadAt(last[:], info.Size()-1)
	return err == nil && last[0] == '\n'
}
