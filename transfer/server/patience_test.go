// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server_test

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// TestWaiting has a source that delivers nothing for a while, and an object that takes a
// while to appear: the server reaches its idle timeout, and the client neither stops nor
// returns an error.
func TestWaiting(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	const idle = server.SyncAfter + 4*time.Second // everything sent is acknowledged by then, even on a busy machine
	s := newServer(t, server.Limits{Idle: idle, Silence: idle}, everything)
	file := testkit.Sealed(1 << 20)
	quiet := func(name string) *transfer.Client {
		c := s.client("alice")
		c.GiveUpAfter, c.Silence = idle+idle/3, idle
		c.OnRetry = func(r transfer.Retry) { t.Errorf("%s: retry: %v", name, r.Err) }
		return c
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	pulled := make(chan error, 1)
	var got bytes.Buffer
	follower, pusher := quiet("pull"), quiet("push")
	go func() { pulled <- follower.Pull(ctx, "a.pqe", &got, transfer.PullOptions{Follow: true}) }()
	src, w := io.Pipe()
	go func() {
		w.Write(file[:100000])
		time.Sleep(2 * idle) // while the second connection is reading
		w.Write(file[100000:])
		w.Close()
	}()
	if err := pusher.Push(ctx, "a.pqe", src, transfer.PushOptions{}); err != nil {
		cancel()
		t.Error("push:", err)
	}
	if err := <-pulled; err != nil || !bytes.Equal(got.Bytes(), file) {
		t.Errorf("%d of %d bytes pulled, %v", got.Len(), len(file), err)
	}
}

// TestStopWhileWaiting stops a server while a client waits for an object: the server does
// not wait for that.
func TestStopWhileWaiting(t *testing.T) {
	s := newServer(t, server.Limits{}, everything)
	c := s.client("alice")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Pull(ctx, "a.pqe", io.Discard, transfer.PullOptions{Follow: true}) }()
	for s.server.Stats().Connections == 0 {
		time.Sleep(time.Millisecond)
	}
	patient, cancelStop := context.WithTimeout(t.Context(), time.Minute)
	defer cancelStop()
	if err := s.server.Shutdown(patient); err != nil || patient.Err() != nil {
		t.Errorf("%v, %v", err, patient.Err())
	}
	s.server = nil
	s.http.Close()
	cancel()
	<-ended
}
