// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package batch

import (
	"fmt"
	"sync"
)

// pool runs jobs in the order in which they were added, a limited number at once. A job
// may wait for those before it: they are running, or have ended.
type pool struct {
	limit int

	mu      sync.Mutex
	jobs    []func()
	running int
}

// add runs a job as soon as possible.
func (p *pool) add(job func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.jobs = append(p.jobs, job)
	if p.running < p.limit {
		p.running++
		go p.run()
	}
}

// run runs jobs until there are none.
func (p *pool) run() {
	for {
		p.mu.Lock()
		if len(p.jobs) == 0 {
			p.running--
			p.jobs = nil
			p.mu.Unlock()
			return
		}
		job := p.jobs[0]
		p.jobs[0], p.jobs = nil, p.jobs[1:]
		p.mu.Unlock()
		job()
	}
}

// queue limits the requests that wait to be answered.
type queue struct {
	limit int

	mu      sync.Mutex
	changed sync.Cond
	waiting int // in bytes
	upcalls int // for which the parent has not answered
}

// add adds the cost of a request. It waits for room, unless the parent has to answer an
// up-call: that answer may come after more requests.
func (q *queue) add(cost int) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.waiting > q.limit && q.upcalls == 0 {
		q.changed.Wait()
	}
	if q.waiting > q.limit+requestCost+MaxLine {
		return fmt.Errorf("%w: too many requests wait for up-calls", ErrProtocol)
	}
	q.waiting += cost
	return nil
}

func (q *queue) remove(cost int) { q.change(-cost, 0) }

// change adds to the numbers of what waits.
func (q *queue) change(waiting, upcalls int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting += waiting
	q.upcalls += upcalls
	q.changed.Signal()
}
