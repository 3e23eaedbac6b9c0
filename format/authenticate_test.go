// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package format_test

import (
	"bytes"
	"testing"

	"github.com/pqenc/pqenc/format"
)

// sealed returns a sealed header, its bytes and its keys.
func sealed(t *testing.T) (*format.FileKey, *format.Header, []byte, *format.Keys) {
	t.Helper()
	fileKey, h := known()
	k := h.DeriveKeys(fileKey)
	h.Commit = k.Commit
	b, err := h.Seal(k)
	if err != nil {
		t.Fatal(err)
	}
	return fileKey, h, b, k
}

// accept checks a header like a reader.
func accept(b []byte, fileKey *format.FileKey) (by string) {
	h, err := format.Parse(bytes.NewReader(b))
	if err != nil {
		return "Parse"
	}
	k := h.DeriveKeys(fileKey)
	if !h.Committed(k) {
		return "Committed"
	}
	if h.Authenticate(k) != nil {
		return "Authenticate"
	}
	return ""
}

// TestBitFlips changes every bit of a sealed header. Each change is refused, and each of the
// three checks refuses some.
func TestBitFlips(t *testing.T) {
	fileKey, _, b, _ := sealed(t)
	if by := accept(b, fileKey); by != "" {
		t.Fatal("a good header was refused by", by)
	}
	refused := map[string]int{}
	for i := range b {
		for bit := range 8 {
			b[i] ^= 1 << bit
			by := accept(b, fileKey)
			b[i] ^= 1 << bit
			if by == "" {
				t.Fatalf("bit %d of byte %d changed: accepted", bit, i)
			}
			if i >= atSalt && i < atCount && by != "Committed" {
				t.Fatalf("bit %d of byte %d, in the salt or the commitment, was left to %s", bit, i, by)
			}
			refused[by]++
		}
	}
	for _, by := range []string{"Parse", "Committed", "Authenticate"} {
		if refused[by] == 0 {
			t.Error("nothing was refused by", by)
		}
	}
}

func TestAuthenticate(t *testing.T) {
	_, h, b, k := sealed(t)
	if err := h.Authenticate(k); err != nil {
		t.Fatal(err)
	}
	// Another valid header, not merely damage.
	h.Stanzas = h.Stanzas[:2:2]
	h.Stanzas = append(h.Stanzas, unknownKey)
	check(t, h.Authenticate(k), "mac", format.ErrHeader)
	if again, err := h.Seal(k); err != nil || bytes.Equal(again, b) || h.Authenticate(k) != nil {
		t.Fatal("the new header cannot be sealed:", err)
	}
	// A header that breaks a rule.
	h.Stanzas = nil
	check(t, h.Authenticate(k), "stanzas", format.ErrHeader)
	if _, err := h.Seal(k); err == nil {
		t.Fatal("a header without stanzas was sealed")
	}
}

// TestOtherFileKey commits to one file key only.
func TestOtherFileKey(t *testing.T) {
	fileKey, h, _, _ := sealed(t)
	for i := range fileKey {
		other := *fileKey
		other[i] ^= 1
		k := h.DeriveKeys(&other)
		if h.Committed(k) || h.Authenticate(k) == nil {
			t.Fatalf("another file key, byte %d, is accepted", i)
		}
	}
}

// TestSeal leaves the header as Parse finds it.
func TestSeal(t *testing.T) {
	_, h, b, _ := sealed(t)
	if h.Size != len(b) || !bytes.Equal(h.MAC[:], b[len(b)-macSize:]) {
		t.Fatal("the header does not have the size and the MAC of its bytes")
	}
	roundTrip(t, h)
}
