// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package durable writes files atomically and durably: at any moment the target has the old
// content or the complete new one.
//
//   - [File] is an output of one process, see [Create]. It is discarded if the process ends
//     before Commit.
//   - [Partial] is an output that outlasts the process, see [OpenPartial] and
//     [OpenPartialIn]: another process resumes it at the last mark.
//   - [WriteNew] writes a whole new file and never replaces one.
//   - [OverwriteHead] replaces the first bytes of a file in place, with a log from which
//     [ReadHead] and [RepairHead] complete them. [File.CopyFrom] is the alternative: a new
//     file that shares the rest with the old one.
//   - [Reserve] takes the space of a file before it is written.
//   - [OpenRegular], [Lock], [Remove] and [SyncFolder] are for existing files.
//
// What each system call does, and what it does not:
//
//   - open with O_TMPFILE creates a temporary file without a name, which the system
//     frees when the process ends in any way. If the file system has no such files, it is
//     ".NAME.RANDOM.pqenc-tmp" next to the target, created with O_EXCL and locked with
//     flock by its writer. A later run in the folder removes those of the same user that
//     are not locked. A process id would prove nothing across containers.
//   - fsync of the file puts its content on the disk before any name points to it.
//     It is as reliable as the cache of the disk. If it fails, the system may have dropped
//     the content, and the next fsync succeeds nevertheless. Hence one rule: after a failed
//     sync, everything that was written since the last successful one is lost. A File is
//     discarded. A Partial is truncated to its last mark, and the rest is written again.
//     Reading back proves nothing.
//   - rename changes the directory entry in one step: whoever opens the name gets
//     the old file or the new one. A file without a name is linked to a temporary
//     name first, because link does not replace. Rename does not follow a link that
//     has appeared at the target, and other hard links keep the old content.
//   - fsync of the folder makes the rename durable. Until then a power cut may bring the
//     complete old content back. After one that failed, the next one proves nothing about
//     earlier renames, see [FailedSyncs]. Windows has no such call.
//   - link gives a new file its name only if that name is free, see [WriteNew].
//
// Only [fs.ErrNotExist] means absence. What cannot be opened or read for another reason is
// left as it is, and the caller gets the error.
//
// The folder is opened once, so that a link that appears later in its path has no effect.
// Whether the target can be replaced is tested before the work, as far as possible. If the
// replacement fails nevertheless, the finished file is kept, and the error has its name,
// see [ReplaceError].
//
// The new file gets the permission bits 0666 without those of the umask, or those of the
// file that it replaces, with its owner and group if the system allows it. Access control
// lists and extended attributes are not copied. With
// [Options.Private] it gets 0600.
package durable

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

var (
	// ErrAborted is returned after Abort, Close or a failed Commit. It wraps
	// [fs.ErrClosed].
	ErrAborted error = abortedError{}

	// ErrNotDurable reports that the complete new content is in place, but the folder
	// could not be synced: a power cut may bring the old state back. It is wrapped
	// together with the reason.
	ErrNotDurable = errors.New("written, but a power cut may undo it")

	// ErrNoPartial reports that an output cannot be resumed later: it is a device, a
	// pipe or an open file, or its file system lacks locks or permissions. [Create]
	// may still work.
	ErrNoPartial = errors.New("cannot be continued later")

	// ErrInUse reports that another process or goroutine is writing the same output.
	ErrInUse = errors.New("is being written by another process")

	// ErrSync reports that a sync failed. What was written since the last mark has to be
	// written again. It is wrapped together with the reason.
	ErrSync = errors.New("the disk did not keep what was written")

	// ErrReplace is wrapped by every [ReplaceError].
	ErrReplace = errors.New("cannot be replaced")

	errCommitted = errors.New("output already committed")
	errDangling  = errors.New("symbolic link to a file that does not exist")
	errDirectory = errors.New("is a directory")
	errNoName    = errors.New("no file name")
	errEarlier   = errors.New("an earlier sync of a folder has failed")
)

type abortedError struct{}

func (abortedError) Error() string { return "output aborted" }
func (abortedError) Unwrap() error { return fs.ErrClosed }

// ReplaceError reports that an output cannot replace its target: for example, the target is
// a mount point or immutable, or belongs to another user in a sticky folder.
type ReplaceError struct {
	Name string // of the target, as the caller gave it
	Kept string // path of the finished file; empty if the work has not begun
	Err  error
}

func (e *ReplaceError) Error() string {
	if e.Kept == "" {
		return fmt.Sprintf("replace %s: %v", e.Name, e.Err)
	}
	return fmt.Sprintf("replace %s: %v: the finished file is %s", e.Name, e.Err, e.Kept)
}

// Unwrap returns [ErrReplace] and the reason.
func (e *ReplaceError) Unwrap() []error { return []error{ErrReplace, e.Err} }

// Options are the options of an output. The zero value is a usual file.
type Options struct {
	// Private gives the output the mode 0600, regardless of the umask and of the file that
	// it replaces: for secrets, and for content from an input that others cannot read.
	Private bool
	// Sparse makes holes of blocks of zeros in [File.WriteAt].
	Sparse bool
	// New makes an output that replaces nothing. Create fails, and so does Commit if
	// something has taken the name since: the error wraps [fs.ErrExist].
	New bool
	// Like gives the output the permission bits, and the times of the last access and
	// modification, of the file so described. Private wins.
	Like fs.FileInfo
}

// Suffixes of the two files of a [Partial], after the stem.
const (
	PartSuffix    = ".pqenc-part"
	JournalSuffix = ".pqenc-state"
)

// MaxState is the length of the longest state of a [Partial], in bytes: with room
// for the header of a file.
const MaxState = 3 << 20

// MaxStateIn is MaxState of [OpenPartialIn], whose journals may stay as receipts of
// many small files.
const MaxStateIn = smallSlot - recordHeader - sha256.Size

// split cuts name before its last element. The folder is empty or ends in a
// separator. Unlike filepath.Dir it keeps "..", which after a symbolic link does not
// cancel the element before it.
func split(name string) (directory, base string, err error) {
	directory, base = filepath.Split(name)
	if base == "" {
		return "", "", &fs.PathError{Op: "create", Path: name, Err: errNoName}
	}
	return directory, base, nil
}
