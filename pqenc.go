// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package pqenc encrypts files for post-quantum keys: envelope encryption with
// a hybrid KEM (X25519 and ML-KEM-768) and a body of AES-256-GCM chunks, for
// files of any size in constant memory. The format is SPEC.md's.
//
// [Encrypt] and [Decrypt] work on streams, [Open] gives random access. Keys are
// made, read and written by package keyfile, whose types are the usual
// [Recipient] and [Identity]; for a passphrase there is
// [github.com/pqenc/pqenc/recipient.Passphrase].
//
// Files are safe against everybody without a key: they cannot be read, and not
// changed without notice. They do not hide their length, and they do not say
// who made them.
//
// # Compatibility
//
// Every file that a release of this package wrote can be read by all later
// ones. If an old file should ever be a danger to its readers, reading it may
// need an explicit choice.
package pqenc

import (
	"crypto/rand"
	"errors"
	"io"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/stream"
)

// The ways in which opening a file fails. Errors wrap one of these, or are
// those of the reader or writer that the caller gave, unchanged.
var (
	// ErrNoMatch: none of the identities opens the file.
	ErrNoMatch = format.ErrNoMatch
	// ErrNotPqenc: this is some other kind of file.
	ErrNotPqenc = format.ErrNotPqenc
	// ErrUnsupported: the file has a version or a feature that this release
	// does not know.
	ErrUnsupported = format.ErrUnsupported
	// ErrHeader: the header is damaged or forged.
	ErrHeader = format.ErrHeader
	// ErrBody: a part of the contents is damaged or forged. Everything before
	// it has been released and is authentic.
	ErrBody = stream.ErrDamaged
	// ErrTruncated: the file ends too early. A file that is cut inside a chunk
	// of its body gives ErrBody instead: the cut cannot be told from damage.
	ErrTruncated = io.ErrUnexpectedEOF
	// ErrNoRecipients: there is nobody to encrypt to.
	ErrNoRecipients = errors.New("no recipients")
)

// Stanza holds a file key, wrapped for one recipient.
type Stanza = format.Stanza

// FileKey is the secret of one file, 32 bytes.
type FileKey = format.FileKey

// Binding ties a wrapped file key to its file, 44 bytes.
type Binding = format.Binding

// A Recipient can wrap a file key for somebody.
type Recipient interface {
	// Wrap returns a stanza that holds fileKey, authenticated together with
	// binding. It must not keep fileKey.
	Wrap(fileKey *FileKey, binding *Binding) (Stanza, error)
}

// An Identity can unwrap file keys that were wrapped for it.
type Identity interface {
	// Unwrap returns the file key in s. The error wraps [ErrNoMatch] when s is
	// for somebody else or of another type, so that the next stanza or
	// identity is tried; every other error ends the search.
	Unwrap(s Stanza, binding *Binding) (*FileKey, error)
}

// Encrypt writes the header of an encrypted file to dst and returns a writer
// for its contents. Each of the recipients will be able to read them.
//
// The caller must Close the writer. dst is not closed, and after any error
// holds nothing of use.
func Encrypt(dst io.Writer, recipients ...Recipient) (*Writer, error) {
	return encrypt(dst, format.DefaultChunkLog2, recipients)
}

func encrypt(dst io.Writer, chunkLog2 uint8, recipients []Recipient) (*Writer, error) {
	if len(recipients) == 0 {
		return nil, ErrNoRecipients
	}
	var fileKey FileKey
	rand.Read(fileKey[:])
	h := &format.Header{ChunkLog2: chunkLog2}
	rand.Read(h.Salt[:])
	keys := h.DeriveKeys(&fileKey)
	h.Commit = keys.Commit
	for _, r := range recipients {
		s, err := r.Wrap(&fileKey, h.Binding())
		if err != nil {
			return nil, err
		}
		h.Stanzas = append(h.Stanzas, s)
	}
	b, err := h.Seal(keys)
	if err != nil {
		return nil, err
	}
	if _, err := dst.Write(b); err != nil {
		return nil, err
	}
	return &Writer{bodyCipher(h, keys).NewWriter(dst)}, nil
}

// Writer encrypts the contents of one file. Its methods must not be called
// concurrently.
type Writer struct {
	body *stream.Writer
}

// Write encrypts p. A failure of the destination may show in a later call.
func (w *Writer) Write(p []byte) (int, error) { return w.body.Write(p) }

// ReadFrom encrypts all of src. [io.Copy] uses it; it saves a copy.
func (w *Writer) ReadFrom(src io.Reader) (int64, error) { return w.body.ReadFrom(src) }

// Close writes what is left. Only when it returns nil the file is whole.
func (w *Writer) Close() error { return w.body.Close() }

// Decrypt reads the header of an encrypted file from src, and returns a reader
// of its contents if one of the identities opens it. They are tried in order.
func Decrypt(src io.Reader, identities ...Identity) (*Reader, error) {
	h, err := parse(src)
	if err != nil {
		return nil, err
	}
	keys, err := unlock(h, identities)
	if err != nil {
		return nil, err
	}
	return &Reader{bodyCipher(h, keys).NewReader(src, 0)}, nil
}

// Reader decrypts the contents of one file. It returns authentic data only,
// and [io.EOF] only at the end of a whole file; a caller that must not act on
// the first part of a damaged file waits for that. Its methods must not be
// called concurrently.
type Reader struct {
	body *stream.Reader
}

// Read decrypts into p.
func (r *Reader) Read(p []byte) (int, error) { return r.body.Read(p) }

// WriteTo decrypts all contents to dst, on several cores. [io.Copy] uses it.
func (r *Reader) WriteTo(dst io.Writer) (int64, error) { return r.body.WriteTo(dst) }

// bodyCipher returns the cipher of the body behind h.
func bodyCipher(h *format.Header, k *format.Keys) *stream.Cipher {
	return stream.New(&k.Payload, &k.NoncePrefix, h.ChunkLog2)
}

// parse reads a header that this release can open.
func parse(src io.Reader) (*format.Header, error) {
	h, err := format.Parse(src)
	if err != nil {
		return nil, err
	}
	if h.Signed {
		return nil, &format.Error{Field: "flags", Reason: "the file is signed, which this release cannot check", Kind: ErrUnsupported}
	}
	return h, nil
}

// unlock finds the file key and authenticates the header with it.
func unlock(h *format.Header, identities []Identity) (*format.Keys, error) {
	result := error(ErrNoMatch)
	for _, id := range identities {
		for _, s := range h.Stanzas {
			if !s.Type.WrapsKey() {
				continue
			}
			fileKey, err := id.Unwrap(s, h.Binding())
			if errors.Is(err, ErrNoMatch) {
				continue
			}
			if err != nil {
				return nil, err
			}
			keys := h.DeriveKeys(fileKey)
			if !h.Committed(keys) {
				// A forged stanza beside a good one must not hide it: go on.
				result = &format.Error{Field: "commit", Reason: "is not that of the file key", Kind: ErrHeader}
				continue
			}
			return keys, h.Authenticate(keys)
		}
	}
	return nil, result
}
