// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/transfer"
)

// connections is how many there are to a server at most. More than one is for long lines.
const connections = 4

// gates are how many transfers there are at a time, by the size of the file. What takes
// its time is the way to the server and back, and the disk there; files that are so large
// that it is the line go one after the other.
type gates struct {
	small, medium, large chan struct{}
	limit                int64 // bytes of a medium file
}

// mediumSize is the size in bytes up to which several files are under way, each of them
// with up to so many bytes in memory.
const mediumSize = 16 << 20

// newGates returns gates for files that take up to so many bytes of memory together; 0 is
// any number.
func newGates(memory int64) *gates {
	limit := int64(mediumSize)
	if memory > 0 {
		limit = min(limit, memory/connections)
	}
	return &gates{
		limit:  limit,
		small:  make(chan struct{}, 16*connections), // a connection takes 16 small requests
		medium: make(chan struct{}, connections),
		large:  make(chan struct{}, 1),
	}
}

// of returns the gate for a file of that size, -1 if it is not known.
func (g *gates) of(size int64) chan struct{} {
	switch {
	case size < 0 || size > g.limit:
		return g.large
	case size > transfer.MaxSmall:
		return g.medium
	}
	return g.small
}

// errand is a transfer that is to be done. It returns what is to be said when it is its turn,
// or nil.
type errand func() (say func(), err error)

// ending is that of a errand.
type ending struct {
	i   int
	say func()
	err error
}

// atOnce does what [app.each] does, for transfers of several at the same time. What is said
// of them, and their errors, come in their order.
type atOnce struct {
	app   *app
	tally *tally
	sizes []int64            // of the files in bytes, -1 if one is not known
	one   bool               // after the other
	begin func(i int) errand // is called in order; what it returns may take long

	memory int64 // bytes for the windows of several files; 0 is any number

	stop  atomic.Bool    // no more are to be begun
	ended map[int]ending // of those whose turn it is not yet
	next  int            // whose turn it is
	done  int
	first int  // exit code
	lost  bool // the server, which was said
}

// run does all, and returns what has not worked.
func (a *atOnce) run() error {
	if len(a.sizes) == 1 {
		say, err := a.begin(0)()
		if say != nil {
			say()
		}
		return err
	}
	a.tally.begins(sum(a.sizes))
	defer a.tally.ends()
	a.ended = make(map[int]ending)
	outcomes := make(chan ending)
	go a.start(outcomes)
	for o := range outcomes {
		a.ended[o.i] = o
		a.tell()
	}
	a.tally.ends()
	if n := len(a.sizes); a.done < n {
		return &failure{fmt.Errorf("%d of %d are not done", n-a.done, n), a.first, nil}
	}
	return nil
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

// fatal reports whether an error is a reason to begin no more: there is no server to do it
// with, or a passphrase was wrong. The server that has made up the files could learn
// something from every one that it is tried on.
func fatal(err error) bool {
	if err == nil {
		return false
	}
	code, _ := codeOf(err)
	return code == exitServer || code == exitConnection || errors.Is(err, errWrongPassphrase) || errors.Is(err, keyfile.ErrPassphrase)
}

// start starts one after the other as there is room, and closes outcomes when all have ended.
func (a *atOnce) start(outcomes chan<- ending) {
	defer close(outcomes)
	var all sync.WaitGroup
	defer all.Wait()
	gates := newGates(a.memory)
	for i, size := range a.sizes {
		gate := gates.of(size)
		if a.one {
			gate = gates.large
		}
		gate <- struct{}{}
		if a.stop.Load() {
			return
		}
		work := a.begin(i)
		all.Go(func() {
			say, err := work()
			if fatal(err) {
				a.stop.Store(true) // before the next one has room
			}
			outcomes <- ending{i, say, err}
			<-gate
		})
	}
}

// tell tells of those whose turn it is. If there is no server any more, one of them says so.
func (a *atOnce) tell() {
	for ; ; a.next++ {
		o, ended := a.ended[a.next]
		if !ended {
			return
		}
		delete(a.ended, a.next)
		switch {
		case o.err == nil:
			a.done++
			if o.say != nil {
				a.tally.aside(o.say)
			}
		case !a.lost || !fatal(o.err):
			a.lost = a.lost || fatal(o.err)
			code := exitOK
			a.tally.aside(func() { code = a.app.report(o.err) })
			if a.first == exitOK {
				a.first = code
			}
		}
	}
}
