// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vectors

import (
	"bytes"
	"slices"
	"strings"
)

// This file is the second writer of age's keys, from docs/key-files.md, section 8.4, and BIP 173.

const (
	agePublic  = "age1pq"
	agePrivate = "age-secret-key-pq-"
)

// bech32 returns raw in Bech32, in lower case. Padding are the bits after its end, and
// final is what the checksum makes of it all: 1.
func bech32(part string, raw []byte, padding byte, final uint32) string {
	var digits []byte
	bits, n := uint32(0), 0
	for _, b := range raw {
		bits, n = bits<<8|uint32(b), n+8
		for ; n >= 5; n -= 5 {
			digits = append(digits, byte(bits>>(n-5)&31))
		}
	}
	if n > 0 {
		digits = append(digits, byte(bits<<(5-n)&31)|padding)
	}
	var checked []byte
	for _, c := range part {
		checked = append(checked, byte(c>>5))
	}
	checked = append(checked, 0)
	for _, c := range part {
		checked = append(checked, byte(c&31))
	}
	sum := polymod(slices.Concat(checked, digits, make([]byte, 6))) ^ final
	for i := range 6 {
		digits = append(digits, byte(sum>>(5*(5-i))&31))
	}
	var b strings.Builder
	b.WriteString(part + "1")
	for _, d := range digits {
		b.WriteByte("qpzry9x8gf2tvdw0s3jn54khce6mua7l"[d])
	}
	return b.String()
}

func polymod(values []byte) uint32 {
	sum := uint32(1)
	for _, v := range values {
		top := sum >> 25
		sum = sum&0x1ffffff<<5 ^ uint32(v)
		for i, g := range []uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	return sum
}

// ageKeyPair returns the two lines of the key pair of a seed, and its public key.
func ageKeyPair(seed []byte) (public, private string, raw []byte) {
	encryption, _ := ders(whole(seed))
	raw = encryption[len(encryption)-1216:]
	return bech32(agePublic, raw, 0, 1) + "\n", strings.ToUpper(bech32(agePrivate, seed, 0, 1)) + "\n", raw
}

func ageVectors() []*KeyVector {
	one, two := bytes.Repeat([]byte{0x41}, 32), bytes.Repeat([]byte{0x42}, 32)
	pub1, key1, raw := ageKeyPair(one)
	pub2, key2, _ := ageKeyPair(two)
	const bech32m = 0x2bc830a3
	lowOrder := slices.Concat(raw[:1184], make([]byte, 32))
	line := func(s string) string { return s + "\n" }
	vectors := []*KeyVector{
		{Name: "age-public", Comment: "a public key of age", Seeds: [][]byte{one}, File: []byte(pub1)},
		{Name: "age-private", Comment: "a private key of age, in a file as age-keygen writes it", Private: true, Seeds: [][]byte{one}, File: []byte("# created: 2026-01-01T00:00:00Z\n# public key: " + pub1 + key1)},
		{Name: "age-public-two", Comment: "two public keys", Seeds: [][]byte{one, two}, File: []byte(pub1 + pub2)},
		{Name: "age-private-two", Comment: "two private keys", Private: true, Seeds: [][]byte{one, two}, File: []byte(key1 + key2)},
		{Name: "age-public-text", Comment: "comments, empty lines, CR LF, a byte order mark, no end of the last line", Seeds: [][]byte{one, two},
			File: []byte("\ufeff" + strings.TrimSuffix(strings.ReplaceAll("# a\n\n"+pub1+"#\n"+pub2, "\n", "\r\n"), "\r\n"))},
	}
	vectors = append(vectors, refuse(false, NotKey, [][3]string{
		{"age-public-none", "comments only", "# nothing\n"},
		{"age-public-case", "upper case", strings.ToUpper(pub1)},
		{"age-public-mixed-case", "one letter in upper case", strings.TrimSuffix(pub1, pub1[len(pub1)-8:]) + strings.ToUpper(pub1[len(pub1)-8:])},
		{"age-public-checksum", "the checksum is that of another key", line(pub1[:len(pub1)-7] + pub2[len(pub2)-7:len(pub2)-1])},
		{"age-public-bech32m", "the checksum of Bech32m", line(bech32(agePublic, raw, 0, bech32m))},
		{"age-public-padding", "a bit after the end of the key is set", line(bech32(agePublic, raw, 1, 1))},
		{"age-public-part", "another human-readable part", line(bech32("age1pr", raw, 0, 1))},
		{"age-public-short", "a key of 1215 bytes", line(bech32(agePublic, raw[1:], 0, 1))},
		{"age-public-low-order", "an X25519 key of low order", line(bech32(agePublic, lowOrder, 0, 1))},
		{"age-public-space", "a space after the key", line(strings.TrimSpace(pub1) + " ")},
		{"age-public-cr", "a CR alone as the last byte", strings.TrimSpace(pub1) + "\r"},
		{"age-public-empty-cr", "a CR alone after the last line", pub1 + "\r"},
		{"age-public-and-pem", "a public key of age, and one in PEM", pub1 + public(gen1)},
		{"age-public-classic", "a public key of age that is X25519 alone", line(bech32("age", raw[1184:], 0, 1))},
	})...)
	vectors = append(vectors, refuse(true, NotKey, [][3]string{
		{"age-private-case", "lower case", strings.ToLower(key1)},
		{"age-private-cr", "a CR alone as the last byte", strings.TrimSpace(key1) + "\r"},
		{"age-private-bech32m", "the checksum of Bech32m", line(strings.ToUpper(bech32(agePrivate, one, 0, bech32m)))},
		{"age-private-long", "a seed of 33 bytes", line(strings.ToUpper(bech32(agePrivate, append(bytes.Clone(one), 0), 0, 1)))},
		{"age-private-classic", "a private key of age that is X25519 alone", line(strings.ToUpper(bech32("age-secret-key-", one, 0, 1)))},
	})...)
	vectors = append(vectors, refuse(false, WrongKind, [][3]string{{"age-public-is-private", "a private key where a public one is read", pub1 + key1}})...)
	vectors = append(vectors, refuse(true, WrongKind, [][3]string{{"age-private-is-public", "a public key where a private one is read", key1 + pub1}})...)
	for _, v := range vectors {
		v.Age = true
	}
	return append(vectors,
		&KeyVector{Name: "public-is-age", Comment: "a public key of age where one with a signing key is read", Expect: NotKey, File: []byte(pub1)},
		&KeyVector{Name: "private-is-age", Comment: "a private key of age where an identity is read", Private: true, Expect: NotKey, File: []byte(key1)})
}
