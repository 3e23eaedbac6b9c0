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

// DigestSize is the size in bytes of each entry of a digest list.
const DigestSize = sha256.Size

// ErrDigests is returned for a digest list that is not that of the signed contents.
var ErrDigests = errors.New("the list of digests does not belong to the signature of the file")

// WriteDigests writes the digest list of the file: the digests of all chunks, 32 bytes each
// (SPEC.md, section 6.6). [File.Verify] or [File.UseDigests] must have succeeded before. The
// list needs no protection, and stays valid when the file is rewrapped.
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

// UseDigests is [File.Verify] with a digest list from [File.WriteDigests], so that it need
// not read the file. The list may come from anybody: it is checked with the closing
// signature. Then the level of the signature is [Verified], and Read and ReadAt return
// [ErrReplaced] for chunks that were not signed. Chunks that are not read may be damaged or
// missing.
//
// UseDigests must be called before anything else is read, on a file that was opened with
// senders in the policy. For any other list the error is [ErrDigests], and nothing changes.
// It reads at most 32 bytes for each chunk and one more, and keeps 32 bytes for each chunk.
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
	if errors.Is(err, ErrReplaced) { // the list, or the signature: it cannot be known
		return fmt.Errorf("%w: it is that of another file or version", ErrDigests)
	}
	if err != nil {
		return err
	}
	f.use(seen)
	return nil
}

// chunks returns the number of chunks, which the last one has authenticated.
func (f *File) chunks() int64 { return f.Size()>>f.header.ChunkLog2 + 1 }

// newDigests returns an empty list for digests of chunks. A sparse file can have any size, so
// memory for more than 65536 is allocated only when they are added.
func newDigests(chunks int64) *digests {
	return &digests{sum: sha256.New(), list: make([][sha256.Size]byte, 0, min(chunks, 1<<16))}
}

// readDigests reads a list of exactly one digest for each chunk.
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
