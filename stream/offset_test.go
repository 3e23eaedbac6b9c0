// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pqenc/pqenc/stream"
)

// memory is written by offset, and fails where it is full.
type memory struct {
	mu   sync.Mutex
	b    []byte
	full int // bytes that it takes, 0 for any number
}

func (m *memory) WriteAt(p []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	end := int(off) + len(p)
	if m.full > 0 && end > m.full {
		return 0, errFull
	}
	m.b = append(m.b, make([]byte, max(end-len(m.b), 0))...)
	return copy(m.b[off:], p), nil
}

// writer returns a destination that begins with five bytes.
func (m *memory) writer() *io.OffsetWriter {
	w := io.NewOffsetWriter(m, 0)
	io.WriteString(w, "begin")
	return w
}

// TestOpenToOffset decrypts to an offset, from every kind of source and after some
// plaintext was read already.
func TestOpenToOffset(t *testing.T) {
	for _, n := range lengths() {
		plain, tail := plaintext(n), plaintext(100)
		file := append(sealBody(plain), tail...)
		for name, src := range map[string]io.Reader{"stream": bytes.NewBuffer(file), "section": section(file)} {
			at := new(memory)
			dst := at.writer()
			r := newCipher().NewReader(src, len(tail))
			first := make([]byte, n/3)
			if _, err := io.ReadFull(r, first); err != nil {
				t.Fatal(err)
			}
			m, err := r.WriteTo(dst)
			io.WriteString(dst, "after")
			if err != nil || int(m) != n-n/3 || !bytes.Equal(r.Tail(), tail) {
				t.Fatalf("%s of %d bytes: %d, %v", name, n, m, err)
			}
			if !bytes.Equal(at.b, slices.Concat([]byte("begin"), plain[n/3:], []byte("after"))) {
				t.Fatalf("%s of %d bytes: other bytes", name, n)
			}
		}
	}
}

// TestRefusedToOffset gives the first error in the order of the body, whatever came
// first in time.
func TestRefusedToOffset(t *testing.T) {
	plain := plaintext(9*chunkSize + 100)
	for at := range 10 {
		body := sealBody(plain)
		for i := at; i < 10; i++ {
			body[i*sealedLen] ^= 1
		}
		_, first := newCipher().NewReader(bytes.NewReader(body), 0).WriteTo(io.Discard)
		m := new(memory)
		r := newCipher().NewReader(section(body), 0)
		for range 2 {
			if _, err := r.WriteTo(m.writer()); !errors.Is(err, stream.ErrDamaged) || err.Error() != first.Error() {
				t.Fatalf("chunk %d: %v, not %v", at, err, first)
			}
		}
		if rest := m.b[min(len(m.b), 5+at*chunkSize):]; len(bytes.Trim(rest, "\x00")) > 0 {
			t.Fatalf("chunk %d: something was written after it", at)
		}
	}
}

// TestOffsetFull has a destination that is full anywhere: the error is returned, by Close at
// the latest, and again.
func TestOffsetFull(t *testing.T) {
	plain := plaintext(9*chunkSize + 100)
	body := sealBody(plain)
	for full := 6; full < len(body); full += chunkSize {
		at := &memory{full: full}
		w := newCipher().NewWriter(at.writer())
		if _, err := w.ReadFrom(section(plain)); err != nil && err != errFull {
			t.Fatal(err)
		}
		checkFailed(t, w, errFull)
		if full >= len(plain) {
			continue
		}
		at = &memory{full: full}
		if _, err := newCipher().NewReader(section(body), 0).WriteTo(at.writer()); err != errFull {
			t.Fatalf("%d bytes fit: %v", full, err)
		}
	}
}

// TestSectionCut has sources that end before their section does.
func TestSectionCut(t *testing.T) {
	plain := plaintext(3*chunkSize + 100)
	for n := range len(plain) {
		w := newCipher().NewWriter(new(memory).writer())
		_, err := w.ReadFrom(io.NewSectionReader(bytes.NewReader(plain[:n]), 0, int64(len(plain))))
		if closed := w.Close(); n < 3*chunkSize && !errors.Is(errors.Join(err, closed), io.ErrUnexpectedEOF) {
			t.Fatalf("%d bytes: %v, %v", n, err, closed)
		}
	}
	body := sealBody(plain)
	for n := range len(body) {
		src := io.NewSectionReader(bytes.NewReader(body[:n]), 0, int64(len(body)))
		m, err := newCipher().NewReader(src, 0).WriteTo(io.Discard)
		if !errors.Is(err, stream.ErrTruncated) || m != int64(n/sealedLen*chunkSize) {
			t.Fatalf("%d bytes: %d, %v", n, m, err)
		}
	}
}

// TestDigestsToOffset requires digests in order, each after its chunk was written, and an
// early end after one is refused.
func TestDigestsToOffset(t *testing.T) {
	plain := plaintext(60*chunkSize + 100)
	body := sealBody(plain)
	want := digests(sealChunks(plain, chunkSize))
	for at := -1; at < 61; at += 10 {
		r := &recorder{failAt: at, err: errFull}
		_, err := r.cipher().NewReader(section(body), 0).WriteTo(new(memory).writer())
		end := at
		if at < 0 {
			end = len(want)
		}
		if (err == nil) != (at < 0) || !slices.Equal(r.got, want[:end]) {
			t.Errorf("refused at %d: %d digests, %v", at, len(r.got), err)
		}
		w := &recorder{failAt: at, err: errFull}
		m := new(memory)
		enc := w.cipher().NewWriter(m.writer())
		_, err = enc.ReadFrom(section(plain))
		err = errors.Join(err, enc.Close())
		if (err == nil) != (at < 0) || !slices.Equal(w.got, want[:end]) || at < 0 && !bytes.Equal(m.b[5:], body) {
			t.Errorf("sealing, refused at %d: %d digests, %v", at, len(w.got), err)
		}
	}
}

// TestSlowChunk has one slow read: the other chunks are read and written meanwhile, and
// nothing is lost.
func TestSlowChunk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plain := plaintext(40 * chunkSize)
		slow := io.NewSectionReader(slowly{bytes.NewReader(plain)}, 0, int64(len(plain)))
		m := new(memory)
		w := newCipher().NewWriter(m.writer())
		_, err := w.ReadFrom(slow)
		if err = errors.Join(err, w.Close()); err != nil || !bytes.Equal(m.b[5:], sealBody(plain)) {
			t.Fatal("another body", err)
		}
	})
}

type slowly struct{ io.ReaderAt }

func (s slowly) ReadAt(p []byte, off int64) (int, error) {
	if off == chunkSize {
		time.Sleep(time.Second)
	}
	return s.ReaderAt.ReadAt(p, off)
}

// TestConcurrency reads as many chunks at once as the source wants.
func TestConcurrency(t *testing.T) {
	for _, n := range []int{-1, 1, 5, 1000} {
		synctest.Test(t, func(t *testing.T) {
			body := sealBody(plaintext(40 * chunkSize))
			src := &atOnce{src: bytes.NewReader(body), n: n}
			r := newCipher().NewReader(io.NewSectionReader(src, 0, int64(len(body))), 0)
			if _, err := r.WriteTo(io.Discard); err != nil {
				t.Fatal(err)
			}
			if want := min(max(n, 1), 16); src.most != want {
				t.Errorf("%d reads at once, not %d", src.most, want)
			}
		})
	}
}

// atOnce counts concurrent reads.
type atOnce struct {
	src           io.ReaderAt
	n             int
	mu            sync.Mutex
	reading, most int
}

func (a *atOnce) Concurrency() int { return a.n }

func (a *atOnce) ReadAt(p []byte, off int64) (int, error) {
	a.mu.Lock()
	a.reading++
	a.most = max(a.most, a.reading)
	a.mu.Unlock()
	time.Sleep(time.Second)
	a.mu.Lock()
	a.reading--
	a.mu.Unlock()
	return a.src.ReadAt(p, off)
}

// TestWriteRange decrypts ranges of every kind, in order and to an offset.
func TestWriteRange(t *testing.T) {
	for _, size := range []int{0, 1, chunkSize, 3*chunkSize + 100} {
		plain := plaintext(size)
		body := sealBody(plain)
		r, err := newCipher().NewReaderAt(bytes.NewReader(body), int64(len(body)))
		if err != nil {
			t.Fatal(err)
		}
		var ends []int
		for _, e := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 2 * chunkSize, 3 * chunkSize, size - 1, size} {
			if e >= 0 && e <= size {
				ends = append(ends, e)
			}
		}
		for _, from := range ends {
			for _, to := range ends {
				if to < from {
					continue
				}
				var got bytes.Buffer
				n, err := r.WriteRange(&got, int64(from), int64(to-from))
				if err != nil || int(n) != to-from || !bytes.Equal(got.Bytes(), plain[from:to]) {
					t.Fatalf("%d to %d of %d: %d, %v", from, to, size, n, err)
				}
				m := new(memory)
				dst := m.writer()
				n, err = r.WriteRange(dst, int64(from), int64(to-from))
				io.WriteString(dst, "after")
				if err != nil || int(n) != to-from || !bytes.Equal(m.b, slices.Concat([]byte("begin"), plain[from:to], []byte("after"))) {
					t.Fatalf("%d to %d of %d, to an offset: %d, %v", from, to, size, n, err)
				}
			}
		}
		for _, bad := range [][2]int64{{-1, 1}, {1, -1}, {int64(size) + 1, 0}, {0, int64(size) + 1}, {1, 1<<63 - 1}} {
			if n, err := r.WriteRange(io.Discard, bad[0], bad[1]); n != 0 || err == nil {
				t.Errorf("%d from %d of %d: %v", bad[1], bad[0], size, err)
			}
		}
	}
}

// TestWriteRangeDamaged needs no more than the chunks of the range.
func TestWriteRangeDamaged(t *testing.T) {
	plain := plaintext(3*chunkSize + 100)
	body := sealBody(plain)
	body[sealedLen] ^= 1
	r, err := newCipher().NewReaderAt(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		from, to int64
		good     bool
	}{{0, chunkSize, true}, {0, chunkSize + 1, false}, {2*chunkSize - 1, 2*chunkSize + 1, false}, {2 * chunkSize, 3*chunkSize + 100, true}} {
		var got bytes.Buffer
		_, err := r.WriteRange(&got, test.from, test.to-test.from)
		if (err == nil) != test.good || !test.good && !errors.Is(err, stream.ErrDamaged) {
			t.Errorf("%d to %d: %v", test.from, test.to, err)
		}
		if !bytes.HasPrefix(plain[test.from:], got.Bytes()) || int64(got.Len()) > chunkSize && !test.good {
			t.Errorf("%d to %d: %d bytes were released", test.from, test.to, got.Len())
		}
	}
}

// TestMoreAfterSection writes more after a section of any length.
func TestMoreAfterSection(t *testing.T) {
	for _, n := range lengths() {
		plain := plaintext(n)
		for name, more := range map[string]func(w *stream.Writer, rest []byte) error{
			"Write":   func(w *stream.Writer, rest []byte) error { _, err := w.Write(rest); return err },
			"stream":  func(w *stream.Writer, rest []byte) error { _, err := w.ReadFrom(bytes.NewBuffer(rest)); return err },
			"section": func(w *stream.Writer, rest []byte) error { _, err := w.ReadFrom(section(rest)); return err },
		} {
			var body bytes.Buffer
			w := newCipher().NewWriter(&body)
			_, err := w.ReadFrom(section(plain[:n/3]))
			if err := errors.Join(err, more(w, plain[n/3:]), w.Close()); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(body.Bytes(), sealBody(plain)) {
				t.Fatalf("%s of %d bytes: other bytes", name, n)
			}
		}
	}
}

// TestSmallFile requires that small files do not take the memory of whole chunks.
func TestSmallFile(t *testing.T) {
	const chunkLog2 = 22 // 4 MiB
	plain := plaintext(1000)
	c := stream.New(&key, &prefix, chunkLog2)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var body bytes.Buffer
	w := c.NewWriter(&body)
	if _, err := w.ReadFrom(section(plain)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var back bytes.Buffer
	if _, err := c.NewReader(section(body.Bytes()), 0).WriteTo(&back); err != nil || !bytes.Equal(back.Bytes(), plain) {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("both ways took %d bytes", took)
	}
}
