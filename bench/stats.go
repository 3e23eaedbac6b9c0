// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"cmp"
	"slices"
	"time"

	"github.com/pqenc/pqenc/bench/internal/measure"
)

// median returns the middle one of values, or the mean of the two in the middle.
// There must be at least one.
func median[T ~int64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return sorted[middle-1] + (sorted[middle]-sorted[middle-1])/2
}

// summary has the figures of several runs of one command.
type summary struct {
	wall, cpu extent
	memory    int64 // the largest, in KiB
	runs      int
}

// extent has the two figures by which runs are compared.
type extent struct{ least, median time.Duration }

// summarize needs at least one result.
func summarize(results []measure.Result) summary {
	var walls, cpus []time.Duration
	var memory int64
	for _, r := range results {
		walls, cpus, memory = append(walls, r.Wall), append(cpus, r.CPU), max(memory, r.Memory)
	}
	return summary{wall: extentOf(walls), cpu: extentOf(cpus), memory: memory, runs: len(results)}
}

func extentOf[T time.Duration](values []T) extent {
	return extent{least: time.Duration(slices.MinFunc(values, cmp.Compare)), median: time.Duration(median(values))}
}
