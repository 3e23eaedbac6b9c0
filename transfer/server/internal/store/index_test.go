// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// TestIndexSums changes an index at random, and compares all sums with a walk.
func TestIndexSums(t *testing.T) {
	x := newIndex()
	scopes := []Scope{nil, under(""), under("a/"), under("a/b/"), under("b"), new(counting)}
	for i := range 5000 {
		name := strings.Join([]string{"a", "b", "c", "d"}[rand.N(3):][:1+rand.N(2)], "/")
		if rand.N(3) == 0 {
			name = "a/b/" + name
		}
		stem := fmt.Sprintf("%s.%d", parent(name), rand.N(5))
		switch s := x.slots[stem]; rand.N(6) {
		case 0, 1:
			x.putObject(Entry{Name: name, Size: rand.Int64N(100)})
		case 2:
			x.dropObject(name)
		case 3:
			x.putPartial(&slot{stem: stem, name: name, size: rand.Int64N(100)})
		case 4:
			x.dropPartial(stem)
		case 5:
			if s != nil {
				x.resizePartial(s, rand.Int64N(100))
			}
		}
		if i == 2500 {
			x = x.endScan(x.beginScan()) // finds nothing
		}
		for _, scope := range scopes {
			if got, want := x.within(scope), walk(x, scope); got != want {
				t.Fatalf("within %#v: %+v, not %+v", scope, got, want)
			}
		}
	}
}

// walk counts everything within a scope.
func walk(x *index, scope Scope) (sum Usage) {
	folders := make(map[string]bool)
	x.places.Scan(func(name string, p *place) bool {
		if !strings.HasSuffix(name, "/") && (scope == nil || scope.Match(name)) {
			sum.add(p.usage(), 1)
		}
		for folder := parent(name); folder != ""; folder = parent(folder) {
			folders[folder] = true
		}
		return true
	})
	for folder := range folders {
		if scope == nil || scope.Match(strings.TrimSuffix(folder, "/")) {
			sum.Folders++
		}
	}
	return sum
}

// crowd is a store with many objects that exist only in the index.
func crowd(t testing.TB, objects int, o Options) *Store {
	s := open(t, t.TempDir(), o)
	for i := range objects {
		s.index.putObject(Entry{Name: fmt.Sprintf("crowd/%d/%06d", i%100, i), Size: 1 << 20, ModTime: time.Now()})
	}
	return s
}

// TestCrowd pushes with a quota into a store of many objects. They are walked once, not
// for each push.
func TestCrowd(t *testing.T) {
	const objects = 20000
	s := crowd(t, objects, Options{})
	file := encrypted(t, 10)
	all := new(counting)
	for i := range 50 {
		p := begin(t, s, idOf(alice, fmt.Sprintf("lab/%d/a", i), file), Bounds{Quota: 1 << 50, Files: 1 << 30, Within: all})
		write(t, p, file)
		publish(t, p)
		if i == 0 {
			*all = 0
		}
	}
	if *all > 50*50 {
		t.Errorf("looked at %d names for 49 pushes", *all)
	}
	*all = 0
	s.index.within(new(counting)) // another scope
	s.index.within(under("lab/"))
	if *all != 0 {
		t.Errorf("other scopes asked for %d names", *all)
	}
}

func BenchmarkCrowd(b *testing.B) {
	s := crowd(b, 200_000, Options{})
	file := encrypted(b, 10)
	for i := 0; b.Loop(); i++ {
		p, err := s.Partial(idOf(alice, fmt.Sprintf("lab/%d", i), file), Bounds{Quota: 1 << 50, Within: under("lab/")})
		if err == nil {
			_, err = p.Write(file)
		}
		if err == nil {
			_, err = p.Publish()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// TestPages lists in pages, some without objects, while objects are added and removed.
func TestPages(t *testing.T) {
	s := crowd(t, 1000, Options{})
	begin(t, s, idOf(alice, "crowd/5/000105x", encrypted(t, 10)), replace)
	for _, limit := range []int{1, 3, 7, 10000} {
		var names []string
		pages := 0
		for after, more := "", true; more; more = after != "" {
			var page []Entry
			if page, after = s.Page("crowd/5", after, limit); len(page) > limit {
				t.Fatalf("a page of %d", len(page))
			}
			for _, e := range page {
				names = append(names, e.Name)
			}
			if pages++; pages == 2 {
				s.index.dropObject(names[len(names)-1]) // where the listing continues
				s.index.putObject(Entry{Name: names[len(names)-1]})
			}
		}
		if len(names) != 110 || !slices.IsSorted(names) || len(slices.Compact(names)) != 110 {
			t.Errorf("limit %d: %d names: %q", limit, len(names), names)
		}
	}
	if page, next := s.Page("none", "", 10); len(page) != 0 || next != "" {
		t.Errorf("%v, %q", page, next)
	}
	if page, next := s.Page("crowd/5/", "d", 10); len(page) != 0 || next != "" {
		t.Errorf("after the end: %v, %q", page, next)
	}
}

// TestFiles counts names and folders, for a client and for all.
func TestFiles(t *testing.T) {
	file := encrypted(t, 10)
	for name, test := range map[string]struct {
		options Options
		bounds  Bounds
		want    error
	}{
		"objects": {Options{MaxObjects: 3}, Bounds{}, ErrTotal},
		"folders": {Options{MaxFolders: 4}, Bounds{}, ErrTotal},
		"files":   {Options{}, Bounds{Files: 6, Within: under("lab/")}, wire.ErrQuota},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, test.options)
			push := func(name string, n int) error {
				b := test.bounds
				b.Overwrite = true
				p, err := s.Partial(idOf(alice, name, file), b)
				if err == nil {
					defer p.Close()
					_, err = p.Write(file[p.Written():n])
				}
				if err == nil && n == len(file) {
					_, err = p.Publish()
				}
				return err
			}
			for _, name := range []string{"lab/1/a", "lab/2/a", "lab/3/a"} {
				wantError(t, push(name, len(file)-1), nil)
				wantError(t, push(name, len(file)), nil)
			}
			wantError(t, push("lab/4/a", len(file)), test.want)
			wantFiles(t, dir, "lab", "lab/1", "lab/1/a", "lab/2", "lab/2/a", "lab/3", "lab/3/a")
			file = encrypted(t, 10)
			wantError(t, push("lab/3/a", len(file)-1), nil) // a name counts once
			wantError(t, push("lab/3/a", len(file)), nil)
			if err := s.Delete(named("lab/3/a")); err != nil {
				t.Error(err)
			}
			wantError(t, push("lab/4/a", len(file)), nil)
			wantUsage(t, s)
		})
	}
}

// TestFilesOfMany has several clients push to the same name: each partial counts.
func TestFilesOfMany(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	file := encrypted(t, 10)
	b := Bounds{Overwrite: true, Files: 2}
	push(t, s, alice, "a", file)
	for _, client := range []byte{1, 2} {
		begin(t, s, idOf([32]byte{client}, "a", encrypted(t, 10)), b)
	}
	_, err := s.Partial(idOf([32]byte{3}, "a", encrypted(t, 10)), b)
	wantError(t, err, wire.ErrQuota)
	_, err = s.Partial(idOf([32]byte{1}, "a", file), b)
	if !errors.Is(err, ErrStored) && !errors.Is(err, wire.ErrBusy) {
		t.Error(err)
	}
}

// TestReservations has clients that reserve everything and send next to nothing. They do
// not block others, and reserve again when they continue.
func TestReservations(t *testing.T) {
	file := encrypted(t, 3<<20)
	size := int64(len(file))
	for name, o := range map[string]Options{
		"in all":    {MaxTotal: size + 100<<10},
		"a quota":   {},
		"for a day": {MaxTotal: size + 100<<10, Patience: 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			if o.Patience == 0 {
				o.Patience = time.Nanosecond
			}
			s := open(t, t.TempDir(), o)
			b := Bounds{Quota: size + 100<<10}
			idle := begin(t, s, idOf(alice, "idle", file), b)
			write(t, idle, file[:50<<10])
			p, err := s.Partial(idOf(bob, "a", file), b)
			if name == "for a day" {
				wantError(t, err, ErrTotal)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			write(t, p, file)
			publish(t, p)
			write(t, idle, file[50<<10:60<<10])
			if _, err := idle.Write(file[60<<10 : 1<<20]); !errors.Is(err, ErrTotal) && !errors.Is(err, wire.ErrQuota) {
				t.Errorf("there is room: %v", err)
			}
			if err := s.Delete(named("a")); err != nil {
				t.Fatal(err)
			}
			write(t, idle, file[60<<10:])
			publish(t, idle)
			wantObject(t, s, "idle", file)
			wantUsage(t, s)
		})
	}
}
