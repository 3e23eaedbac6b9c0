// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// copyStep is how many bytes are copied between two reports of progress, and before Abort
// takes effect.
const copyStep = 64 << 20

// errResized is returned if the length of the source changes.
var errResized = errors.New("was made longer or shorter while it was copied")

// CopyFrom appends src[offset:] to the new content. If the file system can, both files then
// share the blocks, which takes no time and no space, and shared is true. For that, offset
// and the length of what was written before must be multiples of the block of the file
// system, mostly 4096 bytes. Otherwise the system copies, or this process does.
//
// progress, if not nil, is called with the number of bytes of each step. The file offset of
// src does not change. It is an error if the length of src changes. After any error only
// Abort is possible, as with Write.
func (f *File) CopyFrom(src *os.File, offset int64, progress func(n int64)) (shared bool, err error) {
	if err := f.ended(); err != nil {
		return false, err
	}
	shared, err = f.copyFrom(src, offset, progress)
	if err != nil {
		err = f.fail(err)
	}
	return shared, err
}

func (f *File) copyFrom(src *os.File, offset int64, progress func(n int64)) (shared bool, err error) {
	if progress == nil {
		progress = func(int64) {}
	}
	before, err := src.Stat()
	if err != nil {
		return false, err
	}
	rest := before.Size() - offset
	if offset < 0 || rest < 0 {
		return false, &fs.PathError{Op: "copy", Path: src.Name(), Err: errLength}
	}
	if f.Atomic() {
		err = f.share(src, offset, rest)
		if shared = err == nil; shared {
			progress(rest)
			rest = 0
		} else if err == errCannotShare {
			rest, err = f.copyRange(src, before.Size(), rest, progress)
		}
	}
	if err == nil {
		err = f.copyPlain(src, before.Size(), rest, progress)
	}
	if err != nil {
		return false, f.explainCopy(src, err)
	}
	after, err := src.Stat()
	if err == nil && after.Size() != before.Size() {
		err = &fs.PathError{Op: "copy", Path: src.Name(), Err: errResized}
	}
	return shared, err
}

// explainCopy names the file that the error is about.
func (f *File) explainCopy(src *os.File, err error) error {
	if of := (*fs.PathError)(nil); errors.As(err, &of) && of.Path == src.Name() {
		return err
	}
	return f.explain("copy", err)
}

// errCannotShare, or a rest that copyRange leaves, makes the caller try the next method.
var errCannotShare = errors.New("blocks cannot be shared")

// share appends the rest bytes of src from offset on to the new content, as shared blocks.
func (f *File) share(src *os.File, offset, rest int64) error {
	at, err := f.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if err := clone(f.file, at, src, offset); err != nil {
		return err
	}
	end, err := f.file.Seek(0, io.SeekEnd)
	if err == nil && end != at+rest {
		err = &fs.PathError{Op: "copy", Path: src.Name(), Err: errResized}
	}
	return err
}

// copyRange lets the system copy the last rest bytes of src, which ends at size. It returns
// how many bytes are left: all of them if the system cannot copy.
func (f *File) copyRange(src *os.File, size, rest int64, progress func(n int64)) (int64, error) {
	for rest > 0 {
		if err := f.ended(); err != nil {
			return rest, err
		}
		n, err := copyFileRange(f.file, src, size-rest, min(rest, copyStep))
		if err == errCannotShare || err == nil && n == 0 {
			break // the end of src, or what some file systems report as that
		}
		if err != nil {
			return rest, err
		}
		rest -= n
		progress(n)
	}
	return rest, nil
}

// copyPlain copies the last rest bytes of src, which ends at size.
func (f *File) copyPlain(src *os.File, size, rest int64, progress func(n int64)) error {
	b := make([]byte, min(rest, 1<<20))
	for rest > 0 {
		n, err := src.ReadAt(b[:min(rest, int64(len(b)))], size-rest)
		if n == 0 && err == io.EOF {
			return &fs.PathError{Op: "copy", Path: src.Name(), Err: errResized}
		}
		if err != nil && err != io.EOF {
			return err
		}
		if _, err := f.file.Write(b[:n]); err != nil {
			return err
		}
		rest -= int64(n)
		progress(int64(n))
	}
	return nil
}
