// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"slices"
	"strings"
	"time"

	"github.com/tidwall/btree"
)

// Entry is an object in a list.
type Entry struct {
	Name    string
	Size    int64 // bytes
	ModTime time.Time
}

// Usage is what a store contains, in all or within a [Scope].
type Usage struct {
	Objects      int64
	Bytes        int64 // of objects
	Partials     int64
	PartialBytes int64 // including what open ones have reserved
	Names        int64 // in use: a name counts once, or once for each of its partials
	Folders      int64
}

// stored is what counts against a quota of bytes, and files what counts against one of files.
func (u Usage) stored() int64 { return u.Bytes + u.PartialBytes }
func (u Usage) files() int64  { return u.Names + u.Folders }

func (u *Usage) add(v Usage, times int64) {
	u.Objects += times * v.Objects
	u.Bytes += times * v.Bytes
	u.Partials += times * v.Partials
	u.PartialBytes += times * v.PartialBytes
	u.Names += times * v.Names
	u.Folders += times * v.Folders
}

// Scope is a set of names. It is used as a key of maps, so equal scopes must be the same set.
type Scope interface {
	// Match reports whether the name is in the scope.
	Match(name string) bool
	// Prefix returns a prefix of all names in the scope.
	Prefix() string
}

// index is what the store knows without reading the disk. Operations take O(log n), and a
// step for each scope that matches the name. The first use of a scope visits all names with
// its prefix.
type index struct {
	// places are the names in use, and the folders, whose keys end with a slash.
	places btree.Map[string, *place]
	slots  map[string]*slot // partials by stem, see partialStem
	busy   map[*slot]bool   // partials that are open or being removed
	total  Usage
	scopes map[Scope]*tally
	inside map[string][]*tally // the same, by the folder that contains the scope

	// changed are the names and stems that have changed since a scan started; nil if none
	// runs.
	changed map[string]bool
}

// place is a name or a folder in the index.
type place struct {
	object   *Entry // nil if there is none
	partials []*slot
	children int // of a folder
}

// slot is a partial in the index.
type slot struct {
	stem string
	record
	size    int64 // bytes on the disk, or reserved while it is open
	touched time.Time
	receipt bool     // it was published, and its journal is a receipt
	unsure  bool     // it was published, perhaps not durably: there is no receipt
	unread  bool     // its journal could not be read
	open    *Partial // nil if it is not open
}

// tally is the usage within a scope.
type tally struct {
	scope Scope
	used  Usage
	asked bool // used since the last scan
}

func newIndex() *index {
	return &index{
		slots:  make(map[string]*slot),
		busy:   make(map[*slot]bool),
		scopes: make(map[Scope]*tally),
		inside: make(map[string][]*tally),
	}
}

func (p *place) usage() (u Usage) {
	if p.object != nil {
		u.Objects, u.Bytes, u.Names = 1, p.object.Size, 1
	}
	for _, s := range p.partials {
		if !s.receipt {
			u.Partials++
			u.PartialBytes += s.size
		}
	}
	u.Names = max(u.Names, u.Partials)
	if p.children > 0 {
		u.Folders = 1
	}
	return u
}

func (p *place) empty() bool { return p.object == nil && len(p.partials) == 0 && p.children == 0 }

// parent returns the folder of a name or of a folder. The root is empty.
func parent(name string) string {
	return name[:strings.LastIndexByte(strings.TrimSuffix(name, "/"), '/')+1]
}

// update changes a place, and the sums and folders with it.
func (x *index) update(name string, change func(*place)) {
	p, known := x.places.Get(name)
	if !known {
		p = new(place)
	}
	before := p.usage()
	change(p)
	x.count(name, before, -1)
	x.count(name, p.usage(), 1)
	gone := p.empty()
	if gone == !known {
		return
	}
	step := 1
	if gone {
		step = -1
		x.places.Delete(name)
	} else {
		x.places.Set(name, p)
	}
	if folder := parent(name); folder != "" {
		x.update(folder, func(p *place) { p.children += step })
	}
}

// count adds the usage of a place, times 1 or -1, to all sums that contain it.
func (x *index) count(name string, u Usage, times int64) {
	x.total.add(u, times)
	for folder := parent(name); ; folder = parent(folder) {
		for _, t := range x.inside[folder] {
			if t.scope.Match(strings.TrimSuffix(name, "/")) {
				t.used.add(u, times)
			}
		}
		if folder == "" {
			return
		}
	}
}

// within returns the usage within a scope; nil is everything. The first call for a scope visits
// all names with its prefix.
func (x *index) within(scope Scope) Usage {
	if scope == nil {
		return x.total
	}
	t := x.scopes[scope]
	if t == nil {
		t = &tally{scope: scope}
		prefix := scope.Prefix()
		x.places.Ascend(prefix, func(name string, p *place) bool {
			if scope.Match(strings.TrimSuffix(name, "/")) {
				t.used.add(p.usage(), 1)
			}
			return strings.HasPrefix(name, prefix)
		})
		folder := prefix[:strings.LastIndexByte(prefix, '/')+1]
		x.scopes[scope] = t
		x.inside[folder] = append(x.inside[folder], t)
	}
	t.asked = true
	return t.used
}

// has reports whether there is a place.
func (x *index) has(name string) bool {
	_, known := x.places.Get(name)
	return known
}

// object returns the entry of the object with that name.
func (x *index) object(name string) (e Entry, ok bool) {
	if p, known := x.places.Get(name); known && p.object != nil {
		return *p.object, true
	}
	return Entry{}, false
}

func (x *index) putObject(e Entry) {
	x.update(e.Name, func(p *place) { p.object = &e })
	x.change(e.Name)
}

func (x *index) dropObject(name string) {
	x.update(name, func(p *place) { p.object = nil })
	x.change(name)
}

// partials returns the partials of that name.
func (x *index) partials(name string) []*slot {
	if p, known := x.places.Get(name); known {
		return p.partials
	}
	return nil
}

// putPartial adds a partial, and replaces the one with the same stem.
func (x *index) putPartial(s *slot) {
	x.dropPartial(s.stem)
	x.slots[s.stem] = s
	x.update(s.name, func(p *place) { p.partials = append(p.partials, s) })
	x.changePartial(s)
}

func (x *index) dropPartial(stem string) {
	s := x.slots[stem]
	if s == nil {
		return
	}
	delete(x.slots, stem)
	delete(x.busy, s)
	x.update(s.name, func(p *place) {
		p.partials = slices.DeleteFunc(p.partials, func(other *slot) bool { return other == s })
	})
	x.changePartial(s)
}

// claim marks a partial as busy, and reports whether it was not.
func (x *index) claim(s *slot) bool {
	if x.busy[s] {
		return false
	}
	x.busy[s] = true
	x.changePartial(s)
	return true
}

func (x *index) resizePartial(s *slot, size int64) {
	x.update(s.name, func(*place) { s.size = size })
	x.changePartial(s)
}

// change notes changed names and stems for a running scan.
func (x *index) change(paths ...string) {
	for _, path := range paths {
		if x.changed != nil {
			x.changed[path] = true
		}
	}
}

func (x *index) changePartial(s *slot) { x.change(s.name, s.stem) }

// promised returns how many bytes are reserved but not written.
func (x *index) promised() (sum int64) {
	for s := range x.busy {
		if s.open != nil {
			sum += s.size - s.open.Written()
		}
	}
	return sum
}

// beginScan returns an empty index for a scan, and starts to note changes. Scopes that were
// not used since the last scan are dropped.
func (x *index) beginScan() *index {
	x.changed = make(map[string]bool)
	for s := range x.busy {
		x.changePartial(s)
	}
	found := newIndex()
	for scope, t := range x.scopes {
		if t.asked {
			found.within(scope)
			found.scopes[scope].asked = false
		}
	}
	return found
}

// endScan returns the index that a scan has found, with the changes since it started.
func (x *index) endScan(found *index) *index {
	for path := range x.changed {
		found.dropObject(path)
		found.dropPartial(path)
		for _, s := range slices.Clone(found.partials(path)) {
			found.dropPartial(s.stem)
		}
	}
	for path := range x.changed {
		if e, ok := x.object(path); ok {
			found.putObject(e)
		}
		for _, s := range x.partials(path) {
			found.putPartial(s)
			if x.busy[s] {
				found.busy[s] = true
			}
		}
	}
	for scope, t := range x.scopes {
		if t.asked && found.scopes[scope] == nil { // a new one
			found.within(scope)
		}
	}
	return found
}

// page visits up to limit names that start with prefix and come after the name after. It
// returns the objects among them, and the name to continue after, which is empty at the
// end.
func (x *index) page(prefix, after string, limit int) (entries []Entry, next string) {
	it := x.places.Iter()
	for ok := it.Seek(max(prefix, after)); ok && strings.HasPrefix(it.Key(), prefix); ok = it.Next() {
		if it.Key() == after {
			continue
		}
		if limit == 0 {
			return entries, next
		}
		limit--
		next = it.Key()
		if o := it.Value().object; o != nil {
			entries = append(entries, *o)
		}
	}
	return entries, ""
}
