// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/pqenc/pqenc/transfer/internal/prefix"
	"github.com/pqenc/pqenc/transfer/internal/wire"
	"github.com/pqenc/pqenc/transfer/server/internal/store"
)

// unit is how many bytes are written at most before they are synced and acknowledged.
const unit = 4 << 20

// syncAfter is how long fewer bytes wait for that. Tests change it.
var syncAfter = time.Second

// push receives an object.
func (r *request) push(ask *wire.Push) (answer wire.Message, err error) {
	grant, err := r.hold(Push, ask.Name)
	if err != nil {
		return answer, err
	}
	if ask.Window < 2*unit {
		return answer, fmt.Errorf("%w: %d bytes", wire.ErrWindow, ask.Window)
	}
	r.log = r.log.With("push", ask.Name.String())
	id := store.ID{Client: r.peer, Name: ask.Name, Push: ask.ID, Digest: ask.Digest, Length: ask.Length}
	bounds := grant.bounds(ask.Overwrite)
	up, err := r.server.uploads.claim(id, bounds.Overwrite, r)
	if err != nil {
		return answer, err
	}
	defer r.server.uploads.release(up)

	v := &receiver{request: r, upload: up}
	v.partial, err = r.server.store.Partial(id, bounds)
	size := int64(0)
	var stored *store.StoredError
	switch {
	case errors.As(err, &stored): // and the client has missed STORED
		size = stored.Size
		r.log.Info("already stored", "bytes", size)
	case err != nil:
		return answer, err
	default:
		if size, err = v.receive(); err != nil {
			return answer, err
		}
	}
	return r.stored(ask.Name, size)
}

// stored returns the answer for a stored object.
func (r *request) stored(name wire.Name, size int64) (answer wire.Message, err error) {
	r.server.stats.pushes.Add(1)
	r.commit(name, size)
	return wire.Message{Type: wire.TypeStored, Body: wire.Size(size)}, nil
}

func (r *request) commit(name wire.Name, size int64) {
	if r.server.config.OnCommit != nil {
		r.server.config.OnCommit(r.server.commits, Commit{r.peer, name.String(), size})
	}
}

// receiver receives a push into the store.
type receiver struct {
	*request
	upload  *upload
	partial *store.Partial
	checked bool // the header is complete and is the announced one

	syncing sync.WaitGroup
	wake    chan struct{}
	stop    chan struct{}
}

// receive returns the size of the object when it is stored. Otherwise it keeps what was
// received, so that the client can resume.
func (r *receiver) receive() (int64, error) {
	start, err := r.agree()
	if err != nil {
		return 0, r.abandon(err)
	}
	r.log.Info("push begins", "at", start, "length", r.upload.id.Length)
	r.wake, r.stop = make(chan struct{}, 1), make(chan struct{})
	r.syncing.Go(r.acknowledge)
	err = r.fill(start)
	close(r.stop)
	r.syncing.Wait()
	if err == nil {
		err = context.Cause(r.Context())
	}
	if err != nil {
		return 0, r.abandon(err)
	}
	r.upload.end() // followers continue with the object
	size, err := r.partial.Publish()
	r.server.uploads.announce()
	if err != nil {
		return 0, r.abandon(err)
	}
	r.log.Info("stored", "bytes", size, "received", size-start, "took", time.Since(r.upload.begun))
	return size, nil
}

// agree agrees with the client on the offset from which it sends.
func (r *receiver) agree() (start int64, err error) {
	ready := wire.Ready{Proven: r.partial.Proven(), Offset: r.partial.Durable(), Unit: unit}
	if err := r.Send(wire.TypeReady, ready.Marshal()); err != nil {
		return 0, err
	}
	r.sends = true
	m, err := r.Next()
	if err == nil && m.Type == wire.TypeCheck && !ready.Proven {
		if err = r.prove(ready.Offset); err == nil {
			m, err = r.Next()
		}
	}
	if err != nil {
		return 0, err
	}
	if m.Type != wire.TypeStart {
		return 0, r.order(m)
	}
	if start, err = wire.ParseSize(m.Body); err != nil {
		return 0, err
	}
	if err := r.partial.Begin(start); err != nil {
		return 0, err
	}
	return start, r.check()
}

// order returns the error for a message that is not allowed at this point.
func (r *receiver) order(m wire.Message) error {
	r.sends = r.sends && m.Type != wire.TypeEnd
	return fmt.Errorf("%w: 0x%02x in a push", wire.ErrOrder, m.Type)
}

// prove sends the prefix digest.
func (r *receiver) prove(length int64) error {
	leave, err := r.server.proofs.enter(r.peer)
	if err != nil {
		return err
	}
	defer leave()
	told := time.Now()
	digest, err := prefix.Digest(io.NewSectionReader(r.partial, 0, length), length, func(n int64) error {
		r.Progress()
		if time.Since(told) < syncAfter {
			return context.Cause(r.Context())
		}
		told = time.Now()
		return r.Send(wire.TypeChecked, wire.Size(n))
	})
	if err != nil {
		return err
	}
	return r.Send(wire.TypePrefix, digest[:])
}

// abandon closes the partial, or removes it if it cannot be resumed.
func (r *receiver) abandon(err error) error {
	useless := errors.Is(err, wire.ErrNotPqenc) || errors.Is(err, wire.ErrExists) ||
		errors.Is(err, wire.ErrTooLarge) || errors.Is(err, wire.ErrQuota) || errors.Is(err, wire.ErrAbandoned)
	if useless {
		r.log.Info("push refused", "reason", err)
		return errors.Join(err, r.partial.Remove())
	}
	closed := r.partial.Close()
	r.log.Info("push interrupted", "at", r.partial.Durable(), "reason", err)
	return errors.Join(err, closed)
}

// fill writes received bytes to the partial, up to the end of the object.
func (r *receiver) fill(start int64) error {
	unsynced := start
	for {
		m, err := r.Next()
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
			if r.partial.Written()-unsynced >= unit {
				unsynced = r.partial.Written()
				r.syncSoon()
			}
		case wire.TypeEnd:
			r.sends = false
			length, err := wire.ParseSize(m.Body)
			if written := r.partial.Written(); err == nil && length != written {
				err = fmt.Errorf("%w: the end at %d, not %d", wire.ErrOrder, written, length)
			}
			return err
		default:
			return r.order(m)
		}
	}
}

// check checks the header when it is complete. Others can follow only after that.
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
	default: // a sync is due already
	}
}

// acknowledge syncs what was written and sends DURABLE, while more is being received.
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
		before := r.partial.Durable()
		durable, err := r.partial.Sync()
		if err == nil && durable > before {
			err = r.Send(wire.TypeDurable, wire.Size(durable))
		}
		if err != nil {
			r.Cancel(err)
			return
		}
	}
}
