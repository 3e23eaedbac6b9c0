// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
)

// with calls a function with the given number of free descriptors.
func with(t *testing.T, free int, run func()) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Skip(err)
	}
	few := before
	few.Cur = 100
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Skip(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before)
	var taken []*os.File
	for {
		file, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		taken = append(taken, file)
	}
	for i, file := range taken {
		if i < free {
			file.Close()
		} else {
			defer file.Close()
		}
	}
	run()
}

// TestFewDescriptors runs each operation with no free descriptors, with one, and so on. A
// failed operation returns an error, changes nothing, and succeeds later. None reports
// that something does not exist.
func TestFewDescriptors(t *testing.T) {
	file, other := encrypted(t, 5000), encrypted(t, 5000)
	whole := idOf(alice, "x/whole", other)
	half, changed := idOf(alice, "x/half", file), idOf(alice, "x/half", other)
	works := map[string]func(s *Store) error{
		"open": func(s *Store) error {
			o, err := s.Open(named("x/whole"))
			if err == nil {
				o.Close()
			}
			return err
		},
		"stat":   func(s *Store) error { _, err := s.Stat(named("x/whole")); return err },
		"rescan": (*Store).Rescan,
		"again": func(s *Store) error {
			_, err := s.Partial(whole, Bounds{})
			if errors.Is(err, ErrStored) {
				return nil
			}
			return err
		},
		"resume": func(s *Store) error {
			p, err := s.Partial(half, replace)
			if err == nil && p.Durable() != 4500 {
				return fmt.Errorf("resumes at %d", p.Durable())
			}
			if err == nil {
				err = p.Close()
			}
			return err
		},
		"begin": func(s *Store) error {
			p, err := s.Partial(idOf(alice, "x/y/new", file), replace)
			if err == nil {
				err = p.Remove()
			}
			return err
		},
		"finish": func(s *Store) error {
			p, err := s.Partial(changed, replace)
			if err != nil {
				return err
			}
			defer p.Close()
			if _, err = p.Write(other); err == nil {
				_, err = p.Publish()
			}
			return err
		},
		"delete": func(s *Store) error { return s.Delete(named("x/whole")) },
	}
	for name, work := range works {
		dir := t.TempDir()
		s := open(t, dir, Options{KeepFree: 1})
		p := begin(t, s, whole, replace)
		write(t, p, other)
		publish(t, p)
		p = begin(t, s, half, replace)
		write(t, p, file[:4500])
		closeOK(t, p)
		failed := 0
		for free, done := 0, false; !done; free++ {
			var err error
			with(t, free, func() { err = work(s) })
			if done = err == nil; !done && !errors.Is(err, syscall.EMFILE) {
				t.Fatalf("%s with %d descriptors: %v", name, free, err)
			}
			if !done {
				failed++
			}
			if name == "finish" || name == "delete" && done {
				continue
			}
			wantFiles(t, dir, "x", "x/HASH.pqenc-part", "x/HASH.pqenc-state", "x/whole")
			wantNames(t, s, "", "x/whole")
			wantUsage(t, s)
		}
		if failed == 0 {
			t.Errorf("%s takes no descriptor", name)
		}
		if name == "finish" {
			wantObject(t, s, "x/half", other)
			wantUsage(t, s)
		} else if p := begin(t, s, half, replace); p.Durable() != 4500 {
			t.Errorf("%s: resumes at %d", name, p.Durable())
		}
	}
}
