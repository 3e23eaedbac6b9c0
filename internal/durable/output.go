// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"cmp"
	"os"
	"sync"
)

// output is what [File] and [Partial] have in common: a file on its way to a target,
// and how far it has got.
type output struct {
	*target
	file *os.File

	mu     sync.Mutex // held over the rename, and over nothing else that takes time
	state  state
	failed error // why it cannot be published
}

type state int

const (
	open       state = iota
	committing       // and Abort still wins
	committed        // the target is the new file
	finished         // that is durable
	aborted          // the new content is gone, or left for later
)

// err returns why nothing can be added to an output, if nothing can.
func (s state) err() error {
	switch s {
	case open:
		return nil
	case aborted:
		return ErrAborted
	}
	return errCommitted
}

// ended returns why nothing can be added to the output any more, or nil.
func (o *output) ended() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.state.err()
}

// usable is ended and whether something has failed.
func (o *output) usable() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return cmp.Or(o.state.err(), o.failed)
}

// fail makes err the reason why the output cannot be published, unless its end has
// caused it. It returns the error to report.
func (o *output) fail(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.state >= committed {
		return o.state.err()
	}
	o.failed = err
	return err
}

// abort ends the output, unless that was done or the rename has come first.
func (o *output) abort() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.state >= committed {
		return false
	}
	o.state = aborted
	return true
}

// advance takes a step that is not to be repeated, and goes to the state after it. It
// fails if the output has ended meanwhile. The lock is held over the rename, which
// decides between Commit and Abort: an Abort that returned earlier would let the process
// exit between the decision and the deed.
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

// MakePrivate sets [Options.Private] late, before Commit: it may take the content to
// know that it is a secret.
func (o *output) MakePrivate() { o.options.Private = true }
