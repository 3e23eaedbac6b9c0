// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// MaxSmall is the length of the longest object that can be pushed in one message, in bytes;
// see [PushOptions]. Such an object can be pulled in one message, too.
const MaxSmall = wire.MaxPut

// pushSmall pushes what write writes: in one message if it is small, otherwise as a stream.
// It calls write once: what was sent is kept, and the same bytes are sent again.
func (c *Client) pushSmall(ctx context.Context, name string, write func(io.Writer) error, o PushOptions) error {
	if err := CheckName(name); err != nil {
		return err
	}
	o.Small = false
	g := newGatherer(o.Buffer)
	go g.writtenBy(write)
	select {
	case <-ctx.Done():
		g.drop()
		return context.Cause(ctx)
	case <-g.large:
		return c.push(ctx, name, g.rest, wire.Unknown, o)
	case <-g.ended:
	}
	if g.err != nil {
		return g.err
	}
	if _, err := format.Parse(bytes.NewReader(g.all)); err != nil {
		return err
	}
	if !c.noPut.Load() {
		err := c.put(ctx, name, g.all, o)
		if !errors.Is(err, wire.ErrUnsupported) {
			return err
		}
		c.noPut.Store(true)
	}
	return c.PushFile(ctx, name, bytes.NewReader(g.all), int64(len(g.all)), o)
}

// put pushes an object in one message.
func (c *Client) put(ctx context.Context, name string, object []byte, o PushOptions) error {
	n, err := wire.ParseName(name)
	if err != nil {
		return err
	}
	ask := wire.Put{Overwrite: o.Overwrite, Name: n, Object: object}
	rand.Read(ask.ID[:])
	size := int64(len(object))
	err = c.do(ctx, asking, &question{ask: wire.TypePut, body: ask.Marshal(), answer: wire.TypeStored, take: func(body []byte) error {
		stored, err := wire.ParseSize(body)
		if err == nil && stored != size {
			err = fmt.Errorf("%w: %d of %d bytes stored", wire.ErrOrder, stored, size)
		}
		return err
	}})
	if err == nil && o.Progress != nil {
		o.Progress(size)
	}
	return err
}

// copyAll copies a file, which must have size bytes.
func copyAll(dst io.Writer, file io.ReaderAt, size int64) error {
	n, err := io.Copy(dst, io.NewSectionReader(file, 0, size))
	if err == nil && n < size {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// gatherer collects what is written to it. If that is more than a small object, it passes
// everything to a window.
type gatherer struct {
	buffer       int64         // of the window
	large, ended chan struct{} // one of them is closed
	all          []byte        // valid when ended is closed
	err          error         // of the writer; valid when ended is closed

	mu      sync.Mutex // guards what follows
	rest    *window    // set when large is closed
	dropped bool       // writes fail from now on
}

func newGatherer(buffer int64) *gatherer {
	return &gatherer{buffer: buffer, large: make(chan struct{}), ended: make(chan struct{})}
}

// writtenBy collects what write writes, until that returns.
func (g *gatherer) writtenBy(write func(io.Writer) error) {
	err := errNotReturned
	defer func() { g.finish(err) }()
	if err = write(g); err == io.EOF { // of what it reads
		err = io.ErrUnexpectedEOF
	}
}

// Write implements [io.Writer].
func (g *gatherer) Write(p []byte) (int, error) {
	rest, err := g.room(len(p))
	if err != nil {
		return 0, err
	}
	if rest == nil {
		g.all = append(g.all, p...)
		return len(p), nil
	}
	if _, err := rest.Write(g.all); err != nil {
		return 0, err
	}
	g.all = nil
	return rest.Write(p)
}

// room returns the window if there is one, or if n more bytes need one.
func (g *gatherer) room(n int) (*window, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.dropped {
		return nil, fs.ErrClosed
	}
	if g.rest == nil && n > MaxSmall-len(g.all) {
		g.rest = newWindow(g.buffer)
		close(g.large)
	}
	return g.rest, nil
}

func (g *gatherer) finish(err error) {
	if g.rest != nil {
		g.rest.finish(err)
		return
	}
	g.err = err
	close(g.ended)
}

// drop makes all later writes fail.
func (g *gatherer) drop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dropped = true
	if g.rest != nil {
		g.rest.close()
	}
}

// pullSmall pulls as much of the object as fits into one message, and reports whether that
// was all.
func (c *Client) pullSmall(ctx context.Context, r *puller) (whole bool, err error) {
	if c.noGet.Load() {
		return false, nil
	}
	g := &getter{puller: r}
	err = cmp.Or(c.do(ctx, asking, g), g.failed)
	if errors.Is(err, wire.ErrUnsupported) {
		c.noGet.Store(true)
		return false, nil
	}
	return r.offset == r.length, err
}

// getter is a request for the next part of an object.
type getter struct {
	*puller
	failed error // on this side, after the server has answered
}

func (g *getter) asks() *wire.Get {
	return &wire.Get{Offset: g.offset, Length: wire.MaxGet, Digest: g.digest, Name: g.name}
}

func (g *getter) begin() (wire.Type, []byte) { return wire.TypeGet, g.asks().Marshal() }

func (g *getter) run(_ context.Context, q *channel.Request) error {
	m, err := q.Expect(wire.TypeContent)
	if err != nil {
		return err
	}
	c, err := wire.ParseContent(m.Body)
	if err == nil {
		err = c.Answers(g.asks())
	}
	if err == nil {
		err = g.announced(&c.Object)
	}
	if err == nil {
		err = g.take(c.Bytes)
	}
	if err == nil && g.offset == g.length {
		err = g.fits(g.length)
	}
	var mine *permanent
	if errors.As(err, &mine) { // does not need another connection
		g.failed = err
		return nil
	}
	return err
}
