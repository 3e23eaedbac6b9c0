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

// Rescan finds files that were added or removed by hand. It skips folders that may not be
// read.
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

// scan adds what is on the disk to an index. It returns the names with a log; see Torn.
func (s *Store) scan(found *index) (logged []wire.Name, err error) {
	err = fs.WalkDir(s.root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission) && path != ".":
			return nil // removed meanwhile, or not the server's, like lost+found
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

// loggedName returns the object of a log of a header. Logs of long names, which are shortened,
// have none.
func loggedName(name string) (wire.Name, bool) {
	folder, base := path.Split(name)
	base, is := strings.CutSuffix(base, durable.RedoSuffix)
	base, hidden := strings.CutPrefix(base, ".")
	object, err := wire.ParseName(folder + base)
	return object, is && hidden && err == nil
}

// valid reports whether a name is valid.
func valid(name string) bool {
	_, err := wire.ParseName(name)
	return err == nil
}

// isShort reports whether this process, or the system, is out of file descriptors or
// memory.
func isShort(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}

// scanPartial adds one of the two files of a partial to its slot: first the part, if there is
// one, and then the journal. It returns an error only if the server is short of resources. A
// file that cannot be read for another reason is kept.
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

// receiptAge is how long receipts are kept, for clients that have missed the answer and ask
// again.
const receiptAge = time.Hour

// Collect removes the partials that are not open and were not written for longer than age. It
// returns their number and their bytes. It also removes old receipts, and receipts of objects
// that do not exist any more.
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

// claim marks a partial as busy and returns it, if there is one that is not busy and that which
// accepts.
func (s *Store) claim(stem string, which func(*slot) bool) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.index.slots[stem]; p != nil && which(p) && s.index.claim(p) {
		return p
	}
	return nil
}

// removePartial removes a claimed partial, and the folders that become empty.
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

// claimReceipts claims the receipts of a name whose object is replaced, moved or deleted, with
// s.mu held.
func (s *Store) claimReceipts(name string) (claimed []*slot) {
	for _, p := range s.index.partials(name) {
		if p.receipt && s.index.claim(p) {
			claimed = append(claimed, p)
		}
	}
	return claimed
}

// removeReceipts removes claimed receipts.
func (s *Store) removeReceipts(claimed []*slot) (err error) {
	for _, p := range claimed {
		err = errors.Join(err, s.removePartial(p.stem))
	}
	return err
}
