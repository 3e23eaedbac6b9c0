// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/pqenc/pqenc/internal/durable"
)

// errNotFolder reports that something is not a folder. A link to a folder is none.
var errNotFolder = errors.New("not a folder")

// folder opens the folder of a name, and returns the last segment of the name. If create is
// set, which requires s.mu, it creates missing folders.
//
// It opens one folder after the other and follows no link, not even one that stays inside, so
// that each object has one name.
func (s *Store) folder(name string, create bool) (*os.Root, string, error) {
	folder, err := s.root.OpenRoot(".")
	if err != nil {
		return nil, "", err
	}
	segments := strings.Split(name, "/")
	last := len(segments) - 1
	for i, segment := range segments[:last] {
		failed := durable.FailedSyncs()
		next, made, err := enter(folder, segment, create)
		if made {
			dir := strings.Join(segments[:i+1], "/")
			s.made[dir] = failed
			delete(s.firm, dir)
		}
		folder.Close()
		if err != nil {
			return nil, "", err
		}
		folder = next
	}
	return folder, segments[last], nil
}

// enter opens a subfolder, and reports whether it has created it.
func enter(parent *os.Root, segment string, create bool) (folder *os.Root, made bool, err error) {
	before, err := parent.Lstat(segment)
	if create && errors.Is(err, fs.ErrNotExist) {
		if err := parent.Mkdir(segment, 0o700); err != nil {
			return nil, false, err
		}
		made = true
		before, err = parent.Lstat(segment)
	}
	if err != nil {
		return nil, made, err
	}
	if !before.IsDir() {
		return nil, made, &fs.PathError{Op: "open", Path: segment, Err: errNotFolder}
	}
	folder, err = parent.OpenRoot(segment)
	if err != nil {
		return nil, made, err
	}
	after, err := folder.Stat(".")
	if err == nil && !os.SameFile(before, after) {
		err = &fs.PathError{Op: "open", Path: segment, Err: errNotFolder}
	}
	if err != nil {
		folder.Close()
		return nil, made, err
	}
	return folder, made, nil
}

// prune removes the folders of a name that are empty and not in use, with s.mu held.
func (s *Store) prune(name string) {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if s.index.has(dir + "/") {
			break
		}
		if err := s.removeFolder(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			break
		}
		delete(s.made, dir)
		delete(s.firm, dir)
	}
}

// removeFolder removes an empty folder. It does not remove anything else with that name.
func (s *Store) removeFolder(dir string) error {
	parent, base, err := s.folder(dir, false)
	if err != nil {
		return err
	}
	defer parent.Close()
	info, err := parent.Lstat(base)
	if err == nil && !info.IsDir() {
		err = errNotFolder
	}
	if err != nil {
		return err
	}
	return parent.Remove(base)
}

// errEarlier reports that a folder may not be durable, which another sync would not show.
var errEarlier = fmt.Errorf("%w: the sync of a new folder has failed, which stays until it is empty", durable.ErrSync)

// syncUp makes the path of a name durable, from its folder up to the first one that is known to
// be durable: some of the folders may be new. Missing folders were removed together with the
// object.
func (s *Store) syncUp(name string) error {
	var there []string
	for dir, child := path.Dir(name), ""; ; dir, child = path.Dir(dir), dir {
		err := s.syncFolder(dir)
		if durable.IgnoreMissing(err) != nil {
			return err
		}
		s.mu.Lock()
		failed, fresh := s.made[child]
		sound := !fresh || failed == durable.FailedSyncs()
		if sound {
			delete(s.made, child)
		}
		last := dir == "." || s.firm[dir]
		s.mu.Unlock()
		if !sound {
			return errEarlier
		}
		if last {
			s.settled(there)
			return nil
		}
		if err == nil {
			there = append(there, dir)
		}
	}
}

// settled notes that these folders are durable with their parents, except those that were
// created again meanwhile.
func (s *Store) settled(folders []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, dir := range folders {
		if _, fresh := s.made[dir]; !fresh {
			s.firm[dir] = true
		}
	}
}

// syncFolder syncs a folder. Calls at about the same time share one sync.
func (s *Store) syncFolder(dir string) error {
	return s.syncs.run(dir, func() error {
		folder, err := s.root.OpenRoot(dir)
		if err != nil {
			return err
		}
		defer folder.Close()
		return durable.SyncFolder(folder)
	})
}
