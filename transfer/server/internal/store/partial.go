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
	"sync/atomic"
	"time"

	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// ID says what is pushed, and by whom. There is one partial for each client and
// name, and it is resumed if the digest and the length are the same, too.
type ID struct {
	Client signature.Fingerprint
	Name   wire.Name
	Digest [sha256.Size]byte // SHA-256 of the header of the object
	Length int64             // bytes of the object; -1 if the client does not know
}

// stem returns the stem of the partial, with its folder, see stemOf.
func (id ID) stem() string {
	return path.Join(path.Dir(id.Name.String()), stemOf(id.Client, id.Name.String()))
}

// Bounds are what the client who pushes may do.
type Bounds struct {
	Overwrite bool  // replace an object
	Quota     int64 // bytes of all objects and partials within; 0 for any
	Files     int64 // names and folders within; 0 for any number
	Within    Scope // what the quotas cover; nil for all
}

// Partial is an object that is being pushed. One goroutine writes it, checks it and
// publishes it; all methods can be called at the same time as those.
type Partial struct {
	store  *Store
	id     ID
	bounds Bounds
	slot   *slot // in the index

	folder      *os.Root
	base, stem  string // of the object and of the partial, in the folder
	data, state *os.File

	written, durable atomic.Int64

	reserved reservation

	writing sync.Mutex // held while the length changes, and guards what follows
	header  header
	doomed  bool // can never be published: not to be kept
	ended   bool // closed

	syncing sync.Mutex // held, after writing, while the data or the record is synced

	failure atomic.Pointer[error] // why nothing can be done with it any more
}

// Partial opens the partial of id, to go on at Durable, or begins it. What cannot
// end well is refused before anything is done: the error wraps
// [wire.ErrTooLarge], [ErrTotal], [wire.ErrQuota] or [wire.ErrNoSpace]; [wire.ErrExists] if there is an
// object that may not be overwritten; [wire.ErrBusy] if the partial is open and has to be
// closed first. The error is a [*StoredError] if this object, by the digest of its
// header and the length if that is known, is already there, durably. What there was
// of a partial is removed with wire.ErrTooLarge, wire.ErrQuota, wire.ErrExists and StoredError.
//
// A known length is reserved as a whole, on resuming as well; if it is unknown, more
// is reserved as it is written. A reservation with which next to nothing is done does
// not stop others, see Options.Patience.
func (s *Store) Partial(id ID, b Bounds) (*Partial, error) {
	if err := s.checkLength(id.Length); err != nil {
		return nil, errors.Join(err, s.forget(id))
	}
	if size, ok := s.stored(id); ok {
		// Whoever placed it may have died before that was durable.
		return nil, cmp.Or(s.syncUp(id.Name.String()), s.forget(id), error(&StoredError{size}))
	}
	p, err := s.begin(id, b)
	if errors.Is(err, wire.ErrExists) || errors.Is(err, wire.ErrQuota) {
		return nil, errors.Join(err, s.forget(id))
	}
	if err != nil {
		return nil, noSpaceOr(err)
	}
	// Durable data is no use in a file that nobody finds.
	if err := s.syncUp(id.Name.String()); err != nil {
		return nil, errors.Join(noSpaceOr(err), p.Close())
	}
	return p, nil
}

// forget removes the partial of that client and name, of which nothing can come.
func (s *Store) forget(id ID) error {
	stem := id.stem()
	if !s.claim(stem, func(*slot) bool { return true }) {
		return nil
	}
	return s.removePartial(stem)
}

// stored says whether the object of id is there, and how long it is.
func (s *Store) stored(id ID) (size int64, ok bool) {
	o, err := s.Open(id.Name)
	if err != nil {
		return 0, false // begin will find out what is there, if anything
	}
	defer o.Close()
	return o.Size(), o.Digest() == id.Digest && (id.Length < 0 || id.Length == o.Size())
}

// begin enters the partial into the index and opens its files. That may take its time,
// to remove a large one that it replaces, say, and is not done under the lock.
func (s *Store) begin(id ID, b Bounds) (*Partial, error) {
	stem := id.stem()
	p := &Partial{store: s, id: id, bounds: b, base: path.Base(id.Name.String()), stem: path.Base(stem)}
	p.slot = &slot{stem: stem, name: id.Name.String(), digest: id.Digest, touched: time.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.index.slots[stem]
	if s.index.busy[old] {
		return nil, wire.ErrBusy
	}
	if old != nil {
		p.slot.size = old.size
	}
	if err := s.enlist(p.slot, b); err != nil {
		return nil, err
	}
	s.index.busy[p.slot] = true
	kept, err := true, p.prepare()
	if err == nil {
		s.mu.Unlock()
		kept, err = p.openFiles()
		s.mu.Lock()
	}
	if err == nil {
		durable := p.durable.Load()
		p.reserved.used, p.reserved.mark, p.reserved.since = durable, durable, time.Now()
		p.slot.open = p
		s.index.resizePartial(p.slot, p.reserved.grow(max(id.Length, durable)))
		return p, nil
	}
	if p.folder != nil {
		p.folder.Close()
	}
	if !kept {
		old = nil
	}
	s.withdraw(p.slot, old)
	s.prune(id.Name.String())
	return nil, err
}

// prepare finds the place of the object, with s.mu held, and reserves room.
func (p *Partial) prepare() (err error) {
	// What is there of it, or of the one that it replaces, needs no more room.
	// Of an unknown length there is a byte to come at least: where there is no room
	// even for that, the client need not send megabytes to find out. But all of it may
	// be there, and to be out of quota is final.
	s, have, admitted := p.store, p.slot.size, p.bounds
	need := p.id.Length - have
	if p.id.Length < 0 {
		need = 1
		if have > 0 {
			admitted.Quota = 0
		}
	}
	if _, err := s.admit(p, admitted, need, need); err != nil {
		return err
	}
	s.index.resizePartial(p.slot, max(p.id.Length, have)) // or others are admitted, too
	p.folder, _, err = s.folder(p.id.Name.String(), true)
	if errors.Is(err, errNotRegular) {
		return fmt.Errorf("%w: a part of the name is not a folder", wire.ErrExists)
	}
	if err != nil {
		return err
	}
	return p.vacant()
}

// openFiles opens or makes the files. After an error it reports whether what there was
// of the partial is still there.
func (p *Partial) openFiles() (kept bool, err error) {
	if p.resume() {
		return true, nil
	}
	if err := removePartial(p.folder, p.stem); err != nil {
		return true, err
	}
	const create = os.O_RDWR | os.O_CREATE | os.O_EXCL
	if p.data, err = p.folder.OpenFile(p.stem+dataSuffix, create, 0o600); err != nil {
		return false, err
	}
	if p.state, err = p.folder.OpenFile(p.stem+stateSuffix, create, 0o600); err == nil {
		r := record{length: p.id.Length, digest: p.id.Digest, name: p.id.Name.String()}
		_, err = p.state.Write(r.marshal())
	}
	if err != nil {
		p.closeFiles()
		removePartial(p.folder, p.stem)
	}
	return false, err
}

// vacant returns wire.ErrExists if the object may not take its place, with s.mu held. A link is never
// replaced, nor a folder; but an empty one, that a server left behind which was
// killed while it made or removed an object in it, is removed.
func (p *Partial) vacant() error {
	info, err := p.folder.Lstat(p.base)
	if err == nil && info.IsDir() && p.folder.Remove(p.base) == nil {
		return nil
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: it is not a file", wire.ErrExists)
	case !p.bounds.Overwrite:
		return wire.ErrExists
	}
	return nil
}

// resume opens the files of a partial that is there and the same, and cuts off what
// may not be durable. It returns false, and leaves nothing open, if there is no such.
func (p *Partial) resume() (ok bool) {
	defer func() {
		if !ok {
			p.closeFiles()
		}
	}()
	var err error
	if p.state, err = openRegular(p.folder, p.stem+stateSuffix, os.O_RDWR); err != nil {
		return false
	}
	r, err := readRecord(p.state)
	if err != nil || r.digest != p.id.Digest || r.length != p.id.Length || r.name != p.id.Name.String() {
		return false
	}
	if p.data, err = openRegular(p.folder, p.stem+dataSuffix, os.O_RDWR); err != nil {
		return false
	}
	info, err := p.data.Stat()
	if err != nil {
		return false
	}
	durable := min(r.durable, info.Size())
	if p.id.Length >= 0 && durable > p.id.Length || p.data.Truncate(durable) != nil {
		return false
	}
	if durable < r.durable && writeDurable(p.state, durable) != nil {
		return false
	}
	p.written.Store(durable)
	p.durable.Store(durable)
	return true
}

func (p *Partial) closeFiles() {
	for _, file := range []*os.File{p.data, p.state} {
		if file != nil {
			file.Close()
		}
	}
	p.data, p.state = nil, nil
}

// ID returns what the partial is of.
func (p *Partial) ID() ID { return p.id }

// Written returns how many bytes were written. They can be read.
func (p *Partial) Written() int64 { return p.written.Load() }

// Durable returns how many bytes would survive a loss of power.
func (p *Partial) Durable() int64 { return p.durable.Load() }
