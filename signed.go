// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"fmt"
	"time"

	"github.com/pqenc/pqenc/signature"
)

// Fingerprint names an identity.
type Fingerprint = signature.Fingerprint

// A Signer signs files. *keyfile.Identity is one.
type Signer interface {
	Fingerprint() Fingerprint
	SigningKey() *signature.PrivateKey
}

// A Sender is somebody whose signatures a reader accepts. *keyfile.Public is one.
//
// If it has a method Retired() time.Time that returns the time when its key was retired,
// and not zero, later signatures are refused with [ErrRetired].
type Sender interface {
	Fingerprint() Fingerprint
	VerificationKey() *signature.PublicKey
}

// SignerError is the error for a file that is not signed by one of the senders. It names
// the signer as the file does, unverified, and wraps [ErrWrongSigner].
type SignerError struct{ Signer Fingerprint }

func (e *SignerError) Error() string { return fmt.Sprintf("%v: %s", ErrWrongSigner, e.Signer) }

// Unwrap returns [ErrWrongSigner].
func (e *SignerError) Unwrap() error { return ErrWrongSigner }

// named are the recipients and identities that a signature can name. An identity with several
// generations also has a method Fingerprints() []Fingerprint.
type named interface{ Fingerprint() Fingerprint }

// Policy is the requirements of a reader for the signature of a file. The zero value accepts
// all files and verifies no signature.
type Policy struct {
	// From are the senders: the file must be signed by one of them, for one of the
	// identities that were given. If there are none, all files are accepted, signed or
	// not.
	From []Sender
	// Context, if not nil, must be exactly the context of the signature, byte for byte.
	// It requires senders: without a verified signature, anybody can write a context.
	Context *string
	// AllowForwarded accepts files that are signed for other readers.
	AllowForwarded bool
}

// Level is how far a signature has been checked.
type Level int

const (
	// Unverified: the signature was not checked.
	Unverified Level = iota
	// Claimed: the signer made the file key, for the readers of the signature
	// and in its context. Each of those readers could have replaced the
	// contents since.
	Claimed
	// Verified: the signer signed these contents.
	Verified
)

func (l Level) String() string {
	return [...]string{"unverified", "claimed", "verified"}[l]
}

// Signature is the statement of a file about its signer.
type Signature struct {
	Level     Level
	Signer    Fingerprint
	Time      time.Time // by the signer's clock
	Context   string
	Readers   []Fingerprint // all recipients; none for a passphrase
	Addressed bool          // for one of the identities that were given
}

// timeOf returns the time that is seconds after 1970 UTC.
func timeOf(seconds uint64) time.Time { return time.Unix(int64(min(seconds, 1<<62)), 0) }
