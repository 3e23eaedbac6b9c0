// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package format reads and writes the header of a pqenc file: layout, limits,
// stanzas, key schedule, key commitment and MAC. It implements SPEC.md, section 3.
//
// A header has exactly one encoding. [Parse] refuses every byte string that
// [Header.Marshal] does not write.
package format

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
)

// Magic is the first 8 bytes of every pqenc file. Its high bit and its line end
// detect transfers that strip bits or translate line ends.
const Magic = "\x89PQENC\r\n"

// The only version and algorithm suite (SPEC.md, section 3.1): X25519 and
// ML-KEM-768 (X-Wing), HKDF-SHA256, AES-256-GCM.
const (
	Version = 1
	Suite   = 1
)

// Bounds of the header. They are checked before memory is allocated for it.
const (
	// Alignment divides the length of every header, in bytes.
	Alignment = 4096
	// MaxSize is the length of the longest header, in bytes.
	MaxSize = 2 << 20
	// MaxKeyStanzas is the largest number of stanzas that wrap the file key.
	MaxKeyStanzas = 1024
	// MinChunkLog2 and MaxChunkLog2 bound the binary logarithm of the chunk
	// size in bytes. Writers use [DefaultChunkLog2]; small chunks are for
	// small test files.
	MinChunkLog2 = 12
	MaxChunkLog2 = 22
	// DefaultChunkLog2 gives chunks of 4 MiB.
	DefaultChunkLog2 = 22
)

const (
	prefixSize = 16 // magic to header_len: needed to read the rest
	paramsSize = 12 // magic to flags: P, the immutable parameters
	fixedSize  = 82 // magic to the number of stanzas
	macSize    = 32
	flagSigned = 0x01

	identitySize = 80 // magic to commit: unchanged when the header is replaced in place
)

// Header is the parsed header of a pqenc file.
type Header struct {
	// ChunkLog2 is the binary logarithm of the size of a plaintext chunk.
	ChunkLog2 uint8
	// Signed reports whether the file has a signer stanza and a trailer.
	Signed bool
	// Salt is fresh and random for every file.
	Salt [32]byte
	// Commit commits to the file key. It names the file: replacing the
	// recipients does not change it.
	Commit [32]byte
	// Stanzas are in the order of the file. Their bodies may share memory.
	Stanzas []Stanza
	// Size is the length of the encoded header in bytes, padding and MAC
	// included. Zero makes [Header.Marshal] choose the shortest.
	Size int
	// MAC authenticates every byte before it; see [Header.Authenticate].
	MAC [32]byte
}

// Binding is the data that a wrapped file key is bound to: the immutable
// parameters and the salt (P || salt in SPEC.md), 44 bytes.
type Binding [paramsSize + 32]byte

// Binding returns P || salt.
func (h *Header) Binding() *Binding {
	var b Binding
	copy(b[copy(b[:], h.params()):], h.Salt[:])
	return &b
}

// ID names a file in its signatures: P || salt || commit, 76 bytes. It stays the
// same when recipients are replaced.
type ID [paramsSize + 32 + 32]byte

// ID returns P || salt || commit.
func (h *Header) ID() *ID {
	var id ID
	copy(id[copy(id[:], h.Binding()[:]):], h.Commit[:])
	return &id
}

// params returns P, the first 12 bytes of the header.
func (h *Header) params() []byte {
	var flags byte
	if h.Signed {
		flags |= flagSigned
	}
	return append([]byte(Magic), Version, Suite, h.ChunkLog2, flags)
}

// MinSize returns the length in bytes of the shortest header that holds the
// stanzas: a multiple of [Alignment].
func (h *Header) MinSize() int {
	size := fixedSize + macSize
	for _, s := range h.Stanzas {
		size += stanzaHeaderSize + len(s.Body)
	}
	return (size + Alignment - 1) / Alignment * Alignment
}

// Marshal returns the encoding of h, h.Size bytes. It sets h.Size if that is
// zero. The error is an [*Error] with [ErrHeader] when h breaks a rule of the
// format.
func (h *Header) Marshal() ([]byte, error) {
	if err := h.validate(); err != nil {
		return nil, err
	}
	if h.Size == 0 {
		h.Size = h.MinSize()
	}
	if h.Size < h.MinSize() || h.Size%Alignment != 0 || h.Size > MaxSize {
		return nil, invalid("header_len", "%d bytes cannot hold this header", h.Size)
	}
	b := make([]byte, 0, h.Size)
	b = append(b, h.params()...)
	b = binary.BigEndian.AppendUint32(b, uint32(h.Size))
	b = append(b, h.Salt[:]...)
	b = append(b, h.Commit[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(h.Stanzas)))
	for _, s := range h.Stanzas {
		b = binary.BigEndian.AppendUint16(b, uint16(s.Type))
		b = binary.BigEndian.AppendUint16(b, uint16(len(s.Body)))
		b = append(b, s.Body...)
	}
	b = b[:h.Size] // zero padding, and room for the MAC
	copy(b[h.Size-macSize:], h.MAC[:])
	return b, nil
}

// PrefixSize is the number of bytes at the start of a header that contain its length.
const PrefixSize = prefixSize

// SizeOf returns the length in bytes of the header that begins with prefix. It
// returns 0 if there are fewer than [PrefixSize] bytes, or if [Parse] refuses them.
func SizeOf(prefix []byte) int {
	if len(prefix) < prefixSize || string(prefix[:len(Magic)]) != Magic {
		return 0
	}
	h, err := parsePrefix(prefix)
	if err != nil {
		return 0
	}
	return h.Size
}

// SameFile reports whether b can replace a in place: both parse, and have the same P,
// length, salt and commit. It proves nothing about who wrote them.
func SameFile(a, b []byte) bool {
	for _, encoded := range [][]byte{a, b} {
		h, err := Parse(bytes.NewReader(encoded))
		if err != nil || h.Size != len(encoded) {
			return false
		}
	}
	return bytes.Equal(a[:identitySize], b[:identitySize])
}

// Parse reads a header from r and nothing after it. Its errors are an [*Error]
// that names the field and wraps [ErrNotPqenc], [ErrUnsupported], [ErrHeader]
// or [ErrTruncated], or are errors of r, unchanged.
//
// A header that parses is not authentic: see [Header.Authenticate].
func Parse(r io.Reader) (*Header, error) {
	prefix := make([]byte, prefixSize)
	n, err := io.ReadFull(r, prefix)
	if n < len(Magic) || string(prefix[:len(Magic)]) != Magic {
		return nil, badMagic(r, prefix[:n], err)
	}
	if err != nil {
		return nil, short("fixed fields", err)
	}
	h, err := parsePrefix(prefix)
	if err != nil {
		return nil, err
	}
	b := make([]byte, h.Size)
	copy(b, prefix)
	if n, err := io.ReadFull(r, b[prefixSize:]); err != nil {
		return nil, short(fieldAt(prefixSize+n, h.Size), err)
	}
	copy(h.Salt[:], b[16:])
	copy(h.Commit[:], b[48:])
	copy(h.MAC[:], b[h.Size-macSize:])
	count := int(binary.BigEndian.Uint16(b[80:]))
	if err := h.parseStanzas(b[fixedSize:h.Size-macSize], count); err != nil {
		return nil, err
	}
	return h, nil
}

// parsePrefix checks the fields that determine how the rest is read.
func parsePrefix(b []byte) (*Header, error) {
	if v := b[8]; v != Version {
		return nil, unsupported("version", "this file has format version %d, this release reads version %d", v, Version)
	}
	if s := b[9]; s != Suite {
		return nil, unsupported("suite", "this file uses algorithm suite %d, this release knows suite %d", s, Suite)
	}
	h := &Header{ChunkLog2: b[10], Signed: b[11]&flagSigned != 0}
	if unknown := b[11] &^ flagSigned; unknown != 0 {
		return nil, unsupported("flags", "this file uses features that this release does not know (flags %#02x)", unknown)
	}
	if h.ChunkLog2 < MinChunkLog2 || h.ChunkLog2 > MaxChunkLog2 {
		return nil, invalid("chunk_log2", "%d is not in %d to %d", h.ChunkLog2, MinChunkLog2, MaxChunkLog2)
	}
	size := binary.BigEndian.Uint32(b[12:])
	if size == 0 || size > MaxSize || size%Alignment != 0 {
		return nil, invalid("header_len", "%d is not a multiple of %d up to %d", size, Alignment, MaxSize)
	}
	h.Size = int(size)
	return h, nil
}

// parseStanzas reads count stanzas from b, which ends where the MAC begins. The
// rest of b must be zeros.
func (h *Header) parseStanzas(b []byte, count int) error {
	if count*stanzaHeaderSize > len(b) {
		return invalid("stanzas", "%d stanzas do not fit into the header", count)
	}
	h.Stanzas = make([]Stanza, 0, count)
	for i := range count {
		if len(b) < stanzaHeaderSize {
			return invalid(stanzaField(i), "does not fit into the header")
		}
		s := Stanza{Type: StanzaType(binary.BigEndian.Uint16(b))}
		size := int(binary.BigEndian.Uint16(b[2:]))
		b = b[stanzaHeaderSize:]
		if size > len(b) {
			return invalid(stanzaField(i), "%d bytes do not fit into the header", size)
		}
		s.Body, b = b[:size:size], b[size:]
		h.Stanzas = append(h.Stanzas, s)
	}
	for _, c := range b {
		if c != 0 {
			return invalid("padding", "is not zero")
		}
	}
	return h.validate()
}

// validate checks the rules for fields and stanzas that hold for readers and
// writers.
func (h *Header) validate() error {
	if h.ChunkLog2 < MinChunkLog2 || h.ChunkLog2 > MaxChunkLog2 {
		return invalid("chunk_log2", "%d is not in %d to %d", h.ChunkLog2, MinChunkLog2, MaxChunkLog2)
	}
	keys, passphrases := 0, 0
	for i, s := range h.Stanzas {
		if s.Type == 0 { // with an empty body it would look like padding
			return invalid(stanzaField(i), "there is no stanza type 0")
		}
		if want, ok := bodySizes[s.Type]; ok && len(s.Body) != want {
			return invalid(stanzaField(i), "a %s stanza has %d bytes, not %d", s.Type, want, len(s.Body))
		}
		if len(s.Body) > math.MaxUint16 {
			return invalid(stanzaField(i), "%d bytes are too long for a stanza", len(s.Body))
		}
		if s.Type.WrapsKey() {
			keys++
		}
		if s.Type == TypePassphrase {
			passphrases++
		}
		if signer := s.Type == TypeSigner; signer != (h.Signed && i == 0) {
			return invalid(stanzaField(i), "the signer stanza must be the first one of a signed file, and only there")
		}
	}
	switch {
	case len(h.Stanzas) > math.MaxUint16:
		return invalid("stanzas", "%d are more than can be counted", len(h.Stanzas))
	case keys == 0:
		return invalid("stanzas", "no stanza holds the file key")
	case keys > MaxKeyStanzas:
		return invalid("stanzas", "%d key stanzas are more than %d", keys, MaxKeyStanzas)
	case passphrases > 0 && keys > 1:
		return invalid("stanzas", "a passphrase stanza must be the only key stanza")
	}
	return nil
}

// fieldAt returns the name of the field at an offset after the prefix, in a
// header of the given size.
func fieldAt(offset, size int) string {
	switch {
	case offset < 48:
		return "salt"
	case offset < 80:
		return "commit"
	case offset < size-macSize:
		return "stanzas"
	default:
		return "mac"
	}
}

func stanzaField(i int) string { return fmt.Sprintf("stanza %d", i) }

// badMagic returns the error for a file that does not begin with the magic.
func badMagic(r io.Reader, got []byte, err error) error {
	switch {
	case err != nil && err != io.EOF && err != io.ErrUnexpectedEOF:
		return err
	case len(got) == 0:
		return &Error{"magic", "the file is empty", ErrTruncated}
	case strings.HasPrefix(Magic, string(got)):
		return &Error{"magic", fmt.Sprintf("the file is truncated: it has %d bytes", len(got)), ErrTruncated}
	case isArmor(r, got):
		return &Error{"magic", "this file is armored: use Dearmor", ErrNotPqenc}
	case strings.Contains(string(got[1:min(8, len(got))]), Magic[1:6]): // the letters came through
		return &Error{"magic", "the file was damaged by a transfer in text mode", ErrHeader}
	default:
		return &Error{"magic", "this is not a pqenc file", ErrNotPqenc}
	}
}

// isArmor reports whether a file begins like armor: got is what was read of it, and r the
// rest. This package knows nothing else of armor.
func isArmor(r io.Reader, got []byte) bool {
	const begin = "-----BEGIN PQENC FILE-----"
	trim := func(b []byte) string {
		return strings.TrimLeft(strings.TrimPrefix(string(b), "\ufeff"), " \t\r\n")
	}
	if start := trim(got); start == "" || !strings.HasPrefix(begin, start) {
		return false
	}
	rest := make([]byte, 2*len(begin))
	n, _ := io.ReadFull(r, rest)
	return strings.HasPrefix(trim(append(got, rest[:n]...)), begin)
}
