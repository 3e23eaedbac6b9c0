// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package outfile writes files that are at any moment the old content or the
// whole new one, never part of it.
//
// The content goes to a temporary file beside the target, and one rename puts it
// in the target's place. What each system call does for that, and what not:
//
//   - open with O_CREAT|O_EXCL creates the temporary file, ".NAME.RANDOM.pqenc-tmp".
//     It never opens a file that somebody else put there, not even through a link.
//   - fsync of the temporary file puts its content on the disk before any name
//     points to it. Without it a power cut could leave the new name with no
//     content. It proves as much as the disk's own cache lets it.
//   - rename changes the directory entry in one step: whoever opens the name gets
//     the old file or the new one. It needs both on one file system, hence the
//     temporary file beside the target. It does not follow a link that has
//     come to stand there, and whoever has the old file open keeps it. Other hard
//     links to the old file keep the old content. On Windows the call is
//     MoveFileEx, which fails if another program has the target open.
//   - fsync of the directory makes the rename outlast a power cut. Until then the
//     old content may come back, whole. Windows has no such call.
//   - link gives a new file its name only if that name is free, which rename
//     cannot promise; see WriteNew.
//   - unlink removes the temporary file when writing fails or is aborted.
//
// A process killed at once (kill -9, power cut) cannot remove its temporary file,
// which then stays, but the target is what it was. The temporary file gets the
// target's permission bits, and its owner and group where the system allows it;
// access control lists and extended attributes are not carried over. Replacing
// takes the right to write to the directory, not to the file: a target without
// write permission is replaced as well.
package outfile

import (
	"errors"
	"io/fs"
	"os"
	"sync"
)

var (
	// ErrAborted is returned by Write and Commit after Abort or a failed Commit.
	ErrAborted = errors.New("output aborted")

	// ErrNotDurable says that the new content is in place, whole, but that the
	// directory could not be synced: a power cut may bring the old state back.
	// It comes wrapped together with the reason.
	ErrNotDurable = errors.New("written, but a power cut may undo it")

	errCommitted = errors.New("output already committed")
	errDangling  = errors.New("symbolic link to a file that does not exist")
	errDirectory = errors.New("is a directory")
	errNoName    = errors.New("no file name")
	errChanged   = errors.New("was replaced while it was opened")
)

type state int

const (
	open       state = iota
	committing       // Commit is at work and Abort still wins
	committed        // the target is the new file
	aborted          // the temporary file is gone
)

// File is an output file in the making. Its content becomes that of the target by
// Commit and by nothing else. Abort may be called at any time and from any
// goroutine; Write and Commit are for one goroutine at a time.
type File struct {
	name   string      // as the caller gave it
	target string      // the file to replace: name, or what it links to
	temp   string      // the temporary file; empty when file is the target itself
	old    fs.FileInfo // the regular file to be replaced, or nil
	sync   bool        // whether file is on a disk
	file   *os.File
	failed error // of a Write, for Commit

	mu    sync.Mutex // not held while content is written or synced
	state state
}

// Name returns the name that Create was given.
func (f *File) Name() string { return f.name }

// Atomic reports whether the target changes at Commit and in one step. It is
// false for devices, pipes and sockets, which get every Write at once.
func (f *File) Atomic() bool { return f.temp != "" }

// Write appends p to the new content. After an error there is nothing left to do
// but Abort: Commit will refuse.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	if err == nil {
		return n, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.state == aborted:
		err = ErrAborted
	case f.state == committed:
		err = errCommitted
	default:
		err = f.explain("write", err)
		f.failed = err
	}
	return n, err
}

// Commit puts the new content in the target's place and makes it durable. On any
// error but ErrNotDurable the target is what it was, and the temporary file is
// gone. An Abort during Commit wins until the moment of the rename.
//
// Where the target is not atomic, Commit closes it.
func (f *File) Commit() error {
	if err := f.enter(); err != nil {
		return err
	}
	err := f.prepare()
	if err == nil {
		err = f.publish()
	}
	if err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.state == committing {
			f.discard()
		}
		return err
	}
	if !f.Atomic() {
		return nil
	}
	return syncDirectory(f.target)
}

// enter admits one Commit.
func (f *File) enter() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.state == aborted:
		return ErrAborted
	case f.state != open:
		return errCommitted
	}
	f.state = committing
	return nil
}

// prepare does the long part of Commit, without the lock.
func (f *File) prepare() error {
	if f.failed != nil {
		return f.failed
	}
	if f.old != nil {
		if err := adopt(f.file, f.old); err != nil {
			return f.blame("set the permissions of", err)
		}
	}
	if f.sync {
		if err := flush(f.file); err != nil {
			return f.blame("sync", err)
		}
	}
	return nil
}

// publish is the moment that decides between Commit and Abort. The lock is held
// over the rename: an Abort that returned earlier would let the process exit
// between the decision and the deed.
func (f *File) publish() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state != committing {
		return ErrAborted
	}
	if err := f.file.Close(); err != nil {
		return f.explain("close", err)
	}
	if f.Atomic() {
		if err := os.Rename(f.temp, f.target); err != nil {
			return f.explain("replace", err)
		}
	}
	f.state = committed
	return nil
}

// Abort closes the file and removes the temporary one. When it returns, either
// that is done or Commit has come first, and then Abort changes nothing. It does
// not wait for a Write on a system where an open file can be removed. What went to
// a target that is not atomic stays written. The error tells that the temporary
// file could not be removed.
func (f *File) Abort() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state == committed || f.state == aborted {
		return nil
	}
	return f.discard()
}

// discard is called with the lock held.
func (f *File) discard() error {
	f.state = aborted
	f.file.Close() // which may have been done; what matters is gone anyway
	if !f.Atomic() {
		return nil
	}
	return os.Remove(f.temp)
}

// blame is explain for errors that an Abort in between may have caused.
func (f *File) blame(op string, err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state == aborted {
		return ErrAborted
	}
	return f.explain(op, err)
}

// explain names the file that the caller knows, not the temporary one.
func (f *File) explain(op string, err error) error {
	return &fs.PathError{Op: op, Path: f.name, Err: cause(err)}
}

// cause returns what the system said, without the names that os put around it.
func cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
