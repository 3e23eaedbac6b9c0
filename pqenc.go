// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package pqenc encrypts files to post-quantum keys: a hybrid KEM (X25519 and
// ML-KEM-768) wraps the file key, and AES-256-GCM encrypts the contents in chunks,
// for files of any size in constant memory. SPEC.md describes the format.
//
// [Encrypt] and [Decrypt] work on streams, [Open] gives random access, and [Rewrap]
// changes who can open a file without changing its body. Package keyfile makes, reads
// and writes keys: its types are the usual [Recipient] and [Identity]. For passphrases
// there is [github.com/pqenc/pqenc/recipient.Passphrase].
//
// Nobody without a key can read a file, or change it unnoticed. The length of a file
// is not hidden. Only signed files show who made them: [EncryptSigned],
// [DecryptSigned], [OpenSigned]. [SignDetached] and [VerifyDetached] sign files of any
// kind without changing them.
//
// # Compatibility
//
// Later releases read every file that a release of this package wrote. Should reading
// old files ever become dangerous, it may need an option.
package pqenc

import (
	"errors"
	"io"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/fips"
	"github.com/pqenc/pqenc/stream"
)

// The kinds of failure of opening a file. Errors wrap one of these, or are errors of
// the reader or writer that the caller gave, unchanged.
var (
	// ErrNoMatch: none of the identities opens the file.
	ErrNoMatch = format.ErrNoMatch
	// ErrNotPqenc: the input is another kind of file, or armored: see [Dearmor].
	ErrNotPqenc = format.ErrNotPqenc
	// ErrUnsupported: the file has a version or a feature that this release
	// does not know.
	ErrUnsupported = format.ErrUnsupported
	// ErrHeader: the header is damaged or forged.
	ErrHeader = format.ErrHeader
	// ErrBody: a chunk of the contents is damaged or forged. The contents before
	// it have been released and are authentic.
	ErrBody = stream.ErrDamaged
	// ErrTruncated: the file ends too early. For a file that is cut inside a
	// chunk the error is ErrBody: the cut cannot be told from damage.
	ErrTruncated = io.ErrUnexpectedEOF
	// ErrFIPS: GODEBUG=fips140=only forbids algorithms of the format, while
	// fips140=on works. Functions that make or read keys return it, too.
	ErrFIPS = fips.ErrOnly
	// ErrNoRecipients: no recipients were given.
	ErrNoRecipients = errors.New("no recipients")
	// ErrPassphraseAlone: a passphrase must be the only recipient, since the file
	// is no safer than the passphrase (SPEC.md, section 3.2).
	ErrPassphraseAlone = errors.New("a passphrase must be the only way into a file")
	// ErrTooMany: there are more recipients than a header can hold, see
	// [format.MaxKeyStanzas] and [format.MaxSize].
	ErrTooMany = errors.New("too many recipients for one file")
	// ErrUnchanged: the file already has the recipients that [Rewrap] was asked for.
	ErrUnchanged = errors.New("the recipients are up to date")
)

// The kinds of failure to meet a [Policy].
var (
	// ErrNotSigned: the file is not signed.
	ErrNotSigned = errors.New("the file is not signed")
	// ErrWrongSigner: the file is signed by somebody else.
	ErrWrongSigner = errors.New("the file is signed by somebody else")
	// ErrSignature: the signature does not verify with the key of the signer that
	// it names.
	ErrSignature = errors.New("the signature is wrong")
	// ErrReplaced: the signer made the file key, but did not sign these contents.
	// Another recipient of the file may have replaced them.
	ErrReplaced = errors.New("the contents are not those that were signed")
	// ErrRetired: the file was signed after its signer had retired the key.
	ErrRetired = errors.New("the file was signed with a key that had been retired")
	// ErrForwarded: the file is signed for other readers.
	ErrForwarded = errors.New("the file is signed for somebody else")
	// ErrContext: the file is signed for another context.
	ErrContext = errors.New("the file is signed for another context")
	// ErrAnonymous: a recipient of a signed file has no fingerprint, as keys of age.
	ErrAnonymous = errors.New("a signature names every recipient by fingerprint, and one of them, such as an age key, has none")
)

// Stanza is an entry of a header, such as a file key that is wrapped for one recipient.
type Stanza = format.Stanza

// FileKey is the secret of one file, 32 bytes.
type FileKey = format.FileKey

// Binding is the data that a wrapped file key is bound to, 44 bytes.
type Binding = format.Binding

// A Recipient wraps file keys.
type Recipient interface {
	// Wrap returns a stanza that contains fileKey, encrypted and authenticated
	// together with binding. It must not retain fileKey.
	Wrap(fileKey *FileKey, binding *Binding) (Stanza, error)
}

// An Identity unwraps the file keys that were wrapped for it.
type Identity interface {
	// Unwrap returns the file key in s. The error wraps [ErrNoMatch] if s is for
	// another recipient or has another type: the next stanza or identity is tried
	// then. Every other error ends opening the file.
	Unwrap(s Stanza, binding *Binding) (*FileKey, error)
}
