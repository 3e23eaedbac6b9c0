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
		"0": 0, "1": 1, "17B": 17, "2K": 2048, "2KB": 2000, "2KiB": 2048, "1M": 1 << 20, "1G": 1 << 30, "1T": 1 << 40, "3MB": 3e6, "3MiB": 3 << 20, "50GB": 50e9, "50GiB": 50 << 30,
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

func TestFormatBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 97: "97 B", 1023: "1023 B", 1024: "1 KiB", 1075: "1 KiB", 1127: "1.1 KiB", 99_9 << 10 / 10: "99.9 KiB", 9999 << 10 / 100: "100 KiB",
		1023 << 10: "1023 KiB", 1<<20 - 1: "1 MiB", 31 << 30 / 10: "3.1 GiB", 250 << 20: "250 MiB", math.MaxInt64: "8 EiB",
	} {
		if got := FormatBytes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestFormatPart(t *testing.T) {
	for _, c := range []struct {
		n, whole int64
		want     string
	}{
		{31 << 30 / 10, 10 << 30, "3.1/10 GiB"}, {0, 10 << 30, "0.0/10 GiB"}, {3124 << 30 / 100, 400 << 30, "31.2/400 GiB"}, {5, 97, "5/97 B"}, {0, 0, "0/0 B"},
		{42 << 30 / 10, 42 << 30 / 10, "4.2/4.2 GiB"}, {1 << 62, math.MaxInt64, "4.0/8 EiB"},
	} {
		if got := FormatPart(c.n, c.whole); got != c.want {
			t.Errorf("%d of %d: %q, want %q", c.n, c.whole, got, c.want)
		}
	}
}
