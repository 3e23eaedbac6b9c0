// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"math"
	"testing"
	"time"
)

// TestBackOff requires that waits double up to the maximum, and are random in the upper
// half of that, so that clients do not reconnect all at the same time.
func TestBackOff(t *testing.T) {
	full := firstWait
	for _, attempt := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 63, 64, 65, 1000, math.MaxInt} {
		var least, most time.Duration = math.MaxInt64, 0
		for range 1000 {
			wait := backOff(attempt)
			least, most = min(least, wait), max(most, wait)
		}
		if least < full/2 || most > full {
			t.Errorf("attempt %d: %v to %v, not in %v to %v", attempt, least, most, full/2, full)
		}
		if tenth := full / 20; least > full/2+tenth || most < full-tenth { // with 1000 waits this is never chance
			t.Errorf("attempt %d: no more than %v to %v of %v to %v", attempt, least, most, full/2, full)
		}
		full = min(2*full, longestWait)
	}
}
