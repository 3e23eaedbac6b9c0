// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/armor"
	"github.com/pqenc/pqenc/internal/fips"
	"github.com/pqenc/pqenc/signature"
)

// The reasons why something is not a key file. Errors wrap them, and name the line but
// never quote it.
var (
	// ErrNotKey means that the contents are not a key file of pqenc.
	ErrNotKey = errors.New("not a pqenc key file")
	// ErrIsPublic means that a public key is where a private one is needed.
	ErrIsPublic = errors.New("this is a public key, where a private key is needed")
	// ErrIsPrivate means that a private key is where a public one is needed.
	ErrIsPrivate = errors.New("this is a private key, where a public key is needed")
	// ErrIsAgePrivate is ErrIsPrivate for a private key of age.
	ErrIsAgePrivate = fmt.Errorf("%w", ErrIsPrivate)
	// ErrProtected means that the private key is protected by a passphrase.
	ErrProtected = errors.New("this private key is protected by a passphrase")
	// ErrIncomplete means that a file has an X-Wing key alone, as other programs make it;
	// see [Complete].
	ErrIncomplete = fmt.Errorf("%w: it has an encryption key without a signing key", ErrNotKey)
	// ErrSeveral means that a file has several keys where one is needed.
	ErrSeveral = errors.New("there are several keys, where one is needed")
	// ErrTooLarge means that a file is longer than any key file.
	ErrTooLarge = errors.New("too large for a key file")
)

// The types of the PEM blocks (RFC 7468).
const (
	privateType   = "PRIVATE KEY"
	publicType    = "PUBLIC KEY"
	statementType = "PQENC IDENTITY STATEMENT"
)

// Comments are above the keys. They contain no name and no fingerprint, since comments
// are not authenticated: the statement has them.
const (
	privateComment = "# pqenc private key: keep this file secret.\n"
	publicComment  = "# pqenc public key: give this file to those who send to you.\n"
)

// Marshal returns the private key file, unprotected: a comment, and for each
// generation two PKCS#8 blocks and the statement.
func (id *Identity) Marshal() []byte {
	out := retirement([]byte(privateComment), id.public)
	for _, g := range id.Generations() {
		out = appendBlock(out, privateType, g.hybrid.MarshalPKCS8())
		out = appendBlock(out, privateType, signature.MarshalPKCS8(g.signing))
		out = appendStatement(out, g.public.statement)
	}
	return out
}

// Marshal returns the public key file: a comment, and for each generation two
// SubjectPublicKeyInfo blocks and the statement.
func (p *Public) Marshal() []byte {
	out := retirement([]byte(publicComment), p)
	for _, g := range p.Generations() {
		out = appendBlock(out, publicType, g.hybrid.MarshalSPKI())
		out = appendBlock(out, publicType, signature.MarshalSPKI(g.signing))
		out = appendStatement(out, g.statement)
	}
	return out
}

// retirement appends the statement that ends an identity, if there is one.
func retirement(out []byte, p *Public) []byte {
	if p.successor != nil && p.successor.retires() {
		return appendStatement(out, p.successor)
	}
	return out
}

func appendStatement(out []byte, s *statement) []byte {
	if s == nil {
		return out
	}
	return appendBlock(out, statementType, s.marshal())
}

func appendBlock(out []byte, blockType string, contents []byte) []byte {
	return append(out, pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: contents})...)
}

// block is a PEM block and the line on which it begins.
type block struct {
	blockType string
	contents  []byte
	line      int
}

func (b block) wrong(want string) error {
	return fmt.Errorf("%w: the block at line %d is not an %s", ErrNotKey, b.line, want)
}

// parseBlocks returns the PEM blocks in data, all of which must be keys of the given
// type or statements. pem.Decode skips what it cannot read, so it is given one block at a
// time, and the result must encode to exactly what was read.
func parseBlocks(data []byte, blockType string) (blocks []block, err error) {
	if err := fips.Check(); err != nil {
		return nil, err // otherwise the keys would seem to be at fault
	}
	all := data
	if data, err = trim(data); err != nil {
		return nil, err
	}
	if armor.Begins(all) {
		return nil, armored(all)
	}
	if crlf := []byte("\r\n"); bytes.Contains(data, crlf) {
		data = bytes.ReplaceAll(data, crlf, []byte("\n")) // a copy
		defer clear(data)
	}
	var again bytes.Buffer // one for all blocks: there may be thousands
	defer func() { clear(again.Bytes()[:again.Cap()]) }()
	for line := 1; len(data) > 0; line++ {
		text, rest, _ := bytes.Cut(data, []byte("\n"))
		if len(text) == 0 || text[0] == '#' {
			data = rest
			continue
		}
		is := blockType
		if bytes.Equal(text, begin(statementType)) {
			is = statementType
		}
		if !bytes.Equal(text, begin(is)) {
			return nil, wrongLine(text, line)
		}
		end := append([]byte("\n-----END "+is+"-----"), '\n')
		length := bytes.Index(data, end)
		if length < 0 && bytes.HasSuffix(data, end[:len(end)-1]) {
			data = append(bytes.Clone(data), '\n') // the last line may lack its end
			length = bytes.Index(data, end)
		}
		if length < 0 {
			return nil, fmt.Errorf("%w: the block at line %d has no end", ErrNotKey, line)
		}
		encoded := data[:length+len(end)]
		b, _ := pem.Decode(encoded)
		if b == nil || len(b.Headers) > 0 || !encodesTo(&again, b, encoded) {
			return nil, fmt.Errorf("%w: the block at line %d is damaged", ErrNotKey, line)
		}
		if is == blockType {
			if err := foreign(b.Bytes, line); err != nil {
				return nil, err
			}
		}
		blocks = append(blocks, block{is, b.Bytes, line})
		data = data[len(encoded):]
		line += bytes.Count(encoded, []byte("\n")) - 1
	}
	return blocks, nil
}

// encodesTo reports whether encoded is the encoding of b. It overwrites the buffer.
func encodesTo(buffer *bytes.Buffer, b *pem.Block, encoded []byte) bool {
	buffer.Reset()
	return pem.Encode(buffer, b) == nil && bytes.Equal(buffer.Bytes(), encoded)
}

// armored returns the error for an armored file in place of a key file. One that a
// passphrase opens is a protected private key.
func armored(all []byte) error {
	info, err := pqenc.Inspect(armor.NewReader(bytes.NewReader(all)))
	if err == nil && !slices.Contains(info.Stanzas, format.TypePassphrase) {
		return &KindError{EncryptedFile}
	}
	return ErrProtected
}

func begin(blockType string) []byte { return []byte("-----BEGIN " + blockType + "-----") }

// wrongLine explains a line of a file, outside of blocks, that does not belong
// there.
func wrongLine(text []byte, line int) error {
	switch {
	case bytes.Equal(text, begin(privateType)):
		return ErrIsPrivate
	case bytes.Equal(text, begin(publicType)):
		return ErrIsPublic
	case bytes.Equal(text, []byte(armor.Header)):
		return fmt.Errorf("%w: line %d starts an armored file, before which nothing else may be", ErrNotKey, line)
	}
	if err := otherKind(text); err != nil {
		return err
	}
	return fmt.Errorf("%w: line %d is neither a comment nor the start of a key", ErrNotKey, line)
}
