// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package durable writes files that must survive: at any moment the target is the
// old content or the whole new one, never part of it.
//
//   - [File] is an output of one process, see [Create]. Nothing of it is left when the
//     process ends before Commit.
//   - [Partial] is an output that outlasts the process, see [OpenPartial] and
//     [OpenPartialIn]: another process resumes it at the last mark.
//   - [WriteNew] writes a whole new file and never replaces one.
//   - [OverwriteHead] replaces the first bytes of a file where they are, with a log from
//     which [ReadHead] and [RepairHead] complete them. [File.CopyFrom] goes the other way:
//     a new file shares the rest with the old one.
//   - [OpenRegular], [Lock], [Remove] and [SyncFolder] do for existing files what the types
//     above do for theirs.
//
// What each system call does, and what it does not:
//
//   - open with O_TMPFILE creates a temporary file without a name, which the system
//     frees when the process ends, however it ends. Where the file system has no such
//     files, it is ".NAME.RANDOM.pqenc-tmp" beside the target, created with O_EXCL
//     and locked with flock by its writer. A run into a folder removes those of the
//     same user that nobody has locked. A process id would prove nothing across
//     containers.
//   - fsync of the file puts its content on the disk before any name points to it.
//     It proves as much as the disk's own cache lets it. If it fails, the system may
//     have dropped the content, and the next fsync succeeds all the same. Hence one
//     rule: after a failed sync nothing that was written since the last successful
//     one counts. A File is discarded, a Partial is cut to its last mark and what
//     follows is written again. Reading back proves nothing.
//   - rename changes the directory entry in one step: whoever opens the name gets
//     the old file or the new one. A file without a name is linked to a temporary
//     name first, because link does not replace. Rename does not follow a link that
//     has come to stand at the target, and other hard links keep the old content.
//   - fsync of the folder makes the rename outlast a power cut. Until then the old
//     content may come back, whole. After one that failed, the next one proves nothing
//     about what was renamed before, see [FailedSyncs]. Windows has no such call.
//   - link gives a new file its name only if that name is free, see [WriteNew].
//
// Only [fs.ErrNotExist] is absence: whatever cannot be opened or read for another
// reason stays as it is, and the caller gets the error.
//
// All of it happens in a folder that is opened once, so that a link that appears on
// the way to it leads nowhere. Whether the target can be replaced is tested before
// the work, as far as that is possible. If it fails nevertheless, the finished file
// is kept and the error says under which name, see [ReplaceError].
//
// The new file gets the permission bits 0666 less the umask, or those of the file
// that it replaces, with its owner and group where the system allows it. Access
// control lists and extended attributes are not carried over. With
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

	// ErrNotDurable reports that the new content is in place, whole, and that the
	// folder could not be synced: a power cut may bring the old state back. It is
	// wrapped together with the reason.
	ErrNotDurable = errors.New("written, but a power cut may undo it")

	// ErrNoPartial reports that an output cannot be resumed later: it is a device, a
	// pipe or an open file, or its file system lacks locks or permissions. What
	// [Create] returns may still do.
	ErrNoPartial = errors.New("cannot be continued later")

	// ErrInUse reports that somebody else is writing the same output.
	ErrInUse = errors.New("is being written by another process")

	// ErrSync reports that a sync failed, so that what was written since the last
	// mark has to be written again. It is wrapped together with the reason.
	ErrSync = errors.New("the disk did not keep what was written")

	// ErrReplace is what every [ReplaceError] wraps.
	ErrReplace = errors.New("cannot be replaced")

	errCommitted = errors.New("output already committed")
	errDangling  = errors.New("symbolic link to a file that does not exist")
	errDirectory = errors.New("is a directory")
	errNoName    = errors.New("no file name")
	errEarlier   = errors.New("an earlier sync of a folder has failed")
	errChanged   = errors.New("was replaced while it was opened")
)

type abortedError struct{}

func (abortedError) Error() string { return "output aborted" }
func (abortedError) Unwrap() error { return fs.ErrClosed }

// ReplaceError reports that an output cannot take the place of its target: the
// target is a mount point or immutable, say, or somebody else's in a sticky folder.
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

// Options say what an output is to be. The zero value is a usual file.
type Options struct {
	// Private makes the output 0600, whatever the umask and the file that it
	// replaces say: for secrets, and for what comes from an input that others
	// cannot read.
	Private bool
	// Sparse makes holes of the blocks of zeros that [File.WriteAt] is given.
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
// separator. Unlike filepath.Dir it leaves ".." alone, which after a symbolic link
// is not the opposite of the element before it.
func split(name string) (directory, base string, err error) {
	directory, base = filepath.Split(name)
	if base == "" {
		return "", "", &fs.PathError{Op: "create", Path: name, Err: errNoName}
	}
	return directory, base, nil
}
