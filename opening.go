// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package signature

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// The uses of signatures in files, which keep them apart.
const (
	openingUse = "pqenc/v1/opening"
	closingUse = "pqenc/v1/closing"
)

// Bounds of an opening.
const (
	// MaxLabel is the length in bytes of the longest context of a file.
	MaxLabel = 4096
	// MaxReaders is the largest number of readers in an opening.
	MaxReaders = 1024
)

// ErrMalformedOpening says that bytes are not an opening, or that an opening
// exceeds the bounds.
var ErrMalformedOpening = errors.New("malformed opening of a signed file")

// Opening is what the signer of a file says before its contents: I made this
// file key, for these readers (SPEC.md, section 6.1). It does not speak of the
// contents: see [Opening.SignClosing].
type Opening struct {
	// Signer is the fingerprint of who signs.
	Signer Fingerprint
	// Time is that of signing, in seconds since 1970 UTC, by the signer's clock.
	Time uint64
	// Context says what the file is for, in the words of those who use it, so
	// that it cannot be passed off as one for something else. Up to [MaxLabel]
	// bytes.
	Context string
	// Readers are the fingerprints of all the recipients, sorted and distinct,
	// up to [MaxReaders]. There are none where a passphrase is the recipient.
	Readers []Fingerprint
}

// Marshal returns the fields of o in the encoding that is signed.
func (o *Opening) Marshal() ([]byte, error) {
	if len(o.Context) > MaxLabel || len(o.Readers) > MaxReaders || !ascending(o.Readers) {
		return nil, ErrMalformedOpening
	}
	b := slices.Clone(o.Signer[:])
	b = binary.BigEndian.AppendUint64(b, o.Time)
	b = binary.BigEndian.AppendUint16(b, uint16(len(o.Context)))
	b = append(b, o.Context...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(o.Readers)))
	for _, r := range o.Readers {
		b = append(b, r[:]...)
	}
	return b, nil
}

// ParseOpening returns the opening whose [Opening.Marshal] is at the begin of b,
// and what is behind it.
func ParseOpening(b []byte) (o *Opening, rest []byte, err error) {
	o = new(Opening)
	r := &fields{rest: b}
	copy(o.Signer[:], r.next(len(o.Signer)))
	o.Time = uint64(r.number(8))
	o.Context = string(r.next(int(r.number(2))))
	for n := r.number(2); n > 0 && !r.short; n-- {
		o.Readers = append(o.Readers, Fingerprint(r.next(sha256.Size)))
	}
	if _, err := o.Marshal(); r.short || err != nil {
		return nil, nil, ErrMalformedOpening
	}
	return o, r.rest, nil
}

// fields cuts fields from the begin of rest. When it is too short for one they
// are all zeros from then on.
type fields struct {
	rest  []byte
	short bool
}

func (f *fields) next(n int) []byte {
	if f.short || n > len(f.rest) {
		f.short = true
		return make([]byte, n)
	}
	field := f.rest[:n]
	f.rest = f.rest[n:]
	return field
}

func (f *fields) number(n int) uint64 {
	var b [8]byte
	copy(b[8-n:], f.next(n))
	return binary.BigEndian.Uint64(b[:])
}

func ascending(fs []Fingerprint) bool {
	for i := 1; i < len(fs); i++ {
		if bytes.Compare(fs[i-1][:], fs[i][:]) >= 0 {
			return false
		}
	}
	return true
}

// NewReaders returns the fingerprints as an [Opening] has them: sorted, each
// once.
func NewReaders(fs []Fingerprint) []Fingerprint {
	sorted := slices.Clone(fs)
	slices.SortFunc(sorted, func(a, b Fingerprint) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(sorted)
}

// HasReader says whether f is among the readers.
func (o *Opening) HasReader(f Fingerprint) bool { return slices.Contains(o.Readers, f) }

// Sign signs o for the file that has this identity: P || salt || commit in
// SPEC.md.
func (o *Opening) Sign(key *PrivateKey, file []byte) ([]byte, error) {
	m, err := o.message(file)
	if err != nil {
		return nil, err
	}
	return key.Sign(openingUse, m)
}

// Verify checks a signature of o. The caller compares o.Signer with the
// fingerprint of the identity that key belongs to: a composite signature does
// not bind its key. The error is [ErrInvalid].
func (o *Opening) Verify(key *PublicKey, file, sig []byte) error {
	m, err := o.message(file)
	if err != nil {
		return err
	}
	return key.Verify(openingUse, m, sig)
}

func (o *Opening) message(file []byte) ([]byte, error) {
	b, err := o.Marshal()
	return append(slices.Clone(file), b...), err
}

// Contents is what a closing says of the contents of a file: their length, and
// the SHA-256 of the SHA-256s of all chunks of the body, in order.
//
// It is over hashes of the ciphertext since GCM's tags are none: whoever has the
// file key, as every recipient has, can make another body with the same tags.
type Contents struct {
	Length uint64
	Digest [sha256.Size]byte
}

// SignClosing signs the contents of the file with the opening o.
func (o *Opening) SignClosing(key *PrivateKey, file []byte, c Contents) ([]byte, error) {
	m, err := o.closing(file, c)
	if err != nil {
		return nil, err
	}
	return key.Sign(closingUse, m)
}

// VerifyClosing checks a signature of the contents of the file with the opening
// o. The error is [ErrInvalid].
func (o *Opening) VerifyClosing(key *PublicKey, file []byte, c Contents, sig []byte) error {
	m, err := o.closing(file, c)
	if err != nil {
		return err
	}
	return key.Verify(closingUse, m, sig)
}

func (o *Opening) closing(file []byte, c Contents) ([]byte, error) {
	m, err := o.message(file)
	if err != nil {
		return nil, err
	}
	if c.Length > math.MaxInt64 {
		return nil, fmt.Errorf("signature: %d bytes are too long for one file", c.Length)
	}
	sum := sha256.Sum256(m)
	b := binary.BigEndian.AppendUint64(sum[:], c.Length)
	return append(b, c.Digest[:]...), nil
}
