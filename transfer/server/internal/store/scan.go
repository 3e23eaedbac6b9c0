// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// Rescan finds what was put into the folder or taken out of it by hand. Folders
// that may not be read are passed over.
func (s *Store) Rescan() error {
	s.scanning.Lock()
	defer s.scanning.Unlock()

	s.mu.Lock()
	clear(s.firm)
	found := s.index.beginScan()
	s.mu.Unlock()

	logged, err := s.scan(found)

	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.index = s.index.endScan(found)
		s.logged = logged
	}
	s.index.changed = nil
	return err
}

// scan adds what is on the disk to an index. It returns the names of which there is a log,
// see Torn.
func (s *Store) scan(found *index) (logged []wire.Name, err error) {
	err = fs.WalkDir(s.root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission) && path != ".":
			return nil // gone meanwhile, or somebody else's, like lost+found
		case err != nil || path == ".":
			return err
		case d.IsDir() && !valid(path):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return durable.IgnoreMissing(err)
		}
		if stem, ok := partialStem(path); ok {
			p, err := s.scanPartial(found.slots[stem], stem, path, info)
			if err != nil {
				return err
			}
			found.putPartial(p)
		} else if name, ok := loggedName(path); ok {
			logged = append(logged, name)
		} else if valid(path) {
			found.putObject(Entry{Name: path, Size: info.Size(), ModTime: info.ModTime()})
		}
		return nil
	})
	return logged, err
}

// loggedName returns the object whose header a file is the log of. Of long names, which are
// cut, it cannot be told.
func loggedName(name string) (wire.Name, bool) {
	folder, base := path.Split(name)
	base, is := strings.CutSuffix(base, durable.RedoSuffix)
	base, hidden := strings.CutPrefix(base, ".")
	object, err := wire.ParseName(folder + base)
	return object, is && hidden && err == nil
}

// valid reports whether an object can have that name.
func valid(name string) bool {
	_, err := wire.ParseName(name)
	return err == nil
}

// isShort reports whether this process, or the system, has too few descriptors or too
// little memory.
func isShort(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}

// scanPartial adds one of the two files of a partial to what is known about it: first the
// part, if there is one, and then the journal. The error is that of a server which lacks
// something. Whatever else cannot be read stays where it is.
func (s *Store) scanPartial(known *slot, stem, path string, info fs.FileInfo) (*slot, error) {
	if known != nil {
		p := *known
		if info.ModTime().After(p.touched) {
			p.touched = info.ModTime()
		}
		return &p, nil
	}
	p := &slot{stem: stem, record: record{name: stem}, touched: info.ModTime()}
	part := strings.HasSuffix(path, durable.PartSuffix)
	if part {
		p.size = info.Size()
	}
	r, err := durable.ReadRecord(s.root, stem)
	if isShort(err) {
		return nil, err
	}
	p.unread = err != nil && !errors.Is(err, fs.ErrNotExist)
	if was, ok := parseRecord(r.State); ok && (part || r.Complete) {
		p.record, p.receipt = was, !part
	}
	return p, nil
}

// receiptAge is how long it is remembered that a push was stored. Its client may have
// missed the answer, and asks again.
const receiptAge = time.Hour

// Collect removes the partials that are not open and that nothing was written to
// for longer than age. It returns how many there were and the bytes they had. Receipts
// that are old, or of objects that are gone, go with them.
func (s *Store) Collect(age time.Duration) (n int, bytes int64, err error) {
	limit, receipts := time.Now().Add(-age), time.Now().Add(-receiptAge)
	old := func(p *slot) bool {
		if p.receipt {
			_, there := s.index.object(p.name)
			return !there || p.touched.Before(receipts)
		}
		return !p.unread && p.touched.Before(limit)
	}
	s.mu.Lock()
	all := slices.Collect(maps.Keys(s.index.slots))
	s.mu.Unlock()
	for _, stem := range all {
		p := s.claim(stem, old)
		if p == nil {
			continue
		}
		failure := s.removePartial(stem)
		if failure == nil && !p.receipt {
			n++
			bytes += p.size
		}
		err = errors.Join(err, failure)
	}
	return n, bytes, err
}

// claim makes a partial busy that nobody has open, and returns it, if there is one like
// that.
func (s *Store) claim(stem string, which func(*slot) bool) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.index.slots[stem]; p != nil && which(p) && s.index.claim(p) {
		return p
	}
	return nil
}

// removePartial removes a partial that is claimed, and the folders that become empty.
func (s *Store) removePartial(stem string) error {
	folder, base, err := s.folder(stem, false)
	if err == nil {
		err = durable.RemovePartial(folder, base)
		folder.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.index.slots[stem]
	delete(s.index.busy, p)
	if durable.IgnoreMissing(err) != nil {
		return err
	}
	s.index.dropPartial(stem)
	s.prune(p.name)
	return nil
}

// claimReceipts claims the receipts of a name, with s.mu held: the object is replaced, or
// is to be deleted.
func (s *Store) claimReceipts(name string) (claimed []*slot) {
	for _, p := range s.index.partials(name) {
		if p.receipt && s.index.claim(p) {
			claimed = append(claimed, p)
		}
	}
	return claimed
}

// removeReceipts removes what claimReceipts has claimed.
func (s *Store) removeReceipts(claimed []*slot) (err error) {
	for _, p := range claimed {
		err = errors.Join(err, s.removePartial(p.stem))
	}
	return err
}
