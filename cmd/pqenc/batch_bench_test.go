// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/testkit"
)

// BenchmarkBatch reads 1,000 random parts of 64 KiB of a file of 1 GiB: through "pqenc cat
// --batch", and by the library on all cores, which opens the same chunks. The two take
// turns, and the metrics are the minima: run it with -benchtime 7x.
func BenchmarkBatch(b *testing.B) {
	const size, reads, length = 1 << 30, 1000, 64 << 10
	dir := b.TempDir()
	name, key := filepath.Join(dir, "large.pqe"), filepath.Join(dir, "alice.key")
	if err := os.WriteFile(key, people()["alice.key"], 0o600); err != nil {
		b.Fatal(err)
	}
	out, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	w, err := pqenc.Encrypt(out, testkit.Identity("alice").Public())
	if err == nil {
		_, err = io.CopyN(w, rand.NewChaCha8([32]byte{1}), size)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	var requests strings.Builder
	offsets := make([]int64, reads)
	for i := range offsets {
		offsets[i] = random.Int64N(size - length)
		fmt.Fprintf(&requests, `{"id":%d,"file":"large.pqe","offset":%d,"length":%d}`+"\n", i, offsets[i], length)
	}
	process := batchReads(b, dir, requests.String(), reads*length)
	library := libraryReads(b, name, offsets, length)
	fastest := [2]time.Duration{math.MaxInt64, math.MaxInt64}
	for b.Loop() {
		for i, read := range []func(){process, library} {
			start := time.Now()
			read()
			fastest[i] = min(fastest[i], time.Since(start))
		}
	}
	b.ReportMetric(float64(fastest[0].Milliseconds()), "process-ms")
	b.ReportMetric(float64(fastest[1].Milliseconds()), "library-ms")
	b.ReportMetric(float64(fastest[0])/float64(fastest[1]), "ratio")
}

// batchReads returns a function that lets a process answer the requests.
func batchReads(b *testing.B, dir, requests string, want int) func() {
	cmd := exec.Command("pqenc", "cat", "--batch", "-i", "alice.key", "large.pqe")
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	r, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	out := bufio.NewReaderSize(r, 128<<10)
	data := make([]byte, 64<<10)
	b.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	})
	return func() {
		go io.WriteString(in, requests)
		for left := want; left > 0; left -= len(data) {
			if line, err := out.ReadSlice('\n'); err != nil || strings.Contains(string(line), "error") {
				b.Fatalf("%s, %v", line, err)
			}
			if _, err := io.ReadFull(out, data); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// libraryReads returns a function that reads the same parts on all cores.
func libraryReads(b *testing.B, name string, offsets []int64, length int) func() {
	src, err := os.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { src.Close() })
	info, err := src.Stat()
	if err != nil {
		b.Fatal(err)
	}
	f, err := pqenc.Open(src, info.Size(), testkit.Identity("alice"))
	if err != nil {
		b.Fatal(err)
	}
	return func() {
		var next atomic.Int64
		var all sync.WaitGroup
		for range runtime.GOMAXPROCS(0) {
			all.Go(func() {
				data := make([]byte, length)
				for i := next.Add(1) - 1; i < int64(len(offsets)); i = next.Add(1) - 1 {
					if _, err := f.ReadAt(data, offsets[i]); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
	}
}
