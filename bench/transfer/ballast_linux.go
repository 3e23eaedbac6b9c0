// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"os"
	"sync"
	"syscall"
	"time"
)

// ballast is a file in memory-backed storage that shrinks as another one grows.
// A virtual machine may give memory that it frees back to its host within a second,
// and taking it again can cost more than the transfer: with ballast, what a command
// writes goes into memory that the machine has.
type ballast struct {
	file        *os.File
	limit       int64 // bytes that the file system may use
	size, freed int64 // bytes of the file, and from its beginning
	stop        chan struct{}
	stopped     sync.WaitGroup
}

const (
	// lead is how much is free in advance.
	lead = 32 << 20
	// pieceSize is that of the largest page.
	pieceSize = 2 << 20
)

// newBallast makes a ballast of at least size bytes, and begins to shrink it.
func newBallast(dir string, size int64) (*ballast, error) {
	file, err := os.CreateTemp(dir, "ballast")
	if err != nil {
		return nil, err
	}
	os.Remove(file.Name())
	b := &ballast{file: file, stop: make(chan struct{})}
	for piece := make([]byte, pieceSize); b.size < size+2*lead; b.size += pieceSize {
		if _, err := file.Write(piece); err != nil {
			file.Close()
			return nil, err
		}
	}
	used, err := b.used()
	if err != nil {
		file.Close()
		return nil, err
	}
	b.limit = used - lead
	b.shrink()
	b.stopped.Go(b.run)
	return b, nil
}

func (b *ballast) run() {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-b.stop:
			return
		case <-ticker.C:
			b.shrink()
		}
	}
}

// shrink frees as much as has been written since.
func (b *ballast) shrink() {
	const punchHole, keepSize = 2, 1 // fallocate(2)
	used, err := b.used()
	n := min(used-b.limit, b.size-b.freed)
	if err != nil || n <= 0 {
		return
	}
	if syscall.Fallocate(int(b.file.Fd()), punchHole|keepSize, b.freed, n) == nil {
		b.freed += n
	}
}

// used returns how many bytes of the file system are in use.
func (b *ballast) used() (int64, error) {
	var s syscall.Statfs_t
	err := syscall.Fstatfs(int(b.file.Fd()), &s)
	return int64(s.Blocks-s.Bfree) * s.Bsize, err
}

func (b *ballast) close() {
	close(b.stop)
	b.stopped.Wait()
	b.file.Close()
}
