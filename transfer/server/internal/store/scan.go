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
	s.index.changed = make(map[string]bool)
	s.mu.Unlock()

	found, err := s.scan()

	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.index.changed = nil
		return err
	}
	s.index.refresh(found)
	return nil
}

// scan returns an index of what is on the disk.
func (s *Store) scan() (index, error) {
	found := newIndex()
	err := fs.WalkDir(s.root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
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
			return ignoreMissing(err)
		}
		if stem, ok := partialStem(path); ok {
			found.putPartial(stem, s.scanPartial(found, stem, path, info))
		} else if valid(path) {
			found.putObject(Entry{Name: path, Size: info.Size(), ModTime: info.ModTime()})
		}
		return nil
	})
	for _, p := range found.partials {
		if p.size == 0 { // only a record is left: nobody waits for that
			p.name = ""
		}
	}
	return found, err
}

// valid reports whether an object can have that name.
func valid(name string) bool {
	_, err := wire.ParseName(name)
	return err == nil
}

// scanPartial adds one of the two files of a partial to what is known about it.
func (s *Store) scanPartial(found index, stem, path string, info fs.FileInfo) (p slot) {
	if known := found.partials[stem]; known != nil {
		p = *known
	}
	p.touched = later(p.touched, info.ModTime())
	if strings.HasSuffix(path, dataSuffix) {
		p.size = info.Size()
		return p
	}
	if file, err := openRegular(s.root, path, readOnly); err == nil {
		if r, err := readRecord(file); err == nil {
			p.name, p.digest = r.name, r.digest
		}
		file.Close()
	}
	return p
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
	for _, stem := range s.abandoned(limit) {
		size, removed, failure := s.collect(stem, limit)
		if removed {
			n++
			bytes += size
		}
		err = errors.Join(err, failure)
	}
	return n, bytes, err
}

func (s *Store) abandoned(limit time.Time) (stems []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for stem, p := range s.index.partials {
		if p.open == nil && p.touched.Before(limit) {
			stems = append(stems, stem)
		}
	}
	return stems
}

// collect removes one partial, unless it is in use again.
func (s *Store) collect(stem string, limit time.Time) (size int64, removed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.index.partials[stem]
	if p == nil || p.open != nil || !p.touched.Before(limit) {
		return 0, false, nil
	}
	if err := s.removePartial(stem); err != nil {
		return 0, false, err
	}
	return p.size, true, nil
}

// removePartial removes a partial that is not open, and the folders that become
// empty, with s.mu held.
func (s *Store) removePartial(stem string) error {
	if err := removePartial(s.root, stem); err != nil {
		return err
	}
	s.index.dropPartial(stem)
	s.prune(stem)
	return nil
}
