// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
)

// OpenPartial opens the partial output file of the given name, or prepares a new one. Names,
// links, permission bits and errors are as with [Create]. The stem is made from the name of
// the target. The error wraps [ErrNoPartial], [ErrInUse] or is a [*ReplaceError]. On any
// error, what can be resumed is left as it is.
func OpenPartial(name string, o Options) (*Partial, error) {
	if _, ok := descriptor(name); ok {
		return nil, &fs.PathError{Op: "create", Path: name, Err: ErrNoPartial}
	}
	path, old, err := resolve(name)
	if err != nil {
		return nil, err
	}
	if old != nil && o.New {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	if old != nil && !old.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "create", Path: name, Err: ErrNoPartial}
	}
	t, err := openTarget(name, path, old, o)
	if err != nil {
		return nil, err
	}
	p, err := openPartial(t, stemOf(t.base), largeSlot)
	if err != nil {
		t.dir.Close()
		return nil, err
	}
	return p, nil
}

// OpenPartialIn is OpenPartial for the name of a target and a stem in an open folder, both
// single names. It does not check what the target is, or that it can be replaced:
// the caller has to do that before Publish. It syncs nothing, so it may be called with a lock
// held. A state has up to [MaxStateIn] bytes. If there is no error, the Partial closes the
// folder in the end.
func OpenPartialIn(folder *os.Root, name, stem string, o Options) (*Partial, error) {
	t := &target{name: name, dir: folder, base: name, perm: 0o600, options: o, failed: FailedSyncs()}
	return openPartial(t, stem, smallSlot)
}

// stemOf returns the common start of the names of part and journal. If the name of the
// target is shortened, it has a digest of the rest, so that each target has its own part.
func stemOf(base string) string {
	short := shorten(base)
	if short != base {
		digest := sha256.Sum256([]byte(base))
		short += "." + hex.EncodeToString(digest[:8])
	}
	return "." + short
}

// openPartial opens the two files, the one with the lock first. Files without a mark are
// removed and made again, because their names may not be durable.
func openPartial(t *target, stem string, slot int64) (*Partial, error) {
	notBegun := t.explain("write", errNotBegun)
	p := &Partial{output: output{target: t, failed: notBegun}, part: stem + PartSuffix, lost: notBegun}
	p.journal.dir, p.journal.name, p.journal.slot = t.dir, stem+JournalSuffix, slot
	for {
		file, fresh, err := openLocked(t.dir, p.journal.name)
		if errors.Is(err, ErrInUse) {
			return nil, t.explain("create", ErrInUse)
		}
		if err != nil {
			return nil, err
		}
		p.journal.file = file
		err = p.load()
		if err == nil && p.journal.newest == nil {
			err = IgnoreMissing(remove(t.dir, p.part))
		}
		switch {
		case err != nil && fresh:
			p.journal.remove()
			return nil, err
		case err != nil:
			file.Close()
			return nil, err
		case fresh || p.journal.newest != nil:
			return p, nil
		}
		if err := p.journal.remove(); err != nil {
			return nil, err
		}
	}
}

// load finds the newest record and opens the part that it is about. The record is ignored if
// the part is not one of ours, or lacks content. Without a part, only a receipt counts.
func (p *Partial) load() error {
	newest, err := newestRecord(p.journal.file, p.journal.slot)
	if err != nil {
		return describe(p.dir, p.journal.name, false, err)
	}
	p.journal.newest, p.file = nil, nil
	if newest == nil {
		return nil
	}
	file, err := openPrivate(p.dir, p.part)
	switch {
	case errors.Is(err, errForeign), errors.Is(err, fs.ErrNotExist) && !newest.Complete:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		p.journal.newest = newest
		return nil
	case err != nil:
		return describe(p.dir, p.part, false, err)
	}
	info, err := file.Stat()
	if err != nil || info.Size() < newest.Length {
		file.Close()
		return err
	}
	p.journal.newest, p.file = newest, file
	return nil
}

// RemovePartial removes the files of a Partial that is not open, a receipt included.
// It is no error if there are none.
func RemovePartial(folder *os.Root, stem string) error {
	// In this order: a journal without a part could be a receipt.
	return errors.Join(
		IgnoreMissing(folder.Remove(stem+JournalSuffix)),
		IgnoreMissing(remove(folder, stem+PartSuffix)))
}

// CanResume reports whether there is a partial output of that name, which [OpenPartial]
// would find.
func CanResume(name string) bool {
	path, _, err := resolve(name)
	if err != nil {
		return false
	}
	directory, base, err := split(path)
	if err != nil {
		return false
	}
	_, err = os.Lstat(directory + stemOf(base) + JournalSuffix)
	return err == nil
}
