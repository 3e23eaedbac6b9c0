// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// windowOf returns a window that reads from src.
func windowOf(src io.Reader) *window {
	w := newWindow(0)
	go w.readFrom(src)
	return w
}

// TestWindow reads a stream through windows in pieces, with acknowledgements
// and rewinds at random places.
func TestWindow(t *testing.T) {
	t.Parallel()
	for _, length := range []int{0, 1, segmentSize - 1, segmentSize, segmentSize + 1, firstWindow, 3*firstWindow + 12345} {
		content := make([]byte, length)
		for i := range content {
			content[i] = byte(i * 7 / 1000)
		}
		w := windowOf(iotest.DataErrReader(bytes.NewReader(content)))
		var offset, acknowledged int64
		for {
			b, err := w.next(t.Context(), offset)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b, content[offset:offset+int64(len(b))]) {
				t.Fatalf("other bytes at %d of %d", offset, length)
			}
			offset += int64(len(b))
			switch rand.N(4) {
			case 0: // the connection is cut
				offset = acknowledged + rand.Int64N(offset-acknowledged+1)
				if err := w.seek(offset); err != nil {
					t.Fatal(err)
				}
			case 1, 2:
				acknowledged += rand.Int64N(offset - acknowledged + 1)
				w.release(acknowledged)
			}
			if offset-acknowledged > firstWindow-segmentSize {
				acknowledged = offset
				w.release(offset)
			}
		}
		if offset != int64(length) {
			t.Errorf("%d bytes of %d", offset, length)
		}
		w.close()
	}
}

// TestWindowForgets requires that acknowledged bytes are discarded, and reported as such.
func TestWindowForgets(t *testing.T) {
	w := windowOf(bytes.NewReader(make([]byte, 3*segmentSize)))
	defer w.close()
	for offset := int64(0); offset < 3*segmentSize; {
		b, err := w.next(t.Context(), offset)
		if err != nil {
			t.Fatal(err)
		}
		offset += int64(len(b))
	}
	w.release(2*segmentSize + 1)
	if err := w.seek(2 * segmentSize); err != nil {
		t.Errorf("what is there cannot be had: %v", err)
	}
	if err := w.seek(2*segmentSize - 1); !errors.Is(err, ErrRewound) {
		t.Errorf("what was acknowledged: %v", err)
	}
	if _, err := w.next(t.Context(), 0); !errors.Is(err, ErrRewound) {
		t.Errorf("the beginning: %v", err)
	}
	if _, err := w.next(t.Context(), 3*segmentSize+1); !errors.Is(err, wire.ErrOrder) {
		t.Errorf("beyond the end: %v", err)
	}
}

// TestWindowIsBounded requires that a source is read ahead only by a limited amount, and
// only into available memory.
func TestWindowIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := windowOf(endless{})
		defer w.close()
		read := func() int64 {
			synctest.Wait()
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.end
		}
		if n := read(); n != aheadOfSending {
			t.Errorf("%d bytes are read before any is sent", n)
		}
		offset := int64(0)
		for offset < firstWindow {
			b, err := w.next(t.Context(), offset)
			if err != nil {
				t.Fatal(err)
			}
			offset += int64(len(b))
		}
		if n := read(); n != firstWindow {
			t.Errorf("%d bytes are kept", n)
		}
		w.grow(firstWindow + segmentSize)
		if n := read(); n != firstWindow+segmentSize {
			t.Errorf("%d bytes are kept in a larger window", n)
		}
		w.grow(firstWindow)
		w.grow(1 << 60)
		if now, most := w.window(); now != most || most != defaultBuffer {
			t.Errorf("a window of %d, at most %d", now, most)
		}
	})
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestStoppedSource requires that next ends with its connection, even for bytes that do
// not arrive or are too far ahead.
func TestStoppedSource(t *testing.T) {
	silent, w := io.Pipe()
	defer w.Close()
	for name, s := range map[string]source{
		"window": windowOf(silent),
		"file":   newFileSource(bytes.NewReader(nil), 2*fileWindow),
	} {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := s.next(ctx, firstWindow)
			done <- err
		}()
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		s.close()
	}
}
