// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package faults

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/testkit"
)

const (
	manySmall = 300
	// manyBytes is less than the number of bytes that have to pass for them.
	manyBytes = manySmall * 6000
)

// smallFile returns the contents of one of many small files.
func smallFile(i int) []byte { return testkit.Contents(1000 + i) }

var (
	pushMany = command{"push of many", up, func(s *serving, dir string) []string {
		return []string{"push", "-i", sharedFile("alice.key"), "-r", sharedFile("alice.pub"), "--overwrite", filepath.Join(dir, "in"), "ws://" + s.relay.addr() + "/"}
	}, wantManyStored}
	pullMany = command{"pull of many", down, func(s *serving, dir string) []string {
		return []string{"pull", "-i", sharedFile("alice.key"), "ws://" + s.relay.addr() + "/in/", "-o", filepath.Join(dir, "out")}
	}, wantManyPulled}
)

// makeMany makes the files to be pushed.
func makeMany(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(dir, "in"), 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range manySmall {
		if err := os.WriteFile(filepath.Join(dir, "in", fmt.Sprint(i)), smallFile(i), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// wantManyStored opens each object, and checks that there is nothing else.
func wantManyStored(t *testing.T, s *serving, _ string) {
	t.Helper()
	for i := range manySmall {
		file, err := os.ReadFile(filepath.Join(s.dir, "in", fmt.Sprint(i, ".pqe")))
		if err != nil {
			t.Error(err)
			continue
		}
		r, err := pqenc.Decrypt(bytes.NewReader(file), testkit.Identity("alice"))
		if err != nil {
			t.Error(err)
			continue
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, smallFile(i)) {
			t.Errorf("%d: %d bytes, %v", i, len(got), err)
		}
	}
	if parts, err := filepath.Glob(filepath.Join(s.dir, "in", ".*.pqenc-part")); len(parts) > 0 || err != nil {
		t.Errorf("%d partials are left, %v", len(parts), err)
	}
}

func wantManyPulled(t *testing.T, _ *serving, dir string) {
	t.Helper()
	for i := range manySmall {
		if got, err := os.ReadFile(filepath.Join(dir, "out", fmt.Sprint(i))); err != nil || !bytes.Equal(got, smallFile(i)) {
			t.Errorf("%d: %d bytes, %v", i, len(got), err)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(dir, "out")); len(entries) != manySmall || err != nil {
		t.Errorf("%d files, %v", len(entries), err)
	}
}

// TestKillServerOfMany kills the server again and again while many small files are pushed
// and pulled.
func TestKillServerOfMany(t *testing.T) {
	t.Parallel()
	s := serve(t, &pushMany)
	dir := t.TempDir()
	makeMany(t, dir)
	var restarting sync.Mutex // there may be several lines
	for _, c := range []command{pushMany, pullMany} {
		s.relay.atTenths(c.direction, s.relay.count(c.direction)+manyBytes, func(*line) {
			restarting.Lock()
			defer restarting.Unlock()
			s.kill()
			s.start(t)
		})
		c.start(t, s, dir).wantGood(t)
		s.relay.wantNoneLeft(t)
		c.check(t, s, dir)
	}
}

// TestKillClientOfMany kills a client, and gives the same command again. The files that
// the first one has finished are complete.
func TestKillClientOfMany(t *testing.T) {
	t.Parallel()
	s := serve(t, &pushMany)
	dir := t.TempDir()
	makeMany(t, dir)
	for _, c := range []command{pushMany, pullMany} {
		started, first := make(chan struct{}), (*process)(nil)
		s.relay.at(c.direction, s.relay.count(c.direction)+manyBytes/2, func(*line) {
			<-started
			first.kill()
		})
		first = c.start(t, s, dir)
		close(started)
		<-first.ended
		s.relay.wantNoneLeft(t)
		c.start(t, s, dir).wantGood(t)
		c.check(t, s, dir)
	}
}
