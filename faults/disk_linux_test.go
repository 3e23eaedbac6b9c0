// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package faults

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// smallDisk mounts a file system with room for one small file and half of another.
func smallDisk(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=12m"); err != nil {
		missing(t, "cannot mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fillInMiddle fills the disk when half of the small file has arrived. The function that it
// returns makes room again.
func fillInMiddle(t *testing.T, s *testServer, r *relay) (remove func()) {
	name := filepath.Join(s.dir, ".ballast")
	r.at(up, int64(len(small())/2), func(*line) {
		for s.Stats().Received < int64(len(small())/2)-512<<10 { // it is on its way
			time.Sleep(time.Millisecond)
		}
		if err := os.WriteFile(name, make([]byte, 12<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("the disk is not full: %v", err)
		}
	})
	return func() {
		if err := os.Remove(name); err != nil {
			t.Error(err)
		}
	}
}

// TestFullDisk fills the disk in the middle of a push, and makes room after two errors.
// The client then sends only the rest.
func TestFullDisk(t *testing.T) {
	for _, way := range ways {
		if way.direction == down {
			continue
		}
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			s := newServerIn(t, smallDisk(t), server.Limits{})
			r := newRelay(t, s.addr())
			remove := fillInMiddle(t, s, r)
			c := newClient(t, "alice", r.addr())
			full := 0
			c.OnRetry = func(r transfer.Retry) {
				if !errors.Is(r.Err, transfer.ErrNoSpace) {
					t.Errorf("retry: %v", r.Err)
				}
				if full++; full == 2 {
					remove()
				}
			}
			way.run(t, s, c, small())
			if full < 2 {
				t.Errorf("the disk was full %d times", full)
			}
			r.wantNoneLeft(t)
			wantLittleAgain(t, r.count(up), int64(len(small())))
		})
	}
}

// TestGiveUp resumes a push that had failed because the disk was full.
func TestGiveUp(t *testing.T) {
	t.Parallel()
	s := newServerIn(t, smallDisk(t), server.Limits{})
	r := newRelay(t, s.addr())
	remove := fillInMiddle(t, s, r)
	c := newClient(t, "alice", r.addr())
	c.GiveUpAfter = time.Second
	err := c.PushFile(t.Context(), name, bytes.NewReader(small()), int64(len(small())), transfer.PushOptions{})
	if !errors.Is(err, transfer.ErrGaveUp) || !errors.Is(err, transfer.ErrNoSpace) {
		t.Errorf("it ends with %v", err)
	}
	kept := s.Stats()
	if kept.Partials != 1 || kept.PartialBytes < int64(len(small())/4) {
		t.Errorf("what stays: %d partials, %d bytes", kept.Partials, kept.PartialBytes)
	}
	remove()
	before := s.Stats().Received
	ways[1].run(t, s, newClient(t, "alice", r.addr()), small())
	if rest := s.Stats().Received - before; rest != int64(len(small()))-kept.PartialBytes {
		t.Errorf("%d bytes were sent, after %d of %d", rest, kept.PartialBytes, len(small()))
	}
}
