// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"io"

	"github.com/pqenc/pqenc/stream"
)

// File gives random access to the contents of an encrypted file, with the methods Read,
// Seek, ReadAt and Size. ReadAt may be called concurrently. Read and Seek share a
// position, like those of [os.File].
type File struct {
	*io.SectionReader

	plain   *stream.ReaderAt // below the SectionReader
	src     io.ReaderAt      // of the encrypted file
	header  *header
	end     int64 // of the body, in src
	trailer []byte
	seen    *digests // of Verify or UseDigests; nil until one of them succeeded
}

// Open opens the encrypted file in the first size bytes of src. It authenticates the
// header, and the length by the last chunk. Other chunks are authenticated when they
// are read.
func Open(src io.ReaderAt, size int64, identities ...Identity) (*File, error) {
	return OpenSigned(src, size, Policy{}, identities...)
}

// OpenSigned is [Open] for files that meet the policy. The signer is only [Claimed] at
// first, see [DecryptSigned]; [File.Verify] checks the contents.
func OpenSigned(src io.ReaderAt, size int64, policy Policy, identities ...Identity) (*File, error) {
	h, err := openHeader(io.NewSectionReader(src, 0, size), policy, identities)
	if err != nil {
		return nil, err
	}
	f := &File{src: src, header: h, end: size - int64(h.trailerSize())}
	body := f.body()
	if f.plain, err = f.cipher().NewReaderAt(body, body.Size()); err != nil {
		return nil, err
	}
	f.SectionReader = io.NewSectionReader(f.plain, 0, f.plain.Size())
	if h.sig == nil {
		return f, nil
	}
	f.trailer = make([]byte, trailerSize)
	if n, err := src.ReadAt(f.trailer, f.end); n < trailerSize {
		if err == nil || err == io.EOF {
			err = stream.ErrTruncated
		}
		return nil, err
	}
	if _, err := h.sig.closing(f.trailer); err != nil {
		return nil, err
	}
	return f, nil
}

// use makes all later reads refuse chunks with other digests.
func (f *File) use(seen *digests) {
	f.plain, f.seen = f.plain.WithDigests(seen.expect), seen
	f.SectionReader = io.NewSectionReader(f.plain, 0, f.plain.Size())
}

// cipher returns the cipher of the body.
func (f *File) cipher() *stream.Cipher { return bodyCipher(f.header.Header, f.header.keys) }

// body returns the body of the file.
func (f *File) body() *io.SectionReader {
	start := int64(f.header.Size)
	return io.NewSectionReader(f.src, start, max(f.end-start, 0))
}

// Forget frees the memory of opened chunks that no call uses. It is for files that stay
// open for a long time.
func (f *File) Forget() { f.plain.Forget() }

// Signature returns the signature of the file, or nil if it has none. Its Level becomes
// [Verified] by [File.Verify] or [File.UseDigests].
func (f *File) Signature() *Signature { return f.header.sig.signature() }

// Verify reads the whole file and checks its closing signature. It must be called before
// anything else is read. Afterwards Read and ReadAt return [ErrReplaced] for chunks that
// have changed since. It takes 32 bytes of memory for each chunk.
//
// The contents are hashed. They are decrypted only if the signature does not verify: then
// the error is [ErrBody] if they were damaged, and [ErrReplaced] otherwise. For a file that
// is not signed the error is [ErrNotSigned]. Without senders in the policy, Verify checks
// only that nothing is damaged.
func (f *File) Verify() error {
	if f.header.sig == nil {
		return ErrNotSigned
	}
	seen := newDigests(f.chunks())
	c := f.cipher()
	c.OnDigest = seen.add
	if err := c.NewReader(f.body(), 0).Skim(); err != nil {
		return err
	}
	f.header.sig.digests = *seen
	err := f.header.sig.close(f.trailer, f.Size())
	if err != nil || f.header.sig.sender == nil {
		// Hashing does not detect damaged chunks, opening does.
		if _, damage := f.cipher().NewReader(f.body(), 0).WriteTo(io.Discard); damage != nil {
			return damage
		}
	}
	if err != nil {
		return err
	}
	f.use(seen)
	return nil
}

// DecryptTo decrypts all contents to dst, on several cores, independent of the position
// of Read. It is [File.WriteRange] of everything.
func (f *File) DecryptTo(dst io.Writer) (int64, error) {
	return f.WriteRange(dst, 0, f.Size())
}

// WriteRange decrypts length bytes of the contents at an offset to dst. It processes several
// chunks at once, in constant memory, and writes them in order, or by offset if dst is an
// [*io.OffsetWriter], whose contents are undefined after an error. It returns the number of
// bytes written. If the range is not within the contents, nothing is written and the error
// is [io.EOF].
func (f *File) WriteRange(dst io.Writer, offset, length int64) (int64, error) {
	return f.plain.WriteRange(dst, offset, length)
}
