// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/stream"
)

// The contexts of the signatures in files, so that none is valid for another use.
const (
	openingUse = "pqenc/v1/opening"
	closingUse = "pqenc/v1/closing"
)

// MaxContextSize is the largest size in bytes of the context of a signed file.
const MaxContextSize = 4096

// maxReaders is the largest number of readers in an opening.
const maxReaders = 1024

// opening is the statement of the signer that they made the file key, for these readers
// (SPEC.md, section 6.1). It does not cover the contents: the closing does.
type opening struct {
	signer  Fingerprint
	time    uint64 // of signing, in seconds since 1970 UTC, by the signer's clock
	context string // up to MaxContextSize bytes
	// readers are the fingerprints of all recipients, sorted and distinct, up to
	// maxReaders. There are none if a passphrase is the recipient.
	readers []Fingerprint
}

// marshal returns the fields of o in the encoding that is signed. The error wraps
// [ErrHeader] if o exceeds the bounds.
func (o *opening) marshal() ([]byte, error) {
	switch {
	case len(o.context) > MaxContextSize:
		return nil, badSigner(fmt.Sprintf("has a context of %d bytes, more than %d", len(o.context), MaxContextSize))
	case len(o.readers) > maxReaders:
		return nil, badSigner(fmt.Sprintf("has %d readers, more than %d", len(o.readers), maxReaders))
	case !ascending(o.readers):
		return nil, badSigner("has readers that are not sorted and distinct")
	}
	b := slices.Clone(o.signer[:])
	b = binary.BigEndian.AppendUint64(b, o.time)
	b = binary.BigEndian.AppendUint16(b, uint16(len(o.context)))
	b = append(b, o.context...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(o.readers)))
	for _, r := range o.readers {
		b = append(b, r[:]...)
	}
	return b, nil
}

// parseOpening returns the opening at the start of b, and the bytes after it. The error
// wraps [ErrHeader].
func parseOpening(b []byte) (o *opening, rest []byte, err error) {
	o = new(opening)
	r := &fields{rest: b}
	copy(o.signer[:], r.next(len(o.signer)))
	o.time = r.number(8)
	o.context = string(r.next(int(r.number(2))))
	for n := r.number(2); n > 0 && !r.short; n-- {
		o.readers = append(o.readers, Fingerprint(r.next(sha256.Size)))
	}
	if r.short {
		return nil, nil, badSigner("is cut short")
	}
	if _, err := o.marshal(); err != nil {
		return nil, nil, err
	}
	return o, r.rest, nil
}

// fields reads fields from the start of rest. After the end of rest, all fields are zeros.
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

// sortedReaders returns the fingerprints for an opening: sorted and distinct.
func sortedReaders(fs []Fingerprint) []Fingerprint {
	sorted := slices.Clone(fs)
	slices.SortFunc(sorted, func(a, b Fingerprint) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(sorted)
}

// hasReader reports whether f is among the readers.
func (o *opening) hasReader(f Fingerprint) bool { return slices.Contains(o.readers, f) }

// sign signs o for the file.
func (o *opening) sign(key *signature.PrivateKey, file *format.ID) ([]byte, error) {
	m, err := o.message(file)
	if err != nil {
		return nil, err
	}
	return key.Sign(openingUse, m)
}

// verify checks a signature of o. The caller must compare o.signer with the fingerprint of
// the identity with that key, since a composite signature does not bind its key. The error
// is [signature.ErrInvalid].
func (o *opening) verify(key *signature.PublicKey, file *format.ID, sig []byte) error {
	m, err := o.message(file)
	if err != nil {
		return err
	}
	return key.Verify(openingUse, m, sig)
}

func (o *opening) message(file *format.ID) ([]byte, error) {
	b, err := o.marshal()
	return append(slices.Clone(file[:]), b...), err
}

// contents is the part of a closing about the contents: their length in bytes, and the
// SHA-256 of the SHA-256 digests of all sealed chunks, in order.
//
// It does not use the tags of GCM, which are not hashes: every recipient has the file key
// and can make another body with the same tags.
type contents struct {
	length uint64
	digest [sha256.Size]byte
}

// signClosing signs the contents of the file with the opening o.
func (o *opening) signClosing(key *signature.PrivateKey, file *format.ID, c contents) ([]byte, error) {
	m, err := o.closing(file, c)
	if err != nil {
		return nil, err
	}
	return key.Sign(closingUse, m)
}

// verifyClosing checks a signature of the contents of the file with the opening
// o. The error is [signature.ErrInvalid].
func (o *opening) verifyClosing(key *signature.PublicKey, file *format.ID, c contents, sig []byte) error {
	m, err := o.closing(file, c)
	if err != nil {
		return err
	}
	return key.Verify(closingUse, m, sig)
}

func (o *opening) closing(file *format.ID, c contents) ([]byte, error) {
	m, err := o.message(file)
	if err != nil {
		return nil, err
	}
	if c.length > math.MaxInt64 {
		return nil, fmt.Errorf("%w: %d bytes", stream.ErrTooLong, c.length)
	}
	sum := sha256.Sum256(m)
	b := binary.BigEndian.AppendUint64(sum[:], c.length)
	return append(b, c.digest[:]...), nil
}
