// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// PushOptions are options of a push.
type PushOptions struct {
	// Overwrite allows to replace an object with that name, if the key has the right.
	Overwrite bool
	// Progress, if set, is called from time to time with the number of bytes that are
	// durable on the server.
	Progress func(durable int64)
	// Small sends an object of up to [MaxSmall] bytes in one message, if the server supports
	// that. The object is in memory until it is stored, and cannot be resumed by another
	// process. Many small pushes can be in flight at the same time. Nothing is sent before the whole
	// object, or more than MaxSmall bytes, was read.
	Small bool
	// Buffer is how many bytes of a stream are kept in memory at most: Push and PushFunc send
	// so far ahead of what is durable. They start with 16 MiB, and use more only if the line
	// needs it: its bandwidth times the time from sending to the acknowledgement. Zero is 128
	// MiB. The range is [LeastBuffer] to 4 GiB - 1. PushFile needs no buffer.
	Buffer int64
}

// LeastBuffer is the smallest [PushOptions.Buffer], in bytes: 8 MiB. The server of this
// module syncs after 4 MiB, and another 4 MiB are sent meanwhile.
const LeastBuffer = 8 << 20

// Push stores the pqenc file that src reads as an object with that name. The object appears
// atomically, and Push returns nil when it is durable.
//
// What was read from src is kept in memory, up to o.Buffer, until it is durable on the
// server, so that the push can resume after a lost connection. If src fails, the push fails
// and the server discards the object. When Push fails, a Read of src may still be running;
// its result is discarded.
func (c *Client) Push(ctx context.Context, name string, src io.Reader, o PushOptions) error {
	if o.Small {
		return c.pushSmall(ctx, name, func(dst io.Writer) error { _, err := io.Copy(dst, src); return err }, o)
	}
	w := newWindow(o.Buffer)
	go w.readFrom(src)
	return c.push(ctx, name, w, wire.Unknown, o)
}

// PushFunc is [Client.Push] for the pqenc file that write writes, in its own goroutine, such
// as an encrypting writer. An error of write ends the push, and the server discards the
// object. When PushFunc fails, write may still be running; its writes fail from then on.
func (c *Client) PushFunc(ctx context.Context, name string, write func(io.Writer) error, o PushOptions) error {
	if o.Small {
		return c.pushSmall(ctx, name, write, o)
	}
	w := newWindow(o.Buffer)
	go w.writtenBy(write)
	return c.push(ctx, name, w, wire.Unknown, o)
}

// PushFile stores a pqenc file of size bytes. It resumes an earlier push of this file to
// that name, also one of another process, after the server has proven that it has the first
// part of this file.
func (c *Client) PushFile(ctx context.Context, name string, file io.ReaderAt, size int64, o PushOptions) error {
	if o.Small && size <= MaxSmall {
		return c.pushSmall(ctx, name, func(dst io.Writer) error { return copyAll(dst, file, size) }, o)
	}
	return c.push(ctx, name, newFileSource(file, size), size, o)
}

func (c *Client) push(ctx context.Context, name string, src source, length int64, o PushOptions) error {
	defer src.close()
	n, err := wire.ParseName(name)
	if err != nil {
		return err
	}
	digest, err := headerDigest(ctx, src)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	r := &pusher{src: src, o: o, end: -1}
	_, most := src.window()
	r.ask = wire.Push{Overwrite: o.Overwrite, Window: uint32(most), Length: length, Digest: digest, Name: n}
	rand.Read(r.ask.ID[:])
	src.grow(c.needed.Load())
	defer func() { c.needed.Store(max(c.needed.Load(), r.needed)) }()
	return c.do(ctx, pushing, r)
}

// pusher is the request that pushes an object.
type pusher struct {
	ask     wire.Push
	src     source
	o       PushOptions
	durable atomic.Int64 // what this connection has acknowledged
	sent    atomic.Int64 // what this connection has been given
	highest int64        // largest value of sent on any connection
	end     int64        // of the object, after it was sent; -1 before
	starves atomic.Bool  // waits for the source
	line    line         // of this connection
	needed  int64        // the window that the line needs
}

func (r *pusher) progress() int64 { return r.highest }

// waits reports whether there is nothing to send, though there is room for it.
func (r *pusher) waits() bool { return r.starves.Load() && !r.full() }

// full reports whether the window is full until the next acknowledgement. Both ends of what
// is in flight may be in the middle of a segment.
func (r *pusher) full() bool {
	now, _ := r.src.window()
	return r.sent.Load()-r.durable.Load() > now-2*segmentSize
}

func (r *pusher) begin() (wire.Type, []byte) {
	r.starves.Store(false)
	return wire.TypePush, r.ask.Marshal()
}

// run sends the object from where the server wants it.
func (r *pusher) run(ctx context.Context, q *channel.Request) error {
	offset, stored, err := r.agree(ctx, q)
	if err != nil || stored {
		return err
	}
	r.durable.Store(offset)
	r.sent.Store(offset)
	r.line.start(offset)
	if err := cmp.Or(q.Send(wire.TypeStart, wire.Size(offset)), r.acknowledged(offset)); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	sent, end := make(chan error, 1), new(atomic.Int64)
	end.Store(-1)
	go func() {
		err := r.send(ctx, q, offset, end)
		var mine *permanent
		if err != nil && !errors.As(err, &mine) {
			q.HangUp() // the other goroutine waits for an answer
		}
		sent <- err
	}()
	err = r.listen(q, end)
	stop()
	if err != nil && !q.Gone() {
		q.HangUp()
	}
	failed := <-sent
	r.highest, r.end = max(r.highest, r.sent.Load()), max(r.end, end.Load())
	var mine *permanent
	switch {
	case err == nil:
		return nil
	case errors.As(failed, &mine):
		return failed
	case end.Load() < 0:
		q.Refuse(wire.ErrAbandoned) // the server waits for that
	}
	return err
}

// agree finds out how much of the object the server has, or that it has all of it.
func (r *pusher) agree(ctx context.Context, q *channel.Request) (offset int64, stored bool, err error) {
	m, err := q.Next()
	if err != nil {
		return 0, false, err
	}
	if m.Type == wire.TypeStored { // an earlier connection was lost before it arrived
		size, err := wire.ParseSize(m.Body)
		if err == nil && (r.end < 0 || size != r.end) {
			err = fmt.Errorf("%w: stored before the end", wire.ErrOrder)
		}
		return 0, true, err
	}
	if m.Type != wire.TypeReady {
		return 0, false, fmt.Errorf("%w: 0x%02x after a push", wire.ErrOrder, m.Type)
	}
	ready, err := wire.ParseReady(m.Body)
	if err != nil {
		return 0, false, err
	}
	_, most := r.src.window()
	if int64(ready.Unit) > most/2 || ready.Proven && ready.Offset > r.highest {
		return 0, false, fmt.Errorf("%w: ready for what was not offered", wire.ErrOrder)
	}
	r.line.unit = int64(ready.Unit)
	r.src.grow(2 * r.line.unit)
	offset = ready.Offset
	if !ready.Proven && offset > 0 {
		same, err := r.compare(ctx, q, offset)
		if err != nil {
			return 0, false, err
		}
		if !same {
			offset = 0
		}
	}
	if err := r.src.seek(offset); err != nil {
		q.Abandon()
		q.Drain(wire.TypeStored)
		return 0, false, &permanent{err}
	}
	return offset, false, nil
}

// compare reports whether the server has the same bytes as the source up to the offset. Both
// sides read at the same time.
func (r *pusher) compare(ctx context.Context, q *channel.Request, offset int64) (same bool, err error) {
	if err := q.Send(wire.TypeCheck, nil); err != nil {
		return false, err
	}
	ctx, stop := context.WithCancel(ctx)
	var ours [sha256.Size]byte
	var failed error
	done := make(chan struct{})
	go func() {
		defer close(done)
		ours, failed = prefixDigest(ctx, r.src, offset, q.Progress)
	}()
	defer func() { stop(); <-done }()
	theirs, err := r.awaitPrefix(q, offset)
	if err != nil {
		return false, err
	}
	r.starves.Store(true)
	<-done
	r.starves.Store(false)
	if errors.Is(failed, io.ErrUnexpectedEOF) { // the source is shorter
		return false, nil
	}
	if failed != nil {
		return false, &permanent{failed} // the server keeps what it has
	}
	return ours == theirs, nil
}

// awaitPrefix waits for the prefix digest of the server.
func (r *pusher) awaitPrefix(q *channel.Request, offset int64) (theirs [sha256.Size]byte, err error) {
	for read := int64(0); ; {
		m, err := q.Next()
		if err != nil {
			return theirs, err
		}
		if m.Type == wire.TypePrefix {
			return wire.ParseDigest(m.Body)
		}
		now := int64(-1)
		if m.Type == wire.TypeChecked {
			now, err = wire.ParseSize(m.Body)
		}
		if err != nil || now < read || now > offset {
			return theirs, fmt.Errorf("%w: 0x%02x in a check", wire.ErrOrder, m.Type)
		}
		if now > read {
			q.Progress()
		}
		read = now
	}
}

// send sends the object from the offset to its end.
func (r *pusher) send(ctx context.Context, q *channel.Request, offset int64, end *atomic.Int64) error {
	for {
		r.starves.Store(true)
		b, err := r.src.next(ctx, offset)
		if ctx.Err() != nil {
			return nil
		}
		r.starves.Store(false)
		if err == io.EOF {
			end.Store(offset)
			return q.Send(wire.TypeEnd, wire.Size(offset))
		}
		if err != nil {
			q.Abandon()
			return &permanent{err}
		}
		r.line.sending(offset + int64(len(b)))
		r.sent.Store(offset + int64(len(b)))
		if err := q.Send(wire.TypeData, b); err != nil {
			return err
		}
		offset += int64(len(b))
	}
}

// listen receives acknowledgements until the object is stored.
func (r *pusher) listen(q *channel.Request, end *atomic.Int64) error {
	for {
		m, err := q.Next()
		if err != nil {
			return err
		}
		if m.Type != wire.TypeDurable && m.Type != wire.TypeStored {
			return fmt.Errorf("%w: 0x%02x in a push", wire.ErrOrder, m.Type)
		}
		offset, err := wire.ParseSize(m.Body)
		if err == nil {
			if offset > r.durable.Load() {
				q.Progress()
			}
			err = r.acknowledged(offset)
		}
		if err == nil && m.Type == wire.TypeStored && offset != end.Load() {
			err = fmt.Errorf("%w: stored at byte %d, before the end", wire.ErrOrder, offset)
		}
		if err != nil || m.Type == wire.TypeStored {
			return err
		}
	}
}

// acknowledged releases what is durable. If sending has waited for the window, it makes the
// window as large as the line needs, but at most twice as large as before, because a single
// measurement may be wrong.
func (r *pusher) acknowledged(offset int64) error {
	if durable, sent := r.durable.Load(), r.sent.Load(); offset > sent || offset < durable {
		return fmt.Errorf("%w: byte %d acknowledged, after %d and before %d", wire.ErrOrder, offset, durable, sent)
	}
	need := r.line.acknowledged(offset)
	if now, _ := r.src.window(); need > now && r.starves.Load() && r.full() {
		r.needed = min(need, 2*now)
		r.src.grow(r.needed)
	}
	r.durable.Store(offset)
	r.src.release(offset)
	if r.o.Progress != nil {
		r.o.Progress(offset)
	}
	return nil
}
