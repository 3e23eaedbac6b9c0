// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package mask_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/pqenc/pqenc/secagg/internal/mask"
)

// sizes are sizes of vectors: none, less than a block, blocks, and with a part of one.
var sizes = []int64{0, 4, 20, mask.BlockSize - 4, mask.BlockSize, mask.BlockSize + 4, 7*mask.BlockSize + 20}

// calls counts the calls of the functions of a Stream, and those that run.
type calls struct{ reads, works, writes, reading, writing, running atomic.Int64 }

// Every byte passes through all functions once; read and write see them in order, and one
// call at a time.
func TestStream(t *testing.T) {
	for _, size := range sizes {
		src := randomBytes(source(4), int(size))
		var c calls
		var read, written int64
		dst := make([]byte, size)
		err := mask.Stream(t.Context(), size, func(block []byte, offset int64) error {
			if c.reading.Add(1) != 1 || offset != read {
				t.Errorf("size %d: read at %d, not alone or not after %d", size, offset, read)
			}
			read += int64(copy(block, src[offset:]))
			c.reading.Add(-1)
			return nil
		}, func(block []byte, offset int64) error {
			c.works.Add(1)
			for i := range block {
				block[i]++
			}
			return nil
		}, func(block []byte, offset int64) error {
			if c.writing.Add(1) != 1 || offset != written {
				t.Errorf("size %d: write at %d, not alone or not after %d", size, offset, written)
			}
			written += int64(copy(dst[offset:], block))
			c.writing.Add(-1)
			return nil
		})
		for i := range src {
			src[i]++
		}
		if err != nil || read != size || written != size || !bytes.Equal(dst, src) {
			t.Errorf("size %d: %v, %d read, %d written", size, err, read, written)
		}
		if blocks := (size + mask.BlockSize - 1) / mask.BlockSize; c.works.Load() != blocks {
			t.Errorf("size %d: %d blocks are worked on, not %d", size, c.works.Load(), blocks)
		}
	}
}

// Blocks are worked on at once, even on one core: here each waits for the other.
func TestStreamParallel(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	met := make(chan struct{})
	err := mask.Stream(t.Context(), 2*mask.BlockSize, nil, func(block []byte, offset int64) error {
		if offset == 0 {
			met <- struct{}{}
		} else {
			<-met
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

// Memory does not depend on the size of the vector.
func TestStreamMemory(t *testing.T) {
	buffers := make(map[*byte]bool)
	write := func(block []byte, offset int64) error { buffers[&block[0]] = true; return nil }
	if err := mask.Stream(t.Context(), 1000*mask.BlockSize, nil, nil, write); err != nil {
		t.Fatal(err)
	}
	if n := runtime.GOMAXPROCS(0) + 1; len(buffers) > n {
		t.Errorf("%d buffers, and not at most %d", len(buffers), n)
	}
}

// Functions can be nil. Without read, all blocks are zero.
func TestStreamNil(t *testing.T) {
	const size = 20*mask.BlockSize + 4
	if err := mask.Stream(t.Context(), size, nil, nil, nil); err != nil {
		t.Error(err)
	}
	work := func(block []byte, offset int64) error {
		for i, x := range block {
			if x != 0 {
				return fmt.Errorf("%x at %d", x, offset+int64(i))
			}
			block[i] = 1
		}
		return nil
	}
	if err := mask.Stream(t.Context(), size, nil, work, nil); err != nil {
		t.Error(err)
	}
}

// The first error of the vector is returned, wherever it is. What is before it is written, and
// nothing runs any more.
func TestStreamErrors(t *testing.T) {
	const size, blocks = 12*mask.BlockSize + 4, 13
	for _, step := range []string{"read", "work", "write"} {
		for bad := range blocks {
			var c calls
			at := func(name string, count *atomic.Int64) func([]byte, int64) error {
				return func(block []byte, offset int64) error {
					c.running.Add(1)
					defer c.running.Add(-1)
					count.Add(1)
					if name == step && offset >= int64(bad)*mask.BlockSize {
						return fmt.Errorf("%s at %d", name, offset)
					}
					return nil
				}
			}
			err := mask.Stream(t.Context(), size, at("read", &c.reads), at("work", &c.works), at("write", &c.writes))
			if want := fmt.Sprintf("%s at %d", step, bad*mask.BlockSize); err == nil || err.Error() != want {
				t.Errorf("error %v, not %s", err, want)
			}
			want := int64(bad)
			if step == "write" {
				want++ // the one that failed
			}
			if c.writes.Load() != want || c.running.Load() != 0 {
				t.Errorf("%s fails in block %d: %d writes, %d calls still run", step, bad, c.writes.Load(), c.running.Load())
			}
			if step == "read" && c.reads.Load() != int64(bad)+1 {
				t.Errorf("%d reads, not %d", c.reads.Load(), bad+1)
			}
		}
	}
}

// An error waits for the blocks before it, and what is ready after it is not written. Here two
// blocks are always worked on at once, and the second is ready first.
func TestStreamFirstError(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	first, second := errors.New("first"), errors.New("second")
	for _, test := range []struct {
		errs   [2]error
		want   error
		writes int
	}{
		{[2]error{nil, nil}, nil, 2},
		{[2]error{nil, second}, second, 1},
		{[2]error{first, nil}, first, 0},
		{[2]error{first, second}, first, 0},
	} {
		ready, writes := make(chan struct{}), 0
		err := mask.Stream(t.Context(), 2*mask.BlockSize, nil, func(block []byte, offset int64) error {
			if offset > 0 {
				close(ready)
				return test.errs[1]
			}
			<-ready
			return test.errs[0]
		}, func([]byte, int64) error { writes++; return nil })
		if err != test.want || writes != test.writes {
			t.Errorf("%v: %v and %d writes, not %v and %d", test.errs, err, writes, test.want, test.writes)
		}
	}
}

// Nothing is read after a block that cannot be read, even while one before it is worked on.
func TestStreamReadError(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	broken := errors.New("broken")
	failed, reads := make(chan struct{}), 0
	err := mask.Stream(t.Context(), 10*mask.BlockSize, func(block []byte, offset int64) error {
		if reads++; reads == 2 {
			close(failed)
			return broken
		}
		return nil
	}, func([]byte, int64) error {
		<-failed
		for range 1000 { // let the others try
			runtime.Gosched()
		}
		return nil
	}, nil)
	if err != broken || reads != 2 {
		t.Errorf("%d reads: %v", reads, err)
	}
}

// When the context is done nothing is read any more, and the error is the cause.
func TestStreamCancel(t *testing.T) {
	reason := errors.New("the round is over")
	for _, after := range []int64{0, 1, 5} {
		ctx, cancel := context.WithCancelCause(t.Context())
		var reads, writes int64
		read := func([]byte, int64) error {
			if reads++; reads == after {
				cancel(reason)
			}
			return nil
		}
		if after == 0 {
			cancel(reason)
		}
		write := func([]byte, int64) error { writes++; return nil }
		if err := mask.Stream(ctx, 100*mask.BlockSize, read, nil, write); err != reason {
			t.Error(err)
		}
		if reads != after || writes != after {
			t.Errorf("%d reads and %d writes, not %d", reads, writes, after)
		}
	}
}
