// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"testing"
	"time"

	"github.com/pqenc/pqenc/bench/internal/measure"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []int64
		want   int64
	}{
		{[]int64{7}, 7},
		{[]int64{9, 1}, 5},
		{[]int64{9, 1, 2}, 2},
		{[]int64{4, 9, 1, 2}, 3},
	} {
		if got := median(test.values); got != test.want {
			t.Errorf("median of %d is %d, not %d", test.values, got, test.want)
		}
	}
	values := []int64{3, 1, 2}
	if median(values); values[0] != 3 {
		t.Error("it has sorted its argument")
	}
}

func TestSummarize(t *testing.T) {
	got := summarize([]measure.Result{
		{Wall: 3 * time.Second, CPU: 4 * time.Second, Memory: 10},
		{Wall: time.Second, CPU: 9 * time.Second, Memory: 30},
		{Wall: 2 * time.Second, CPU: 5 * time.Second, Memory: 20},
	})
	want := summary{wall: extent{time.Second, 2 * time.Second}, cpu: extent{4 * time.Second, 5 * time.Second}, memory: 30, runs: 3}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
