// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"errors"
	"os"
)

// Partial is an output file in the making that outlasts the process: another one
// resumes it at the last mark, also after this one was killed or the power failed.
// As with [File], the target is the old content until the whole new one takes its
// place.
//
// The content goes to a part, STEM.pqenc-part, in the folder of the target. How
// far it is durable, and what the caller needs to know to resume, is in its
// journal, STEM.pqenc-state, which is locked while the Partial is open. Both are
// regular files that nobody else can read or write, else they are not used.
//
// The life of a Partial: Open; State and Committed tell what there is; Begin; Write
// and Save, again and again; Commit, or Prepare, Publish and Finish; or Close, to
// resume later; or Remove. Begin, Write, Prepare, Publish and Finish are for one
// goroutine at a time. All others may be called from any goroutine at any time.
type Partial struct{}

// OpenPartial opens what there is of the output file of the given name, or prepares
// for a new one; what it says about names, links, permission bits and errors is what
// [Create] says. The stem is that of the target's name. The error wraps
// [ErrNoPartial], [ErrInUse] or is a [*ReplaceError]. Nothing is removed or changed
// on an error.
func OpenPartial(name string, o Options) (*Partial, error) { return nil, errors.ErrUnsupported }

// OpenPartialIn is OpenPartial for a target and a stem in an open folder, both
// single names. It does not test whether the target can be replaced, nor what it is:
// that is up to the caller, at the latest before Publish. It syncs nothing, so it may
// be called with a lock held. Without an error the folder belongs to the Partial,
// which closes it in the end.
func OpenPartialIn(folder *os.Root, target, stem string, o Options) (*Partial, error) {
	return nil, errors.ErrUnsupported
}

// State returns what was last saved, and the length in bytes of the content that it
// is about. It is nil and 0 if there is nothing to resume.
func (p *Partial) State() (state []byte, length int64) { return nil, 0 }

// Committed reports whether State is that of a receipt: the output was published,
// and there is no part any more. Whether the target still is that output, or was
// removed or replaced since, is for the caller to check; so is to sync its folder,
// because the process that published it may have died before it did.
func (p *Partial) Committed() bool { return false }

// Begin has Write append after the first offset bytes, and drops what follows. The
// offset is the length of State, or less: that forgets the state, and 0 starts over,
// as after Committed. Begin may be called again, also when Write or Save has failed:
// then what was written since the last mark is dropped. It syncs what it changes,
// and the folder of a new part.
func (p *Partial) Begin(offset int64) error { return errors.ErrUnsupported }

// Write appends b to the new content. After an error nothing more is written before
// the next Begin; Save still keeps what was written before, unless it was Save that
// has failed.
func (p *Partial) Write(b []byte) (int, error) { return 0, errors.ErrUnsupported }

// ReadAt implements [io.ReaderAt] for what was written so far: io.EOF is the end of
// that. The error wraps [fs.ErrClosed] after the Partial has ended.
func (p *Partial) ReadAt(b []byte, off int64) (int, error) { return 0, errors.ErrUnsupported }

// Written returns the length of the content in bytes. It can be read.
func (p *Partial) Written() int64 { return 0 }

// Durable returns the length in bytes of the content that outlasts a power cut, with
// its state: the last mark. It is 0 before Begin.
func (p *Partial) Durable() int64 { return 0 }

// Save makes the content that has been written durable, and then sets a mark: the
// state, of up to [MaxState] bytes, which is about the first length bytes of the
// content. It costs a sync of the content and a small write and a sync of the
// journal. Writing may go on meanwhile.
//
// If Save fails the mark is the one before, the error wraps [ErrSync] and nothing
// after that mark counts: Write, Save and Prepare fail until Begin is called again.
func (p *Partial) Save(state []byte, length int64) error { return errors.ErrUnsupported }

// Commit is Prepare without a receipt, Publish and Finish. On any error but
// [ErrNotDurable] the target is what it was and the Partial is closed, to be resumed
// later; see [ReplaceError].
func (p *Partial) Commit() error { return errors.ErrUnsupported }

// Prepare does the long part of Commit: it makes the content durable, all of which
// the target is to have. With a receipt other than nil the journal stays after
// Publish, and then says with this state that the output was published, see
// Committed. It is durable before Prepare returns.
func (p *Partial) Prepare(receipt []byte) error { return errors.ErrUnsupported }

// Publish puts the content in the target's place. It is a rename and nothing that
// takes long: not even the freeing of a large file that was replaced, so it may be
// called with a lock held. After an error, a [*ReplaceError], the Partial can be
// closed and resumed, or removed.
func (p *Partial) Publish() error { return errors.ErrUnsupported }

// Finish makes durable what Publish has done, and ends the Partial. If that fails the
// error wraps [ErrNotDurable], and the receipt is removed: the output has to be
// written again.
func (p *Partial) Finish() error { return errors.ErrUnsupported }

// Close leaves the output for later, as Save has left it. If there is no state,
// nothing is left. It waits for Begin, Save and Prepare. After Publish it does
// nothing.
func (p *Partial) Close() error { return nil }

// Abandon is Close for a process that is about to end: it waits for nothing that may
// take long. Where Begin, Save or Prepare is at work, it leaves what a kill would.
// When it returns, either Publish has come first or it fails.
func (p *Partial) Abandon() {}

// Remove gives the output up and removes what there is of it, a receipt included.
// Freeing a large part goes on when Remove has returned.
func (p *Partial) Remove() error { return nil }

// Record is what the journal of a [Partial] says.
type Record struct {
	State    []byte
	Length   int64 // bytes of content that the state is about
	Complete bool  // set by Prepare: a receipt if there is no part
}

// ReadRecord returns the newest record in the journal of that stem, without opening
// the Partial. The error wraps [fs.ErrNotExist] if there is no journal, or none with
// a record.
func ReadRecord(folder *os.Root, stem string) (Record, error) {
	return Record{}, errors.ErrUnsupported
}

// RemovePartial removes the files of a Partial that is not open, a receipt included.
// It is no error if there are none.
func RemovePartial(folder *os.Root, stem string) error { return errors.ErrUnsupported }

// Remove removes a file. The system frees a large one in the background, so that it
// may be called with a lock held. The folder is not synced.
func Remove(folder *os.Root, name string) error { return errors.ErrUnsupported }

// SyncFolder makes the entries of a folder durable, where the system has a way.
func SyncFolder(folder *os.Root) error { return errors.ErrUnsupported }
