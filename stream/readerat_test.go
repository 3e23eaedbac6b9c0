// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/pqenc/pqenc/stream"
)

func newReaderAt(t *testing.T, body []byte) *stream.ReaderAt {
	t.Helper()
	r, err := newCipher().NewReaderAt(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestReaderAt runs the checks of testing/iotest.
func TestReaderAt(t *testing.T) {
	for _, n := range []int{0, 1, chunkSize - 1, chunkSize, 2*chunkSize + 1} {
		plain := plaintext(n)
		r := newReaderAt(t, sealBody(plain))
		if r.Size() != int64(n) {
			t.Errorf("%d bytes: Size is %d", n, r.Size())
		}
		if err := iotest.TestReader(io.NewSectionReader(r, 0, r.Size()), plain); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// TestReadAtEdges checks the rules of io.ReaderAt at both ends.
func TestReadAtEdges(t *testing.T) {
	const size = 2*chunkSize + 100
	plain := plaintext(size)
	r := newReaderAt(t, sealBody(plain))
	for _, test := range []struct {
		off int64
		len int
		n   int
		err error
	}{
		{0, size, size, nil},
		{0, size + 1, size, io.EOF},
		{size - 1, 1, 1, nil},
		{size - 1, 2, 1, io.EOF},
		{size, 1, 0, io.EOF},
		{size + 1, 1, 0, io.EOF},
		{1<<63 - 1, 1, 0, io.EOF},
		{0, 0, 0, nil},
		{size, 0, 0, nil},
		{chunkSize - 1, 2, 2, nil},
		{chunkSize, chunkSize, chunkSize, nil},
		{2 * chunkSize, 100, 100, nil},
		{2*chunkSize - 1, 102, 101, io.EOF},
	} {
		p := make([]byte, test.len)
		n, err := r.ReadAt(p, test.off)
		if n != test.n || err != test.err {
			t.Errorf("%d bytes at %d: %d, %v; want %d, %v", test.len, test.off, n, err, test.n, test.err)
		} else if n > 0 && !bytes.Equal(p[:n], plain[test.off:int(test.off)+n]) {
			t.Errorf("%d bytes at %d: other bytes", test.len, test.off)
		}
	}
	for _, off := range []int64{-1, -1 << 63} {
		if n, err := r.ReadAt(make([]byte, 1), off); n != 0 || err == nil || err == io.EOF {
			t.Errorf("at %d: %d, %v", off, n, err)
		}
	}
}

// TestReadAtConcurrently reads at random, from many goroutines at once.
func TestReadAtConcurrently(t *testing.T) {
	plain := plaintext(20*chunkSize + 100)
	r := newReaderAt(t, sealBody(plain))
	var wg sync.WaitGroup
	for seed := range uint64(8) {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, 9))
			for range 200 {
				from := rng.IntN(len(plain))
				p := make([]byte, rng.IntN(3*chunkSize))
				n, err := r.ReadAt(p, int64(from))
				want := plain[from:min(from+len(p), len(plain))]
				if (err != nil) != (len(want) < len(p)) || err != nil && err != io.EOF || !bytes.Equal(p[:n], want) {
					t.Errorf("%d bytes at %d: %d, %v", len(p), from, n, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestReadAtAroundDamage reads good chunks and refuses damaged ones, repeatedly and in any
// order: a buffer with damage is not shared.
func TestReadAtAroundDamage(t *testing.T) {
	plain := plaintext(5*chunkSize + 100)
	body := sealBody(plain)
	body[2*sealedLen+7] ^= 1
	r := newReaderAt(t, body)
	p := make([]byte, chunkSize)
	for range 3 {
		for _, i := range []int{1, 2, 3, 2, 2, 1, 0, 4, 2} {
			n, err := r.ReadAt(p, int64(i*chunkSize))
			if i == 2 {
				if n != 0 || !errors.Is(err, stream.ErrDamaged) {
					t.Fatalf("the damaged chunk: %d, %v", n, err)
				}
			} else if err != nil || !bytes.Equal(p, plain[i*chunkSize:][:chunkSize]) {
				t.Fatalf("chunk %d: %d, %v", i, n, err)
			}
		}
	}
	all := make([]byte, len(plain))
	if n, err := r.ReadAt(all, 10); n != 2*chunkSize-10 || !errors.Is(err, stream.ErrDamaged) || !bytes.Equal(all[:n], plain[10:10+n]) {
		t.Fatalf("across the damage: %d, %v", n, err)
	}
}

// TestReaderAtOpensLastFirst: the last chunk authenticates the length.
func TestReaderAtOpensLastFirst(t *testing.T) {
	body := sealBody(plaintext(5*chunkSize + 100))
	body[len(body)-1] ^= 1
	if _, err := newCipher().NewReaderAt(bytes.NewReader(body), int64(len(body))); !errors.Is(err, stream.ErrDamaged) {
		t.Error("the last chunk is damaged:", err)
	}
	body[len(body)-1] ^= 1
	for _, size := range []int{len(body) - 1, 5*sealedLen + 16, sealedLen + 200} {
		if _, err := newCipher().NewReaderAt(bytes.NewReader(body), int64(size)); !errors.Is(err, stream.ErrDamaged) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	for _, size := range []int{-1, 0, 15, 5 * sealedLen, 5*sealedLen + 15, len(body) + 1} {
		if _, err := newCipher().NewReaderAt(bytes.NewReader(body), int64(size)); !errors.Is(err, stream.ErrTruncated) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// TestReaderAtIgnoresRest reads the first size bytes only: a trailer may follow.
func TestReaderAtIgnoresRest(t *testing.T) {
	plain := plaintext(chunkSize + 100)
	body := sealBody(plain)
	r, err := newCipher().NewReaderAt(bytes.NewReader(append(body, plaintext(3401)...)), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(io.NewSectionReader(r, 0, 1<<62))
	if err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
}

// farAway is a body of which only the last chunk is there.
type farAway struct {
	start int64
	chunk []byte
}

func (f farAway) ReadAt(p []byte, off int64) (int, error) {
	if off < f.start {
		return len(p), nil
	}
	return bytes.NewReader(f.chunk).ReadAt(p, off-f.start)
}

// TestLongestBody has 2^31 chunks of 4 MiB, and is read where it is not empty.
func TestLongestBody(t *testing.T) {
	const full = int64(stream.MaxChunks - 1)
	plain := plaintext(100)
	src := farAway{full * largeSealed, sealChunk(uint32(full), true, plain)}
	r, err := stream.New(&key, &prefix, largeLog2).NewReaderAt(src, src.start+int64(len(src.chunk)))
	if err != nil {
		t.Fatal(err)
	}
	if r.Size() != full*largeSize+100 {
		t.Fatal("Size is", r.Size())
	}
	got := make([]byte, 101)
	if n, err := r.ReadAt(got, full*largeSize); n != 100 || err != io.EOF || !bytes.Equal(got[:n], plain) {
		t.Fatal(n, err)
	}
	if n, err := r.ReadAt(got, full*largeSize-1); n != 0 || !errors.Is(err, stream.ErrDamaged) {
		t.Fatal(n, err)
	}
	if _, err := stream.New(&key, &prefix, largeLog2).NewReaderAt(src, (full+1)*largeSealed+16); !errors.Is(err, stream.ErrTooLong) {
		t.Fatal("one chunk more:", err)
	}
}
