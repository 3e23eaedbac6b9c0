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

// A Sender may have signed a file. *keyfile.Public is one.
//
// It may have a method Retired() time.Time as well, which returns when its key was
// retired, or zero. What is signed later is then refused with [ErrRetired].
type Sender interface {
	Fingerprint() Fingerprint
	VerificationKey() *signature.PublicKey
}

// SignerError says who signed a file that somebody else was to sign, by the file's
// account. It wraps [ErrWrongSigner].
type SignerError struct{ Signer Fingerprint }

func (e *SignerError) Error() string { return fmt.Sprintf("%v: %s", ErrWrongSigner, e.Signer) }

// Unwrap returns [ErrWrongSigner].
func (e *SignerError) Unwrap() error { return ErrWrongSigner }

// named are the recipients and identities that a signature can name. An identity with
// several names has a method Fingerprints() []Fingerprint as well.
type named interface{ Fingerprint() Fingerprint }

// Policy says which files a reader accepts. The zero value accepts all, and
// verifies no signature.
type Policy struct {
	// From are the senders to choose from: the file must be signed by one of
	// them, for a reader who is among the identities that open it. If there are
	// none, files of anybody are accepted, signed or not.
	From []Sender
	// Context, if not nil, must be exactly the context of the signature, byte for byte.
	// It needs senders in From: everybody can write a context that nobody verifies.
	Context *string
	// AllowForwarded accepts files that were signed for other readers.
	AllowForwarded bool
}

// Level says how far a signature has been checked.
type Level int

const (
	// Unverified: nobody has checked that the named signer signed anything.
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

// Signature is what a file says about who made it.
type Signature struct {
	Level     Level
	Signer    Fingerprint
	Time      time.Time // by the signer's clock
	Context   string
	Readers   []Fingerprint // all recipients; none for a passphrase
	Addressed bool          // to one of the identities that were given
}

// timeOf returns the time of so many seconds since 1970 UTC.
func timeOf(seconds uint64) time.Time { return time.Unix(int64(min(seconds, 1<<62)), 0) }
