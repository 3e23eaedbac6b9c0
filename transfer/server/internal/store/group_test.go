// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
)

// TestGroups has many callers ask for a sync while one is running. All get one that
// starts after they asked, and its error; another folder does not wait.
func TestGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g groups
		var mu sync.Mutex
		calls := 0
		release := make(chan struct{})
		sync1 := func() error {
			mu.Lock()
			calls++
			n := calls
			mu.Unlock()
			<-release
			return fmt.Errorf("call %d", n)
		}
		results := make(chan string, 30)
		ask := func(want string) {
			go func() {
				if err := g.run("a", sync1); err.Error() != want {
					results <- fmt.Sprintf("%v, not %s", err, want)
					return
				}
				results <- ""
			}()
		}
		ask("call 1")
		synctest.Wait()
		for range 20 {
			ask("call 2")
		}
		synctest.Wait()
		other := errors.New("other")
		if err := g.run("b", func() error { return other }); err != other {
			t.Error(err)
		}
		release <- struct{}{} // ends the first
		synctest.Wait()
		ask("call 3") // the second has begun
		ask("call 3")
		synctest.Wait()
		close(release)
		for range 23 {
			if wrong := <-results; wrong != "" {
				t.Error(wrong)
			}
		}
		if calls != 3 || len(g.next)+len(g.working) != 0 {
			t.Errorf("%d calls, %d and %d groups are left", calls, len(g.next), len(g.working))
		}
	})
}
