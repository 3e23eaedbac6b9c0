// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"cmp"
	"os"
	"sync"
)

// output is the common part of [File] and [Partial]: the file that will replace a target,
// and its state.
type output struct {
	*target
	file *os.File

	mu     sync.Mutex // held during the rename, and during nothing else that takes time
	state  state
	failed error // why it cannot be published
}

type state int

const (
	open       state = iota
	committing       // and Abort still wins
	committed        // the target is the new file
	finished         // and that is durable
	aborted          // the new content is gone, or left for later
)

// err returns the reason why nothing can be added to an output in that state, or nil.
func (s state) err() error {
	switch s {
	case open:
		return nil
	case aborted:
		return ErrAborted
	}
	return errCommitted
}

// ended returns the reason why nothing can be added to the output any more, or nil.
func (o *output) ended() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.state.err()
}

// usable is ended, or the error if something has failed.
func (o *output) usable() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return cmp.Or(o.state.err(), o.failed)
}

// fail makes err the reason why the output cannot be published, unless the end of the output
// has caused err. It returns the error to report.
func (o *output) fail(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.state >= committed {
		return o.state.err()
	}
	o.failed = err
	return err
}

// abort ends the output, unless it has ended or the rename came first.
func (o *output) abort() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.state >= committed {
		return false
	}
	o.state = aborted
	return true
}

// advance takes a step that must not be repeated, and enters the next state. It fails if the
// output has ended meanwhile. The lock is held during the rename, which decides between
// Commit and Abort: if Abort returned earlier, the process could exit between the decision
// and the rename.
func (o *output) advance(from state, step func() error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.state < from:
		return o.explain("replace", errNotPrepared)
	case o.state > from:
		return o.state.err()
	}
	if err := step(); err != nil {
		return err
	}
	o.state++
	return nil
}

// Published reports whether the target is the new content. After an Abort or Abandon that
// does not change any more.
func (o *output) Published() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.state == committed || o.state == finished
}

func noStep() error { return nil }

// MakePrivate sets [Options.Private] before Commit, for callers that learn from the content
// that it is secret.
func (o *output) MakePrivate() { o.options.Private = true }
