// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
)

// crowd runs n clients at once, each of which pushes size bytes with its own key.
func (b *bench) crowd(n int, size int64) error {
	var keys []*keyfile.Identity
	var public bytes.Buffer
	for range n {
		id, err := keyfile.Generate()
		if err != nil {
			return err
		}
		keys = append(keys, id)
		public.Write(id.Public().Marshal())
	}
	if err := os.WriteFile(filepath.Join(b.dir, "crowd.pub"), public.Bytes(), 0o600); err != nil {
		return err
	}
	addr, server, err := b.startServer("crowd.pub")
	if err != nil {
		return err
	}
	idle := peakMemory(server.Pid)
	var wait sync.WaitGroup
	errs := make(chan error, n)
	begin := time.Now()
	for i, id := range keys {
		wait.Go(func() { errs <- b.member(i, id, "ws://"+addr, size) })
	}
	wait.Wait()
	took := time.Since(begin)
	for range n {
		if err := <-errs; err != nil {
			return err
		}
	}
	peak := peakMemory(server.Pid)
	fmt.Printf("%d clients, %d MB each: all intact after %.2f s, %.2f GB/s in all; the server's memory %.1f MiB at its peak, %.1f MiB before\n",
		n, size/1e6, took.Seconds(), float64(int64(n)*size)/took.Seconds()/1e9, peak, idle)
	return nil
}

// member encrypts and pushes a file, and compares what has arrived.
func (b *bench) member(i int, id *keyfile.Identity, url string, size int64) error {
	c := &transfer.Client{URL: url + "/pqenc", Identity: id, CheckServer: func(signature.Fingerprint) error { return nil }}
	defer c.Close()
	name := fmt.Sprintf("crowd/%d.pqe", i)
	sent := sha256.New()
	err := c.PushFunc(context.Background(), name, func(w io.Writer) error {
		e, err := pqenc.Encrypt(io.MultiWriter(w, sent), id.Public())
		if err == nil {
			_, err = io.CopyN(e, rand.NewChaCha8([32]byte{byte(i)}), size)
		}
		if err != nil {
			return err
		}
		return e.Close()
	}, transfer.PushOptions{})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	f, err := os.Open(filepath.Join(b.dir, "store", name))
	if err != nil {
		return err
	}
	defer f.Close()
	stored := sha256.New()
	if _, err := io.Copy(stored, f); err != nil {
		return err
	}
	if !bytes.Equal(stored.Sum(nil), sent.Sum(nil)) {
		return fmt.Errorf("%s has arrived as another file", name)
	}
	return nil
}

// peakMemory returns the maximum resident set of a process in MiB, or 0 if
// there is no /proc.
func peakMemory(pid int) float64 {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kib int64
		if rest, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			fmt.Sscan(rest, &kib)
			return float64(kib) / 1024
		}
	}
	return 0
}
