// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// PushOptions say how to push.
type PushOptions struct {
	// Overwrite lets an object of that name be replaced, if the server allows it.
	Overwrite bool
	// Progress, if set, is told how many bytes of the object are safe on the
	// server, from time to time.
	Progress func(durable int64)
}

// Push stores the pqenc file that src gives, up to its end, as an object of that
// name. The object appears when it is whole, and Push returns nil when it is
// durable.
//
// What has been read is kept in memory, up to 16 MiB, until the server has made
// it durable, and so a cut connection costs nothing but time. A failure of src
// ends the push, and nothing of it stays on the server. When Push fails, one Read
// of src may still be under way; what it returns is dropped.
func (c *Client) Push(ctx context.Context, name string, src io.Reader, o PushOptions) error {
	w := newWindow()
	go w.readFrom(src)
	return c.push(ctx, name, w, wire.Unknown, o)
}

// PushFunc is [Client.Push] for the pqenc file that write writes, in a goroutine
// of its own: as the writer that encrypts it does. Any error of write ends the push,
// and nothing of it stays on the server. When PushFunc fails, write may still be at
// work; the writer gives it an error from then on.
func (c *Client) PushFunc(ctx context.Context, name string, write func(io.Writer) error, o PushOptions) error {
	w := newWindow()
	go w.writtenBy(write)
	return c.push(ctx, name, w, wire.Unknown, o)
}

// PushFile stores a pqenc file of size bytes. If an earlier push of this file to
// that name was interrupted, even in another process, it goes on from there.
func (c *Client) PushFile(ctx context.Context, name string, file io.ReaderAt, size int64, o PushOptions) error {
	return c.push(ctx, name, newFileSource(file, size), size, o)
}

func (c *Client) push(ctx context.Context, name string, src source, length int64, o PushOptions) error {
	defer src.close()
	defer context.AfterFunc(ctx, src.wake)()
	if err := CheckName(name); err != nil {
		return err
	}
	digest, err := readDigest(src, ctx.Done())
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	r := &pusher{name: name, src: src, length: length, digest: digest, o: o}
	return c.do(ctx, r)
}

// pusher is the push of one object.
type pusher struct {
	name    string
	src     source
	length  int64
	digest  [sha256.Size]byte
	o       PushOptions
	durable atomic.Int64
	highest int64        // that durable has been
	sent    atomic.Int64 // offset up to which this connection has been given it; before it says from where, -1
	end     atomic.Int64 // its length, once this connection has been told; before, -1
}

func (r *pusher) progress() int64 { return r.highest }

// waits says whether all that the source gave is safe.
func (r *pusher) waits() bool { return r.durable.Load() == r.sent.Load() && r.end.Load() < 0 }

// run sends the object from where the server wants it.
func (r *pusher) run(ctx context.Context, conn *channel.Conn) error {
	offset, err := r.ask(conn)
	if err != nil {
		return err
	}
	stop, sent := make(chan struct{}), make(chan error, 1)
	go func() {
		err := r.send(conn, offset, stop)
		if err != nil {
			conn.Close() // the other goroutine waits for an answer that will not come
		}
		sent <- err
	}()
	err = r.listen(conn)
	close(stop)
	r.src.wake()
	if err != nil && !errors.Is(err, channel.ErrClosed) { // or the other one is just saying why
		conn.Close()
	}
	if failed := <-sent; err != nil {
		var mine *permanent
		if errors.As(failed, &mine) {
			return failed
		}
	}
	return err
}

// ask tells the server what comes, and returns the offset from which.
func (r *pusher) ask(conn *channel.Conn) (int64, error) {
	r.sent.Store(-1)
	req := wire.Push{Overwrite: r.o.Overwrite, Length: r.length, Digest: r.digest, Name: r.name}
	if err := conn.Send(wire.TypePush, req.Marshal()); err != nil {
		return 0, err
	}
	m, err := conn.Next()
	if err != nil {
		return 0, err
	}
	if m.Type != wire.TypeReady {
		return 0, fmt.Errorf("%w: 0x%02x after a push", wire.ErrOrder, m.Type)
	}
	offset, err := wire.ParseSize(m.Body)
	if err != nil {
		return 0, err
	}
	if err := r.src.seek(offset); err != nil {
		conn.Fail(wire.CodeAbandoned, "cannot send from there")
		return 0, err
	}
	// A server may have lost some of a file that can be sent again.
	r.durable.Store(offset)
	r.sent.Store(offset)
	r.end.Store(-1)
	return offset, r.acknowledged(offset)
}

// send sends the object from the offset to its end.
func (r *pusher) send(conn *channel.Conn, offset int64, stop <-chan struct{}) error {
	for {
		b, err := r.src.next(offset, stop)
		if err == io.EOF {
			r.end.Store(offset)
			return conn.Send(wire.TypeEnd, wire.Size(offset))
		}
		if errors.Is(err, errStopped) {
			return err
		}
		if err != nil {
			conn.Fail(wire.CodeAbandoned, "the source has failed")
			return &permanent{err}
		}
		r.sent.Store(offset + int64(len(b)))
		if err := conn.SendData(b); err != nil {
			return err
		}
		offset += int64(len(b))
	}
}

// listen takes acknowledgements until the object is stored.
func (r *pusher) listen(conn *channel.Conn) error {
	for {
		m, err := conn.Next()
		if err != nil {
			return err
		}
		if m.Type != wire.TypeDurable && m.Type != wire.TypeStored {
			return fmt.Errorf("%w: 0x%02x in a push", wire.ErrOrder, m.Type)
		}
		offset, err := wire.ParseSize(m.Body)
		if err == nil {
			if offset > r.durable.Load() {
				conn.Progress()
			}
			err = r.acknowledged(offset)
		}
		if err == nil && m.Type == wire.TypeStored && offset != r.end.Load() {
			err = fmt.Errorf("%w: stored at byte %d, before the end", wire.ErrOrder, offset)
		}
		if err != nil || m.Type == wire.TypeStored {
			return err
		}
	}
}

// acknowledged lets go of what is safe.
func (r *pusher) acknowledged(offset int64) error {
	if durable, sent := r.durable.Load(), r.sent.Load(); offset > sent || offset < durable {
		return fmt.Errorf("%w: byte %d acknowledged, after %d and before %d", wire.ErrOrder, offset, durable, sent)
	}
	r.durable.Store(offset)
	r.highest = max(offset, r.highest)
	r.src.release(offset)
	if r.o.Progress != nil {
		r.o.Progress(offset)
	}
	return nil
}
