// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/stream"
)

// ErrMark says that decryption cannot go on from a [Mark]: it is malformed, is
// of another file, or was made without a sender to verify where there is one
// now. Decrypting from the beginning is what is left.
var ErrMark = errors.New("cannot resume from this mark")

// A Mark says how far the decryption of a file has got, for [Resume] to go on
// from there, in another process if need be. It is always at the end of a full
// chunk: the last chunk of a file, which is shorter, is decrypted again.
//
// Its encoding has [MarkSize] bytes and holds nothing secret. But a mark has to
// be believed: whoever can change it, or the contents before it, decides what
// the file seems to begin with. Both belong where nobody else can write.
type Mark struct {
	start
	chunks uint32          // before the mark
	sum    [stateSize]byte // state of the hash over their digests; zero if nobody is to be verified
}

// start is where the body of one file begins. The MAC names the header, with
// which it was authenticated: two headers of one MAC would be a collision of
// SHA-256.
type start struct {
	mac        [32]byte
	headerSize uint32
	chunkLog2  uint8
}

func startOf(h *format.Header) start {
	return start{mac: h.MAC, headerSize: uint32(h.Size), chunkLog2: h.ChunkLog2}
}

// MarkSize is the size in bytes of a marshaled [Mark], 150: version, chunk size,
// header size, number of chunks and MAC, and the state of a SHA-256.
const MarkSize = 1 + 1 + 4 + 4 + 32 + stateSize

const (
	markVersion = 1
	stateSize   = 4 + 32 + 64 + 8 // in bytes, as package sha256 encodes it
)

// Offset returns where the encrypted file goes on after the mark, in bytes from
// its beginning. It is that of the binary form.
func (m *Mark) Offset() int64 {
	return int64(m.headerSize) + m.Content() + int64(m.chunks)*stream.Overhead
}

// Content returns how many bytes of contents are before the mark.
func (m *Mark) Content() int64 { return int64(m.chunks) << m.chunkLog2 }

// MarshalBinary implements [encoding.BinaryMarshaler], with [MarkSize] bytes. It
// never fails.
func (m *Mark) MarshalBinary() ([]byte, error) {
	b := make([]byte, 0, MarkSize)
	b = append(b, markVersion, m.chunkLog2)
	b = binary.BigEndian.AppendUint32(b, m.headerSize)
	b = binary.BigEndian.AppendUint32(b, m.chunks)
	b = append(b, m.mac[:]...)
	return append(b, m.sum[:]...), nil
}

// UnmarshalBinary implements [encoding.BinaryUnmarshaler]. A mark has one
// encoding: the error, which wraps [ErrMark], is for all others.
func (m *Mark) UnmarshalBinary(b []byte) error {
	if len(b) != MarkSize || b[0] != markVersion {
		return badMark("the mark is malformed")
	}
	mark := Mark{
		start: start{
			mac:        [32]byte(b[10:]),
			headerSize: binary.BigEndian.Uint32(b[2:]),
			chunkLog2:  b[1],
		},
		chunks: binary.BigEndian.Uint32(b[6:]),
		sum:    [stateSize]byte(b[MarkSize-stateSize:]),
	}
	if !mark.valid() {
		return badMark("the mark is malformed")
	}
	*m = mark
	return nil
}

func (m *Mark) valid() bool {
	header := m.headerSize > 0 && m.headerSize <= format.MaxSize && m.headerSize%format.Alignment == 0
	size := m.chunkLog2 >= format.MinChunkLog2 && m.chunkLog2 <= format.MaxChunkLog2
	return header && size && m.chunks < stream.MaxChunks && (!m.hashed() || m.restore(sha256.New()))
}

// hashed reports whether the mark has the state of a hash.
func (m *Mark) hashed() bool { return m.sum != [stateSize]byte{} }

// restore makes sum the hash over the digests of the chunks before the mark. It
// reports whether the state is one of so many digests, encoded as it must be.
func (m *Mark) restore(sum hash.Hash) bool {
	if sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(m.sum[:]) != nil {
		return false
	}
	length := binary.BigEndian.Uint64(m.sum[stateSize-8:]) // of what was hashed
	return length == uint64(m.chunks)*sha256.Size && m.sum == state(sum)
}

func badMark(reason string) error { return fmt.Errorf("%w: %s", ErrMark, reason) }

// Resume is [DecryptSigned] for the rest of a file: src begins with the header of
// the file, of which the caller kept a copy, and goes on with what follows the
// mark in it, at [Mark.Offset]. The reader releases the contents from
// [Mark.Content] on.
//
// All that the header says is checked again. Where the policy names senders, the
// end of the contents is the end of all of them, those before the mark included:
// [ErrReplaced] says that they and the rest are not what was signed, though
// each may be authentic. The mark must have been made under a policy with senders,
// too. [ErrMark] tells the caller to start over.
func Resume(mark *Mark, src io.Reader, policy Policy, identities ...Identity) (*Reader, error) {
	return decrypt(src, mark, policy, identities)
}

// resume puts r, which has released nothing, to where the mark is.
func (r *Reader) resume(m *Mark) error {
	if m.start != r.start {
		return badMark("this is another file")
	}
	r.length = m.Content()
	if r.hashed == nil {
		return nil
	}
	if !m.hashed() {
		return badMark("nobody was to be verified so far")
	}
	if !m.restore(r.hashed.sum) {
		return badMark("the mark is malformed")
	}
	return nil
}

// Mark returns the mark after the last full chunk that has been released as a
// whole, by Read or to the writer of [Reader.WriteTo]. That writer may call it
// within its Write, where the mark already counts what is being written. It may
// also be called when the reader has failed.
func (r *Reader) Mark() *Mark {
	m := &Mark{start: r.start, chunks: r.chunks()}
	if r.hashed != nil {
		m.sum = r.hashed.at(m.chunks)
	}
	return m
}

// chunks returns how many full chunks have been released as a whole.
func (r *Reader) chunks() uint32 { return uint32(r.length >> r.start.chunkLog2) }

// released counts what is written, from the start of the write on.
type released struct {
	dst    io.Writer
	length *int64
}

func (w released) Write(p []byte) (int, error) {
	*w.length += int64(len(p))
	n, err := w.dst.Write(p)
	*w.length -= int64(len(p) - n)
	return n, err
}

// hashed hashes the digests of chunks, each before the chunk is released. It
// keeps the state without the newest one, for as long as only a part of that
// chunk has been released.
type hashed struct {
	*digests
	chunks uint32 // up to the newest
	before [stateSize]byte
}

func (h *hashed) add(index uint32, digest [sha256.Size]byte) error {
	h.before = state(h.sum)
	h.chunks = index + 1
	return h.digests.add(index, digest)
}

// at returns the state of the hash over the first chunks, which are all or all
// except the newest.
func (h *hashed) at(chunks uint32) [stateSize]byte {
	if chunks < h.chunks {
		return h.before
	}
	return state(h.sum)
}

func state(sum hash.Hash) [stateSize]byte {
	b, err := sum.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil || len(b) != stateSize {
		panic("pqenc: internal error: SHA-256 has another state")
	}
	return [stateSize]byte(b)
}
