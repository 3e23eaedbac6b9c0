// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package faults

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestKillServer kills the server after each tenth of a transfer, and starts it again. The
// client resumes by itself.
func TestKillServer(t *testing.T) {
	atEachTenth(t, commands, func(t *testing.T, c *command, at int64) {
		s := serve(t, c)
		s.relay.at(c.direction, at, func(*line) {
			s.kill()
			s.start(t)
		})
		s.wantTransferred(t, c)
	})
}

// TestTerminateServer stops the server with SIGTERM in the middle of a transfer,
// which takes longer than the server waits, and starts it again.
func TestTerminateServer(t *testing.T) {
	for _, c := range commands {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, &c)
			restarted := make(chan struct{})
			s.relay.at(c.direction, largeSize/2, func(l *line) {
				l.trickle(c.direction, 50, 20*time.Millisecond)
				s.Process.Signal(syscall.SIGTERM)
				go func() {
					defer close(restarted)
					if <-s.ended; s.err != nil {
						t.Errorf("the server: %v", s.err)
					}
					s.start(t)
				}()
			})
			s.wantTransferred(t, &c)
			<-restarted
		})
	}
}

// wantTransferred runs a transfer, and checks that it succeeds despite the faults.
func (s *serving) wantTransferred(t *testing.T, c *command) {
	t.Helper()
	dir := t.TempDir()
	c.start(t, s, dir).wantGood(t)
	s.relay.wantNoneLeft(t)
	c.check(t, s, dir)
	s.wantKilledAgain(t, c)
}

// wantKilledAgain is wantLittleAgain after a side was killed. Killing the server loses all
// that a push had in flight, which is more if the disk of the server is slow.
func (s *serving) wantKilledAgain(t *testing.T, c *command) {
	t.Helper()
	if c.direction == up {
		wantAgain(t, s.relay.count(up), largeSize, largeSize/2)
		return
	}
	wantLittleAgain(t, s.relay.count(down), largeSize)
}

// TestKillClient kills the client, and gives the same command again: it resumes where the
// first one was.
func TestKillClient(t *testing.T) {
	resumable := []command{pushEncrypted, pullPlain, pullRaw}
	atEachTenth(t, resumable, func(t *testing.T, c *command, at int64) {
		killClient(t, c, at).wantKilledAgain(t, c)
	})
}

// TestKillEncrypting kills a client that encrypts on the way. Nothing is ever
// encrypted twice, and so the next one starts over.
func TestKillEncrypting(t *testing.T) {
	atEachTenth(t, []command{pushPlain}, func(t *testing.T, c *command, at int64) {
		killClient(t, c, at)
	})
}

// slow is a line that is slower than the client. Otherwise data in the buffers of the
// client's system, which have any size, would be lost with it, too.
var slow = toxic{"bandwidth", `"rate": 80000`}

func killClient(t *testing.T, c *command, at int64) *serving {
	s := serve(t, c)
	s.relay.route(newToxiproxy(t, s.addr, slow).Listen)
	var client atomic.Pointer[process]
	started := make(chan struct{})
	s.relay.at(c.direction, at, func(*line) {
		<-started
		client.Load().kill()
	})
	dir := t.TempDir()
	first := c.start(t, s, dir)
	client.Store(first)
	close(started)
	<-first.ended
	s.relay.wantNoneLeft(t)
	c.start(t, s, dir).wantGood(t)
	c.check(t, s, dir)
	return s
}

// atEachTenth runs a test for each command and each tenth of the large file.
func atEachTenth(t *testing.T, commands []command, test func(t *testing.T, c *command, at int64)) {
	for _, c := range commands {
		for tenth := range int64(9) {
			t.Run(fmt.Sprintf("%s, at %d %%", c.name, 10*(tenth+1)), func(t *testing.T) {
				t.Parallel()
				test(t, &c, largeSize*(tenth+1)/10)
			})
		}
	}
}
