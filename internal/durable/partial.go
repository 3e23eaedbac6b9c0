// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
)

var (
	errNotBegun    = errors.New("output not begun")
	errNotPrepared = errors.New("output not prepared")
	errLength      = errors.New("so many bytes are not there")
	errState       = errors.New("state too long")
)

// Partial is an output file that outlasts the process: another process resumes it at the
// last mark, even after a kill or a power cut. As with [File], the target has the old content
// until the complete new content replaces it.
//
// The content is in a part, STEM.pqenc-part, in the folder of the target. The journal,
// STEM.pqenc-state, has the length that is durable, and what the caller needs to resume. It
// is locked while the Partial is open. Both have to be regular files that nobody else can
// read or write. Others are not used.
//
// The order of calls is: OpenPartial; State and Committed, to learn what exists; Begin; Write
// and Save, any number of times; Commit, or Prepare, Publish and Finish; or Close, to resume
// later; or Remove. PrepareAll replaces all from Begin to Prepare. Begin, Write, Prepare,
// Publish and Finish are for one goroutine at a time. All others may be called from any
// goroutine at any time, ReadAt only after the first Begin.
type Partial struct {
	output         // its file is nil before the part is made
	part    string // name of the part
	written atomic.Int64
	durable atomic.Int64

	work    sync.Mutex // held during all that takes long, except Write
	journal journal
	dead    error // no Begin can help any more
	lost    error // of a sync, say: nothing after the mark counts before the next Begin
	kept    bool  // the part is what a ReplaceError has named
}

// State returns the last saved state, and the length in bytes of the content that it is
// about. It is nil and 0 if there is nothing to resume.
func (p *Partial) State() (state []byte, length int64) {
	p.work.Lock()
	defer p.work.Unlock()
	if p.journal.newest == nil {
		return nil, 0
	}
	return slices.Clone(p.journal.newest.State), p.journal.newest.Length
}

// Committed reports whether State is that of a receipt: the output was published, and there
// is no part any more. The caller has to check that the target was not removed or replaced
// since, and to sync its folder, because the process that published it may have died before
// it did.
func (p *Partial) Committed() bool {
	p.work.Lock()
	defer p.work.Unlock()
	return p.file == nil && p.journal.newest != nil
}

// Begin makes Write append after the first offset bytes, and discards what follows. The
// offset is the length of State, or less, which discards the state. 0 starts over, as after
// Committed. Begin may be called again, also when Write or Save has failed: then what was
// written since the last mark is discarded. It syncs what it changes, and the folder of a
// new part.
func (p *Partial) Begin(offset int64) error {
	p.work.Lock()
	defer p.work.Unlock()
	if err := cmp.Or(p.ended(), p.dead); err != nil {
		return err
	}
	if err := p.begin(offset); err != nil {
		return cmp.Or(p.ended(), p.explain("continue", err))
	}
	p.fail(nil)
	p.lost = nil
	p.written.Store(offset)
	p.durable.Store(p.journal.length())
	return nil
}

func (p *Partial) begin(offset int64) error {
	length := p.journal.length()
	if p.file == nil && p.journal.newest != nil {
		length = 0 // a receipt
	}
	if offset < 0 || offset > length {
		return errLength
	}
	if p.file == nil || offset < length {
		if err := p.startOver(); err != nil {
			// A second try could succeed and prove nothing.
			p.dead = p.explain("continue", err)
			return err
		}
	}
	if err := p.file.Truncate(offset); err != nil {
		return err
	}
	return p.journal.confirm()
}

// startOver discards the state, and makes the part if there is none. It removes the state
// before the content that it is about.
func (p *Partial) startOver() (err error) {
	if p.journal.newest != nil {
		if err := p.journal.clear(); err != nil {
			return err
		}
	}
	if err := p.journal.reserve(); err != nil {
		return err
	}
	if p.file != nil {
		return nil
	}
	if p.file, err = createPrivate(p.dir, p.part); err != nil {
		return err
	}
	if err := p.sync(); err != nil {
		return errSync(err)
	}
	return nil
}

// Write appends b to the new content. After an error nothing more can be written before the
// next Begin. Save still saves what was written before, unless Save itself has failed.
func (p *Partial) Write(b []byte) (int, error) {
	if err := p.usable(); err != nil {
		return 0, err
	}
	at := p.written.Load()
	n, err := p.file.WriteAt(b, at)
	p.written.Store(at + int64(n))
	if err != nil {
		// On a full disk some file systems keep the space that they took for the rest.
		p.file.Truncate(at + int64(n))
		err = p.fail(p.explain("write", err))
	}
	return n, err
}

// ReadAt implements [io.ReaderAt] for what was written so far, at the end of which it
// returns io.EOF. The error wraps [fs.ErrClosed] after the Partial has ended.
func (p *Partial) ReadAt(b []byte, off int64) (int, error) {
	rest := p.written.Load() - off
	switch {
	case off < 0:
		return 0, p.explain("read", fs.ErrInvalid)
	case rest <= 0 && len(b) > 0:
		return 0, io.EOF
	case rest >= int64(len(b)):
		return p.file.ReadAt(b, off)
	}
	n, err := p.file.ReadAt(b[:rest], off)
	if err == nil {
		err = io.EOF
	}
	return n, err
}

// Name returns the name that OpenPartial was given.
func (p *Partial) Name() string { return p.name }

// PartName returns the name of the file with the content so far.
func (p *Partial) PartName() string { return filepath.Join(p.dir.Name(), p.part) }

// Written returns the length in bytes of what was written, which can be read.
func (p *Partial) Written() int64 { return p.written.Load() }

// Durable returns the last mark: the length in bytes of the content that is durable together
// with its state. It is 0 before Begin.
func (p *Partial) Durable() int64 { return p.durable.Load() }

// Save makes the content that has been written durable, and then sets a mark: the
// state, of up to [MaxState] bytes, which is about the first length bytes of the
// content. It costs a sync of the content and a small write and a sync of the
// journal. Write may be called meanwhile.
//
// If Save fails, the mark stays the one before, and the error wraps [ErrSync] or is that of
// the journal. What was written after that mark is lost: Write, Save and Prepare fail until
// Begin is called again.
func (p *Partial) Save(state []byte, length int64) error {
	p.work.Lock()
	defer p.work.Unlock()
	if err := cmp.Or(p.ended(), p.lost); err != nil {
		return err
	}
	switch {
	case !p.journal.fits(state):
		return p.explain("save", errState)
	case length < 0 || length > p.written.Load():
		return p.explain("save", errLength)
	}
	return p.save(&Record{State: bytes.Clone(state), Length: length})
}

// save makes the content durable, and then the record if there is one.
func (p *Partial) save(r *Record) error {
	err := flush(p.file)
	if err != nil {
		err = p.explain("sync", errSync(err))
	} else if r != nil {
		err = p.explain("save", p.journal.add(*r))
	}
	if err != nil {
		p.lost = err
		return p.fail(err)
	}
	p.durable.Store(p.journal.length())
	return nil
}

// Commit is Prepare without a receipt, Publish and Finish. On any error except
// [ErrNotDurable] the target is unchanged and the Partial is closed, to be resumed later; see
// [ReplaceError].
func (p *Partial) Commit() error {
	err := p.Prepare(nil)
	if errors.Is(err, errNotBegun) {
		return err
	}
	if err == nil {
		err = p.Publish()
	}
	switch {
	case p.options.New && errors.Is(err, fs.ErrExist): // which will fail again
		return errors.Join(err, p.Remove())
	case err != nil:
		p.Close()
		return err
	}
	return p.Finish()
}

// Prepare does the long part of Commit: it makes the complete content durable. If receipt is
// not nil, the journal stays after Publish, with this state, as a record that the output was
// published, see Committed. The receipt is durable before Prepare returns.
func (p *Partial) Prepare(receipt []byte) error {
	p.work.Lock()
	defer p.work.Unlock()
	if err := p.usable(); err != nil {
		return err
	}
	if !p.journal.fits(receipt) {
		return p.explain("save", errState)
	}
	var r *Record
	if receipt != nil {
		r = &Record{State: bytes.Clone(receipt), Length: p.written.Load(), Complete: true}
	}
	if err := p.save(r); err != nil {
		return err
	}
	return p.advance(open, noStep)
}

// Publish replaces the target by the content. It is a rename, and takes no time, since a
// large file that was replaced is freed in the background: it may be called with a lock
// held. After an error, a [*ReplaceError], the Partial can be closed and resumed, or
// removed.
func (p *Partial) Publish() error {
	p.work.Lock()
	defer p.work.Unlock()
	return p.advance(committing, p.rename)
}

// rename renames the part to the target. If the target needs wider permission bits, the part
// becomes a temporary file first: a part is always private, even after a kill. On an error
// the part is unchanged, or kept under the name in the error.
func (p *Partial) rename() (err error) {
	name := p.part
	if !p.options.Private {
		Lock(p.file) // against sweeps
		name = tempName(p.base)
		err = p.dir.Rename(p.part, name)
	}
	if err == nil {
		err = p.finalize(p.file)
	}
	if err == nil && p.options.New {
		if err = place(p.dir, name, p.base, p.perm); errors.Is(err, fs.ErrExist) {
			p.dir.Rename(name, p.part)
			return p.explain("create", err)
		}
	} else if err == nil {
		err = p.replace(name, false)
	}
	if err == nil {
		return nil
	}
	p.file.Chmod(0o600)
	p.dir.Rename(name, p.part)
	if stands(p.dir, p.part, p.file) {
		name = p.part
	}
	if name != p.part || p.journal.newest == nil { // the next process would start over
		p.kept = true
		return p.keep(p.file, name, err)
	}
	return &ReplaceError{Name: p.name, Kept: filepath.Join(p.dir.Name(), p.part), Err: cause(err)}
}

// Finish makes the result of Publish durable, and ends the Partial. If that fails, the error
// wraps [ErrNotDurable], and the receipt is removed: the output has to be written again.
func (p *Partial) Finish() error { return p.FinishBy(p.syncDir) }

// FinishBy is Finish with another function to sync the folder. One sync that begins after
// Publish can be shared by many outputs. It may sync more than the folder.
func (p *Partial) FinishBy(sync func() error) error {
	p.work.Lock()
	defer p.work.Unlock()
	if err := p.advance(committed, noStep); err != nil {
		return err
	}
	err := p.settle(sync)
	p.file.Close()
	if r := p.journal.newest; err == nil && r != nil && r.Complete {
		p.journal.file.Close()
	} else {
		p.journal.remove() // otherwise it would be about more than an empty part
	}
	p.dir.Close()
	return err
}

// settle also makes the permission bits durable.
func (p *Partial) settle(sync func() error) error {
	if !p.options.Private {
		if err := flush(p.file); err != nil {
			return p.explain("sync", fmt.Errorf("%w: %w", ErrNotDurable, cause(err)))
		}
	}
	return p.settleBy(sync)
}

// Close keeps the output for later, as of the last Save. If there is no state, it removes
// the output. It waits for Begin, Save and Prepare. After Publish it does nothing.
func (p *Partial) Close() error { return p.end(true) }

// Abandon is Close for a process that is about to end: it does not wait for anything that
// may take long. If Begin, Save or Prepare is running, it leaves what a kill would. When it
// returns, either Publish came first or it will fail.
func (p *Partial) Abandon() {
	if p.abort() && p.work.TryLock() {
		defer p.work.Unlock()
		p.leave(true)
	}
}

// Remove removes the output, also a receipt. A large part is freed in the background after
// Remove has returned.
func (p *Partial) Remove() error { return p.end(false) }

// end is Close, or Remove if nothing is to be kept.
func (p *Partial) end(keep bool) error {
	if !p.abort() {
		return nil
	}
	p.work.Lock()
	defer p.work.Unlock()
	return p.leave(keep)
}

// leave closes the files, and removes them if they are useless or keep is false.
func (p *Partial) leave(keep bool) error {
	defer p.dir.Close()
	newest := p.journal.newest
	if p.kept && keep { // a journal without its part could be a receipt
		p.file.Close()
		return p.journal.remove()
	}
	if keep && newest != nil {
		if p.file != nil {
			if p.lost != nil && !errors.Is(p.lost, errNotBegun) {
				p.file.Truncate(newest.Length)
			}
			p.file.Close()
		}
		return p.journal.file.Close()
	}
	var err error
	if newest != nil && newest.Complete && p.file != nil {
		err = p.journal.clear() // without its part it would be a receipt
	}
	if p.file != nil {
		err = errors.Join(err, IgnoreMissing(p.dir.Remove(p.part)))
		go p.file.Close() // which frees it
	}
	return errors.Join(err, p.journal.remove())
}
