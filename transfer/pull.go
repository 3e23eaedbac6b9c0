// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// PullOptions are options of a pull.
type PullOptions struct {
	// Offset is the first byte to pull, to resume an earlier pull.
	Offset int64
	// Digest is the SHA-256 of the header of the pqenc file that the earlier pull got; all
	// zero accepts any file. If the name has another object now, the error is [ErrChanged].
	Digest [sha256.Size]byte
	// Header is the header that the earlier pull got. With it the length of the object is
	// checked; without an Offset it always is.
	Header []byte
	// Follow waits for an object that does not exist yet, and pulls one while it is being
	// pushed.
	Follow bool
	// Small pulls the first 256 KiB by a small request, if the server supports that. Many
	// small requests can be in flight at the same time. It has no effect with Follow.
	Small bool
	// Started, if set, is called before the first byte with the length of the object, or -1
	// if that is not known yet.
	Started func(length int64) error
}

// Pull writes the object with that name, a pqenc file, to dst. It returns nil if and only if
// it wrote the whole object, and the length is one that a pqenc file with that header can
// have. If Pull fails, it has written a part of the object, from the offset on without a
// gap.
func (c *Client) Pull(ctx context.Context, name string, dst io.Writer, o PullOptions) error {
	n, err := wire.ParseName(name)
	if err != nil {
		return err
	}
	r := &puller{name: n, dst: dst, o: o, offset: o.Offset, digest: o.Digest}
	if o.Small && !o.Follow {
		if whole, err := c.pullSmall(ctx, r); whole || err != nil {
			return err
		}
	}
	return c.do(ctx, pulling, r)
}

// Reader returns the object with that name as a stream, to be decrypted, for example. The
// pull starts with the first Read, and continues during later ones. Until it ends, or Close
// ends it, the Client does no other pull: to start one in the same goroutine, also from a
// function in o, blocks forever.
func (c *Client) Reader(ctx context.Context, name string, o PullOptions) *Reader {
	r := new(Reader)
	r.pull = func(yield func([]byte) bool) {
		r.err = errors.New("the pull was left by a panic")
		r.err = c.Pull(ctx, name, yielding(yield), o)
		r.whole = r.err == nil
	}
	return r
}

// Reader is an object that is being pulled. It is not safe for concurrent use. A goroutine
// that is locked to its thread must be the only one that uses it.
type Reader struct {
	pull  iter.Seq[[]byte]
	next  func() ([]byte, bool) // of the coroutine of pull; nil before the first Read
	stop  func()
	rest  []byte // of the last message
	err   error  // of the pull, after it has ended
	whole bool   // the pull got the whole object
}

// errReaderClosed ends a pull whose reader was closed.
var errReaderClosed = errors.New("reader closed")

// Read implements [io.Reader]. It returns [io.EOF] if and only if the object was read to
// its end.
func (r *Reader) Read(p []byte) (int, error) {
	if r.next == nil {
		// The pull is a coroutine of its reader: they take turns, and messages are neither
		// copied nor queued.
		r.next, r.stop = iter.Pull(r.pull)
	}
	for len(r.rest) == 0 && len(p) > 0 {
		b, more := r.next()
		if !more {
			return 0, r.ended()
		}
		r.rest = b
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// ended returns the error of Read after the last byte.
func (r *Reader) ended() error {
	switch {
	case r.whole:
		return io.EOF
	case r.err == nil || errors.Is(r.err, errReaderClosed):
		return fs.ErrClosed
	case r.err == io.EOF: // of the connection
		return io.ErrUnexpectedEOF
	}
	return r.err
}

// Close ends the pull, and returns its error if it had failed before.
func (r *Reader) Close() error {
	if r.next == nil {
		r.next, r.stop = iter.Pull(r.pull) // it was not started
	}
	r.rest = nil
	r.stop()
	if errors.Is(r.err, errReaderClosed) {
		return nil
	}
	return r.err
}

// yielding passes what is written to a reader, until that is closed.
type yielding func([]byte) bool

func (y yielding) Write(p []byte) (int, error) {
	if !y(p) {
		return 0, errReaderClosed
	}
	return len(p), nil
}

// puller is the request that pulls an object.
type puller struct {
	name    wire.Name
	dst     io.Writer
	o       PullOptions
	offset  int64 // of the next byte
	digest  [sha256.Size]byte
	length  int64 // of the object, or wire.Unknown
	started bool

	head []byte      // the part of the header that was received
	need int         // bytes of it that are needed for the next check
	info *pqenc.Info // set when the header is complete
}

func (r *puller) progress() int64 { return r.offset }
func (r *puller) waits() bool     { return r.o.Follow }

func (r *puller) begin() (wire.Type, []byte) {
	ask := wire.Pull{Follow: r.o.Follow, Offset: r.offset, Digest: r.digest, Name: r.name}
	return wire.TypePull, ask.Marshal()
}

// run pulls the rest of the object.
func (r *puller) run(_ context.Context, q *channel.Request) error {
	if err := r.learn(q); err != nil {
		return err
	}
	for {
		m, err := q.Next()
		if err != nil {
			return err
		}
		switch m.Type {
		case wire.TypeData:
			if err := r.take(m.Body); err != nil {
				return err
			}
		case wire.TypeEnd:
			length, err := wire.ParseSize(m.Body)
			if err == nil && (length != r.offset || r.length != wire.Unknown && length != r.length) {
				err = fmt.Errorf("%w: the end at %d, not %d", wire.ErrOrder, r.offset, length)
			}
			return cmp.Or(err, r.fits(length))
		default:
			return fmt.Errorf("%w: 0x%02x in a pull", wire.ErrOrder, m.Type)
		}
	}
}

// learn receives what the server announces. Later announcements must be of the same object.
func (r *puller) learn(q *channel.Request) error {
	m, err := q.Expect(wire.TypeObject)
	if err != nil {
		return err
	}
	object, err := wire.ParseObject(m.Body)
	if err != nil {
		return err
	}
	return r.announced(object)
}

func (r *puller) announced(object *wire.Object) error {
	if r.digest != object.Digest && r.digest != [sha256.Size]byte{} {
		return &permanent{ErrChanged}
	}
	if object.Length == wire.Unknown && !r.o.Follow { // an object without end would fill the disk
		return fmt.Errorf("%w: a stored object of unknown length", wire.ErrOrder)
	}
	known := r.started && r.length != wire.Unknown
	if known && object.Length != wire.Unknown && object.Length != r.length {
		return &permanent{ErrChanged}
	}
	if !known {
		r.length = object.Length
	}
	r.digest = object.Digest
	if r.o.Header != nil && r.info == nil {
		if err := r.inspect(r.o.Header); err != nil {
			return err
		}
	}
	if !r.started && r.o.Started != nil {
		if err := r.o.Started(object.Length); err != nil {
			return &permanent{err}
		}
	}
	r.started = true
	return nil
}

// take writes received bytes.
func (r *puller) take(b []byte) error {
	if r.length != wire.Unknown && int64(len(b)) > r.length-r.offset {
		return fmt.Errorf("%w: more than the %d bytes of the object", wire.ErrOrder, r.length)
	}
	if r.o.Offset == 0 && r.info == nil {
		if err := r.inspect(b); err != nil {
			return err
		}
	}
	n, err := r.dst.Write(b)
	r.offset += int64(n)
	if err != nil {
		return &permanent{err}
	}
	return nil
}

// inspect checks the header when it is complete: it must be the announced one, and fit the
// announced length.
func (r *puller) inspect(b []byte) error {
	r.head = append(r.head, b...)
	if len(r.head) < max(r.need, 16) {
		return nil
	}
	info, err := pqenc.Inspect(bytes.NewReader(r.head))
	switch {
	case errors.Is(err, pqenc.ErrTruncated):
		r.need = int(binary.BigEndian.Uint32(r.head[12:])) // header_len (SPEC.md, section 3.1)
		return nil
	case err != nil:
		return &permanent{fmt.Errorf("%w: %w", ErrNotPqenc, err)}
	case sha256.Sum256(r.head[:info.HeaderSize]) != r.digest:
		return fmt.Errorf("%w: not the announced header", wire.ErrOrder)
	}
	r.head, r.info = nil, info
	return r.fits(r.length)
}

// fits checks that a file with this header can have that length.
func (r *puller) fits(length int64) error {
	switch {
	case length == wire.Unknown || r.o.Offset > 0 && r.info == nil:
		return nil
	case r.info == nil:
		return fmt.Errorf("%w: the end before that of the header", wire.ErrOrder)
	}
	if _, err := r.info.ContentSize(length); err != nil {
		return fmt.Errorf("%w: no file with this header has %d bytes", wire.ErrOrder, length)
	}
	return nil
}
