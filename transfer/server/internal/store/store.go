// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package store stores the files of a server: objects under names with folders, and partials
// of objects that are being pushed. Everything is below one folder. Objects appear
// atomically.
//
// An object is a regular file with its name. A partial is a [durable.Partial] in the same
// folder, so that a push can be resumed, also after the server was killed. For a while after
// the push its journal is a receipt, by which the same push learns that it is stored. Hidden
// files and symbolic links are never objects, and folders are not entered through links.
//
// An index in memory has the names and sizes of all objects, so that limits are cheap to
// check. Objects are always opened from the disk.
//
// The file system should be case-sensitive. On one that is not, two spellings of a name are
// one file that is counted twice.
package store

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// Options are the limits of a [Store]. Zero is no limit.
type Options struct {
	MaxObject  int64 // bytes of one object
	MaxTotal   int64 // bytes of all objects and partials
	MaxObjects int64 // names of objects and partials
	MaxFolders int64
	KeepFree   int64 // bytes to leave free on the file system of the folder

	// Patience is how long a partial that receives less than 1 MiB can reserve room that
	// others need. Zero is 30 s.
	Patience time.Duration
}

// maxLength is more than the length of any pqenc file: 2^31 chunks of up to 4 MiB are 2^53
// bytes. Sums of a few of these do not overflow.
const maxLength = 1 << 54

// lockName is the file that a running server locks.
const lockName = ".pqenc.lock"

// Store is a folder of objects. It is safe for concurrent use.
type Store struct {
	root    *os.Root
	lock    *os.File
	options Options

	syncs    groups     // of folders
	scanning sync.Mutex // held during Rescan
	// mu guards the index and the names and folders on the disk. No data is written or synced
	// while it is held.
	mu    sync.Mutex
	index *index
	// made are the folders that are not known to be durable, with durable.FailedSyncs from
	// before they were made.
	made map[string]int64
	// firm are the folders that are known to be durable, with their parents. Each scan clears
	// it, because changes by hand are not noticed before.
	firm map[string]bool
	// logged are the objects with a log of their header, from the last scan; see Torn.
	logged []wire.Name
}

// Open opens the folder dir and creates it if it does not exist. The error wraps [ErrLocked]
// if another server, or another Store, has it open.
func Open(dir string, o Options) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	lock, err := acquire(root)
	if err != nil {
		root.Close()
		return nil, err
	}
	o.MaxObject = min(cmp.Or(o.MaxObject, maxLength), maxLength)
	o.Patience = cmp.Or(o.Patience, 30*time.Second)
	s := &Store{root: root, lock: lock, options: o, index: newIndex(), made: make(map[string]int64), firm: make(map[string]bool)}
	if err := s.Rescan(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// acquire takes the lock, which the operating system releases when the process ends. The file
// stays: removing it would race with the next server.
func acquire(root *os.Root) (*os.File, error) {
	lock, err := root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := durable.Lock(lock); err != nil {
		lock.Close()
		if errors.Is(err, durable.ErrInUse) {
			err = ErrLocked
		}
		return nil, fmt.Errorf("%s: %w", root.Name(), err)
	}
	return lock, nil
}

// Close closes the open partials, which can be resumed later, and releases the folder.
func (s *Store) Close() error {
	var errs []error
	s.mu.Lock()
	var open []*Partial
	for slot := range s.index.busy {
		if slot.open != nil {
			open = append(open, slot.open)
		}
	}
	s.mu.Unlock()
	for _, p := range open {
		errs = append(errs, p.Close())
	}
	return errors.Join(append(errs, s.root.Close(), s.lock.Close())...)
}

// Usage returns what the store contains, from the index.
func (s *Store) Usage() Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index.total
}

// Within returns the bytes and files within a scope that count against quotas. Of a push of
// unknown length these are the bytes that have arrived: what it has reserved beyond them is a
// guess, which grows in large steps, and would hide whether the push makes progress.
func (s *Store) Within(scope Scope) (bytes, files int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	used := s.index.within(scope)
	bytes = used.stored()
	for slot := range s.index.busy {
		if p := slot.open; p != nil && p.id.Length < 0 && (scope == nil || scope.Match(slot.name)) {
			bytes -= p.reserved.spare()
		}
	}
	return bytes, used.files()
}

// Free returns how many bytes are free on the file system, or -1 if that is unknown.
func (s *Store) Free() int64 { return freeSpace(s.lock) }
