// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"io"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/stream"
)

// File gives random access to the contents of an encrypted file, through the
// methods Read, Seek, ReadAt and Size. ReadAt may be called concurrently; Read
// and Seek share a position, as those of a file do.
type File struct {
	*io.SectionReader

	src    io.ReaderAt // of the encrypted file
	header *format.Header
	keys   *format.Keys
	end    int64   // of the body, in src
	sig    *signed // nil if the file is not signed

	trailer []byte
}

// Open opens the encrypted file in the first size bytes of src. It
// authenticates the header and then the last chunk, and with it the length;
// every other chunk is authenticated whenever it is read.
func Open(src io.ReaderAt, size int64, identities ...Identity) (*File, error) {
	return OpenFrom(src, size, Policy{}, identities...)
}

// OpenFrom is [Open] for files that keep to the policy. The sender of a signed
// file is only claimed at first, see [DecryptFrom]: [File.Verify] checks the
// contents.
func OpenFrom(src io.ReaderAt, size int64, policy Policy, identities ...Identity) (*File, error) {
	h, err := format.Parse(io.NewSectionReader(src, 0, size))
	if err != nil {
		return nil, err
	}
	keys, err := unlock(h, identities)
	if err != nil {
		return nil, err
	}
	f := &File{src: src, header: h, keys: keys, end: size}
	if f.sig, err = policy.check(h, keys, identities); err != nil {
		return nil, err
	}
	if f.sig != nil {
		f.end -= trailerSize
	}
	if err := f.open(bodyCipher(h, keys)); err != nil {
		return nil, err
	}
	if f.sig != nil {
		f.trailer = make([]byte, trailerSize)
		if n, err := src.ReadAt(f.trailer, f.end); n < trailerSize {
			return nil, err
		}
		if _, err := f.sig.closing(f.trailer); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// open makes c the cipher with which the contents are read.
func (f *File) open(c *stream.Cipher) error {
	body := f.body()
	r, err := c.NewReaderAt(body, body.Size())
	if err != nil {
		return err
	}
	f.SectionReader = io.NewSectionReader(r, 0, r.Size())
	return nil
}

// body returns the body of the file.
func (f *File) body() *io.SectionReader {
	start := int64(f.header.Size)
	return io.NewSectionReader(f.src, start, max(f.end-start, 0))
}

// Signature returns what the signature of the file says, or nil if it has none.
// Its Level is [Claimed] at most until [File.Verify] has run.
func (f *File) Signature() *Signature { return f.sig.signature() }

// Verify reads the whole file, and checks its closing signature. It must be
// called before anything else is read. From then on every chunk that is read
// must be the one that was there: [ErrReplaced] is what Read and ReadAt return
// for any other. It needs 32 bytes of memory for each chunk.
//
// The contents are hashed but not decrypted. For a file that is not signed it
// returns [ErrNotSigned], and without a sender in the policy it checks only that
// nothing is damaged.
func (f *File) Verify() error {
	if f.sig == nil {
		return ErrNotSigned
	}
	f.sig.digests.keep = true
	c := bodyCipher(f.header, f.keys)
	c.OnDigest = f.sig.digests.add
	if err := c.NewReader(f.body(), 0).Skim(); err != nil {
		return err
	}
	if err := f.sig.close(f.trailer, f.Size()); err != nil {
		return err
	}
	return f.open(f.checked())
}

// checked returns a cipher that opens the chunks that Verify saw, and no others.
func (f *File) checked() *stream.Cipher {
	c := bodyCipher(f.header, f.keys)
	if f.sig != nil && f.sig.digests.keep {
		c.OnDigest = f.sig.digests.expect
	}
	return c
}

// DecryptTo decrypts all contents to dst, on several cores, whatever the
// position is.
func (f *File) DecryptTo(dst io.Writer) (int64, error) {
	return f.checked().NewReader(f.body(), 0).WriteTo(dst)
}
