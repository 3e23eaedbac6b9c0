// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// TestConcurrent pushes, syncs, reads, lists, scans, collects and deletes concurrently.
func TestConcurrent(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 200_000)
	var pushes, others sync.WaitGroup
	var done atomic.Bool
	for _, work := range []func() error{
		s.Rescan,
		func() error { _, _, err := s.Collect(1 << 40); return err },
		func() error { list(s, ""); return nil },
	} {
		others.Go(func() {
			for !done.Load() {
				if err := work(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range 8 {
		pushes.Go(func() {
			name := fmt.Sprintf("x/%d/a", i/2)
			client := alice
			client[1] = byte(i)
			for push := range 5 {
				id := idOf(client, name, file)
				id.Push[0] = byte(push)
				pushSlowly(t, s, id, file)
				if err := s.Delete(named(name)); err != nil && !errors.Is(err, wire.ErrNotFound) {
					t.Error(err)
				}
			}
		})
	}
	pushes.Wait()
	done.Store(true)
	others.Wait()
	wantNames(t, s, "")
	wantFiles(t, dir)
	wantUsage(t, s)
}

// pushSlowly writes in pieces, while others sync and read.
func pushSlowly(t *testing.T, s *Store, id ID, file []byte) {
	p, err := s.Partial(id, replace)
	for errors.Is(err, wire.ErrBusy) { // its receipt is being removed
		p, err = s.Partial(id, replace)
	}
	if err != nil {
		t.Error(err)
		return
	}
	defer p.Close()
	var beside sync.WaitGroup
	defer beside.Wait()
	beside.Go(func() {
		for range 5 {
			if _, err := p.Sync(); err != nil && !errors.Is(err, fs.ErrClosed) {
				t.Error(err)
			}
		}
	})
	beside.Go(func() {
		b := make([]byte, len(file))
		for range 20 {
			n, err := p.ReadAt(b, 0)
			if err != nil && err != io.EOF && !errors.Is(err, fs.ErrClosed) || !bytes.Equal(b[:n], file[:n]) {
				t.Error("read", n, err)
			}
		}
	})
	for rest := file[p.Written():]; len(rest) > 0; {
		n, err := p.Write(rest[:min(len(rest), 50_000)])
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := p.CheckHeader(); err != nil {
			t.Error(err)
		}
		rest = rest[n:]
	}
	if _, err := p.Publish(); err != nil {
		t.Error(err)
	}
}

// TestTakeOver closes a partial during a write.
func TestTakeOver(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	file := encrypted(t, 2<<20)
	id := idOf(alice, "a", file)
	p := begin(t, s, id, replace)
	var writer sync.WaitGroup
	begun := make(chan struct{})
	writer.Go(func() {
		for i := 0; i < len(file); i += 1000 {
			if i == 50_000 {
				close(begun)
			}
			if _, err := p.Write(file[i:min(i+1000, len(file))]); errors.Is(err, fs.ErrClosed) {
				return
			} else if err != nil {
				t.Error(err)
			}
		}
	})
	<-begun
	closeOK(t, p)
	next := begin(t, s, id, replace)
	writer.Wait()
	if next.Durable() < 50_000 || next.Durable() != p.Written() {
		t.Errorf("resumes at %d, not %d", next.Durable(), p.Written())
	}
	write(t, next, file[next.Written():])
	publish(t, next)
	wantObject(t, s, "a", file)
}

// TestOnlyOneIsFirst publishes the same name from many clients concurrently.
func TestOnlyOneIsFirst(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	var all sync.WaitGroup
	var stored atomic.Int32
	partials := make([]*Partial, 10)
	for i := range partials {
		client := alice
		client[1] = byte(i)
		file := encrypted(t, 1000)
		partials[i] = begin(t, s, idOf(client, "a", file), Bounds{})
		write(t, partials[i], file)
	}
	for _, p := range partials {
		all.Go(func() {
			_, err := p.Publish()
			if err == nil {
				stored.Add(1)
			} else if !errors.Is(err, wire.ErrExists) {
				t.Error(err)
			}
			p.Close()
		})
	}
	all.Wait()
	if stored.Load() != 1 {
		t.Errorf("%d were stored", stored.Load())
	}
	wantFiles(t, dir, "a")
	wantUsage(t, s)
}
