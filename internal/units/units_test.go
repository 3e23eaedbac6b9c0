// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package units

import (
	"math"
	"strings"
	"testing"
)

// TestKnown parses all units that people are told of.
func TestKnown(t *testing.T) {
	for _, unit := range strings.Split(Known, ", ") {
		if got, err := ParseBytes("1" + unit); got < 1 || err != nil {
			t.Errorf("1%s: %d, %v", unit, got, err)
		}
	}
}

func TestParseBytes(t *testing.T) {
	for s, want := range map[string]int64{
		"0": 0, "1": 1, "17B": 17, "2KB": 2000, "2KiB": 2048, "3MB": 3e6, "3MiB": 3 << 20, "50GB": 50e9, "50GiB": 50 << 30,
		"1TB": 1e12, "1TiB": 1 << 40, "8388607TiB": 8388607 << 40, "9223372036854775807": math.MaxInt64,
	} {
		if got, err := ParseBytes(s); got != want || err != nil {
			t.Errorf("%q: %d, %v", s, got, err)
		}
	}
	for _, s := range []string{
		"", "GiB", "-1", "+1", "1.5GiB", "1 GiB", "1gib", "1iB", "1MiBB", "1BB", "8388608TiB", "9223372036854775808",
	} {
		if got, err := ParseBytes(s); got != 0 || err != ErrBytes {
			t.Errorf("%q: %d, %v", s, got, err)
		}
	}
}
