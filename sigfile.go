// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"bytes"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pqenc/pqenc/internal/text"
	"github.com/pqenc/pqenc/signature"
)

// MaxCommentSize is the largest size in bytes of the comment of a detached signature.
const MaxCommentSize = 4096

// MaxSignatureFile is an upper bound for the size of signature files in bytes. The largest
// have 10,332, or 10,495 with CR LF and a byte order mark.
const MaxSignatureFile = 16 << 10

// signatureType is the type of the PEM block that a signature file is.
const signatureType = "PQENC SIGNATURE"

// statement is what a detached signature signs (SPEC.md, section 6.5).
type statement struct {
	signer  Fingerprint
	time    uint64 // of signing, in seconds since 1970 UTC, by the signer's clock
	file    fileSum
	comment string // that ValidComment accepts
}

// marshal returns the fields of s in the encoding that is signed.
func (s *statement) marshal() []byte {
	b := slices.Clone(s.signer[:])
	b = binary.BigEndian.AppendUint64(b, s.time)
	b = binary.BigEndian.AppendUint64(b, uint64(s.file.length))
	b = append(b, s.file.digest[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(s.comment)))
	return append(b, s.comment...)
}

// parseStatement returns the statement at the start of b, and the signature after it. The
// error wraps [ErrMalformedSignature].
func parseStatement(b []byte) (s *statement, sig []byte, err error) {
	s = new(statement)
	r := &fields{rest: b}
	copy(s.signer[:], r.next(len(s.signer)))
	s.time = r.number(8)
	length := r.number(8)
	copy(s.file.digest[:], r.next(len(s.file.digest)))
	s.comment = string(r.next(int(r.number(2))))
	if r.short || len(r.rest) != signature.Size {
		return nil, nil, malformedSignature("its fields and its signature do not have the length that they should have")
	}
	if length > math.MaxInt64 {
		return nil, nil, malformedSignature("no file has the length that it names")
	}
	if err := ValidComment(s.comment); err != nil {
		return nil, nil, malformedSignature(err.Error())
	}
	s.file.length = int64(length)
	return s, r.rest, nil
}

// ValidComment returns nil if comment can be the comment of a detached signature: up to
// [MaxCommentSize] bytes of UTF-8 without control characters, which are U+0000 to U+001F
// and U+007F to U+009F. Otherwise the error wraps [ErrComment]. It does not quote the
// comment.
func ValidComment(comment string) error {
	switch {
	case len(comment) > MaxCommentSize:
		return fmt.Errorf("%w: it has more than %d bytes", ErrComment, MaxCommentSize)
	case !utf8.ValidString(comment):
		return fmt.Errorf("%w: it is not UTF-8", ErrComment)
	case strings.ContainsFunc(comment, unicode.IsControl):
		return fmt.Errorf("%w: it has control characters, such as line ends", ErrComment)
	}
	return nil
}

// encodeSignature returns the signature file with these contents.
func encodeSignature(raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: signatureType, Bytes: raw})
}

// decodeSignature returns the contents of a signature file: one PEM block and nothing else.
// pem.Decode skips what it cannot parse, so the result must encode to exactly the input.
func decodeSignature(file []byte) ([]byte, error) {
	if len(file) > MaxSignatureFile {
		return nil, malformedSignature(fmt.Sprintf("it has more than %d bytes", MaxSignatureFile))
	}
	lines, err := text.Trim(file)
	if err != nil {
		return nil, malformedSignature(err.Error())
	}
	lines = bytes.ReplaceAll(lines, []byte("\r\n"), []byte("\n"))
	if !bytes.HasSuffix(lines, []byte("\n")) {
		lines = append(bytes.Clone(lines), '\n')
	}
	block, _ := pem.Decode(lines)
	if block == nil || !bytes.Equal(encodeSignature(block.Bytes), lines) {
		return nil, malformedSignature("it is not just one PEM block of the type " + signatureType)
	}
	return block.Bytes, nil
}

func malformedSignature(reason string) error {
	return fmt.Errorf("%w: %s", ErrMalformedSignature, reason)
}
