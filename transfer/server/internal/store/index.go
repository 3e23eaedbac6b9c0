// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"crypto/sha256"
	"time"
)

// Entry is what a list says about an object.
type Entry struct {
	Name    string
	Size    int64 // bytes
	ModTime time.Time
}

// index is what the store knows without asking the disk.
type index struct {
	objects      map[string]Entry // by name
	partials     map[string]*slot // by stem, see partialStem
	objectBytes  int64
	partialBytes int64
	changed      map[string]bool // names and stems, since a scan began; nil when none is under way
}

// slot is the place of a partial in the index.
type slot struct {
	name    string // of the object; empty if the record does not tell
	digest  [sha256.Size]byte
	size    int64 // bytes on the disk, or reserved while it is open
	touched time.Time
	open    *Partial
}

func newIndex() index {
	return index{objects: make(map[string]Entry), partials: make(map[string]*slot)}
}

func (x *index) putObject(e Entry) {
	x.objectBytes += e.Size - x.objects[e.Name].Size
	x.objects[e.Name] = e
	x.change(e.Name)
}

func (x *index) dropObject(name string) {
	x.objectBytes -= x.objects[name].Size
	delete(x.objects, name)
	x.change(name)
}

func (x *index) putPartial(stem string, p slot) {
	x.dropPartial(stem)
	x.partialBytes += p.size
	x.partials[stem] = &p
}

func (x *index) dropPartial(stem string) {
	if p := x.partials[stem]; p != nil {
		x.partialBytes -= p.size
		delete(x.partials, stem)
	}
	x.change(stem)
}

func (x *index) resizePartial(stem string, size int64) {
	p := x.partials[stem]
	x.partialBytes += size - p.size
	p.size = size
	x.change(stem)
}

func (x *index) change(path string) {
	if x.changed != nil {
		x.changed[path] = true
	}
}

// partialSize returns how many bytes the partial has or has reserved.
func (x *index) partialSize(stem string) int64 {
	if p := x.partials[stem]; p != nil {
		return p.size
	}
	return 0
}

// within returns how many bytes there are under names that covers holds for, nil
// meaning all.
func (x *index) within(covers func(string) bool) (sum int64) {
	for name, e := range x.objects {
		if covers == nil || covers(name) {
			sum += e.Size
		}
	}
	for _, p := range x.partials {
		if covers == nil || p.name != "" && covers(p.name) {
			sum += p.size
		}
	}
	return sum
}

// promised returns how many bytes are reserved and not yet written.
func (x *index) promised() (sum int64) {
	for _, p := range x.partials {
		if p.open != nil {
			sum += p.size - p.open.Written()
		}
	}
	return sum
}

// refresh takes what was found by a scan, except where something changed since
// the scan began.
func (x *index) refresh(found index) {
	for path := range x.changed {
		found.dropObject(path)
		found.dropPartial(path)
		if e, ok := x.objects[path]; ok {
			found.putObject(e)
		}
		if p, ok := x.partials[path]; ok {
			found.putPartial(path, *p)
		}
	}
	for stem, p := range x.partials {
		if p.open != nil {
			found.putPartial(stem, *p)
		}
	}
	*x = found
}
