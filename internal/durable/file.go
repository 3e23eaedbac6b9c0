// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync/atomic"
)

// File is an output file that is being written. Only Commit makes its content that of the
// target. Abort may be called at any time and from any goroutine, and WriteAt concurrently.
// Write and Commit are for one goroutine at a time.
type File struct {
	output
	temp   string       // name of the temporary file in the folder, or empty
	synced bool         // whether file is on a disk
	extent atomic.Int64 // of what WriteAt was given, if that is sparse
	over   *os.File     // the file that the target must still be, or nil
	batch  *Batch       // that syncs the folder, or nil
}

// Create begins the output file of the given name. Nothing under that name changes
// before Commit.
//
// A symbolic link stays, and the file that it leads to is replaced; a dangling
// link is refused, and so is a directory. A device, a pipe or a socket is opened and
// written to directly, see Atomic. Opening a pipe waits for its reader, or for the end of
// ctx. Names like /dev/stdout and /dev/fd/3 mean that open file.
// The error is a [*ReplaceError] if it is known that the target cannot be replaced.
func Create(ctx context.Context, name string, o Options) (*File, error) {
	if number, ok := descriptor(name); ok {
		file, err := duplicate(number, name)
		return direct(name, file, err)
	}
	path, info, err := resolve(name)
	if err != nil {
		return nil, err
	}
	if info != nil && o.New {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	if info != nil && !info.Mode().IsRegular() {
		file, err := openSpecial(ctx, name, info)
		return direct(name, file, err)
	}
	t, err := openTarget(name, path, info, o)
	if err != nil {
		return nil, err
	}
	return t.create()
}

// create makes the temporary file. Only Commit tells who may read the new content: see
// MakePrivate.
func (t *target) create() (*File, error) {
	file, temp, err := t.openTemp(0o600)
	if err != nil {
		t.dir.Close()
		return nil, err
	}
	return &File{output: output{target: t, file: file}, temp: temp, synced: true}, nil
}

func direct(name string, file *os.File, err error) (*File, error) {
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	// Pipes and terminals have nothing to sync, and some report that as an error.
	const stream = fs.ModeNamedPipe | fs.ModeSocket | fs.ModeCharDevice
	return &File{output: output{target: &target{name: name}, file: file}, synced: info.Mode()&stream == 0}, nil
}

// openSpecial opens what info describes. Should a regular file have come in its
// place it is not written to. There is no way to end the system call that waits for
// the reader of a pipe: it is left to itself.
func openSpecial(ctx context.Context, name string, info fs.FileInfo) (*os.File, error) {
	type result struct {
		file *os.File
		err  error
	}
	done := make(chan result)
	go func() {
		file, err := openSame(name, info)
		select {
		case done <- result{file, err}:
		case <-ctx.Done():
			if err == nil {
				file.Close()
			}
		}
	}()
	select {
	case r := <-done:
		return r.file, r.err
	case <-ctx.Done():
		return nil, &fs.PathError{Op: "open", Path: name, Err: context.Cause(ctx)}
	}
}

func openSame(name string, info fs.FileInfo) (*os.File, error) {
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	opened, err := file.Stat()
	if err == nil && opened.Mode().Type() != info.Mode().Type() {
		err = &fs.PathError{Op: "create", Path: name, Err: ErrChanged}
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// Name returns the name that Create was given.
func (f *File) Name() string { return f.name }

// Atomic reports whether the target changes at Commit, in one step. It is false for devices,
// pipes and sockets, which every Write reaches directly.
func (f *File) Atomic() bool { return f.dir != nil }

// Write appends p to the new content. After an error only Abort is possible: Commit fails.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	if err == nil {
		return n, nil
	}
	return n, f.fail(f.explain("write", err))
}

// WriteAt puts p at an offset of the new content of an atomic output. It does not
// change where Write continues. After an error only Abort is possible.
func (f *File) WriteAt(p []byte, off int64) (n int, err error) {
	if f.options.Sparse {
		n, err = f.writeSparse(p, off)
	} else {
		n, err = f.file.WriteAt(p, off)
	}
	if err == nil {
		return n, nil
	}
	return n, f.fail(f.explain("write", err))
}

// Reserve takes the space of size bytes of new content, for work that cannot be done again when
// the disk turns out to be full: see the function Reserve. It does nothing for an output that is
// not atomic. After an error only Abort is possible.
func (f *File) Reserve(size int64) error {
	if !f.Atomic() {
		return nil
	}
	if err := Reserve(f.file, size); err != nil {
		return f.fail(f.explain("write", err))
	}
	return nil
}

// ReadAt implements [io.ReaderAt] for what was written to an atomic output.
func (f *File) ReadAt(p []byte, off int64) (int, error) { return f.file.ReadAt(p, off) }

// Commit replaces the target by the new content and makes it durable. On any error except
// [ErrNotDurable] the target is unchanged, and the new content is discarded unless the
// error is a [*ReplaceError] that names it. An Abort during Commit wins until the rename.
func (f *File) Commit() error {
	if err := f.advance(open, noStep); err != nil {
		return err
	}
	err := f.prepare()
	if err == nil {
		err = f.advance(committing, f.rename)
	}
	if err != nil {
		f.Abort()
		return err
	}
	err = f.file.Close()
	if !f.Atomic() {
		return f.explain("close", err)
	}
	if f.batch != nil {
		return f.batch.add(f.dir, f.target.failed)
	}
	defer f.dir.Close()
	return f.settle()
}

// prepare does the long part of Commit, without the lock.
func (f *File) prepare() error {
	if f.failed != nil {
		return f.failed
	}
	if f.options.Sparse {
		if err := f.extend(); err != nil {
			return f.fail(f.explain("write", err))
		}
	}
	if f.Atomic() {
		if err := f.finalize(f.file); err != nil {
			return f.fail(f.explain("set the permissions of", err))
		}
		if err := f.giveTimes(f.file, f.temp); err != nil {
			return f.fail(f.explain("set the times of", err))
		}
	}
	if !f.synced {
		return nil
	}
	if err := flush(f.file); err != nil {
		return f.fail(f.explain("sync", errSync(err)))
	}
	return nil
}

func (f *File) rename() error {
	if !f.Atomic() {
		return nil
	}
	if f.over != nil && !stands(f.dir, f.base, f.over) {
		return f.explain("replace", ErrChanged)
	}
	if f.options.New {
		return f.explain("create", f.takeName())
	}
	if f.temp == "" && f.old == nil {
		f.target.failed = FailedSyncs()
		if link(f.file, f.dir, f.base) == nil {
			return nil
		}
	}
	if f.temp == "" {
		name, err := f.linkTemp(f.file)
		if err != nil {
			return f.explain("replace", err)
		}
		f.temp = name
	}
	err := f.replace(f.temp, f.over != nil)
	if err != nil && f.over != nil { // which has all that the new content was made of
		return &ReplaceError{Name: f.name, Err: cause(err)}
	}
	if err != nil {
		err = f.keep(f.file, f.temp, err)
		f.temp = "" // there is nothing left to remove
	}
	return err
}

// takeName gives the file its name, if that is free.
func (f *File) takeName() error {
	if f.temp == "" {
		err := link(f.file, f.dir, f.base)
		if err == nil || errors.Is(err, fs.ErrExist) {
			return err
		}
		return errors.ErrUnsupported // the probe has seen that it can be linked
	}
	err := place(f.dir, f.temp, f.base, f.perm)
	if err == nil {
		f.temp = ""
	}
	return err
}

// Abort discards the new content. When it returns, either that is done or Commit came
// first, and Abort has changed nothing. It does not wait for a Write or a sync. What was
// written to a target that is not atomic stays.
func (f *File) Abort() error {
	if !f.abort() {
		return nil
	}
	defer f.file.Close() // what matters is gone, or was written before
	if !f.Atomic() {
		return nil
	}
	defer f.dir.Close()
	if f.temp == "" {
		return nil
	}
	return f.explain("remove what was written for", f.dir.Remove(f.temp))
}
