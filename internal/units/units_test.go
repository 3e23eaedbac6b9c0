// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package units

import (
	"math"
	"testing"
)

func TestParseBytes(t *testing.T) {
	for s, want := range map[string]int64{
		"0": 0, "1": 1, "17B": 17, "2KB": 2000, "2kB": 2000, "2KiB": 2048, "3MB": 3e6, "3MiB": 3 << 20, "50GB": 50e9, "50GiB": 50 << 30,
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
		0: "0 B", 97: "97 B", 999: "999 B", 1000: "1 kB", 1049: "1 kB", 1050: "1.1 kB", 99_940: "99.9 kB", 99_960: "100 kB",
		999_499: "999 kB", 999_500: "1 MB", 3_100_000_000: "3.1 GB", 250e6: "250 MB", math.MaxInt64: "9.2 EB",
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
		{3.1e9, 10e9, "3.1/10 GB"}, {0, 10e9, "0.0/10 GB"}, {31.24e9, 400e9, "31.2/400 GB"}, {5, 97, "5/97 B"}, {0, 0, "0/0 B"},
		{4.2e9, 4.2e9, "4.2/4.2 GB"}, {1 << 62, math.MaxInt64, "4.6/9.2 EB"},
	} {
		if got := FormatPart(c.n, c.whole); got != c.want {
			t.Errorf("%d of %d: %q, want %q", c.n, c.whole, got, c.want)
		}
	}
}
