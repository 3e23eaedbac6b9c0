// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// Move gives an object another name, atomically and durably, and returns its length. The
// bounds are those of a push to the new name. The object keeps its time. Partials of both
// names and open objects are not affected. The error wraps those of [Store.Open];
// [wire.ErrExists] if the new name is taken and may not be replaced, is a folder, or has a
// folder that is an object; [wire.ErrQuota] or [ErrTotal]; [wire.ErrChanged] if the object
// was replaced meanwhile; or [wire.ErrApart].
func (s *Store) Move(from, to wire.Name, b Bounds) (size int64, err error) {
	o, err := s.Open(from) // a torn object must stay beside its log
	if err != nil {
		return 0, err
	}
	defer o.Close()
	if from == to {
		if !b.Overwrite {
			return 0, wire.ErrExists
		}
		return o.Size, nil
	}
	failed := durable.FailedSyncs()
	receipts, err := s.rename(o, to.String(), b)
	if err != nil {
		return 0, noSpaceOr(s.missing(from.String(), err))
	}
	// The new name first: after a power cut between the syncs the object may have both names,
	// but never none.
	err = errors.Join(s.removeReceipts(receipts), s.syncUp(to.String()), s.leaveFolder(from.String()))
	if err == nil && failed != durable.FailedSyncs() {
		err = errEarlier
	}
	return o.Size, err
}

// rename moves an object on the disk and in the index. It claims and returns the receipts of
// both names.
func (s *Store) rename(o *Object, to string, b Bounds) (receipts []*slot, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := o.Name
	if err := s.still(o); err != nil {
		return nil, err
	}
	folder, base, err := s.folder(to, true)
	if errors.Is(err, errNotFolder) {
		return nil, fmt.Errorf("%w: a part of the name is not a folder", wire.ErrExists)
	}
	if err == nil {
		err = cmp.Or(vacant(folder, base, b.Overwrite), o.differs(folder, base))
		folder.Close()
	}
	undo := func() {}
	if err == nil {
		undo, err = s.rebook(o.Entry, to, b)
	}
	if err == nil {
		err = durable.Rename(s.root, from, to)
	}
	if errors.Is(err, syscall.EXDEV) {
		err = fmt.Errorf("%w: %w", wire.ErrApart, err)
	}
	if err != nil {
		undo()
		s.prune(to)
		return nil, err
	}
	return append(s.claimReceipts(from), s.claimReceipts(to)...), nil
}

// differs returns wire.ErrExists if the object has that name, too: as a hard link that was
// made by hand, or because the file system ignores case. It would keep its old name then.
func (o *Object) differs(folder *os.Root, base string) error {
	opened, err := o.file.Stat()
	if err != nil {
		return err
	}
	if named, err := folder.Lstat(base); err == nil && os.SameFile(opened, named) {
		return fmt.Errorf("%w: the two names are those of one file", wire.ErrExists)
	}
	return nil
}

// still checks that an open object still has its name.
func (s *Store) still(o *Object) error {
	opened, err := o.file.Stat()
	if err != nil {
		return err
	}
	named, err := s.lstat(o.Name)
	if err == nil && !os.SameFile(opened, named) {
		err = wire.ErrChanged
	}
	return err
}

// rebook gives an object another name in the index, with s.mu held, and checks the limits. A
// limit that is exceeded already is no error if the usage does not grow.
func (s *Store) rebook(e Entry, to string, b Bounds) (undo func(), err error) {
	x := s.index
	all, mine := x.total, x.within(b.Within)
	replaced, replaces := x.object(to)
	moved := e
	moved.Name = to
	x.dropObject(e.Name)
	x.putObject(moved)
	undo = func() {
		x.dropObject(to)
		x.putObject(e)
		if replaces {
			x.putObject(replaced)
		}
	}
	err = s.overfull(b, all, mine)
	if used := x.within(b.Within); exceeds(b.Quota, mine.stored(), used.stored()) {
		err = wire.ErrQuota
	}
	return undo, err
}
