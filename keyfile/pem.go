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
	"github.com/pqenc/pqenc/recipient"
	"github.com/pqenc/pqenc/signature"
)

// The reasons why something is not a key file. Errors wrap them, and tell the
// line but never what is in it.
var (
	// ErrNotKey says that the contents are not a key file of pqenc.
	ErrNotKey = errors.New("not a pqenc key file")
	// ErrIsPublic says that a public key is where a private one is needed.
	ErrIsPublic = errors.New("this is a public key, where a private key is needed")
	// ErrIsPrivate says that a private key is where a public one is needed.
	ErrIsPrivate = errors.New("this is a private key, where a public key is needed")
	// ErrProtected says that the private key is protected by a passphrase.
	ErrProtected = errors.New("this private key is protected by a passphrase")
	// ErrTooLarge says that a file is longer than any key file.
	ErrTooLarge = errors.New("too large for a key file")
)

// The types of the PEM blocks (RFC 7468).
const (
	privateType = "PRIVATE KEY"
	publicType  = "PUBLIC KEY"
)

// Comments stand above the keys. They hold no name and no fingerprint, since
// nothing protects a comment against change.
const (
	privateComment = "# pqenc private key: keep this file secret.\n"
	publicComment  = "# pqenc public key: give this file to those who send to you.\n"
)

// Marshal returns the private key file, unprotected: a comment and two PKCS#8
// blocks.
func (id *Identity) Marshal() []byte {
	return marshal(privateComment, privateType, id.hybrid.MarshalPKCS8(), signature.MarshalPKCS8(id.signing))
}

// Marshal returns the public key file: a comment and two SubjectPublicKeyInfo
// blocks.
func (p *Public) Marshal() []byte {
	return marshal(publicComment, publicType, p.hybrid.MarshalSPKI(), signature.MarshalSPKI(p.signing))
}

func marshal(comment, blockType string, ders ...[]byte) []byte {
	out := []byte(comment)
	for _, der := range ders {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der})...)
	}
	return out
}

// ParseIdentity returns the identity in an unprotected private key file: two
// blocks, and outside them only empty lines and lines that begin with '#'. For
// protected files the error is [ErrProtected]; see [ReadIdentity].
func ParseIdentity(data []byte) (*Identity, error) {
	blocks, err := parseBlocks(data, privateType)
	if err != nil {
		return nil, err
	}
	if len(blocks) != 2 {
		return nil, fmt.Errorf("%w: it has %d keys instead of an encryption key and a signing key", ErrNotKey, len(blocks))
	}
	hybrid, err := recipient.ParsePKCS8(blocks[0].der)
	if err != nil {
		return nil, blocks[0].wrong("X-Wing private key")
	}
	signing, err := signature.ParsePKCS8(blocks[1].der)
	if err != nil {
		return nil, blocks[1].wrong("ML-DSA-65 with Ed25519 private key")
	}
	return newIdentity(hybrid, signing), nil
}

// ParsePublic returns the public keys in a file of one or more, each of two
// blocks as in [ParseIdentity].
func ParsePublic(data []byte) (Publics, error) {
	blocks, err := parseBlocks(data, publicType)
	if err != nil {
		return nil, err
	}
	if len(blocks) == 0 || len(blocks)%2 != 0 {
		return nil, fmt.Errorf("%w: it has %d keys instead of pairs of an encryption key and a signing key", ErrNotKey, len(blocks))
	}
	var keys Publics
	for ; len(blocks) > 0; blocks = blocks[2:] {
		hybrid, err := recipient.ParseSPKI(blocks[0].der)
		if err != nil {
			return nil, blocks[0].wrong("X-Wing public key")
		}
		signing, err := signature.ParseSPKI(blocks[1].der)
		if err != nil {
			return nil, blocks[1].wrong("ML-DSA-65 with Ed25519 public key")
		}
		keys = append(keys, newPublic(hybrid, signing))
	}
	return keys, nil
}

// block is a PEM block and the line on which it begins.
type block struct {
	der  []byte
	line int
}

func (b block) wrong(want string) error {
	return fmt.Errorf("%w: the block at line %d is not an %s", ErrNotKey, b.line, want)
}

// parseBlocks returns the PEM blocks in data, all of which must have the given
// type. pem.Decode skips what it cannot read, so it is given one block at a
// time, and the result must encode to just what was read.
func parseBlocks(data []byte, blockType string) (blocks []block, err error) {
	if err := fips.Check(); err != nil {
		return nil, err // else the keys would seem to be at fault
	}
	if data, err = trim(data); err != nil {
		return nil, err
	}
	all := data
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	for line := 1; len(data) > 0; line++ {
		text, rest, _ := bytes.Cut(data, []byte("\n"))
		if len(text) == 0 || text[0] == '#' {
			data = rest
			continue
		}
		if !bytes.Equal(text, begin(blockType)) {
			return nil, wrongLine(all, text, line)
		}
		end := append([]byte("\n-----END "+blockType+"-----"), '\n')
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
		if b == nil || len(b.Headers) > 0 || !bytes.Equal(pem.EncodeToMemory(b), encoded) {
			return nil, fmt.Errorf("%w: the block at line %d is damaged", ErrNotKey, line)
		}
		if err := foreign(b.Bytes, line); err != nil {
			return nil, err
		}
		blocks = append(blocks, block{b.Bytes, line})
		data = data[len(encoded):]
		line += bytes.Count(encoded, []byte("\n")) - 1
	}
	return blocks, nil
}

// armored explains an armored file where a key file was to be: a protected
// private key is one for a passphrase.
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
func wrongLine(all, text []byte, line int) error {
	switch {
	case bytes.Equal(text, begin(privateType)):
		return ErrIsPrivate
	case bytes.Equal(text, begin(publicType)):
		return ErrIsPublic
	case bytes.Equal(text, []byte(armor.Header)):
		return armored(all)
	}
	if err := otherKind(text); err != nil {
		return err
	}
	return fmt.Errorf("%w: line %d is neither a comment nor the start of a key", ErrNotKey, line)
}
