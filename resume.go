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

// ErrMark is returned if decryption cannot resume from a [Mark]: the mark is malformed,
// is of another file, or was made without senders and the policy now names some. The
// caller must decrypt from the start.
var ErrMark = errors.New("cannot resume")

// A Mark records how far a file has been decrypted. [Resume] continues there, also in
// another process. A mark is always at the end of a full chunk: the last chunk of a
// file, which is shorter, is decrypted again.
//
// Its encoding has [MarkSize] bytes and contains nothing secret. But it is trusted:
// whoever can change a mark, or the contents before it, can replace the start of the
// file. Keep both where nobody else can write.
type Mark struct {
	start
	chunks uint32          // before the mark
	sum    [stateSize]byte // state of the hash over their digests; zero if there are no senders
}

// start identifies the body of a file. The MAC identifies the authenticated header: two
// headers with one MAC would be a collision of SHA-256.
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

// Offset returns the offset in the encrypted file, in its binary form, at which decryption
// resumes.
func (m *Mark) Offset() int64 {
	return int64(m.headerSize) + m.Content() + int64(m.chunks)*stream.Overhead
}

// Content returns the number of bytes of contents before the mark.
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

// UnmarshalBinary implements [encoding.BinaryUnmarshaler]. It accepts only what MarshalBinary
// returns. The error wraps [ErrMark].
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

// hashed reports whether the mark contains the state of a hash.
func (m *Mark) hashed() bool { return m.sum != [stateSize]byte{} }

// restore sets sum to the hash over the digests of the chunks before the mark. It reports
// whether the state is well formed and is that of the right number of digests.
func (m *Mark) restore(sum hash.Hash) bool {
	if sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(m.sum[:]) != nil {
		return false
	}
	length := binary.BigEndian.Uint64(m.sum[stateSize-8:]) // of what was hashed
	return length == uint64(m.chunks)*sha256.Size && m.sum == state(sum)
}

func badMark(reason string) error { return fmt.Errorf("%w: %s", ErrMark, reason) }

// Resume is [DecryptSigned] for the rest of a file. src is the header of the file, of
// which the caller kept a copy, followed by the file from [Mark.Offset] on. The reader
// releases the contents from [Mark.Content] on.
//
// The header is checked again. If the policy names senders, the closing signature is
// checked over all contents, those before the mark included: [ErrReplaced] means that all
// of them together are not what was signed. The mark must have been made with senders,
// too. After [ErrMark] the caller must start again.
func Resume(mark *Mark, src io.Reader, policy Policy, identities ...Identity) (*Reader, error) {
	return decrypt(src, mark, policy, identities)
}

// resume moves r, which has released nothing, to the mark.
func (r *Reader) resume(m *Mark) error {
	if m.start != r.start {
		return badMark("the mark is of another file")
	}
	r.length = m.Content()
	if r.hashed == nil {
		return nil
	}
	if !m.hashed() {
		return badMark("the mark was made without senders")
	}
	if !m.restore(r.hashed.sum) {
		return badMark("the mark is malformed")
	}
	return nil
}

// Mark returns the mark after the last full chunk that was released completely, by Read or
// by [Reader.WriteTo]. The writer of WriteTo may call it in its Write: the mark then
// includes what is being written. Mark may also be called after an error of the reader.
func (r *Reader) Mark() *Mark {
	m := &Mark{start: r.start, chunks: r.chunks()}
	if r.hashed != nil {
		m.sum = r.hashed.at(m.chunks)
	}
	return m
}

// chunks returns the number of full chunks that were released completely.
func (r *Reader) chunks() uint32 { return uint32(r.length >> r.start.chunkLog2) }

// released counts the bytes written to dst. It counts before it writes.
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

// hashed hashes the digests of chunks, each before the chunk is released. It keeps the state
// before the newest digest, which counts while its chunk is only partly released.
type hashed struct {
	*digests
	chunks uint32 // including the newest
	before [stateSize]byte
}

func (h *hashed) add(index uint32, digest [sha256.Size]byte) error {
	h.before = state(h.sum)
	h.chunks = index + 1
	return h.digests.add(index, digest)
}

// at returns the state of the hash over the first chunks: all, or all except the newest.
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
