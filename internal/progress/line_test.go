// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package progress

import (
	"math"
	"strings"
	"testing"
	"time"
)

var half = state{done: 31<<30/10 + 1<<20, total: 10 << 30, ended: 12, files: 40, name: "run7/model-00012.bin", elapsed: time.Minute, rate: 250 << 20}

func TestLine(t *testing.T) {
	unknown, syncing, one, fresh := half, half, half, half
	unknown.total = -1
	syncing.syncing = true
	one.files, one.name = 0, ""
	fresh.rate = 0
	for want, s := range map[string]state{
		"12/40 files, 3.1/10 GiB, 31%, 250 MiB/s, 28s left, run7/model-00012.bin": half,
		"12/40 files, 3.1 GiB, 250 MiB/s, 1m0s elapsed, run7/model-00012.bin":     unknown,
		"12/40 files, 3.1/10 GiB, 31%, 250 MiB/s, syncing, run7/model-00012.bin":  syncing,
		"3.1/10 GiB, 31%, 250 MiB/s, 28s left":                                    one,
		"12/40 files, 3.1/10 GiB, 31%, run7/model-00012.bin":                      fresh,
		"0 B, 0s elapsed": {},
	} {
		if got := s.line(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestBar: each width shows what matters most.
func TestBar(t *testing.T) {
	for columns, want := range map[int]string{
		120: "12/40 files, 3.1/10 GiB  [=====>            ] 31%  250 MiB/s, 28s left  run7/model-00012.bin",
		79:  "12/40 files, 3.1/10 GiB  [===>       ] 31%  250 MiB/s, 28s left  ...-00012.bin",
		60:  "12/40 files, 3.1/10 GiB  31%  250 MiB/s, 28s left  ...12.bin",
		49:  "12/40 files, 3.1/10 GiB  31%  250 MiB/s, 28s left",
		40:  "12/40 files, 3.1/10 GiB  31%  28s left",
		30:  "12/40 files, 3.1/10 GiB  31%",
		23:  "12/40 files, 3.1/10 GiB",
		19:  "3.1/10 GiB  31%",
		10:  "3.1/10 GiB",
		9:   "31%",
		3:   "31%",
		2:   "31",
		0:   "",
	} {
		if got := half.bar(columns); got != want {
			t.Errorf("%d columns: %q, want %q", columns, got, want)
		}
	}
}

// TestBarFits: no bar is wider than its screen, whatever the name.
func TestBarFits(t *testing.T) {
	for _, name := range []string{"", "a", strings.Repeat("long/", 1000), "模型/检查点文件名称很长很长很长很长很长很长.bin", "e\u0301\u0301\u0301\u200d👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦"} {
		for _, s := range []state{half, {}, {done: math.MaxInt64, total: math.MaxInt64, ended: math.MaxInt64, files: math.MaxInt64, rate: 1}} {
			s.name = name
			for columns := range 200 {
				if bar := s.bar(columns); width(bar) > columns {
					t.Fatalf("%d columns: %q", columns, bar)
				}
			}
		}
	}
}

// TestPrintable: a name cannot move the cursor.
func TestPrintable(t *testing.T) {
	m := New(newScreen(), 1)
	defer m.Stop()
	m.Name("a\x1b[2J\r\nb")
	if got := m.count.load(0, 0).name; got != `a\u001b[2J\u000d\u000ab` {
		t.Errorf("shown %q", got)
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 9900 * time.Millisecond: "10s", 130 * time.Second: "2m10s", 3600 * time.Second: "1h0m", 26*time.Hour + 125*time.Second: "26h2m",
	} {
		if got := duration(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	forLong := state{total: 1e18, rate: 1}
	if got := forLong.time(); got != "" {
		t.Errorf("%q for years", got)
	}
}
