// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package recipient

import (
	"testing"

	"github.com/btcsuite/btcd/btcutil/bech32"
)

func BenchmarkWrap(b *testing.B) { benchWrap(b, newIdentity(b).Recipient()) }

func BenchmarkUnwrap(b *testing.B) {
	id := newIdentity(b)
	benchUnwrap(b, id, id.Recipient())
}

// BenchmarkUnwrapOther tries a stanza for somebody else, as files with many
// recipients have them.
func BenchmarkUnwrapOther(b *testing.B) {
	id, s := newIdentity(b), wrap(b, newIdentity(b).Recipient())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := id.Unwrap(s, &testBinding); err == nil {
			b.Fatal("it opened a stanza of somebody else")
		}
	}
}

// The cost of the passphrase is the lowest that there is: Argon2id must not hide the rest.
func BenchmarkWrapPassphrase(b *testing.B) { benchWrap(b, newCheap(b, "open sesame")) }

func BenchmarkUnwrapPassphrase(b *testing.B) {
	p := newCheap(b, "open sesame")
	benchUnwrap(b, p, p)
}

func benchWrap(b *testing.B, to wrapper) {
	b.ReportAllocs()
	for b.Loop() {
		wrap(b, to)
	}
}

func benchUnwrap(b *testing.B, id unwrapper, to wrapper) {
	s := wrap(b, to)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := id.Unwrap(s, &testBinding); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseAgeRecipient(b *testing.B) {
	public := ageEncode(b, "age1pq", newIdentity(b).Recipient().Bytes(), bech32.Encode)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseAgeRecipient(public); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseSPKI(b *testing.B) {
	der := newIdentity(b).Recipient().MarshalSPKI()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseSPKI(der); err != nil {
			b.Fatal(err)
		}
	}
}
