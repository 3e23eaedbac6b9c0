// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
	"github.com/pqenc/pqenc/transfer/server/internal/store"
)

const (
	// syncEvery is how many bytes are written before they are made durable and
	// acknowledged.
	syncEvery = 4 << 20
	// syncAfter is how long fewer bytes wait for that.
	syncAfter = time.Second
)

// push receives an object.
func (s *session) push(body []byte) error {
	req, err := wire.ParsePush(body)
	if err != nil {
		return err
	}
	name, grant, err := s.authorize(Push, req.Name)
	if err != nil {
		return err
	}
	id := store.ID{Client: s.peer, Name: name, Digest: req.Digest, Length: req.Length}
	bounds := grant.bounds(req.Overwrite)
	up, err := s.server.uploads.claim(id, bounds.Overwrite, s.conn)
	if err != nil {
		return err
	}
	defer s.server.uploads.release(up)

	r := &receiver{session: s, upload: up, log: s.log.With("push", req.Name)}
	r.partial, err = s.server.store.Partial(id, bounds)
	var stored *store.StoredError
	if errors.As(err, &stored) {
		return r.again(stored.Size)
	}
	if err != nil {
		return err
	}
	size, err := r.receive()
	if err != nil {
		return err
	}
	return r.stored(size)
}

// receiver is one push on its way into the store.
type receiver struct {
	*session
	upload  *upload
	partial *store.Partial
	log     *slog.Logger
	checked bool // the header is that of a pqenc file, the announced one

	syncing sync.WaitGroup
	wake    chan struct{}
	stop    chan struct{}
	failed  error // of the syncing; to be read when it has ended
}

// again answers the push of an object that is there already: its client has
// missed the last answer.
func (r *receiver) again(size int64) error {
	if err := r.conn.Send(wire.TypeReady, wire.Size(size)); err != nil {
		return err
	}
	m, err := r.conn.Next()
	if err != nil {
		return err
	}
	if m.Type != wire.TypeEnd {
		return fmt.Errorf("%w: 0x%02x after all is there", wire.ErrOrder, m.Type)
	}
	if err := atEnd(m.Body, size); err != nil {
		return err
	}
	r.log.Info("already stored", "bytes", size)
	return r.stored(size)
}

// stored tells those who are to know that the object is there.
func (r *receiver) stored(size int64) error {
	r.server.stats.pushes.Add(1)
	if r.server.config.OnCommit != nil {
		r.server.config.OnCommit(r.server.commits, Commit{r.peer, r.upload.id.Name.String(), size})
	}
	return r.conn.Send(wire.TypeStored, wire.Size(size))
}

// receive returns the size of the object when it is stored. Otherwise what has
// come is kept for the client to go on from.
func (r *receiver) receive() (int64, error) {
	begin := r.partial.Durable()
	r.log.Info("push begins", "at", begin, "length", r.upload.id.Length)
	if err := r.check(); err != nil {
		return 0, r.abandon(err)
	}
	if err := r.conn.Send(wire.TypeReady, wire.Size(begin)); err != nil {
		return 0, errors.Join(err, r.partial.Close())
	}
	r.wake, r.stop = make(chan struct{}, 1), make(chan struct{})
	r.syncing.Go(r.acknowledge)
	err := r.fill(begin)
	close(r.stop)
	r.syncing.Wait()
	if r.failed != nil {
		err = r.failed
	}
	if err != nil {
		return 0, r.abandon(err)
	}
	r.upload.end() // followers go on with the object
	size, err := r.partial.Publish()
	r.server.uploads.announce()
	if err != nil {
		return 0, r.abandon(err)
	}
	r.log.Info("stored", "bytes", size, "received", size-begin, "took", time.Since(r.upload.begun))
	return size, nil
}

// abandon closes the partial, or removes it when nothing good can come of it.
func (r *receiver) abandon(err error) error {
	var reason *channel.PeerError
	useless := errors.Is(err, wire.ErrNotPqenc) || errors.Is(err, wire.ErrExists) ||
		errors.Is(err, wire.ErrTooLarge) || errors.Is(err, wire.ErrQuota) ||
		errors.As(err, &reason) && reason.Code == wire.CodeAbandoned
	if useless {
		r.log.Info("push refused", "reason", err)
		return errors.Join(err, r.partial.Remove())
	}
	closed := r.partial.Close()
	r.log.Info("push interrupted", "at", r.partial.Durable(), "reason", err)
	return errors.Join(err, closed)
}

// fill writes what comes to the partial, up to the end of the object.
func (r *receiver) fill(begin int64) error {
	unsynced := begin
	for {
		m, err := r.conn.Next()
		if err != nil {
			return err
		}
		switch m.Type {
		case wire.TypeData:
			if _, err := r.partial.Write(m.Body); err != nil {
				return err
			}
			r.server.stats.received.Add(int64(len(m.Body)))
			if err := r.check(); err != nil {
				return err
			}
			if r.partial.Written()-unsynced >= syncEvery {
				unsynced = r.partial.Written()
				r.syncSoon()
			}
		case wire.TypeEnd:
			return atEnd(m.Body, r.partial.Written())
		default:
			return fmt.Errorf("%w: 0x%02x in a push", wire.ErrOrder, m.Type)
		}
	}
}

// atEnd checks that a client means the same end as the server.
func atEnd(body []byte, offset int64) error {
	length, err := wire.ParseSize(body)
	if err == nil && length != offset {
		err = fmt.Errorf("%w: the end at %d, not %d", wire.ErrOrder, offset, length)
	}
	return err
}

// check looks at the header once it is there. Only then others may follow.
func (r *receiver) check() error {
	if !r.checked {
		complete, err := r.partial.CheckHeader()
		if err != nil {
			return err
		}
		r.checked = complete
		if complete {
			defer r.server.uploads.announce()
		}
	}
	if r.checked {
		r.upload.advance(r.partial)
	}
	return nil
}

func (r *receiver) syncSoon() {
	select {
	case r.wake <- struct{}{}:
	default: // it will, already
	}
}

// acknowledge makes durable what has been written, and says so, while more is
// being received.
func (r *receiver) acknowledge() {
	ticker := time.NewTicker(syncAfter)
	defer ticker.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-r.wake:
		case <-ticker.C:
		}
		if r.partial.Written() == r.partial.Durable() {
			continue
		}
		durable, err := r.partial.Sync()
		if err == nil {
			err = r.conn.Send(wire.TypeDurable, wire.Size(durable))
		}
		if err != nil {
			r.failed = err
			r.conn.Fail(wire.Refusal(err))
			return
		}
	}
}
