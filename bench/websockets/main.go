// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Command websockets measures WebSocket libraries as carriers of one TLS 1.3
// stream: bulk data in one direction over loopback, both ends in one process,
// taking turns, so that whatever else the machine does hits all of them:
//
//	go run . -size 2048 -rounds 3
//
// Values are medians; CPU time and allocations are those of both ends together.
// Every carrier first carries a counter that is compared byte by byte. It is a
// module of its own so that users of pqenc do not get what it needs.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"text/tabwriter"
)

func main() {
	log.SetFlags(0)
	size := flag.Int64("size", 2048, "MiB sent in each run")
	rounds := flag.Int("rounds", 3, "how often each run is repeated")
	flag.Parse()
	tasks := plan()
	for _, t := range tasks {
		if err := t.check(); err != nil {
			log.Fatalf("%v: %v", t, err)
		}
	}
	for round := range *rounds {
		for _, t := range tasks {
			if err := t.measure(*size << 20); err != nil {
				log.Fatalf("%v: %v", t, err)
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, *rounds)
	}
	if err := report(tasks); err != nil {
		log.Fatal(err)
	}
}

// plan puts the tasks that are compared next to each other.
func plan() []*task {
	carriers := []carrier{
		{"tcp, no TLS", false, gatheredTCP},
		{"tcp", true, plainTCP},
		{"tcp, gathered", true, gatheredTCP},
		{"coder", true, coder},
		{"gorilla", true, gorilla},
		{"gws", true, lxzan},
		{"gobwas", true, gobwas},
	}
	var tasks []*task
	for _, up := range []bool{true, false} {
		for _, frame := range []int{64 << 10, 256 << 10} {
			for _, c := range carriers {
				tasks = append(tasks, &task{carrier: c, up: up, frame: frame})
			}
		}
	}
	return tasks
}

func report(tasks []*task) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "carrier\tdirection\tframe\tGB/s\tfrom-to\tCPU s/GB\tallocated bytes/GB")
	for _, t := range tasks {
		slices.Sort(t.speeds)
		slices.Sort(t.cpu)
		slices.Sort(t.allocs)
		fmt.Fprintf(w, "%s\t%s\t%d KiB\t%.2f\t%.2f-%.2f\t%.2f\t%.0f\n", t.carrier.name, t.direction(), t.frame>>10,
			median(t.speeds), slices.Min(t.speeds), slices.Max(t.speeds), median(t.cpu), median(t.allocs))
	}
	return w.Flush()
}

// median is the middle, or the greater one of the two, of sorted values.
func median[T cmp.Ordered](sorted []T) T { return sorted[len(sorted)/2] }
