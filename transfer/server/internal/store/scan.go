// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// Rescan finds what was put into the folder or taken out of it by hand. Folders
// that may not be read are passed over.
func (s *Store) Rescan() error {
	s.scanning.Lock()
	defer s.scanning.Unlock()

	s.mu.Lock()
	found := s.index.beginScan()
	s.mu.Unlock()

	err := s.scan(found)

	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.index = s.index.endScan(found)
	}
	s.index.changed = nil
	return err
}

// scan adds what is on the disk to an index.
func (s *Store) scan(found *index) error {
	return fs.WalkDir(s.root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission) && path != ".":
			return nil // gone meanwhile, or somebody else's, like lost+found
		case err != nil || path == ".":
			return err
		case d.IsDir() && !valid(path):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		case isDiscarded(path):
			return ignoreMissing(s.root.Remove(path)) // the server was killed while it did that
		}
		info, err := d.Info()
		if err != nil {
			return ignoreMissing(err)
		}
		if stem, ok := partialStem(path); ok {
			found.putPartial(s.scanPartial(found.slots[stem], stem, path, info))
		} else if valid(path) {
			found.putObject(Entry{Name: path, Size: info.Size(), ModTime: info.ModTime()})
		}
		return nil
	})
}

// valid reports whether an object can have that name.
func valid(name string) bool {
	_, err := wire.ParseName(name)
	return err == nil
}

// scanPartial adds one of the two files of a partial to what is known about it.
func (s *Store) scanPartial(known *slot, stem, path string, info fs.FileInfo) *slot {
	p := slot{stem: stem, name: stem}
	if known != nil {
		p = *known
	}
	p.touched = later(p.touched, info.ModTime())
	if strings.HasSuffix(path, dataSuffix) {
		p.size = info.Size()
		return &p
	}
	if file, err := openRegular(s.root, path, readOnly); err == nil {
		// Only a record is left: nobody waits for that.
		if r, err := readRecord(file); err == nil && p.size > 0 {
			p.name, p.digest = r.name, r.digest
		}
		file.Close()
	}
	return &p
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Collect removes the partials that are not open and that nothing was written to
// for longer than age. It returns how many there were and the bytes they had.
func (s *Store) Collect(age time.Duration) (n int, bytes int64, err error) {
	limit := time.Now().Add(-age)
	old := func(p *slot) bool { return p.touched.Before(limit) }
	for _, p := range s.unused(old) {
		if !s.claim(p.stem, old) {
			continue
		}
		failure := s.removePartial(p.stem)
		if failure == nil {
			n++
			bytes += p.size
		}
		err = errors.Join(err, failure)
	}
	return n, bytes, err
}

// unused returns partials that nobody has open.
func (s *Store) unused(which func(*slot) bool) (all []*slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.index.slots {
		if !s.index.busy[p] && which(p) {
			all = append(all, p)
		}
	}
	return all
}

// claim makes a partial busy that nobody has open, if there is one like that.
func (s *Store) claim(stem string, which func(*slot) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.index.slots[stem]
	if p == nil || s.index.busy[p] || !which(p) {
		return false
	}
	s.index.busy[p] = true
	s.index.changePartial(p)
	return true
}

// removePartial removes a partial that is claimed, and the folders that become empty.
func (s *Store) removePartial(stem string) error {
	err := removePartial(s.root, stem)
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.index.slots[stem]
	delete(s.index.busy, p)
	if err != nil {
		return err
	}
	s.index.dropPartial(stem)
	s.prune(p.name)
	return nil
}
