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

// A header that is replaced in place may be torn when the power fails. The log beside the
// file then has the whole one (SPEC.md, section 3.6). A header that opens is not torn,
// whatever a log says: who reads contents tries the one of the file first, and then that in
// the log, in memory. Who passes files on refuses, and rewrap alone repairs.

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

// readHead has the input, which is this file, begin with the header that it has now, if
// it has one, and finds that in the log.
func (f found) readHead(src *input) error {
	if src.file == nil || src.size < 0 || src.start != 0 {
		return nil // not the whole file, or none
	}
	prefix := make([]byte, format.PrefixSize)
	n, _ := src.file.ReadAt(prefix, 0) // whoever reads the file will see the error
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

// settle decides with the keys between the header of the file and that in the log, before
// anything is read. The error is that of the first if neither opens.
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

// complete takes the header in the log for that of the file, if there is one.
func (in *input) complete() {
	if in.completed == nil {
		return
	}
	in.head, in.torn = in.completed, true
	if in.onTorn != nil {
		in.onTorn()
	}
}

// tryOn returns why a header does not open with the keys, or nil if it does.
func (k *identities) tryOn(head []byte) error {
	_, err := pqenc.Decrypt(bytes.NewReader(head), k.list...)
	return err
}

// intact requires that what is sent is whole without the log beside it.
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
