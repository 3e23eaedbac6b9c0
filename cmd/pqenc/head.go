// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/durable"
	web "github.com/pqenc/pqenc/remote"
)

// A header that is replaced in place may be torn by a power failure. The log beside the
// file then has the complete header (SPEC.md, section 3.6). A header that opens is not
// torn, whatever the log contains. Commands that read contents therefore try the header
// of the file first, and then the one in the log, in memory. Commands that pass files on
// refuse torn ones, and only rewrap repairs them.

const repairHint = `repair it with "pqenc rewrap --repair -i KEY FILE"; if you do not have a key, leave out -i`

// openEncrypted opens an encrypted file for reading, which may be on a web server.
func (a *app) openEncrypted(name string, o urlFlags) (*input, error) {
	if web.IsURL(name) {
		return a.openURL(name, o)
	}
	in, err := a.openInput(name)
	if err != nil || isStdio(name) {
		return in, err
	}
	if err := (found{file: name}).readHead(in); err != nil {
		in.Close()
		return nil, err
	}
	in.onTorn = func() {
		a.warn("%s: %v, and read from the log beside the file: %s", name, durable.ErrTorn, repairHint)
	}
	return in, nil
}

// readHead reads the present header of the input file, if it has one, and the one in the
// log.
func (f found) readHead(src *input) error {
	if src.file == nil || src.size < 0 || src.start != 0 {
		return nil // not a whole file
	}
	prefix := make([]byte, format.PrefixSize)
	n, _ := src.file.ReadAt(prefix, 0) // reading the file will return the error
	var head, completed []byte
	var err error
	if size := format.SizeOf(prefix[:n]); f.folder != nil {
		head, completed, err = f.folder.readHead(f.path, src.file, size)
	} else {
		head, completed, err = durable.ReadHead(src.file, f.file, size, format.SameFile)
	}
	if err != nil || head == nil {
		return err
	}
	src.head, src.completed = head, completed
	return nil
}

// settle uses the keys to choose between the header of the file and that in the log,
// before anything is read. If neither opens, it returns the error of the first.
func (in *input) settle(keys *identities) error {
	if in.completed == nil {
		return nil
	}
	err := keys.tryOn(in.head)
	if err == nil {
		return nil
	}
	if keys.tryOn(in.completed) != nil {
		return keys.explain(err, in.head)
	}
	in.complete()
	return nil
}

// complete uses the header in the log, if there is one.
func (in *input) complete() {
	if in.completed == nil {
		return
	}
	in.head, in.torn = in.completed, true
	if in.onTorn != nil {
		in.onTorn()
	}
}

// tryOn returns why the keys do not open a header, or nil if they do.
func (k *identities) tryOn(head []byte) error {
	_, err := pqenc.Decrypt(bytes.NewReader(head), k.list...)
	return err
}

// intact requires that the file is complete without the log beside it.
func (s sending) intact(src *input) error {
	if s.isStdin() {
		return nil
	}
	if err := s.readHead(src); err != nil {
		return err
	}
	if src.completed != nil {
		return durable.ErrTorn
	}
	return nil
}
