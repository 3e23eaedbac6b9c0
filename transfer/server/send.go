// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/pqenc/pqenc/transfer/internal/wire"
	"github.com/pqenc/pqenc/transfer/server/internal/store"
)

// pull sends an object.
func (r *request) pull(ask *wire.Pull) (answer wire.Message, err error) {
	if _, err := r.hold(Pull, ask.Name); err != nil {
		return answer, err
	}
	r.log = r.log.With("pull", ask.Name.String())
	p := &sender{request: r, offset: ask.Offset, digest: ask.Digest}
	p.log.Info("pull begins", "at", p.offset, "follow", ask.Follow)
	for done := false; !done; {
		if done, err = p.next(ask.Follow); err != nil {
			return answer, err
		}
	}
	p.server.stats.pulls.Add(1)
	p.log.Info("sent", "bytes", p.offset-ask.Offset)
	return wire.Message{Type: wire.TypeEnd, Body: wire.Size(p.offset)}, nil
}

// sender sends an object to a pull.
type sender struct {
	*request
	offset    int64             // of the next byte to send
	digest    [sha256.Size]byte // of the header; zero until it is known
	length    int64             // as it was announced
	announced bool
}

// next sends the stored object or, if the client follows, first a push that may replace it. A
// client that has started with the stored object gets the rest of that. If a push is
// interrupted, next waits for it to resume. It checks the right each time.
func (p *sender) next(follow bool) (done bool, err error) {
	if _, err := p.authorize(Pull, p.name); err != nil {
		return false, err
	}
	changed := p.server.uploads.wait()
	var up *upload
	if follow {
		up = p.server.uploads.find(p.name, func(id store.ID) bool { return p.matches(id.Digest, id.Length) })
	}
	object, err := p.server.store.Open(p.name)
	if err == nil {
		defer object.Close()
	} else if !follow || !errors.Is(err, wire.ErrNotFound) {
		return false, err
	}
	mine := err == nil && p.matches(object.Digest, object.Size)
	begun := mine && p.digest != [sha256.Size]byte{}
	switch {
	case up != nil && (up.wins || object == nil) && !begun:
		return false, p.sendUpload(up, changed)
	case mine:
		return true, p.sendObject(object)
	case object != nil && (up != nil || !follow || !p.server.store.Pending(p.name, p.awaits)):
		return false, wire.ErrChanged
	}
	return false, p.await(changed)
}

// matches reports whether a file with that header and length, which may be unknown, can be
// the one to send.
func (p *sender) matches(digest [sha256.Size]byte, length int64) bool {
	return p.awaits(digest) && (!p.announced || p.length == wire.Unknown || p.length == length)
}

func (p *sender) awaits(digest [sha256.Size]byte) bool {
	return p.digest == digest || p.digest == [sha256.Size]byte{}
}

// sendObject sends the object from the offset to its end.
func (p *sender) sendObject(object *store.Object) error {
	if p.offset > object.Size {
		return wire.ErrChanged
	}
	if err := p.announce(object.Size, object.Digest); err != nil {
		return err
	}
	return p.copy(object, object.Size)
}

// announce sends OBJECT, once.
func (p *sender) announce(length int64, digest [sha256.Size]byte) error {
	if p.announced {
		return nil
	}
	p.announced, p.digest, p.length = true, digest, length
	return p.Send(wire.TypeObject, (&wire.Object{Length: length, Digest: digest}).Marshal())
}

var sendBuffers = sync.Pool{New: func() any { return new([wire.MaxData]byte) }}

// copy sends src from the offset up to end.
func (p *sender) copy(src io.ReaderAt, end int64) error {
	buf := sendBuffers.Get().(*[wire.MaxData]byte)
	defer sendBuffers.Put(buf)
	for p.offset < end {
		if err := context.Cause(p.Context()); err != nil {
			return err
		}
		n, err := src.ReadAt(buf[:min(wire.MaxData, end-p.offset)], p.offset)
		if n == 0 {
			return fmt.Errorf("at byte %d of %q: %w", p.offset, p.name.String(), err)
		}
		if err := p.Send(wire.TypeData, buf[:n]); err != nil {
			return err
		}
		p.offset += int64(n)
		p.server.stats.sent.Add(int64(n))
	}
	return nil
}

// await waits until something has changed. Shutdown does not wait for it.
func (p *sender) await(changed <-chan struct{}) error {
	p.busy.Add(-1)
	defer p.busy.Add(1)
	select {
	case <-changed:
		return nil
	case <-p.Context().Done():
		return context.Cause(p.Context())
	}
}

// sendUpload sends a push while it arrives, until it ends, or until something else changes
// while it waits.
func (p *sender) sendUpload(up *upload, changed <-chan struct{}) error {
	if err := p.announce(up.id.Length, up.id.Digest); err != nil {
		return err
	}
	for {
		written, more := up.available(p.offset)
		switch {
		case written > p.offset:
			if err := p.copy(up.partial, written); err != nil && !errors.Is(err, os.ErrClosed) {
				return err
			} else if err != nil {
				return nil // the push has ended
			}
		case more == nil:
			return nil
		default:
			select {
			case <-more:
			case <-changed:
				return nil
			case <-p.Context().Done():
				return context.Cause(p.Context())
			}
		}
	}
}
