// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"context"
	"errors"
	"io/fs"
)

// File is an output file in the making. Its content becomes that of the target by
// Commit and by nothing else. Abort may be called at any time and from any
// goroutine; Write and Commit are for one goroutine at a time.
type File struct{}

// Create begins the output file of the given name. Nothing under that name changes
// before Commit.
//
// A symbolic link stays, and the file that it leads to is replaced; a link to
// nothing is refused, and so is a directory. A device, a pipe or a socket is opened
// and written to directly, see Atomic; to open a pipe is to wait for its reader, or
// for the end of ctx. Names like /dev/stdout and /dev/fd/3 stand for that open file.
// The error is a [*ReplaceError] if it is known that the target cannot be replaced.
func Create(ctx context.Context, name string, o Options) (*File, error) {
	return nil, errors.ErrUnsupported
}

// Atomic reports whether the [File.Atomic] of a file of that name would be true.
func Atomic(name string) bool { return false }

// Name returns the name that Create was given.
func (f *File) Name() string { return "" }

// Atomic reports whether the target changes at Commit and in one step. It is false
// for devices, pipes and sockets, which get every Write at once.
func (f *File) Atomic() bool { return false }

// Write appends p to the new content. After an error there is nothing left to do
// but Abort: Commit will refuse.
func (f *File) Write(p []byte) (int, error) { return 0, errors.ErrUnsupported }

// Commit puts the new content in the target's place and makes it durable. On any
// error but [ErrNotDurable] the target is what it was, and the new content is gone
// unless the error is a [*ReplaceError] that names it. An Abort during Commit wins
// until the moment of the rename.
func (f *File) Commit() error { return errors.ErrUnsupported }

// Abort discards the new content. When it returns, either that is done or Commit has
// come first, and then Abort changes nothing. It waits for no Write and no sync. What
// went to a target that is not atomic stays written.
func (f *File) Abort() error { return nil }

// WriteNew creates the file of the given name with the given content, durably and
// as a whole, with the permission bits perm less the umask. It never replaces
// anything: if the name is taken, even by a dangling link, the error wraps
// fs.ErrExist. On any error but [ErrNotDurable] there is no new file of that name.
//
// It is made for private keys: the content is in a file with the bits perm from
// the first byte on. Where the file system has no hard links, a process that is
// killed can leave an empty file of the given name.
func WriteNew(name string, content []byte, perm fs.FileMode) error {
	return errors.ErrUnsupported
}
