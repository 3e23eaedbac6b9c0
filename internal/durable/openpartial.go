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

// OpenPartial opens what there is of the output file of the given name, or prepares
// for a new one; what it says about names, links, permission bits and errors is what
// [Create] says. The stem is that of the target's name. The error wraps
// [ErrNoPartial], [ErrInUse] or is a [*ReplaceError]. What can be resumed stays as it
// is on any error.
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
// single names. It does not test whether the target can be replaced, nor what it is:
// that is up to the caller, at the latest before Publish. It syncs nothing, so it may
// be called with a lock held. A state has up to [MaxStateIn] bytes. Without an error the folder belongs to the Partial,
// which closes it in the end.
func OpenPartialIn(folder *os.Root, name, stem string, o Options) (*Partial, error) {
	t := &target{name: name, dir: folder, base: name, perm: 0o600, options: o, failed: FailedSyncs()}
	return openPartial(t, stem, smallSlot)
}

// stemOf returns what the names of part and journal have in common. Where the
// target's name is cut the rest goes in as a digest: there is one part for a target.
func stemOf(base string) string {
	short := shorten(base)
	if short != base {
		digest := sha256.Sum256([]byte(base))
		short += "." + hex.EncodeToString(digest[:8])
	}
	return "." + short
}

// openPartial opens the two files, the one with the lock first. What is left without
// a mark is removed and made anew, because nobody knows whether the names of these
// files are durable.
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

// load finds the newest record and opens the part that it is about. It is no record
// if the part is not one of ours, or lacks content; without any part it is a receipt
// or none.
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

// CanResume reports whether there is something of an output of that name which
// [OpenPartial] would find.
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
