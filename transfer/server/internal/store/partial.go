// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// ID identifies a push. There is one partial for each client and name. It can be resumed if
// the digest and the length are the same. Its bytes are certainly those of this push only if
// the push id is the same.
type ID struct {
	Client signature.Fingerprint
	Name   wire.Name
	Push   [16]byte          // the push id
	Digest [sha256.Size]byte // SHA-256 of the header of the object
	Length int64             // bytes of the object; -1 if unknown
}

// stem returns the stem of the partial with its folder; see stemOf.
func (id ID) stem() string {
	return path.Join(path.Dir(id.Name.String()), stemOf(id.Client, id.Name.String()))
}

func (id ID) record() record {
	return record{length: id.Length, push: id.Push, digest: id.Digest, name: id.Name.String()}
}

// Bounds are the limits of a push or a move.
type Bounds struct {
	Overwrite bool  // replace an object
	Quota     int64 // bytes of all objects and partials within; 0 for any
	Files     int64 // names and folders within; 0 for any number
	Within    Scope // what the quotas cover; nil for all
}

// Partial is an object that is being pushed. One goroutine writes, checks and publishes it.
// The other methods are safe for concurrent use.
type Partial struct {
	store  *Store
	id     ID
	bounds Bounds
	slot   *slot       // in the index
	folder fs.FileInfo // of the object
	file   *durable.Partial

	reserved reservation

	writing sync.Mutex // held while the length changes; guards the fields below
	header  header
	again   bool // replaces the object that this push has published, but not durably
	doomed  bool // can never be published, and is not kept
	ended   bool // closed or published

	syncing sync.Mutex // taken after writing, and held while data is synced
	proven  bool       // the bytes are certainly those of this push
}

// Partial opens the partial of id, to be resumed at Durable, or creates it. Unless it is
// Proven, [Partial.Begin] must be called before it is written. Partial refuses at once what
// would fail later: the error wraps [wire.ErrTooLarge], [ErrTotal], [wire.ErrQuota] or
// [wire.ErrNoSpace]; [wire.ErrExists] if there is an object that may not be replaced; or
// [wire.ErrBusy] if the partial is open and must be closed first. It is a [*StoredError] if
// this push has stored its object already, durably. With wire.ErrTooLarge, wire.ErrQuota and
// wire.ErrExists an existing partial is removed, and with other errors it is kept.
//
// A known length is reserved as a whole, also when a push resumes. If it is unknown, the
// reservation grows while the partial is written. A reservation without progress does not
// block others; see Options.Patience.
func (s *Store) Partial(id ID, b Bounds) (*Partial, error) {
	if err := s.checkLength(id.Length); err != nil {
		return nil, errors.Join(err, s.forget(id))
	}
	if size, ok, err := s.stored(id); err != nil {
		return nil, err
	} else if ok {
		// The server may have been killed before it was durable.
		return nil, cmp.Or(s.syncUp(id.Name.String()), error(&StoredError{size}))
	}
	p, err := s.open(id, b, (*Partial).openFile)
	if errors.Is(err, wire.ErrExists) || errors.Is(err, wire.ErrQuota) {
		return nil, errors.Join(err, s.forget(id))
	}
	if err != nil {
		return nil, noSpaceOr(err)
	}
	// Make the file itself durable before its data.
	if err := s.syncUp(id.Name.String()); err != nil {
		return nil, errors.Join(noSpaceOr(err), p.Close())
	}
	return p, nil
}

// forget removes the partial of that client and name.
func (s *Store) forget(id ID) error {
	p := s.claim(id.stem(), func(p *slot) bool { return !p.receipt })
	if p == nil {
		return nil
	}
	return s.removePartial(p.stem)
}

// stored reports whether this push has stored its object, and returns its length. It checks
// the object, which may have been removed by hand.
func (s *Store) stored(id ID) (size int64, ok bool, err error) {
	s.mu.Lock()
	p := s.index.slots[id.stem()]
	ok = p != nil && p.receipt && !p.unsure && p.push == id.Push && p.digest == id.Digest
	s.mu.Unlock()
	if !ok {
		return 0, false, nil
	}
	e, err := s.Stat(id.Name)
	if errors.Is(err, wire.ErrNotFound) {
		return 0, false, nil
	}
	return e.Size, e.Size == p.length, err
}

// open adds the partial to the index and opens its files, which then own the folder. Opening
// may take time, for example to truncate a large partial, so it is done without the lock.
func (s *Store) open(id ID, b Bounds, files func(*Partial, *os.Root) error) (*Partial, error) {
	p := &Partial{store: s, id: id, bounds: b}
	p.slot = &slot{stem: id.stem(), record: id.record(), touched: time.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.index.slots[p.slot.stem]
	if s.index.busy[old] {
		return nil, wire.ErrBusy
	}
	if old != nil {
		p.slot.size = old.size
		p.again = old.unsure && old.push == id.Push
	}
	if err := s.enlist(p.slot, b); err != nil {
		return nil, err
	}
	s.index.busy[p.slot] = true
	folder, err := p.prepare()
	if err == nil {
		s.mu.Unlock()
		err = files(p, folder)
		s.mu.Lock()
	}
	if err != nil {
		s.withdraw(p.slot, old)
		s.prune(id.Name.String())
		return nil, err
	}
	have := p.file.Durable()
	p.reserved.used, p.reserved.mark, p.reserved.since = have, have, time.Now()
	p.slot.open = p
	s.index.resizePartial(p.slot, p.reserved.grow(max(id.Length, have)))
	return p, nil
}

// prepare opens the folder of the object, with s.mu held, and reserves room.
func (p *Partial) prepare() (*os.Root, error) {
	// What the partial has needs no more room. If the length is unknown, at least one byte
	// must fit, so that the client does not send megabytes for nothing. But a resumed partial
	// may be complete already, and an exceeded quota would remove it.
	s, have, admitted := p.store, p.slot.size, p.bounds
	need := p.id.Length - have
	if p.id.Length < 0 {
		need = 1
		if have > 0 {
			admitted.Quota = 0
		}
	}
	if _, err := s.admit(p, admitted, need, need); err != nil {
		return nil, err
	}
	s.index.resizePartial(p.slot, max(p.id.Length, have)) // before others are admitted
	folder, base, err := s.folder(p.id.Name.String(), true)
	if errors.Is(err, errNotFolder) {
		return nil, fmt.Errorf("%w: a part of the name is not a folder", wire.ErrExists)
	}
	if err != nil {
		return nil, err
	}
	if p.folder, err = folder.Stat("."); err == nil {
		err = p.vacant(folder, base)
	}
	if err != nil {
		folder.Close()
		return nil, err
	}
	return folder, nil
}

// openFiles opens or creates the files.
func (p *Partial) openFiles(folder *os.Root) (*durable.Partial, error) {
	_, base := path.Split(p.id.Name.String())
	file, err := durable.OpenPartialIn(folder, base, path.Base(p.slot.stem), durable.Options{Private: true})
	if err != nil {
		folder.Close()
		if errors.Is(err, durable.ErrInUse) {
			err = wire.ErrBusy
		}
	}
	return file, err
}

// openFile opens the files, and resumes if the journal matches the id.
func (p *Partial) openFile(folder *os.Root) error {
	file, err := p.openFiles(folder)
	if err != nil {
		return err
	}
	state, have := file.State()
	was, ok := parseRecord(state)
	p.proven = was.push == p.id.Push
	was.push = p.id.Push
	if !ok || was != p.id.record() || file.Committed() {
		have, p.proven = 0, true // empty, or of another object
	}
	if err := file.Begin(have); err != nil {
		return errors.Join(err, file.Close())
	}
	p.file = file
	return nil
}

// vacant returns wire.ErrExists if the object may not take its place, with s.mu held.
func (p *Partial) vacant(folder *os.Root, base string) error {
	return vacant(folder, base, p.bounds.Overwrite || p.again)
}

// vacant returns wire.ErrExists if no object may take that place, with s.mu held. A link is
// never replaced, nor a folder, except that an empty one, left by a server that was killed
// while it made or removed an object in it, is removed.
func vacant(folder *os.Root, base string, overwrite bool) error {
	info, err := folder.Lstat(base)
	if err == nil && info.IsDir() && folder.Remove(base) == nil {
		return nil
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: it is not a file", wire.ErrExists)
	case !overwrite:
		return wire.ErrExists
	}
	return nil
}

// Proven reports whether the bytes of the partial are certainly those of this push. Otherwise
// the client has to compare them.
func (p *Partial) Proven() bool {
	p.syncing.Lock()
	defer p.syncing.Unlock()
	return p.proven
}

// Written returns how many bytes were written, and can be read.
func (p *Partial) Written() int64 { return p.file.Written() }

// Durable returns how many bytes would survive a power cut.
func (p *Partial) Durable() int64 { return p.file.Durable() }

// ReadAt implements [io.ReaderAt] for what was written so far. It returns io.EOF at the end of
// that, and [fs.ErrClosed] after the partial was published or closed.
func (p *Partial) ReadAt(b []byte, off int64) (int, error) { return p.file.ReadAt(b, off) }

// Begin makes the partial that of this push. It keeps its bytes if offset is Durable, and
// discards them if offset is 0. Followers must not have read any of them.
func (p *Partial) Begin(offset int64) (err error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.syncing.Lock()
	defer p.syncing.Unlock()
	switch durable := p.file.Durable(); {
	case p.ended:
		return fs.ErrClosed
	case offset == 0 && durable > 0:
		p.header = header{}
		err = p.file.Begin(0)
	case offset != durable:
		return wire.ErrOrder
	case !p.proven:
		err = p.save(durable)
	}
	p.proven = err == nil
	return noSpaceOr(err)
}

// Write appends b. If there is no room, nothing or a part of it is written: the error wraps
// [ErrLength] or [wire.ErrTooLarge], [ErrTotal], [wire.ErrQuota] or [wire.ErrNoSpace], and
// what was written can be synced. After Close the error wraps [fs.ErrClosed].
func (p *Partial) Write(b []byte) (int, error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	switch {
	case p.ended:
		return 0, fs.ErrClosed
	case !p.proven:
		return 0, wire.ErrOrder
	}
	if err := p.room(p.file.Written() + int64(len(b))); err != nil {
		return 0, err
	}
	n, err := p.file.Write(b)
	return n, noSpaceOr(err)
}

// Sync makes durable what was written before the call, if the header is complete, and returns
// Durable. It may take long, and may run concurrently with Write. After an error nothing can
// be written, and Close keeps what was durable before the call, because it is unknown what
// the system has lost.
func (p *Partial) Sync() (int64, error) {
	written, err := p.worthKeeping()
	if err == nil {
		p.syncing.Lock()
		defer p.syncing.Unlock()
		err = p.sync(written)
	}
	return p.file.Durable(), err
}

// worthKeeping returns how much can be made durable: nothing unless the header is
// complete.
func (p *Partial) worthKeeping() (length int64, err error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	if p.ended {
		return 0, fs.ErrClosed
	}
	complete, err := p.check()
	if !complete || err != nil {
		return 0, err
	}
	return p.file.Written(), nil
}

// sync makes the first length bytes durable, with p.syncing held.
func (p *Partial) sync(length int64) error {
	if length <= p.file.Durable() {
		return nil
	}
	return noSpaceOr(p.save(length))
}

func (p *Partial) save(length int64) error { return p.file.Save(p.id.record().marshal(), length) }
