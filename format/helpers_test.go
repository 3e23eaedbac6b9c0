// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package format_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/pqenc/pqenc/format"
)

// Offsets of the fixed fields.
const (
	atVersion   = 8
	atSuite     = 9
	atChunkLog2 = 10
	atFlags     = 11
	atHeaderLen = 12
	atSalt      = 16
	atCommit    = 48
	atCount     = 80
	atStanzas   = 82
	macSize     = 32
)

// encode is a second encoder of headers. It follows the layout, checks no rules, and so makes
// headers that Marshal refuses. A header without a
// size gets one block of 4096 bytes.
func encode(h *format.Header) []byte {
	size := h.Size
	if size == 0 {
		size = 4096
	}
	b := make([]byte, size)
	copy(b, "\x89PQENC\r\n")
	b[atVersion], b[atSuite], b[atChunkLog2] = 1, 1, h.ChunkLog2
	if h.Signed {
		b[atFlags] = 1
	}
	binary.BigEndian.PutUint32(b[atHeaderLen:], uint32(size))
	copy(b[atSalt:], h.Salt[:])
	copy(b[atCommit:], h.Commit[:])
	binary.BigEndian.PutUint16(b[atCount:], uint16(len(h.Stanzas)))
	at := b[atStanzas:]
	for _, s := range h.Stanzas {
		binary.BigEndian.PutUint16(at, uint16(s.Type))
		binary.BigEndian.PutUint16(at[2:], uint16(len(s.Body)))
		at = at[4+copy(at[4:], s.Body):]
	}
	copy(b[size-macSize:], h.MAC[:])
	return b
}

func stanza(t format.StanzaType, size int) format.Stanza {
	return format.Stanza{Type: t, Body: bytes.Repeat([]byte{0xaa}, size)}
}

// The stanzas that most tests need.
var (
	hybrid     = stanza(format.TypeHybrid, format.HybridSize)
	passphrase = stanza(format.TypePassphrase, format.PassphraseSize)
	signer     = stanza(format.TypeSigner, 100)
	unknownKey = stanza(0x7fff, 8)
	other      = stanza(0x8002, 0)
)

func header(stanzas ...format.Stanza) *format.Header {
	return &format.Header{ChunkLog2: format.DefaultChunkLog2, Stanzas: stanzas}
}

func signed(stanzas ...format.Stanza) *format.Header {
	h := header(stanzas...)
	h.Signed = true
	return h
}

func marshal(t testing.TB, h *format.Header) []byte {
	t.Helper()
	b, err := h.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// random returns a valid header.
func random(rng *rand.Rand) *format.Header {
	h := &format.Header{ChunkLog2: uint8(format.MinChunkLog2 + rng.IntN(format.MaxChunkLog2-format.MinChunkLog2+1)), Signed: rng.IntN(2) == 0}
	for _, field := range [][]byte{h.Salt[:], h.Commit[:], h.MAC[:]} {
		fill(rng, field)
	}
	add := func(t format.StanzaType, size int) {
		s := format.Stanza{Type: t, Body: make([]byte, size)}
		fill(rng, s.Body)
		h.Stanzas = append(h.Stanzas, s)
	}
	if rng.IntN(4) == 0 {
		add(format.TypePassphrase, format.PassphraseSize)
	} else {
		for range 1 + rng.IntN(4) {
			add(format.TypeHybrid, format.HybridSize)
		}
		for range rng.IntN(3) {
			add(format.StanzaType(3+rng.IntN(0x7ffd)), rng.IntN(3000))
		}
	}
	for range rng.IntN(3) {
		add(format.StanzaType(0x8002+rng.IntN(0x7ffe)), rng.IntN(3000))
	}
	rng.Shuffle(len(h.Stanzas), func(i, j int) { h.Stanzas[i], h.Stanzas[j] = h.Stanzas[j], h.Stanzas[i] })
	if h.Signed {
		add(format.TypeSigner, rng.IntN(6000))
		last := len(h.Stanzas) - 1
		h.Stanzas[0], h.Stanzas[last] = h.Stanzas[last], h.Stanzas[0]
	}
	h.Size = h.MinSize() + rng.IntN(3)*format.Alignment
	return h
}

func fill(rng *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
}
