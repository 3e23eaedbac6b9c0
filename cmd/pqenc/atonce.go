// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"sync"
	"sync/atomic"

	"github.com/pqenc/pqenc/transfer"
)

// connections is the maximum number of connections to a server. More than one helps on
// fast connections with a high latency.
const connections = 4

// slots limit the number of concurrent transfers by file size. Small files mostly wait
// for round trips and for the disk of the server, so that many of them run at once. Large
// files wait for bandwidth, and run one at a time.
type slots struct {
	small, medium, large chan struct{}
	limit                int64 // maximum size of a medium file in bytes
}

// mediumSize is the size in bytes up to which several files are transferred at once, each
// with at most that many bytes in memory.
const mediumSize = 16 << 20

// newSlots returns slots for the given number of small files, and for larger ones within
// the given memory; 0 is unlimited.
func newSlots(memory int64, small int) *slots {
	limit := int64(mediumSize)
	if memory > 0 {
		limit = min(limit, memory/connections)
	}
	return &slots{
		limit:  limit,
		small:  make(chan struct{}, small),
		medium: make(chan struct{}, connections),
		large:  make(chan struct{}, 1),
	}
}

// of returns the slots for a file of the given size, -1 if unknown.
func (g *slots) of(size int64) chan struct{} {
	switch {
	case size < 0 || size > g.limit:
		return g.large
	case size > transfer.MaxSmall:
		return g.medium
	}
	return g.small
}

// job is one transfer.
type job func() done

// done is the result of a transfer.
type done struct {
	title  string
	result fileOutcome // if err is nil
	say    func()      // prints its message, in order; or nil
	err    error
}

// outcome is the result of job i.
type outcome struct {
	i int
	done
}

// early returns the number of files that are done and not counted yet: 1 or 0.
func (o outcome) early() int {
	if o.err == nil && o.result == isDone {
		return 1
	}
	return 0
}

// atOnce runs several transfers concurrently. It prints their messages and errors in
// their order.
type atOnce struct {
	several
	tally  *tally
	sizes  []int64         // of the files in bytes, -1 if unknown
	serial bool            // one at a time
	begin  func(i int) job // is called in order; the job that it returns may take long

	memory    int64 // bytes in memory for several files; 0 is unlimited
	bandwidth bandwidthFlag
	then      func() // called at the end, if nothing failed; or nil

	stop  atomic.Bool     // start no more jobs
	ended map[int]outcome // results that wait for their turn
	next  int             // index of the next result to print
}

// run runs all jobs, and returns the error for those that failed.
func (a *atOnce) run() error {
	a.total += len(a.sizes)
	if a.total == 1 && len(a.sizes) == 1 && a.then == nil && !a.keep {
		a.one = true
		d := a.begin(0)()
		if d.say != nil {
			d.say()
		}
		a.add(d.title, a.sizes[0], d.result, d.err)
		return a.end()
	}
	a.app.work.Store(&a.several)
	a.tally.startAll(sum(a.sizes), len(a.sizes))
	a.all()
	a.tally.stop()
	switch {
	case a.then == nil:
	case a.count[isFailed] > 0:
		a.sayKept()
	default:
		a.then()
	}
	return a.end()
}

// all runs all jobs, and adds their results to the outcomes.
func (a *atOnce) all() {
	a.next, a.ended = 0, make(map[int]outcome)
	outcomes := make(chan outcome)
	go a.start(outcomes)
	for o := range outcomes {
		a.ended[o.i] = o
		a.ahead(o.early())
		a.tell()
	}
}

// sum returns the total size, -1 if one size is unknown.
func sum(sizes []int64) (total int64) {
	for _, size := range sizes {
		if size < 0 {
			return -1
		}
		total += size
	}
	return total
}

// start starts the jobs in order as slots become free, and closes outcomes when all have
// ended.
func (a *atOnce) start(outcomes chan<- outcome) {
	defer close(outcomes)
	var all sync.WaitGroup
	defer all.Wait()
	slots := newSlots(a.memory, a.bandwidth.atOnce(16*connections)) // 16 small requests per connection
	for i, size := range a.sizes {
		slot := slots.of(size)
		if a.serial {
			slot = slots.large
		}
		slot <- struct{}{}
		if a.stop.Load() {
			return
		}
		work := a.begin(i)
		all.Go(func() {
			d := work()
			a.tally.fileDone()
			if fatal(d.err) {
				a.stop.Store(true) // before the next job gets the slot
			}
			outcomes <- outcome{i, d}
			<-slot
		})
	}
}

// tell prints the results whose turn it is.
func (a *atOnce) tell() {
	for ; ; a.next++ {
		o, ended := a.ended[a.next]
		if !ended {
			return
		}
		delete(a.ended, a.next)
		a.ahead(-o.early())
		a.tally.aside(func() {
			if o.err == nil && o.say != nil {
				o.say()
			}
			a.add(o.title, a.sizes[o.i], o.result, o.err)
		})
	}
}
