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

// The kinds of failure of a detached signature, besides [ErrWrongSigner], [ErrSignature]
// and [ErrRetired].
var (
	// ErrMalformedSignature: the signature file is damaged, or is another kind of
	// file.
	ErrMalformedSignature = errors.New("malformed signature file")
	// ErrOtherFile: the signature is of another file, or the file was changed since.
	ErrOtherFile = errors.New("the file is not the one that was signed")
	// ErrComment: [ValidComment] refuses the comment.
	ErrComment = errors.New("invalid comment")
)

// detachedUse is the context of detached signatures, so that they are valid for no other use.
const detachedUse = "pqenc/v1/detached"

// Detached is the statement of a detached signature. All of it is signed.
type Detached struct {
	Signer  Fingerprint
	Time    time.Time // by the signer's clock, in seconds
	Length  int64     // of the file in bytes
	Comment string    // up to MaxCommentSize bytes without control characters
}

// SignDetached reads src to its end and returns a signature file for it, in the text form
// of SPEC.md, section 6.5. It encrypts nothing. The comment is signed, too; the error wraps
// [ErrComment] if [ValidComment] refuses it. An error of src is returned unchanged.
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

// VerifyDetached reads src and checks that one of the senders signed these contents. sig is
// a signature file of up to [MaxSignatureFile] bytes. It is checked before src is read. If
// src is longer than the signed file, VerifyDetached reads only a little more than that.
//
// The error wraps [ErrMalformedSignature], [ErrWrongSigner], [ErrSignature], [ErrRetired] or
// [ErrOtherFile], checked in this order, or is that of src, unchanged.
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

// fileSum identifies the contents of a file.
type fileSum struct {
	length int64
	digest [sha512.Size]byte
}

// hashBuffer is the size of a read: two buffers fit into the cache of a core.
const hashBuffer = 256 << 10

// sumOf reads src until its end, or until it has more than limit bytes. One buffer is hashed
// while the other is filled.
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
		filled <- b[:n] // when this returns, the other buffer has been hashed
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
