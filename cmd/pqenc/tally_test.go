// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"testing"
	"time"
)

// TestTally requires that the bytes of a failed transfer are no longer counted.
func TestTally(t *testing.T) {
	app := newApp()
	app.grammar.Quiet = true
	all := &tally{app: app}
	all.startAll(1000, 2)
	good, bad := all.push("good"), all.push("bad")
	good.start(600, "out")
	bad.start(400, "out")
	good.reached(100)
	bad.reached(300)
	good.reached(600)
	if all.at != 900 {
		t.Errorf("%d bytes have come", all.at)
	}
	bad.stop(errors.New("failed"))
	good.stop(nil)
	if all.at != 600 {
		t.Errorf("%d bytes have come, of one that has not failed", all.at)
	}
	all.stop()
}

// TestLost requires that a lost connection is reported once, until the next attempt.
func TestLost(t *testing.T) {
	all := &tally{app: newApp(), at: 5}
	for i, want := range []bool{true, false, false} {
		if at, say := all.lost(time.Hour); at != 5 || say != want {
			t.Errorf("%d: %v at %d", i, say, at)
		}
	}
	all.quiet = time.Now()
	if _, say := all.lost(time.Hour); !say {
		t.Error("nothing is said of the next one")
	}
}

// TestSlots tests the slots for files of each size, also with little memory.
func TestSlots(t *testing.T) {
	for memory, limit := range map[int64]int64{0: 16 << 20, 128 << 20: 16 << 20, 8 << 20: 2 << 20} {
		g := newSlots(memory, 64)
		for size, want := range map[int64]chan struct{}{-1: g.large, 0: g.small, 200_000: g.small, 300_000: g.medium, limit: g.medium, limit + 1: g.large} {
			if g.of(size) != want {
				t.Errorf("%d bytes with %d of memory", size, memory)
			}
		}
	}
}

func TestWaitText(t *testing.T) {
	for wait, want := range map[time.Duration]string{time.Millisecond: "100ms", 149 * time.Millisecond: "100ms", 1360 * time.Millisecond: "1.4s"} {
		if got := waitText(wait); got != want {
			t.Errorf("%v: %q, want %q", wait, got, want)
		}
	}
}
