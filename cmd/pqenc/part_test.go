// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"math"
	"testing"
)

// TestRanges places ranges in contents of 1000 bytes.
func TestRanges(t *testing.T) {
	for text, want := range map[string][2]int64{ // offset and length; offset -1: not within, -2: no range
		"0:1000": {0, 1000}, "0:": {0, 1000}, "-1000": {0, 1000}, "0:0": {0, 0}, "999:1": {999, 1}, "1000:": {1000, 0},
		"1000:0": {1000, 0}, "-0": {1000, 0}, "-1": {999, 1}, "5B:1KB": {-1, 0}, "0:1KB": {0, 1000}, "0:1KiB": {-1, 0},
		"1001:": {-1, 0}, "1001:0": {-1, 0}, "1000:1": {-1, 0}, "0:1001": {-1, 0}, "-1001": {-1, 0}, "8EiB:": {-2, 0},
		"9223372036854775807:9223372036854775807": {-1, 0}, "1:9223372036854775807": {-1, 0}, "-9223372036854775807": {-1, 0},
		"9223372036854775808:1": {-2, 0}, "": {-2, 0}, "-": {-2, 0}, ":": {-2, 0}, ":5": {-2, 0}, "5": {-2, 0}, "-5:": {-2, 0},
		"1:-1": {-2, 0}, "1-2": {-2, 0}, "--1": {-2, 0}, "1:2:3": {-2, 0}, " 1:2": {-2, 0}, "1:2 ": {-2, 0}, "0x1:2": {-2, 0}, "1:k": {-2, 0},
	} {
		r, err := parseRange(text)
		if (err != nil) != (want[0] == -2) {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil {
			continue
		}
		offset, length, err := r.within(1000)
		if (err != nil) != (want[0] == -1) || err == nil && [2]int64{offset, length} != want {
			t.Errorf("%q: %d bytes at %d, %v", text, length, offset, err)
		}
	}
	if offset, length, err := (&byteRange{1, math.MaxInt64 - 1}).within(math.MaxInt64); offset != 1 || length != math.MaxInt64-1 || err != nil {
		t.Errorf("%d bytes at %d, %v", length, offset, err)
	}
}
