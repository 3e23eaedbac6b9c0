// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"

	"github.com/pqenc/pqenc/transfer/internal/wire"
	"github.com/pqenc/pqenc/transfer/server/internal/store"
)

// pull sends an object.
func (s *session) pull(body []byte) error {
	req, err := wire.ParsePull(body)
	if err != nil {
		return err
	}
	name, _, err := s.authorize(Pull, req.Name)
	if err != nil {
		return err
	}
	p := &sender{session: s, name: name, offset: req.Offset, digest: req.Digest, log: s.log.With("pull", req.Name)}
	p.log.Info("pull begins", "at", p.offset, "follow", req.Follow)
	begin := p.offset
	if req.Follow {
		err = p.follow()
	} else {
		err = p.sendStored()
	}
	if err != nil {
		return err
	}
	s.server.stats.pulls.Add(1)
	p.log.Info("sent", "bytes", p.offset-begin)
	return s.conn.Send(wire.TypeEnd, wire.Size(p.offset))
}

// sender is one pull on its way.
type sender struct {
	*session
	name      wire.Name
	offset    int64             // of the next byte to send
	digest    [sha256.Size]byte // of the header; zero until it is known
	length    int64             // as it was announced
	announced bool
	log       *slog.Logger
}

// sendStored sends the object of that name from the offset to its end.
func (p *sender) sendStored() error {
	object, err := p.server.store.Open(p.name)
	if err != nil {
		return err
	}
	defer object.Close()
	if !p.matches(object.Digest()) || !p.fits(object.Size()) || p.offset > object.Size() {
		return wire.ErrChanged
	}
	if err := p.announce(object.Size(), object.Digest()); err != nil {
		return err
	}
	return p.copy(object, object.Size())
}

// matches reports whether a file with that header is the one to send.
func (p *sender) matches(digest [sha256.Size]byte) bool {
	return p.digest == [sha256.Size]byte{} || p.digest == digest
}

// fits reports whether a file of that length, which may be unknown, can be the one that
// was announced.
func (p *sender) fits(length int64) bool {
	return !p.announced || p.length == wire.Unknown || p.length == length
}

// announce says once what comes.
func (p *sender) announce(length int64, digest [sha256.Size]byte) error {
	if p.announced {
		return nil
	}
	p.announced, p.digest, p.length = true, digest, length
	return p.conn.Send(wire.TypeObject, (&wire.Object{Length: length, Digest: digest}).Marshal())
}

var sendBuffers = sync.Pool{New: func() any { return new([wire.MaxData]byte) }}

// copy sends what src has from the offset up to the end.
func (p *sender) copy(src io.ReaderAt, end int64) error {
	buf := sendBuffers.Get().(*[wire.MaxData]byte)
	defer sendBuffers.Put(buf)
	for p.offset < end {
		n, err := src.ReadAt(buf[:min(wire.MaxData, end-p.offset)], p.offset)
		if n == 0 {
			return fmt.Errorf("at byte %d of %q: %w", p.offset, p.name, err)
		}
		if err := p.conn.SendData(buf[:n]); err != nil {
			return err
		}
		p.offset += int64(n)
		p.server.stats.sent.Add(int64(n))
	}
	return nil
}

// follow sends an object that is still being pushed, or that has yet to be. A
// push that is interrupted is waited for. The right to do so may end meanwhile.
func (p *sender) follow() error {
	for {
		if _, _, err := p.authorize(Pull, p.name.String()); err != nil {
			return err
		}
		changed := p.server.uploads.wait()
		up := p.server.uploads.find(p.name, func(id store.ID) bool { return p.matches(id.Digest) && p.fits(id.Length) })
		err := error(wire.ErrNotFound)
		// A push goes before the object that it will replace, but not before one that
		// it cannot, nor before the very one that is asked for.
		if up == nil || !up.wins || p.digest != [sha256.Size]byte{} {
			err = p.sendStored()
		}
		other := errors.Is(err, wire.ErrChanged) // is there
		if !other && !errors.Is(err, wire.ErrNotFound) {
			return err
		}
		if up != nil && (up.wins || !other) {
			if err := p.sendUpload(up, changed); err != nil {
				return err
			}
			continue
		}
		// What replaces the object of that name may be waited for, and be under way.
		if other && (up != nil || !p.server.store.Pending(p.name, p.matches)) {
			return err
		}
		p.busy.Store(false) // a server that stops need not wait
		select {
		case <-changed:
		case <-p.conn.Closed():
			return errors.New("nobody waits for it any more")
		}
		p.busy.Store(true)
	}
}

// sendUpload sends what there is of a push until it ends, for better or worse, or
// until something else has happened while it waits.
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
			case <-p.conn.Closed():
				return errors.New("nobody waits for it any more")
			}
		}
	}
}
