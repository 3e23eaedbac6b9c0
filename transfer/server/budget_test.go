// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"testing"
	"testing/synctest"
)

// TestBudget has several requests wait for memory. They get it in order, even if there
// would be enough for the second, and one that leaves does not block the others.
func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(10)
		never, quit := make(chan struct{}), make(chan struct{})
		order := make(chan int, 10)
		take := func(i, n int, quit chan struct{}) {
			go func() {
				if !b.take(n, quit) {
					i = -i
				}
				order <- i
			}()
			synctest.Wait()
		}
		take(1, 10, never)
		take(2, 10, quit)
		take(3, 8, never)
		take(4, 2, never)
		if len(order) != 1 {
			t.Errorf("%d have memory", len(order))
		}
		b.give(5)
		close(quit)
		synctest.Wait()
		if len(order) != 2 {
			t.Errorf("%d have ended", len(order))
		}
		b.give(5)
		synctest.Wait()
		for _, want := range []int{1, -2, 3, 4} {
			if got := <-order; got != want {
				t.Errorf("%d, not %d", got, want)
			}
		}
		if b.left != 0 {
			t.Errorf("%d bytes are left", b.left)
		}
	})
}
