// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// The ways in which a detached signature is refused, beside [ErrWrongSigner],
// [ErrSignature] and [ErrRetired].
var (
	// ErrMalformedSignature: the signature file is damaged, or is no signature
	// file.
	ErrMalformedSignature = errors.New("malformed signature file")
	// ErrOtherFile: the signer signed some other file, or this one before it was
	// changed.
	ErrOtherFile = errors.New("the file is not the one that was signed")
	// ErrComment: no signature can have such a comment.
	ErrComment = errors.New("invalid comment")
)

// detachedUse keeps detached signatures apart from all others.
const detachedUse = "pqenc/v1/detached"

// Detached is what a detached signature says. All of it is signed.
type Detached struct {
	Signer  Fingerprint
	Time    time.Time // by the signer's clock, in seconds
	Length  int64     // of the file in bytes
	Comment string    // up to MaxCommentSize bytes without control characters
}

// SignDetached reads src to its end and returns a signature file for it: text, as
// SPEC.md, section 6.5, describes it. It encrypts nothing. The comment is signed as
// well; the error wraps [ErrComment] if [ValidComment] refuses it. An error of src is
// returned unchanged.
func SignDetached(src io.Reader, signer Signer, comment string) ([]byte, error) {
	if err := ValidComment(comment); err != nil {
		return nil, err
	}
	s := &statement{signer: signer.Fingerprint(), comment: comment}
	var err error
	if s.file, err = sumOf(src, math.MaxInt64); err != nil {
		return nil, err
	}
	s.time = uint64(time.Now().Unix())
	fields := s.marshal()
	sig, err := signer.SigningKey().Sign(detachedUse, fields)
	if err != nil {
		return nil, err
	}
	return encodeSignature(append(fields, sig...)), nil
}

// VerifyDetached reads src and checks that one of the senders signed just these
// contents. The signature file sig has up to [MaxSignatureFile] bytes. It is
// checked before src is read, of which no more is read than was signed, and a
// little.
//
// The error wraps [ErrMalformedSignature], [ErrWrongSigner], [ErrSignature],
// [ErrRetired] or [ErrOtherFile], in this order, or is that of src, unchanged.
func VerifyDetached(src io.Reader, sig []byte, from []Sender) (*Detached, error) {
	s, err := verifyDetached(sig, from)
	if err != nil {
		return nil, err
	}
	got, err := sumOf(src, s.file.length)
	if err != nil {
		return nil, err
	}
	switch want := s.file; {
	case got.length > want.length:
		return nil, fmt.Errorf("%w: it has more than the %d bytes that were signed", ErrOtherFile, want.length)
	case got.length < want.length:
		return nil, fmt.Errorf("%w: it has %d bytes, and %d were signed", ErrOtherFile, got.length, want.length)
	case got != want:
		return nil, ErrOtherFile
	}
	return &Detached{Signer: s.signer, Time: timeOf(s.time), Length: s.file.length, Comment: s.comment}, nil
}

// verifyDetached returns what one of the senders signed.
func verifyDetached(file []byte, from []Sender) (*statement, error) {
	raw, err := decodeSignature(file)
	if err != nil {
		return nil, err
	}
	s, sig, err := parseStatement(raw)
	if err != nil {
		return nil, err
	}
	sender, err := findSender(from, s.signer)
	if err != nil {
		return nil, err
	}
	if sender.VerificationKey().Verify(detachedUse, s.marshal(), sig) != nil {
		return nil, ErrSignature
	}
	if err := checkRetired(from, s.signer, timeOf(s.time)); err != nil {
		return nil, err
	}
	return s, nil
}

// fileSum stands for the contents of a file.
type fileSum struct {
	length int64
	digest [sha512.Size]byte
}

// hashBuffer is what is read at once: two of them fit into the cache of a core.
const hashBuffer = 256 << 10

// sumOf reads src to its end, or to where it has more than limit bytes. One buffer is
// hashed while the other one is filled.
func sumOf(src io.Reader, limit int64) (sum fileSum, err error) {
	h, filled, hashed := sha512.New(), make(chan []byte), make(chan struct{})
	go func() {
		defer close(hashed)
		for b := range filled {
			h.Write(b)
		}
	}()
	b, other := make([]byte, hashBuffer), make([]byte, hashBuffer)
	for err == nil && sum.length <= limit {
		var n int
		n, err = src.Read(b)
		sum.length += int64(n)
		filled <- b[:n] // once it is taken, the other one has been hashed
		b, other = other, b
	}
	close(filled)
	<-hashed
	if err == io.EOF {
		err = nil
	}
	h.Sum(sum.digest[:0])
	return sum, err
}
