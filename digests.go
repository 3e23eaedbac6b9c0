// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// DigestSize is what each chunk of a file takes in a list of digests, in bytes.
const DigestSize = sha256.Size

// ErrDigests: a list of digests is not that of the contents that were signed.
var ErrDigests = errors.New("the list of digests does not belong to the signature of the file")

// WriteDigests writes the digests of all chunks, 32 bytes each, as [File.Verify] or
// [File.UseDigests] has seen them; one of the two must have succeeded before. This is the
// list that UseDigests takes. It needs no protection, and stays right when the file is
// rewrapped. It is SPEC.md's, section 6.6.
func (f *File) WriteDigests(dst io.Writer) error {
	if f.seen == nil {
		return errors.New("the digests are not known before the file is verified")
	}
	w := bufio.NewWriterSize(dst, 64<<10)
	for i := range f.seen.list {
		w.Write(f.seen.list[i][:]) // errors stay in w
	}
	return w.Flush()
}

// UseDigests is [File.Verify] without reading the file: the digests of all chunks come
// from a list that [File.WriteDigests] wrote. Nobody need trust whoever keeps the list: its
// digests must be those that the closing signature is for. Then the level of the signature
// is [Verified], and every chunk that is read must be the one that was signed:
// [ErrReplaced] is what Read and ReadAt return for any other. Chunks that are not read may
// be damaged, or missing.
//
// UseDigests must be called before anything else is read, and on a file that was opened
// with a sender in the policy: without one nothing shows whose list it is. For any other
// list the error is [ErrDigests], and nothing is changed. It reads one byte more than 32 a
// chunk at most, and keeps 32 bytes for each chunk.
func (f *File) UseDigests(list io.Reader) error {
	switch {
	case f.header.sig == nil:
		return ErrNotSigned
	case f.header.sig.sender == nil:
		return errors.New("a list of digests can be checked only with the key of a sender")
	}
	seen, err := readDigests(list, f.chunks())
	if err != nil {
		return err
	}
	f.header.sig.digests = *seen
	err = f.header.sig.close(f.trailer, f.Size())
	if errors.Is(err, ErrReplaced) { // whatever was: the list is what shows it
		return fmt.Errorf("%w: it is that of another file or version", ErrDigests)
	}
	if err != nil {
		return err
	}
	f.use(seen)
	return nil
}

// chunks returns the number of chunks. The last one authenticates it when the file is
// opened.
func (f *File) chunks() int64 { return f.Size()>>f.header.ChunkLog2 + 1 }

// newDigests returns an empty list for so many digests. A sparse file can have any size:
// memory for more than 65536 comes with them.
func newDigests(chunks int64) *digests {
	return &digests{sum: sha256.New(), list: make([][sha256.Size]byte, 0, min(chunks, 1<<16))}
}

// readDigests reads a list of exactly so many digests.
func readDigests(list io.Reader, chunks int64) (*digests, error) {
	r := bufio.NewReaderSize(io.LimitReader(list, chunks*DigestSize+1), 64<<10)
	seen := newDigests(chunks)
	var digest [DigestSize]byte
	for i := range chunks {
		_, err := io.ReadFull(r, digest[:])
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil, fmt.Errorf("%w: it has %d digests, and the file %d chunks", ErrDigests, i, chunks)
		}
		if err != nil {
			return nil, err
		}
		seen.add(uint32(i), digest)
	}
	_, err := r.ReadByte()
	if err == nil {
		return nil, fmt.Errorf("%w: it is longer than the digests of the %d chunks", ErrDigests, chunks)
	}
	if err != io.EOF {
		return nil, err
	}
	return seen, nil
}
