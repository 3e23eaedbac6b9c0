// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"sync"
	"sync/atomic"

	"github.com/pqenc/pqenc/transfer"
)

// connections is how many there are to a server at most. More than one is for long lines.
const connections = 4

// slots bound how many transfers run at a time, by the size of the file. Small files wait
// for the way to the server and back, and for the disk there, so that many are best; large
// files wait for the line, and go one after the other.
type slots struct {
	small, medium, large chan struct{}
	limit                int64 // bytes of a medium file
}

// mediumSize is the size in bytes up to which several files are under way, each of them
// with up to so many bytes in memory.
const mediumSize = 16 << 20

// newSlots returns the slots for files that take up to so many bytes of memory together, 0 is
// any number, and so many small ones.
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

// of returns the slots for a file of that size, -1 if it is not known.
func (g *slots) of(size int64) chan struct{} {
	switch {
	case size < 0 || size > g.limit:
		return g.large
	case size > transfer.MaxSmall:
		return g.medium
	}
	return g.small
}

// job is a transfer that is to be done.
type job func() done

// done is what came of a transfer.
type done struct {
	title  string
	result fileOutcome // if there is no error
	say    func()      // says, in its turn, what there is to say of it; or nil
	err    error
}

// outcome is that of job i.
type outcome struct {
	i int
	done
}

// early is how many files are done that are not counted yet: 1 or 0.
func (o outcome) early() int {
	if o.err == nil && o.result == isDone {
		return 1
	}
	return 0
}

// atOnce does several transfers at a time. What is said of them, and their errors, come in
// their order.
type atOnce struct {
	several
	tally  *tally
	sizes  []int64         // of the files in bytes, -1 if one is not known
	serial bool            // one after the other
	begin  func(i int) job // is called in order; what it returns may take long

	memory    int64 // bytes for the windows of several files; 0 is any number
	bandwidth bandwidthFlag
	then      func() // is called after all, if nothing has failed; or nil

	stop  atomic.Bool     // no more are to be started
	ended map[int]outcome // of those whose turn it is not yet
	next  int             // whose turn it is
}

// run does all, and returns what has not worked.
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

// all does all, and adds what came of them to the outcomes.
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

// sum returns the size of all, -1 if one is not known.
func sum(sizes []int64) (total int64) {
	for _, size := range sizes {
		if size < 0 {
			return -1
		}
		total += size
	}
	return total
}

// start starts one after the other as there is room, and closes outcomes when all have ended.
func (a *atOnce) start(outcomes chan<- outcome) {
	defer close(outcomes)
	var all sync.WaitGroup
	defer all.Wait()
	slots := newSlots(a.memory, a.bandwidth.atOnce(16*connections)) // a connection takes 16 small requests
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
				a.stop.Store(true) // before the next one has room
			}
			outcomes <- outcome{i, d}
			<-slot
		})
	}
}

// tell tells of those whose turn it is.
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
