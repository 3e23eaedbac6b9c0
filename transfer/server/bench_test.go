// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// benchClient is a client of a server in the same process. With TMPDIR the store
// can be in memory.
func benchClient(b *testing.B) *transfer.Client {
	list := allow(b, "{alice} push,pull,list ** overwrite")
	server, err := server.New(server.Config{Dir: b.TempDir(), Identity: testkit.Identity("server"), Authorizer: list})
	if err != nil {
		b.Fatal(err)
	}
	web := httptest.NewServer(server)
	c := &transfer.Client{
		URL:         "ws" + strings.TrimPrefix(web.URL, "http"),
		Identity:    testkit.Identity("alice"),
		CheckServer: is(testkit.Identity("server")),
	}
	b.Cleanup(func() {
		c.Close()
		server.Shutdown(b.Context())
		web.Close()
	})
	return c
}

func BenchmarkPush(b *testing.B) {
	c, file := benchClient(b), testkit.Sealed(256<<20)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if err := c.Push(b.Context(), "bench.pqe", bytes.NewReader(file), transfer.PushOptions{Overwrite: true}); err != nil {
			b.Fatal(err)
		}
		file[20]++ // another salt, since the same file would exist already
	}
}

func BenchmarkPull(b *testing.B) {
	c, file := benchClient(b), testkit.Sealed(256<<20)
	if err := c.Push(b.Context(), "bench.pqe", bytes.NewReader(file), transfer.PushOptions{}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if err := c.Pull(b.Context(), "bench.pqe", io.Discard, transfer.PullOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkList lists 10,000 objects, as a push that skips what exists does.
func BenchmarkList(b *testing.B) {
	c, put := benchClient(b), testkit.Sealed(0)
	const objects = 10_000
	var pushes sync.WaitGroup
	for part := range 16 {
		pushes.Go(func() {
			for i := part; i < objects; i += 16 {
				name := fmt.Sprintf("ckpt/%03d/weights-%06d.safetensors.pqe", i/100, i)
				if err := c.Push(b.Context(), name, bytes.NewReader(put), transfer.PushOptions{Small: true}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	pushes.Wait()
	for b.Loop() {
		if all, err := listed(c, "ckpt/"); err != nil || len(all) != objects {
			b.Fatal(len(all), err)
		}
	}
}

// BenchmarkLogin opens a connection, and lists nothing.
func BenchmarkLogin(b *testing.B) {
	c := benchClient(b)
	for b.Loop() {
		if _, err := listed(c, "none"); err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
}
