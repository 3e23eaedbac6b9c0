// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package outfile

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"sync/atomic"
)

var (
	// ErrNoPartial says that an output cannot be kept in part: it is a device, a
	// pipe or an open file, or its file system lacks locks or permissions. What
	// [Create] returns may still do.
	ErrNoPartial = errors.New("cannot be continued later")

	// ErrInUse says that somebody else is writing the same output.
	ErrInUse = errors.New("is being written by another process")

	errForeign  = errors.New("is not a regular file that only you can use")
	errNotBegun = errors.New("output not begun")
	errLength   = errors.New("so many bytes are not there")
	errState    = errors.New("state too long")
)

// Partial is an output file in the making that outlasts the process: another one
// can go on where this one was killed. As with [File], the target is the old
// content until Commit puts the whole new one in its place.
//
// The content goes to ".NAME.pqenc-part" beside the target. How far it has got,
// and what the caller needs to know to go on, is in ".NAME.pqenc-state", which is
// locked for as long as the Partial is open. Both are regular files that nobody
// else can read or write, else they are not used.
//
// Save, Close and Remove may be called from any goroutine. They wait for each
// other and for Begin and Commit, which together with Write are for one goroutine.
type Partial struct {
	out     File        // whose temporary file is the part
	perm    fs.FileMode // of a new target
	begun   bool
	written atomic.Int64 // length of the part

	mu      sync.Mutex // not held by Write
	journal journal
}

// OpenPartial opens what there is of the output file of the given name, or begins
// it. What it says about names, permission bits and errors is what [Create] says.
func OpenPartial(name string) (*Partial, error) {
	if _, ok := descriptor(name); ok {
		return nil, &fs.PathError{Op: "create", Path: name, Err: ErrNoPartial}
	}
	target, old, err := resolve(name)
	if err != nil {
		return nil, err
	}
	if old != nil && !old.Mode().IsRegular() {
		err := ErrNoPartial
		if old.IsDir() {
			err = errDirectory
		}
		return nil, &fs.PathError{Op: "create", Path: name, Err: err}
	}
	p := &Partial{out: File{name: name, target: target, old: old, sync: true}}
	if err := p.open(); err != nil {
		return nil, err
	}
	return p, nil
}

// open opens the two files, the one with the lock first.
func (p *Partial) open() (err error) {
	stem, err := partialStem(p.out.target)
	if err != nil {
		return err
	}
	if p.perm, err = newPerm(p.out.target); err != nil {
		return err
	}
	file, err := openLocked(stem + ".pqenc-state")
	if errors.Is(err, ErrInUse) {
		return p.out.explain("create", ErrInUse)
	}
	if err != nil {
		return err
	}
	p.journal.load(file)
	p.out.temp = stem + ".pqenc-part"
	if p.out.file, err = openPart(p.out.temp); err != nil {
		p.journal.close()
		return err
	}
	info, err := p.out.file.Stat()
	if err != nil {
		p.close()
		return err
	}
	p.journal.limit(info.Size())
	return nil
}

// openPart opens the part, or begins another one if it is not as it was made. The
// lock is held, so nobody is at work on what is removed then. Commit gives the
// part other permissions just before the rename: a process killed between the two
// leaves such a file.
func openPart(name string) (*os.File, error) {
	file, err := openPrivate(name)
	if errors.Is(err, errForeign) {
		if err := os.Remove(name); err != nil {
			return nil, err
		}
		file, err = openPrivate(name)
	}
	return file, err
}

// partialStem returns what the names of part and state have in common. Where the
// target's name is cut the rest goes in as a digest: there is one part for a
// target.
func partialStem(target string) (string, error) {
	directory, base, err := split(target)
	if err != nil {
		return "", err
	}
	short := shorten(base)
	if short != base {
		digest := sha256.Sum256([]byte(base))
		short += "." + hex.EncodeToString(digest[:8])
	}
	return directory + "." + short, nil
}

// newPerm returns the permission bits of a new file beside target. Only making one
// tells: the umask cannot be read without changing it, and there are default
// access control lists.
func newPerm(target string) (fs.FileMode, error) {
	probe, err := openTemp(target, 0o666)
	if err != nil {
		return 0, err
	}
	info, err := probe.Stat()
	probe.Close()
	if err := errors.Join(err, os.Remove(probe.Name())); err != nil {
		return 0, err
	}
	return info.Mode().Perm(), nil
}

// State returns what was last saved, and the number of bytes of content that it
// is about: so many are there. It is nil and 0 if there is nothing to go on from.
func (p *Partial) State() (state []byte, length int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.saved()
}

func (p *Partial) saved() (state []byte, length int64) {
	if p.journal.newest == nil {
		return nil, 0
	}
	return slices.Clone(p.journal.newest.state), p.journal.newest.length
}

// Begin makes Write go on behind the first offset bytes, and drops the rest. The
// offset is that of State, or less: that forgets the state, and 0 starts over.
// Begin may be called again, also when Write or Save has failed.
func (p *Partial) Begin(offset int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(offset); err != nil {
		return p.out.blame("continue", err)
	}
	p.fail(nil)
	p.written.Store(offset)
	p.begun = true
	return nil
}

func (p *Partial) begin(offset int64) error {
	_, length := p.saved()
	if offset < 0 || offset > length {
		return errLength
	}
	// What the state is about must be there, so it goes before the content does. A
	// state that was not believed must not come back with the content it lacked.
	if p.journal.newest == nil || offset < length {
		if err := p.journal.clear(); err != nil {
			return err
		}
		if err := syncDirectory(p.out.temp); err != nil {
			return err
		}
	}
	if err := p.out.file.Truncate(offset); err != nil {
		return err
	}
	_, err := p.out.file.Seek(offset, io.SeekStart)
	return err
}

// Write appends b to the new content. After an error nothing more is written
// before the next Begin, but Save still keeps what was written before.
func (p *Partial) Write(b []byte) (int, error) {
	if !p.begun {
		return 0, p.out.blame("write", errNotBegun)
	}
	if err := p.failure(); err != nil {
		return 0, err
	}
	n, err := p.out.Write(b)
	p.written.Add(int64(n))
	return n, err
}

// Save makes the content that has been written durable, and then the state, which
// is about the first length bytes of it and has up to [MaxState] bytes itself. If
// Save fails or is interrupted, the state is what it was.
//
// Writing may go on meanwhile. If the disk cannot keep the content, Write and
// Commit fail from then on.
func (p *Partial) Save(state []byte, length int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !p.begun:
		return p.out.blame("save", errNotBegun)
	case len(state) > MaxState:
		return p.out.blame("save", errState)
	case length < 0 || length > p.written.Load():
		return p.out.blame("save", errLength)
	}
	if err := flush(p.out.file); err != nil {
		err = p.out.blame("sync", err)
		p.fail(err)
		return err
	}
	if err := p.journal.add(state, length); err != nil {
		return p.out.blame("save", err)
	}
	return nil
}

// Commit puts the new content in the target's place and makes it durable, as
// [File.Commit] does. On any error but ErrNotDurable the target is what it was,
// and the Partial is closed.
func (p *Partial) Commit() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.begun {
		return p.out.blame("replace", errNotBegun)
	}
	if err := p.out.enter(); err != nil {
		return err
	}
	err := p.settle()
	if err == nil {
		err = p.out.prepare()
	}
	if err == nil {
		err = p.out.publish()
	}
	if err != nil {
		p.close()
		return err
	}
	err = syncDirectory(p.out.target)
	p.journal.remove() // left behind it would be about more than an empty part
	return err
}

// settle does the long part of Commit while the part still has the permissions
// with which it is found again.
func (p *Partial) settle() error {
	if p.out.failed != nil {
		return p.out.failed
	}
	if err := flush(p.out.file); err != nil {
		return p.out.explain("sync", err)
	}
	if p.out.old != nil {
		return nil // prepare gives it the permissions of the old file
	}
	err := p.out.file.Chmod(p.perm)
	if err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, errors.ErrUnsupported) {
		return p.out.explain("set the permissions of", err)
	}
	return nil
}

// Close leaves the output for later, as Save has left it. If there is no state,
// nothing is left. After Commit it does nothing.
func (p *Partial) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended() {
		return nil
	}
	return p.close()
}

// Remove gives the output up and removes what there is of it.
func (p *Partial) Remove() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended() {
		return nil
	}
	return p.remove()
}

// fail makes err what Write and Commit report. A failure may be one of Save, in
// another goroutine.
func (p *Partial) fail(err error) {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	p.out.failed = err
}

func (p *Partial) failure() error {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	return p.out.failed
}

func (p *Partial) ended() bool {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	return p.out.state == committed || p.out.state == aborted
}

// close is called with the lock held, as is remove.
func (p *Partial) close() error {
	if p.journal.newest == nil {
		return p.remove()
	}
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	p.out.state = aborted
	p.out.file.Close() // which publish may have done
	return p.journal.close()
}

func (p *Partial) remove() error {
	p.out.mu.Lock()
	err := p.out.discard()
	p.out.mu.Unlock()
	return errors.Join(err, p.journal.remove())
}
