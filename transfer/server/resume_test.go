// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"sync/atomic"
	"testing"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// fewBytes is how many bytes a resumed push may read besides the missing ones: for the
// header, some pieces of what is sent, and less than one chunk.
const fewBytes = 1 << 20

// counted counts the bytes read from a file.
type counted struct {
	*bytes.Reader
	n    atomic.Int64
	from int64           // bytes after this offset ...
	hold <-chan struct{} // ... wait for this, if it is not nil
}

func (c *counted) ReadAt(p []byte, offset int64) (int, error) {
	if c.hold != nil && offset >= c.from {
		<-c.hold
	}
	n, err := c.Reader.ReadAt(p, offset)
	c.n.Add(int64(n))
	return n, err
}

// TestResumedPushSendsTheRest interrupts a push, and resumes it as another process would.
// The bytes that the server has are read once, to compare them, and not sent again.
func TestResumedPushSendsTheRest(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	file := testkit.Sealed(40 << 20)
	size := int64(len(file))
	s := newServer(t, server.Limits{}, everything)
	ctx, cancel := context.WithCancel(t.Context())
	// More than the window, so that some of it is acknowledged, but not all.
	part := &counted{Reader: bytes.NewReader(file), from: 24 << 20, hold: ctx.Done()}
	var durable int64
	err := s.client("alice").PushFile(ctx, "a.pqe", part, size, transfer.PushOptions{Progress: func(n int64) {
		if durable = n; n >= 4<<20 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || durable < 4<<20 {
		t.Fatalf("%d bytes are safe, %v", durable, err)
	}
	src := &counted{Reader: bytes.NewReader(file)}
	until(t, "the server has noticed", func() bool { return s.server.Stats().Connections == 0 })
	begin, before := int64(-1), s.server.Stats().Received
	err = s.client("alice").PushFile(t.Context(), "a.pqe", src, size, transfer.PushOptions{Progress: func(n int64) {
		if begin < 0 {
			begin = n
		}
	}})
	if err != nil || begin < durable {
		t.Fatalf("it resumes at byte %d, and %d were safe: %v", begin, durable, err)
	}
	if n := src.n.Load(); n < size || n > size+fewBytes {
		t.Errorf("%d bytes are read of %d", n, size)
	}
	if n := s.server.Stats().Received - before; n != size-begin {
		t.Errorf("%d bytes are sent, and %d were missing", n, size-begin)
	}
	var got bytes.Buffer
	if err := s.client("alice").Pull(t.Context(), "a.pqe", &got, transfer.PullOptions{}); err != nil || !bytes.Equal(got.Bytes(), file) {
		t.Errorf("%d bytes of %d come back, %v", got.Len(), size, err)
	}
}

// TestResumedPullGetsTheRest pulls from an offset: no bytes before it are sent.
func TestResumedPullGetsTheRest(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	file := testkit.Sealed(40 << 20)
	size := int64(len(file))
	hash := sha256.New()
	if _, err := format.Parse(io.TeeReader(bytes.NewReader(file), hash)); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, server.Limits{}, everything)
	if err := s.client("alice").PushFile(t.Context(), "a.pqe", bytes.NewReader(file), size, transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, offset := range []int64{1, 4096, 33<<20 + 12345, size - 1, size} {
		before := s.server.Stats().Sent
		var got bytes.Buffer
		err := s.client("alice").Pull(t.Context(), "a.pqe", &got, transfer.PullOptions{Offset: offset, Digest: [sha256.Size]byte(hash.Sum(nil))})
		if err != nil || !bytes.Equal(got.Bytes(), file[offset:]) {
			t.Errorf("from %d: %d bytes come of %d, %v", offset, got.Len(), size-offset, err)
		}
		if sent := s.server.Stats().Sent - before; sent != size-offset {
			t.Errorf("from %d: %d bytes are sent of %d", offset, sent, size-offset)
		}
	}
}
