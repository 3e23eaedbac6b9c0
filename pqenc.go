// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package pqenc encrypts files for post-quantum keys: envelope encryption with
// a hybrid KEM (X25519 and ML-KEM-768) and a body of AES-256-GCM chunks, for
// files of any size in constant memory. The format is SPEC.md's.
//
// [Encrypt] and [Decrypt] work on streams, [Open] gives random access, [Rewrap]
// changes who can open a file and leaves its body alone. Keys are
// made, read and written by package keyfile, whose types are the usual
// [Recipient] and [Identity]; for a passphrase there is
// [github.com/pqenc/pqenc/recipient.Passphrase].
//
// Files are safe against everybody without a key: they cannot be read, and not
// changed without notice. They do not hide their length. Who made them is said by
// signed files alone: [EncryptSigned], [DecryptSigned], [OpenSigned].
// [SignDetached] and [VerifyDetached] are for files of any kind, which stay as they
// are.
//
// # Compatibility
//
// Every file that a release of this package wrote can be read by all later
// ones. If an old file should ever be a danger to its readers, reading it may
// need an explicit choice.
package pqenc

import (
	"errors"
	"io"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/fips"
	"github.com/pqenc/pqenc/stream"
)

// The ways in which opening a file fails. Errors wrap one of these, or are
// those of the reader or writer that the caller gave, unchanged.
var (
	// ErrNoMatch: none of the identities opens the file.
	ErrNoMatch = format.ErrNoMatch
	// ErrNotPqenc: this is some other kind of file, or an armored one, which
	// [Dearmor] reads.
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
	// ErrFIPS: GODEBUG=fips140=only forbids what the format needs. With
	// fips140=on all works. Functions that make or read keys return it, too.
	ErrFIPS = fips.ErrOnly
	// ErrNoRecipients: there is nobody to encrypt to.
	ErrNoRecipients = errors.New("no recipients")
	// ErrPassphraseAlone: a passphrase must be the only way into a file, since the
	// file is no safer than it (SPEC.md, section 3.2).
	ErrPassphraseAlone = errors.New("a passphrase must be the only way into a file")
	// ErrTooMany: there are more recipients than a header can hold, see
	// [format.MaxKeyStanzas] and [format.MaxSize].
	ErrTooMany = errors.New("too many recipients for one file")
	// ErrUnchanged: the recipients of the file are already what [Rewrap] was asked
	// for.
	ErrUnchanged = errors.New("the recipients are up to date")
)

// The ways in which a file is not what a [Policy] asks for.
var (
	// ErrNotSigned: the file is not signed.
	ErrNotSigned = errors.New("the file is not signed")
	// ErrWrongSigner: the file is signed by somebody else.
	ErrWrongSigner = errors.New("the file is signed by somebody else")
	// ErrSignature: the signature is not that of the signer it names.
	ErrSignature = errors.New("the signature is wrong")
	// ErrReplaced: the signer made this file key, but did not sign these
	// contents. Some other recipient of the file may have put them there.
	ErrReplaced = errors.New("the contents are not those that were signed")
	// ErrRetired: the signer had retired the key when the file was signed with it.
	ErrRetired = errors.New("the file was signed with a key that had been retired")
	// ErrForwarded: the file is signed for others than its reader.
	ErrForwarded = errors.New("the file is signed for somebody else")
	// ErrContext: the file is signed for another context.
	ErrContext = errors.New("the file is signed for another context")
	// ErrAnonymous: a recipient of a file to be signed has no fingerprint. Keys of age
	// are such.
	ErrAnonymous = errors.New("a signature names every recipient by fingerprint, and one of them, such as an age key, has none")
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
