// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/pqenc/pqenc/stream"
)

// maxAhead is how many chunks may be in memory: one that is read, one that is
// worked on and one that is written.
const maxAhead = 3

// counter counts the bytes that are read from src.
type counter struct {
	src io.Reader
	n   int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	c.n += n
	return n, err
}

// gate is a destination that blocks until it is opened.
type gate struct {
	bytes.Buffer
	open chan struct{}
}

func (g *gate) Write(p []byte) (int, error) {
	<-g.open
	return g.Buffer.Write(p)
}

// TestSlowDestination requires that a blocked destination stops reading, so that memory is
// bounded.
func TestSlowDestination(t *testing.T) {
	plain := plaintext(100*chunkSize + 1)
	body := sealBody(plain)
	for _, test := range []struct {
		name      string
		src, want []byte
		run       func(dst io.Writer, src io.Reader) error
	}{
		{"ReadFrom", plain, body, func(dst io.Writer, src io.Reader) error {
			w := newCipher().NewWriter(dst)
			_, err := w.ReadFrom(src)
			return errors.Join(err, w.Close())
		}},
		{"Write", plain, body, func(dst io.Writer, src io.Reader) error {
			w := newCipher().NewWriter(dst)
			_, err := io.CopyBuffer(writerOnly{w}, src, make([]byte, 100))
			return errors.Join(err, w.Close())
		}},
		{"WriteTo", body, plain, func(dst io.Writer, src io.Reader) error {
			_, err := newCipher().NewReader(src, 0).WriteTo(dst)
			return err
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := &counter{src: bytes.NewReader(test.src)}
				dst := &gate{open: make(chan struct{})}
				done := make(chan error)
				go func() { done <- test.run(dst, src) }()
				synctest.Wait()
				if src.n < chunkSize || src.n > maxAhead*sealedLen+100 {
					t.Errorf("%d bytes were read while none could be written", src.n)
				}
				close(dst.open)
				if err := <-done; err != nil || !bytes.Equal(dst.Bytes(), test.want) {
					t.Errorf("%d bytes, %v", dst.Len(), err)
				}
			})
		})
	}
}

// TestGoroutinesEnd abandons writers and readers in every state. A bubble of
// synctest fails when goroutines are left in it.
func TestGoroutinesEnd(t *testing.T) {
	plain := plaintext(20*chunkSize + 1)
	body := sealBody(plain)
	damaged := bytes.Clone(body)
	damaged[3*sealedLen] ^= 1
	discard := writerOnly{io.Discard}
	for name, leave := range map[string]func(){
		"closed":               func() { w := newCipher().NewWriter(discard); w.Write(plain); w.Close() },
		"abandoned":            func() { newCipher().NewWriter(discard).Write(plain) },
		"never used":           func() { newCipher().NewWriter(discard) },
		"destination failed":   func() { newCipher().NewWriter(&fullDisk{writes: 3, err: errFull}).Write(plain) },
		"source failed":        func() { newCipher().NewWriter(discard).ReadFrom(&withError{b: plain, err: errSource}) },
		"reader to the end":    func() { newCipher().NewReader(bytes.NewReader(body), 0).WriteTo(discard) },
		"reader abandoned":     func() { newCipher().NewReader(bytes.NewReader(body), 0).Read(make([]byte, 1)) },
		"body damaged":         func() { newCipher().NewReader(bytes.NewReader(damaged), 0).WriteTo(discard) },
		"body cut":             func() { newCipher().NewReader(bytes.NewReader(body[:5*sealedLen]), 0).WriteTo(discard) },
		"reader's disk full":   func() { newCipher().NewReader(bytes.NewReader(body), 0).WriteTo(&fullDisk{writes: 3}) },
		"reader's source fail": func() { newCipher().NewReader(&withError{b: body, err: errSource}, 0).WriteTo(discard) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(*testing.T) { leave() })
		})
	}
}

// TestAbandonedWhileBlocked abandons a writer while its destination blocks: its goroutines
// end once the destination continues.
func TestAbandonedWhileBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dst := &gate{open: make(chan struct{})}
		w := newCipher().NewWriter(dst)
		w.Write(plaintext(chunkSize + 1))
		synctest.Wait()
		close(dst.open)
		synctest.Wait()
		if dst.Len() != sealedLen {
			t.Error("written:", dst.Len())
		}
	})
}

// TestCloseWaits returns only when all is written.
func TestCloseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dst := &gate{open: make(chan struct{})}
		w := newCipher().NewWriter(dst)
		w.Write([]byte("x"))
		closed := false
		go func() { w.Close(); closed = true }()
		synctest.Wait()
		if closed {
			t.Error("Close did not wait for the destination")
		}
		close(dst.open)
		synctest.Wait()
		if !closed || dst.Len() != 17 {
			t.Error("closed:", closed, "written:", dst.Len())
		}
	})
}

// TestConstantMemory sends bodies of 64 and 512 MiB through a writer and a reader: both need
// the same few chunks.
func TestConstantMemory(t *testing.T) {
	large := int64(512 << 20)
	if testing.Short() {
		large = 128 << 20
	}
	for _, n := range []int64{64 << 20, large} {
		got := allocated(func() {
			c := stream.New(&key, &prefix, largeLog2)
			pr, pw := io.Pipe()
			go func() {
				w := c.NewWriter(pw)
				_, err := w.ReadFrom(io.LimitReader(zeros{}, n))
				pw.CloseWithError(errors.Join(err, w.Close()))
			}()
			if m, err := c.NewReader(pr, 0).WriteTo(io.Discard); m != n || err != nil {
				t.Fatal(m, err)
			}
		})
		if most := uint64(2*maxAhead*largeSealed + 2<<20); got > most {
			t.Errorf("%d MiB: %d bytes allocated, more than %d", n>>20, got, most)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
