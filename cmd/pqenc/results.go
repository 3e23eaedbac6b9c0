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

// errReaderGone is the error when standard output has no reader any more, as in
// "pqenc ... | head".
var errReaderGone = errors.New("the reader of standard output is gone")

// errClosed is the error for a standard stream that was closed when the process started.
var errClosed = errors.New("it was closed when pqenc was started")

// results is standard output. Its contents are safe only after Close succeeded: some file
// systems report a full disk only then.
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

// explain returns errReaderGone for the error of writing to a pipe without a reader.
func (r *results) explain(err error) error {
	var writing *fs.PathError
	if errors.As(err, &writing) && writing.Path == r.file.Name() {
		if errors.Is(err, syscall.EPIPE) {
			return errReaderGone
		}
		return writing // not the error that --help makes of it
	}
	return err
}

// Close closes the output once, if anything was written.
func (r *results) Close() error {
	if !r.used.Load() || r.closed {
		return nil
	}
	r.closed = true
	return r.file.Close()
}
