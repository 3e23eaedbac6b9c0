// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"io"

	"github.com/pqenc/pqenc/stream"
)

// Decrypt reads the header of an encrypted file from src, and returns a reader of its
// contents if one of the identities opens it. The identities are tried in order.
func Decrypt(src io.Reader, identities ...Identity) (*Reader, error) {
	return DecryptSigned(src, Policy{}, identities...)
}

// DecryptSigned is [Decrypt] for files that meet the policy.
//
// The header shows who made the file key, so that files of other signers are refused at
// once. But every recipient has the file key and could put other contents after the
// header. If somebody did, [Reader.Read] returns [ErrReplaced] instead of [io.EOF], only
// at the end of the contents. To know it before, use [OpenSigned] and [File.Verify].
func DecryptSigned(src io.Reader, policy Policy, identities ...Identity) (*Reader, error) {
	return decrypt(src, nil, policy, identities)
}

// decrypt is DecryptSigned, or Resume if mark is not nil.
func decrypt(src io.Reader, mark *Mark, policy Policy, identities []Identity) (*Reader, error) {
	h, err := openHeader(src, policy, identities)
	if err != nil {
		return nil, err
	}
	r := &Reader{sig: h.sig, start: startOf(h.Header)}
	c := bodyCipher(h.Header, h.keys)
	if h.sig != nil && h.sig.sender != nil { // otherwise the digests are not needed
		r.hashed = &hashed{digests: &h.sig.digests}
		c.OnDigest = r.hashed.add
	}
	if mark != nil {
		if err := r.resume(mark); err != nil {
			return nil, err
		}
	}
	r.body = c.NewReaderFrom(src, h.trailerSize(), r.chunks())
	return r, nil
}

// Reader decrypts the contents of one file. It returns only authentic data, and [io.EOF]
// only at the end of a complete file. A caller that must not act on the first part of a
// damaged file must wait for that. Its methods must not be called concurrently.
type Reader struct {
	body   *stream.Reader
	sig    *signed // nil if the file is not signed
	hashed *hashed // nil if there are no senders
	start  start   // of the body, for marks
	length int64   // of the released contents
	err    error   // result of end, sticky
}

// Read decrypts into p.
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.length += int64(n)
	if err == io.EOF {
		err = r.end()
	}
	return n, err
}

// WriteTo decrypts the rest of the contents to dst, on several cores. [io.Copy] uses it. If
// dst is an [*io.OffsetWriter] it is written by offset, in any order: after an error its
// contents are undefined, and [Reader.Mark] must not be called meanwhile. A source that is
// an [*io.SectionReader] is read by offset.
func (r *Reader) WriteTo(dst io.Writer) (n int64, err error) {
	if _, ok := dst.(*io.OffsetWriter); ok {
		n, err = r.body.WriteTo(dst)
		r.length += n
	} else {
		n, err = r.body.WriteTo(released{dst, &r.length})
	}
	if err == nil {
		err = r.end()
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// end checks the trailer after the contents. It returns io.EOF if there is no error.
func (r *Reader) end() error {
	if r.err == nil {
		r.err = io.EOF
		if r.sig != nil {
			if err := r.sig.close(r.body.Tail(), r.length); err != nil {
				r.err = err
			}
		}
	}
	return r.err
}

// Signature returns the signature of the file, or nil if it has none. Its Level becomes
// [Verified] when the end of the contents has been read.
func (r *Reader) Signature() *Signature { return r.sig.signature() }
