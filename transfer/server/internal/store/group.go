// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import "sync"

// groups let many share one sync of a folder: it counts for all who have asked for it
// before it began. Nobody waits for others to come: while one sync is at work, those who
// need the next one gather. The zero value is ready for use.
type groups struct {
	mu      sync.Mutex
	working map[string]*group // by folder
	next    map[string]*group
}

// group is one sync.
type group struct {
	done chan struct{}
	err  error // once done is closed
}

// run calls do for the folder, or waits for somebody else's call that has not begun yet.
// At any time there is one call for a folder.
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
