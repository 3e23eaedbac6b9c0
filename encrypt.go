// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"crypto/rand"
	"io"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/fips"
	"github.com/pqenc/pqenc/stream"
)

// Encrypt writes the header of an encrypted file to dst and returns a writer for its
// contents. Each of the recipients can read them.
//
// A [Reserve] among the recipients makes room in the header for more recipients.
//
// The caller must Close the writer. dst is not closed. After an error the output is
// incomplete and must be discarded.
//
// To encrypt a file to another file on all cores, use an [*io.OffsetWriter] for dst, and
// copy from an [*io.SectionReader]: both are then used by offset.
func Encrypt(dst io.Writer, recipients ...Recipient) (*Writer, error) {
	return encrypt(dst, format.DefaultChunkLog2, nil, recipients)
}

// EncryptSigned is [Encrypt] with a signature, which states who made the file and for
// which recipients. Each recipient must have a fingerprint, like *keyfile.Public, or be a
// passphrase. The context, up to [MaxContextSize] bytes, states what the file is for, and
// may be empty. Readers can require a context, so that a file cannot be passed off as
// another one of the same signer.
//
// Readers of the file learn each other's fingerprints, and can prove to anybody who signed
// it.
func EncryptSigned(dst io.Writer, signer Signer, context string, recipients ...Recipient) (*Writer, error) {
	return encrypt(dst, format.DefaultChunkLog2, &signing{signer: signer, context: context}, recipients)
}

// encrypt is Encrypt, or EncryptSigned if sig is not nil.
func encrypt(dst io.Writer, chunkLog2 uint8, sig *signing, recipients []Recipient) (*Writer, error) {
	if err := fips.Check(); err != nil {
		return nil, err
	}
	recipients, room := split(recipients)
	if len(recipients) == 0 {
		return nil, ErrNoRecipients
	}
	h := &format.Header{ChunkLog2: chunkLog2, Signed: sig != nil}
	if _, err := sizeAfter(h, nil, recipients, room); err != nil {
		return nil, err
	}
	var fileKey FileKey
	rand.Read(fileKey[:])
	rand.Read(h.Salt[:])
	keys := h.DeriveKeys(&fileKey)
	h.Commit = keys.Commit
	wrapped, err := wrapAll(recipients, &fileKey, h.Binding())
	if err != nil {
		return nil, err
	}
	if sig != nil {
		s, err := sig.open(h.ID(), keys, recipients, wrapped)
		if err != nil {
			return nil, err
		}
		h.Stanzas = append(h.Stanzas, s)
	}
	h.Stanzas = append(h.Stanzas, wrapped...)
	h.Size = sizeWith(h.Stanzas, room)
	b, err := h.Seal(keys)
	if err != nil {
		return nil, err
	}
	if _, err := dst.Write(b); err != nil {
		return nil, err
	}
	c := bodyCipher(h, keys)
	if sig != nil {
		c.OnDigest = sig.digests.add
	}
	return &Writer{body: c.NewWriter(dst), dst: dst, sig: sig}, nil
}

// Writer encrypts the contents of one file. Its methods must not be called
// concurrently.
type Writer struct {
	body   *stream.Writer
	dst    io.Writer
	sig    *signing // nil if the file is not signed
	length int64
}

// Write encrypts p. A later call may return an error of the destination.
func (w *Writer) Write(p []byte) (int, error) {
	n, err := w.body.Write(p)
	w.length += int64(n)
	return n, err
}

// ReadFrom encrypts all of src without an extra copy; [io.Copy] uses it. A src that is an
// [*io.SectionReader] is read by offset, on several cores.
func (w *Writer) ReadFrom(src io.Reader) (int64, error) {
	n, err := w.body.ReadFrom(src)
	w.length += n
	return n, err
}

// Close writes the rest of the file, which is complete only if Close returns nil.
func (w *Writer) Close() error {
	if err := w.body.Close(); err != nil || w.sig == nil {
		return err
	}
	trailer, err := w.sig.close(w.length)
	if err != nil {
		return err
	}
	_, err = w.dst.Write(trailer)
	return err
}

// bodyCipher returns the cipher of the body after h.
func bodyCipher(h *format.Header, k *format.Keys) *stream.Cipher {
	return stream.New(&k.Payload, &k.NoncePrefix, h.ChunkLog2)
}
