// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"

	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// PullOptions say how to pull.
type PullOptions struct {
	// Offset is the first byte to get: an earlier pull got those before it.
	Offset int64
	// Digest is the SHA-256 of the header of the pqenc file that the earlier pull
	// was of; all zero takes any file. If the server has another one by now, the
	// error is [ErrChanged].
	Digest [sha256.Size]byte
	// Follow waits for an object that is not there yet, and gets one that is
	// still being pushed as it comes.
	Follow bool
	// Started, if set, is told the length of the object, -1 if it is not known yet,
	// before its first byte.
	Started func(length int64) error
}

// Pull writes the object of that name to dst: a pqenc file. It returns nil if
// and only if all of it was written. What was written when it fails is a part of
// the object, from the offset on without a gap.
func (c *Client) Pull(ctx context.Context, name string, dst io.Writer, o PullOptions) error {
	if err := CheckName(name); err != nil {
		return err
	}
	return c.do(ctx, &puller{name: name, dst: dst, o: o, offset: o.Offset, digest: o.Digest})
}

// Reader returns the object of that name as a stream, for what decrypts it, for
// example. The pull begins with the first Read and is at work while one waits; until
// Close the client does nothing else.
func (c *Client) Reader(ctx context.Context, name string, o PullOptions) *Reader {
	r := new(Reader)
	// The pull is a coroutine of its reader: they take turns, and no message is
	// copied or waited for in between.
	r.next, r.stop = iter.Pull(func(yield func([]byte) bool) {
		r.err = cmp.Or(c.Pull(ctx, name, yielding(yield), o), io.EOF)
	})
	return r
}

// Reader is an object that is being pulled. It is for one goroutine at a time.
type Reader struct {
	next func() ([]byte, bool)
	stop func()
	rest []byte // of the message that came last
	err  error  // of the pull, once that has ended; io.EOF if it ended well
}

// Read implements [io.Reader]. It returns [io.EOF] if and only if the object was
// read to its end, whatever happened to the connection meanwhile.
func (r *Reader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 && len(p) > 0 {
		b, more := r.next()
		if !more {
			return 0, cmp.Or(r.err, fs.ErrClosed)
		}
		r.rest = b
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Close ends the pull, and returns why that had failed by itself, if it had.
func (r *Reader) Close() error {
	r.stop()
	if r.err == io.EOF || errors.Is(r.err, fs.ErrClosed) {
		return nil
	}
	return r.err
}

// yielding gives what is written to a reader, until that is closed.
type yielding func([]byte) bool

func (y yielding) Write(p []byte) (int, error) {
	if !y(p) {
		return 0, fs.ErrClosed
	}
	return len(p), nil
}

// puller is the pull of one object.
type puller struct {
	name    string
	dst     io.Writer
	o       PullOptions
	offset  int64 // of the next byte to come
	digest  [sha256.Size]byte
	length  int64 // of the object, or wire.Unknown
	started bool
}

func (r *puller) progress() int64 { return r.offset }

// run gets the object from where the last connection has left it.
func (r *puller) run(_ context.Context, conn *channel.Conn) error {
	req := wire.Pull{Follow: r.o.Follow, Offset: r.offset, Digest: r.digest, Name: r.name}
	if err := conn.Send(wire.TypePull, req.Marshal()); err != nil {
		return err
	}
	if err := r.begin(conn); err != nil {
		return err
	}
	for {
		m, err := conn.Next()
		if err != nil {
			return err
		}
		switch m.Type {
		case wire.TypeData:
			if r.length != wire.Unknown && int64(len(m.Body)) > r.length-r.offset {
				return fmt.Errorf("%w: more than the %d bytes of the object", errOrder, r.length)
			}
			n, err := r.dst.Write(m.Body)
			r.offset += int64(n)
			if err != nil {
				return &permanent{err}
			}
		case wire.TypeEnd:
			length, err := wire.ParseSize(m.Body)
			if err == nil && (length != r.offset || r.length != wire.Unknown && length != r.length) {
				err = fmt.Errorf("%w: the end at %d, not %d", errOrder, r.offset, length)
			}
			return err
		default:
			return fmt.Errorf("%w: 0x%02x in a pull", errOrder, m.Type)
		}
	}
}

// begin learns what comes. From then on it must be that very object.
func (r *puller) begin(conn *channel.Conn) error {
	m, err := conn.Next()
	if err != nil {
		return err
	}
	if m.Type != wire.TypeObject {
		return fmt.Errorf("%w: 0x%02x after a pull", errOrder, m.Type)
	}
	object, err := wire.ParseObject(m.Body)
	if err != nil {
		return err
	}
	if r.digest != object.Digest && r.digest != [sha256.Size]byte{} {
		return &permanent{ErrChanged}
	}
	known := r.started && r.length != wire.Unknown
	if known && object.Length != wire.Unknown && object.Length != r.length {
		return &permanent{ErrChanged}
	}
	if !known {
		r.length = object.Length
	}
	r.digest = object.Digest
	if !r.started && r.o.Started != nil {
		if err := r.o.Started(object.Length); err != nil {
			return &permanent{err}
		}
	}
	r.started = true
	return nil
}
