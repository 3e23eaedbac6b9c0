// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package remote_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/remote"
)

// newNginx starts nginx with one object, and returns its URLs below a location, with
// secrets in them.
func newNginx(t *testing.T, contents []byte) (n *testkit.Nginx, url func(location string) string) {
	t.Helper()
	n = testkit.StartNginx(t)
	writeObject(t, n, contents)
	return n, func(location string) string { return withSecrets(n.URL + location) }
}

func writeObject(t *testing.T, n *testkit.Nginx, contents []byte) {
	t.Helper()
	name := filepath.Join(n.Dir, "models/a/b.pqe")
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, contents, 0o644)); err != nil {
		t.Fatal(err)
	}
}

func TestNginx(t *testing.T) {
	o := newObject(0)
	o.contents = testkit.Sealed(10_000_000)
	_, url := newNginx(t, o.contents)
	for _, location := range []string{"", "/moved"} {
		f := open(t, url(location), newQuick())
		file, err := pqenc.Open(f, f.Size(), testkit.Identity("alice"))
		if err != nil {
			t.Fatal(err)
		}
		var plain bytes.Buffer
		if _, err := file.DecryptTo(&plain); err != nil || !bytes.Equal(plain.Bytes(), testkit.Contents(10_000_000)) {
			t.Errorf("%s: %d bytes, %v", location, plain.Len(), err)
		}
	}
	if _, err := remote.Open(t.Context(), url("/missing"), nil); !isKind(err, status(404)) {
		t.Error(err)
	}
}

// TestNginxWhole reads from a location without ranges.
func TestNginxWhole(t *testing.T) {
	o := newObject(300_000)
	_, url := newNginx(t, o.contents)
	if _, err := remote.Open(t.Context(), url("/whole"), nil); !errors.Is(err, remote.ErrNoRanges) {
		t.Error(err)
	}
	b, err := remote.Get(t.Context(), url("/whole"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if all, err := io.ReadAll(b); err != nil || b.Size() != 300_000 || !bytes.Equal(all, o.contents) {
		t.Errorf("%d bytes of %d, %v", len(all), b.Size(), err)
	}
}

// TestNginxChange replaces the object between two reads, with one as long.
func TestNginxChange(t *testing.T) {
	o := newObject(300_000)
	n, url := newNginx(t, o.contents)
	f := open(t, url(""), newQuick())
	readAt(t, f, o, 100_000, 1000)
	writeObject(t, n, bytes.Repeat([]byte("x"), 300_000))
	then := time.Now().Add(time.Hour) // nginx's ETag is the time, in seconds, and the length
	if err := os.Chtimes(filepath.Join(n.Dir, "models/a/b.pqe"), then, then); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadAt(make([]byte, 1000), 100_000); !errors.Is(err, remote.ErrChanged) {
		t.Error(err)
	}
}

// TestNginxKilled kills the server in the middle of a read, which resumes when the server
// is back.
func TestNginxKilled(t *testing.T) {
	testkit.Long(t)
	o := newObject(1 << 20)
	n, url := newNginx(t, o.contents)
	q := newQuick()
	restarted := 0
	q.SetSleep(func(context.Context, time.Duration) {
		restarted++
		if err := n.Restart(); err != nil {
			t.Error(err)
		}
	})
	f := open(t, url("/slow"), q)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b := make([]byte, 1<<20)
		if _, err := f.ReadAt(b, 0); err != nil || !bytes.Equal(b, o.contents) {
			t.Errorf("other contents: %v", err)
		}
	}()
	for {
		if got, _ := f.Fetched(); got > 300_000 {
			break
		}
		select {
		case <-ended:
		case <-time.After(time.Millisecond):
			continue
		}
		break
	}
	n.Kill()
	<-ended
	if got, _ := f.Fetched(); restarted == 0 || got != 1<<20 {
		t.Errorf("%d bytes, %d restarts", got, restarted)
	}
}
