// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"weak"

	"github.com/pqenc/pqenc/stream"
)

// watched is a source that counts reads, and can block them.
type watched struct {
	io.ReaderAt
	gate chan struct{} // if not nil, every read waits for it
	fail error         // if not nil, what every read returns

	mu    sync.Mutex
	reads []int64 // the offsets
	bytes int64
	now   int // reads under way
	most  int // reads that were under way at once
}

func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	w.mu.Lock()
	w.reads = append(w.reads, off)
	w.bytes += int64(len(p))
	w.now++
	w.most = max(w.most, w.now)
	gate, fail := w.gate, w.fail
	w.mu.Unlock()
	if gate != nil {
		<-gate
	}
	w.mu.Lock()
	w.now--
	w.mu.Unlock()
	if fail != nil {
		return 0, fail
	}
	return w.ReaderAt.ReadAt(p, off)
}

// reset resets the counters. Afterwards every read waits for the gate.
func (w *watched) reset(gate chan struct{}, fail error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reads, w.bytes, w.most, w.gate, w.fail = nil, 0, 0, gate, fail
}

// parallel is a source that asks for several reads at once.
type parallel struct {
	*watched
	n int
}

func (p parallel) Concurrency() int { return p.n }

// A body of small chunks that has several blocks, and where they begin.
const (
	blockLen    = 1 << 20
	blockSealed = blockLen / chunkSize * sealedLen
)

func watchedBody(plain []byte) (*watched, int64) {
	body := sealBody(plain)
	return &watched{ReaderAt: bytes.NewReader(body)}, int64(len(body))
}

func openWatched(t *testing.T, src io.ReaderAt, size int64) *stream.ReaderAt {
	t.Helper()
	r, err := newCipher().NewReaderAt(src, size)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestReaderAtReadsOnce reads in order, in pieces of many sizes: nothing is read or opened
// twice, and many small chunks are read at once.
func TestReaderAtReadsOnce(t *testing.T) {
	plain := plaintext(3*blockLen + 5*chunkSize + 100)
	src, size := watchedBody(plain)
	for _, piece := range []int{999, chunkSize, chunkSize + 1, 100_000, blockLen - 1, len(plain)} {
		seen := make(map[uint32]int)
		var mu sync.Mutex
		c := newCipher()
		c.OnDigest = func(index uint32, _ [32]byte) error {
			mu.Lock()
			defer mu.Unlock()
			seen[index]++
			return nil
		}
		r, err := c.NewReaderAt(src, size)
		if err != nil {
			t.Fatal(err)
		}
		clear(seen) // of the last chunk, which came first
		src.reset(nil, nil)
		got := make([]byte, 0, len(plain))
		for len(got) < len(plain) {
			n, err := r.ReadAt(got[len(got):min(len(got)+piece, cap(got))], int64(len(got)))
			if err != nil {
				t.Fatal(err)
			}
			got = got[:len(got)+n]
		}
		if !bytes.Equal(got, plain) {
			t.Errorf("pieces of %d: other bytes", piece)
		}
		if len(src.reads) != 4 || src.bytes != size {
			t.Errorf("pieces of %d: %d reads of %d bytes, want 4 of %d", piece, len(src.reads), src.bytes, size)
		}
		for index, n := range seen {
			if n != 1 {
				t.Fatalf("pieces of %d: chunk %d was opened %d times", piece, index, n)
			}
		}
		if len(seen) != len(plain)/chunkSize+1 {
			t.Errorf("pieces of %d: %d chunks were opened", piece, len(seen))
		}
	}
}

// TestReaderAtKeepsLast has a file of one chunk, which NewReaderAt opens: it is not read
// again.
func TestReaderAtKeepsLast(t *testing.T) {
	for _, n := range []int{1, 100, chunkSize - 1} {
		plain := plaintext(n)
		src, size := watchedBody(plain)
		r := openWatched(t, src, size)
		got := make([]byte, n)
		if _, err := r.ReadAt(got, 0); err != nil || !bytes.Equal(got, plain) {
			t.Fatal(err)
		}
		if len(src.reads) != 1 {
			t.Errorf("%d bytes: read %d times", n, len(src.reads))
		}
	}
}

// TestReaderAtShares has many concurrent readers of one block: it is read once. They all get
// its error, later readers do not.
func TestReaderAtShares(t *testing.T) {
	plain := plaintext(3 * blockLen)
	broken := errors.New("the line is down")
	for _, fail := range []error{nil, broken} {
		synctest.Test(t, func(t *testing.T) {
			// In one chunk of 2 MiB, so that nothing is tried chunk by chunk.
			c := stream.New(&key, &prefix, 21)
			body := bytes.Join(sealChunks(plain, 1<<21), nil)
			src := &watched{ReaderAt: bytes.NewReader(body)}
			r, err := c.NewReaderAt(src, int64(len(body)))
			if err != nil {
				t.Fatal(err)
			}
			gate := make(chan struct{})
			src.reset(gate, fail)
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					got := make([]byte, 100)
					n, err := r.ReadAt(got, int64(i*1000))
					if err != fail || err == nil && !bytes.Equal(got, plain[i*1000:][:100]) || err != nil && n > 0 {
						t.Errorf("%d, %v; want %v", n, err, fail)
					}
				})
			}
			synctest.Wait() // one reads, and the others wait for it
			close(gate)
			wg.Wait()
			if len(src.reads) != 1 {
				t.Errorf("fails with %v: read %d times", fail, len(src.reads))
			}
			src.reset(nil, nil)
			got := make([]byte, 100)
			if _, err := r.ReadAt(got, 5); err != nil || !bytes.Equal(got, plain[5:105]) {
				t.Error("later:", err)
			}
			if again := len(src.reads) > 0; again != (fail != nil) {
				t.Errorf("failed with %v: read again: %t", fail, again)
			}
		})
	}
}

// TestReadAtSpreads reads several blocks at once, as many as there are cores or
// as the source says, also if it is below others.
func TestReadAtSpreads(t *testing.T) {
	plain := plaintext(9*blockLen + 100)
	for _, says := range []int{-1, 0, 1, 3, 100} {
		synctest.Test(t, func(t *testing.T) {
			watch, size := watchedBody(plain)
			var src io.ReaderAt = watch
			want := max(2, runtime.GOMAXPROCS(0))
			if says >= 0 {
				want = min(max(1, says), 16)
				src = io.NewSectionReader(io.NewSectionReader(parallel{watch, says}, 0, size), 0, size)
			}
			want = min(want, 9) // the last block is there since it was opened
			r := openWatched(t, src, size)
			gate := make(chan struct{})
			watch.reset(gate, nil)
			got := make([]byte, len(plain)-1)
			ended := make(chan error)
			go func() {
				_, err := r.ReadAt(got, 1)
				ended <- err
			}()
			synctest.Wait()
			if watch.now != want {
				t.Errorf("Concurrency %d: %d reads under way, want %d", says, watch.now, want)
			}
			close(gate)
			if err := <-ended; err != nil || !bytes.Equal(got, plain[1:]) {
				t.Error(err)
			}
			if watch.most > want {
				t.Errorf("Concurrency %d: %d reads were under way at once", says, watch.most)
			}
		})
	}
}

// TestReaderAtIsBounded has a hundred readers of different blocks: they wait for memory, and
// all succeed.
func TestReaderAtIsBounded(t *testing.T) {
	plain := plaintext(20 * blockLen)
	synctest.Test(t, func(t *testing.T) {
		src, size := watchedBody(plain)
		r := openWatched(t, src, size)
		gate := make(chan struct{})
		src.reset(gate, nil)
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				off := i%20*blockLen + i
				got := make([]byte, 1000+i%2*blockLen) // every other one spans two
				if n, err := r.ReadAt(got, int64(off)); !bytes.Equal(got[:n], plain[off:min(off+len(got), len(plain))]) || err != nil && err != io.EOF {
					t.Errorf("%d bytes at %d: %v", n, off, err)
				}
			})
		}
		synctest.Wait()
		if want := max(4, 2*runtime.GOMAXPROCS(0)); src.now != min(want, 20) {
			t.Errorf("%d blocks are being read, want %d", src.now, want)
		}
		close(gate)
		wg.Wait()
	})
}

// TestReadAtOfBadSource returns the data before the offset where the source fails or ends.
func TestReadAtOfBadSource(t *testing.T) {
	plain := plaintext(2*blockLen + 100)
	broken := errors.New("the line is down")
	for _, bad := range []int64{0, 1, 10 * sealedLen, 10*sealedLen + 7, blockSealed + 5} {
		for _, fail := range []error{nil, io.EOF, broken} {
			body := sealBody(plain)
			src := &badFrom{bytes.NewReader(body), 1 << 62, fail}
			r := openWatched(t, src, int64(len(body)))
			src.from = bad
			want, n := fail, int(bad/sealedLen*chunkSize)
			if fail != broken {
				want = stream.ErrTruncated
			}
			for _, off := range []int{0, 1, chunkSize + 1} {
				got := make([]byte, len(plain)-off)
				m, err := r.ReadAt(got, int64(off))
				if !errors.Is(err, want) || m != max(0, n-off) || !bytes.Equal(got[:m], plain[off:off+m]) {
					t.Errorf("bad at %d with %v: %d bytes at %d, %v; want %d", bad, fail, m, off, err, n-off)
				}
			}
		}
	}
}

// TestReadAtReportsFirst has two faults that are found in either order: the first one in the
// body is reported.
func TestReadAtReportsFirst(t *testing.T) {
	plain := plaintext(4 * blockLen)
	for _, order := range [][]int{{3, 1, 0, 2}, {0, 1, 2, 3}} {
		synctest.Test(t, func(t *testing.T) {
			body := sealBody(plain)
			body[blockSealed+10*sealedLen] ^= 1
			body[3*blockSealed+5*sealedLen] ^= 1
			src := &gated{ReaderAt: bytes.NewReader(body)}
			r := openWatched(t, src, int64(len(body)))
			for range order {
				src.gates = append(src.gates, make(chan struct{}))
			}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				n, err := r.ReadAt(make([]byte, len(plain)), 0)
				if n != blockLen+10*chunkSize || !errors.Is(err, stream.ErrDamaged) || !strings.Contains(err.Error(), "chunk 266,") {
					t.Errorf("%v: %d, %v", order, n, err)
				}
			}()
			for _, i := range order {
				synctest.Wait()
				close(src.gates[i])
			}
			<-ended
		})
	}
}

// gated has a gate for each block.
type gated struct {
	io.ReaderAt
	gates []chan struct{}
}

func (g *gated) Concurrency() int { return 4 }

func (g *gated) ReadAt(p []byte, off int64) (int, error) {
	if g.gates != nil {
		<-g.gates[off/blockSealed]
	}
	return g.ReaderAt.ReadAt(p, off)
}

// TestReadAtStops does not read on after a failure.
func TestReadAtStops(t *testing.T) {
	plain := plaintext(9 * blockLen)
	src, size := watchedBody(plain)
	r := openWatched(t, parallel{src, 1}, size)
	broken := errors.New("the line is down")
	src.reset(nil, broken)
	if n, err := r.ReadAt(make([]byte, len(plain)), 0); n != 0 || err != broken {
		t.Error(n, err)
	}
	if len(src.reads) != 1 {
		t.Errorf("%d reads", len(src.reads))
	}
}

// TestReaderAtKeepsUsed reads many complete blocks, which are not kept, and
// nothing is forgotten because of them. Of those that are kept the one that was
// used last stays longest.
func TestReaderAtKeepsUsed(t *testing.T) {
	plain := plaintext(20 * blockLen)
	src, size := watchedBody(plain)
	r := openWatched(t, parallel{src, 1}, size)
	room := max(4, runtime.GOMAXPROCS(0)+1)
	read := func(block, n int) (again bool) {
		src.reset(nil, nil)
		got := make([]byte, n)
		if _, err := r.ReadAt(got, int64(block*blockLen)); err != nil || !bytes.Equal(got, plain[block*blockLen:][:n]) {
			t.Fatal(err)
		}
		return len(src.reads) > 0
	}
	for i := range room {
		read(i, 1)
	}
	for i := range 10 {
		read(10+i, blockLen)
	}
	// That evicted one block, the first.
	for i := 1; i < room; i++ {
		if read(i, 1) {
			t.Errorf("block %d was forgotten", i)
		}
	}
	read(1, 1)
	for i := range room - 1 { // the free one, and all but block 1
		read(10+i, 1)
	}
	if read(1, 1) {
		t.Error("the block that was used last was forgotten")
	}
	if !read(2, 1) {
		t.Error("more blocks are kept than there is room for")
	}
}

// badFrom is good up to an offset. It may return the error nil with too few
// bytes.
type badFrom struct {
	io.ReaderAt
	from int64
	err  error
}

func (b *badFrom) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) <= b.from {
		return b.ReaderAt.ReadAt(p, off)
	}
	n, _ := b.ReaderAt.ReadAt(p[:max(0, b.from-off)], off)
	return n, b.err
}

// TestReadAtClears looks at the caller's memory after an error: no byte there
// comes from a chunk that is not authentic, or that OnDigest refused.
func TestReadAtClears(t *testing.T) {
	errNo := errors.New("another chunk was signed")
	plain := bytes.Repeat([]byte{'s'}, 6*chunkSize+100)
	for _, refused := range []bool{false, true} {
		for bad := range 6 {
			body := sealBody(plain)
			c := newCipher()
			want := stream.ErrDamaged
			if refused {
				want = errNo
				c.OnDigest = func(index uint32, _ [32]byte) error {
					if int(index) == bad {
						return errNo
					}
					return nil
				}
			} else {
				body[bad*sealedLen+sealedLen-1] ^= 1 // the tag: all else decrypts to what it was
			}
			r, err := c.NewReaderAt(bytes.NewReader(body), int64(len(body)))
			if err != nil {
				t.Fatal(err)
			}
			for _, off := range []int{0, 1, bad * chunkSize, bad*chunkSize + 1} {
				p := bytes.Repeat([]byte{'.'}, len(plain)-off)
				n, err := r.ReadAt(p, int64(off))
				if !errors.Is(err, want) || n != max(0, bad*chunkSize-off) {
					t.Fatalf("chunk %d, from %d: %d, %v", bad, off, n, err)
				}
				from := max(0, bad*chunkSize-off)
				if bytes.IndexByte(p[from:(bad+1)*chunkSize-off], 's') >= 0 {
					t.Errorf("refused %t, chunk %d: its contents are in p", refused, bad)
				}
			}
		}
	}
}

// TestReaderAtSurvivesPanic has a source that panics, and a caller that recovers: no other
// caller blocks.
func TestReaderAtSurvivesPanic(t *testing.T) {
	plain := plaintext(blockLen + 100)
	body := sealBody(plain)
	src := &panicking{ReaderAt: bytes.NewReader(body)}
	r := openWatched(t, src, int64(len(body)))
	for _, n := range []int{1, blockLen} {
		for range 10 { // more than there are buffers
			src.panic.Store(true)
			func() {
				defer func() {
					if recover() == nil {
						t.Error("no panic")
					}
				}()
				r.ReadAt(make([]byte, n), 0)
			}()
			src.panic.Store(false)
		}
		got := make([]byte, n)
		if _, err := r.ReadAt(got, 0); err != nil || !bytes.Equal(got, plain[:n]) {
			t.Error("afterwards:", err)
		}
		r = openWatched(t, src, int64(len(body)))
	}
}

type panicking struct {
	io.ReaderAt
	panic atomic.Bool
}

func (s *panicking) ReadAt(p []byte, off int64) (int, error) {
	if s.panic.Load() {
		panic("a source that panics")
	}
	return s.ReaderAt.ReadAt(p, off)
}

// TestReaderAtIsFreed: an unused ReaderAt is garbage.
func TestReaderAtIsFreed(t *testing.T) {
	plain := plaintext(3 * blockLen)
	r := newReaderAt(t, sealBody(plain))
	if _, err := r.ReadAt(make([]byte, len(plain)-1), 1); err != nil {
		t.Fatal(err)
	}
	gone := weak.Make(r)
	r = nil
	runtime.GC()
	if gone.Value() != nil {
		t.Error("it is still there")
	}
}

// TestReadAtAllocates requires that reading an opened block allocates nothing.
func TestReadAtAllocates(t *testing.T) {
	r := newReaderAt(t, sealBody(plaintext(10*chunkSize)))
	p := make([]byte, 100)
	if n := testing.AllocsPerRun(100, func() { r.ReadAt(p, chunkSize-50) }); n > 0 {
		t.Error(n, "allocations")
	}
}

// A forgotten block is read again, once for all readers, also during other reads.
func TestForget(t *testing.T) {
	plain := plaintext(100_000)
	body := sealBody(plain)
	src := &watched{ReaderAt: bytes.NewReader(body)}
	r, err := newCipher().NewReaderAt(src, int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	read := func() {
		p := make([]byte, 10)
		if _, err := r.ReadAt(p, 20_001); err != nil || !bytes.Equal(p, plain[20_001:20_011]) {
			t.Error("wrong", err)
		}
	}
	r.Forget()
	src.reset(nil, nil)
	read()
	read()
	if len(src.reads) != 1 {
		t.Errorf("%d reads, want 1", len(src.reads))
	}
	r.Forget()
	read()
	if len(src.reads) != 2 {
		t.Errorf("%d reads, want 2", len(src.reads))
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				read()
				r.Forget()
			}
		})
	}
	all.Wait()
}
