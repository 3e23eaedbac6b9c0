// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import "sync"

// groups share syncs of folders: one sync serves all calls from before its start. No call waits
// for others to arrive: while a sync runs, the calls that need the next one gather. The zero
// value is ready to use.
type groups struct {
	mu      sync.Mutex
	working map[string]*group // running syncs, by folder
	next    map[string]*group
}

// group is one sync.
type group struct {
	done chan struct{}
	err  error // set before done is closed
}

// run calls do for the folder, or waits for another call of do that has not started yet. There
// is at most one running call for each folder.
func (g *groups) run(dir string, do func() error) error {
	g.mu.Lock()
	if mine := g.next[dir]; mine != nil {
		g.mu.Unlock()
		<-mine.done
		return mine.err
	}
	if g.next == nil {
		g.next, g.working = make(map[string]*group), make(map[string]*group)
	}
	mine := &group{done: make(chan struct{})}
	g.next[dir] = mine
	before := g.working[dir]
	g.mu.Unlock()
	if before != nil {
		<-before.done
	}
	g.mu.Lock()
	delete(g.next, dir)
	g.working[dir] = mine
	g.mu.Unlock()

	mine.err = do()

	g.mu.Lock()
	delete(g.working, dir)
	g.mu.Unlock()
	close(mine.done)
	return mine.err
}
