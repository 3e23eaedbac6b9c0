// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"
)

// errReaderGone says that the reader of standard output is gone any more, as in
// "pqenc ... | head".
var errReaderGone = errors.New("the reader of standard output is gone")

// errClosed says that a standard stream was closed when the process began.
var errClosed = errors.New("it was closed when pqenc was started")

// results is standard output. What was written there is good only when it has been
// closed, too: some file systems find out only then that there is no room for it.
type results struct {
	file   *os.File
	used   atomic.Bool
	closed bool
}

func (r *results) Write(b []byte) (int, error) {
	r.used.Store(true)
	n, err := r.file.Write(b)
	return n, r.explain(err)
}

// explain returns errReaderGone for the error of a write to a pipe without a reader.
func (r *results) explain(err error) error {
	var writing *fs.PathError
	if errors.As(err, &writing) && writing.Path == r.file.Name() {
		if errors.Is(err, syscall.EPIPE) {
			return errReaderGone
		}
		return writing // and not what --help makes of it
	}
	return err
}

// Close ends the output, once, if there was any.
func (r *results) Close() error {
	if !r.used.Load() || r.closed {
		return nil
	}
	r.closed = true
	return r.file.Close()
}
