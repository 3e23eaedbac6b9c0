// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package store keeps the files of a server: whole objects under names with
// folders, and the partials of objects that are still being pushed. Everything is
// below one folder and stays there, and an object appears whole or not at all.
//
// An object is a regular file of its name. A partial is a [durable.Partial] beside its
// place, so that a push can be resumed where it stopped, also after the server was
// killed. Its journal is a receipt for a while after the push: "already there" is an
// answer to that push alone. Hidden files and symbolic links are never objects, and no
// folder is entered through a link.
//
// What there is and how long it is, is known from an index in memory, so that
// limits are cheap to check; what is opened is what is on the disk.
//
// The file system should tell names apart by case, as Linux's do. On one that does
// not, two spellings are one file that is counted twice.
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

// Options are the limits of a store. Zero is no limit.
type Options struct {
	MaxObject  int64 // bytes of one object
	MaxTotal   int64 // bytes of all objects and partials
	MaxObjects int64 // names of objects and partials
	MaxFolders int64
	KeepFree   int64 // bytes to leave free on the file system of the folder

	// Patience is for how long a partial in which less than 1 MiB has come can keep
	// others from the room that it has reserved. Zero is 30 s.
	Patience time.Duration
}

// maxLength is more than any pqenc file has: 2^31 chunks of up to 4 MiB are 2^53
// bytes. Sums of a few of these do not overflow.
const maxLength = 1 << 54

// lockName is the file whose lock says that a server is running.
const lockName = ".pqenc.lock"

// Store is a folder of objects. Its methods can be called at the same time.
type Store struct {
	root    *os.Root
	lock    *os.File
	options Options

	syncs    groups     // of folders
	scanning sync.Mutex // held by the one Rescan
	// mu guards the index and the shape of the tree: it is held while names or
	// folders come and go. Nothing is written or synced under it.
	mu    sync.Mutex
	index *index
	// made are the folders that are not known to be durable, with durable.FailedSyncs
	// before they were made.
	made map[string]int64
	// firm are the folders that are known to be durable, with those above them. What is done
	// by hand is not seen before the next scan, which forgets them.
	firm map[string]bool
	// logged are the objects that may be torn, from the last scan.
	logged []wire.Name
}

// Open opens the folder dir and makes it if it does not exist. The error wraps
// [ErrLocked] if another server, or another Store, has it open.
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

// acquire takes the lock, which the operating system gives back when the process
// ends, however it ends. The file stays: removing it would race with the next.
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

// Close closes the partials that are open, to be resumed later, and gives the
// folder free for another server.
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

// Usage returns how much there is in the store, from the index.
func (s *Store) Usage() Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index.total
}

// Within returns how much of a quota is used.
func (s *Store) Within(scope Scope) (bytes, files int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	used := s.index.within(scope)
	return used.stored(), used.files()
}

// Free returns how many bytes are free on the file system, -1 if it does not tell.
func (s *Store) Free() int64 { return freeSpace(s.lock) }
