// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"errors"
	"io"
	"io/fs"

	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// Write appends b. If there is no room for it, nothing or a part of it is written:
// the error wraps [ErrLength] or [wire.ErrTooLarge], [ErrTotal], [wire.ErrQuota] or
// [wire.ErrNoSpace], and the partial stays usable, with everything that was written. It
// wraps [fs.ErrClosed] after Close.
func (p *Partial) Write(b []byte) (int, error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	if err := p.usable(); err != nil {
		return 0, err
	}
	written := p.written.Load()
	if err := p.room(written + int64(len(b))); err != nil {
		return 0, err
	}
	n, err := p.data.WriteAt(b, written)
	p.written.Store(written + int64(n))
	if err = noSpaceOr(err); errors.Is(err, wire.ErrNoSpace) {
		// Some file systems keep what they took for the rest.
		p.data.Truncate(p.written.Load())
	}
	return n, err
}

// ReadAt implements [io.ReaderAt] for what was written so far: io.EOF is the end of
// that, and [fs.ErrClosed] that the partial is published or closed.
func (p *Partial) ReadAt(b []byte, off int64) (int, error) {
	rest := p.written.Load() - off
	switch {
	case off < 0:
		return 0, &fs.PathError{Op: "read", Path: p.id.Name.String(), Err: fs.ErrInvalid}
	case rest <= 0 && len(b) > 0:
		return 0, io.EOF
	case rest >= int64(len(b)):
		return p.data.ReadAt(b, off)
	}
	n, err := p.data.ReadAt(b[:rest], off)
	if err == nil {
		err = io.EOF
	}
	return n, err
}

// Sync makes durable what was written when it was called, and returns Durable. It
// takes its time and may be called while Write is. After an error nothing can be
// written any more: what the system has lost then is unknown, and Close keeps what
// was durable before.
func (p *Partial) Sync() (int64, error) {
	p.syncing.Lock()
	defer p.syncing.Unlock()
	err := p.sync()
	return p.durable.Load(), err
}

// sync is Sync with p.syncing held.
func (p *Partial) sync() error {
	written := p.written.Load()
	if written == p.durable.Load() {
		return nil
	}
	if err := p.usable(); err != nil {
		return err
	}
	err := flush(p.data)
	if err == nil {
		// Only now may the record say so.
		err = writeDurable(p.state, written)
	}
	if err != nil {
		err = noSpaceOr(err)
		p.failure.Store(&err)
		return err
	}
	p.durable.Store(written)
	return nil
}

// usable returns why the partial cannot be used any more.
func (p *Partial) usable() error {
	if failure := p.failure.Load(); failure != nil {
		return *failure
	}
	return nil
}
