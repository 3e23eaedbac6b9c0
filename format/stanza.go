// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package format

import "fmt"

// StanzaType is the type of a stanza. Types below 0x8000 wrap the file key, all
// others carry something else. Readers skip unknown types. There is no type 0.
type StanzaType uint16

// The stanza types of format version 1.
const (
	// TypeHybrid wraps the file key for one public key: the encapsulated
	// secret (1120 bytes) and the sealed file key (48 bytes).
	TypeHybrid StanzaType = 0x0001
	// TypePassphrase wraps the file key under a passphrase: Argon2id
	// parameters (9 bytes), salt (16), commitment (32), sealed file key (48).
	// It excludes all other stanzas that wrap the file key.
	TypePassphrase StanzaType = 0x0002
	// TypeSigner holds the sealed opening signature. It is the first stanza
	// of a signed file, and only there.
	TypeSigner StanzaType = 0x8001
)

// Sizes in bytes of stanza bodies.
const (
	HybridSize     = 1120 + 48
	PassphraseSize = 9 + 16 + 32 + 48
)

const stanzaHeaderSize = 4 // type and length

// bodySizes are the sizes of bodies that have a fixed size.
var bodySizes = map[StanzaType]int{
	TypeHybrid:     HybridSize,
	TypePassphrase: PassphraseSize,
}

// Stanza is one entry of a header.
type Stanza struct {
	Type StanzaType
	Body []byte // up to 65,535 bytes
}

// WrapsKey reports whether stanzas of this type wrap the file key, as all types
// below 0x8000 do, known or not.
func (t StanzaType) WrapsKey() bool { return t < 0x8000 }

// String returns the name of the type in SPEC.md, or its number.
func (t StanzaType) String() string {
	switch t {
	case TypeHybrid:
		return "hybrid"
	case TypePassphrase:
		return "passphrase"
	case TypeSigner:
		return "signer"
	default:
		return fmt.Sprintf("unknown-%04x", uint16(t))
	}
}
