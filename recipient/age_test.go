// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package recipient

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/bech32"
)

// ageEncode writes a key as age does, or with another checksum.
func ageEncode(t testing.TB, hrp string, raw []byte, encode func(string, []byte) (string, error)) string {
	t.Helper()
	values, err := bech32.ConvertBits(raw, 8, 5, true)
	if err != nil {
		t.Fatal(err)
	}
	s, err := encode(hrp, values)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAgeKeys(t *testing.T) {
	id := newIdentity(t)
	public := ageEncode(t, "age1pq", id.Recipient().Bytes(), bech32.Encode)
	to, err := ParseAgeRecipient(public)
	if err != nil || !bytes.Equal(to.Bytes(), id.Recipient().Bytes()) {
		t.Errorf("public key: %v", err)
	}
	private := strings.ToUpper(ageEncode(t, "AGE-SECRET-KEY-PQ-", id.Seed(), bech32.Encode))
	again, err := ParseAgeIdentity(private)
	if err != nil || !bytes.Equal(again.Seed(), id.Seed()) {
		t.Errorf("private key: %v", err)
	}
}

// TestAgeKeysRefused has what age's own parser refuses as well, and points of low
// order.
func TestAgeKeysRefused(t *testing.T) {
	id := newIdentity(t)
	raw, seed := id.Recipient().Bytes(), id.Seed()
	lowOrder := append(bytes.Clone(raw[:PublicKeySize-32]), make([]byte, 32)...)
	public := ageEncode(t, "age1pq", raw, bech32.Encode)
	private := strings.ToUpper(ageEncode(t, "AGE-SECRET-KEY-PQ-", seed, bech32.Encode))
	padded := func(hrp string, raw []byte) string { // a bit is set after the end
		return ageEncode(t, hrp, raw, func(hrp string, values []byte) (string, error) {
			values[len(values)-1] |= 1
			return bech32.Encode(hrp, values)
		})
	}
	for what, s := range map[string]string{
		"empty":             "",
		"prefix alone":      AgePublicPrefix,
		"upper case":        strings.ToUpper(public),
		"mixed case":        public[:100] + strings.ToUpper(public[100:140]) + public[140:],
		"last in upper":     public[:len(public)-40] + strings.ToUpper(public[len(public)-40:]),
		"Bech32m":           ageEncode(t, "age1pq", raw, bech32.EncodeM),
		"another prefix":    ageEncode(t, "age1px", raw, bech32.Encode),
		"longer prefix":     ageEncode(t, "age1pq1", raw, bech32.Encode),
		"short key":         ageEncode(t, "age1pq", raw[1:], bech32.Encode),
		"long key":          ageEncode(t, "age1pq", append(raw[:len(raw):len(raw)], 0), bech32.Encode),
		"padding":           padded("age1pq", raw),
		"point of order 1":  ageEncode(t, "age1pq", lowOrder, bech32.Encode),
		"space at the end":  public + " ",
		"space at the head": " " + public,
		"separator inside":  public[:50] + "1" + public[51:],
		"not in ASCII":      public[:50] + "é" + public[52:],
		"private":           private,
	} {
		if to, err := ParseAgeRecipient(s); to != nil || !errors.Is(err, ErrKey) {
			t.Errorf("public, %s: key %t, error %v", what, to != nil, err)
		} else if len(s) > 60 && strings.Contains(err.Error(), s[40:60]) {
			t.Errorf("public, %s: the error quotes the key", what)
		}
	}
	for what, s := range map[string]string{
		"empty":          "",
		"lower case":     strings.ToLower(private),
		"mixed case":     private[:30] + strings.ToLower(private[30:40]) + private[40:],
		"Bech32m":        strings.ToUpper(ageEncode(t, "AGE-SECRET-KEY-PQ-", seed, bech32.EncodeM)),
		"classic prefix": strings.ToUpper(ageEncode(t, "AGE-SECRET-KEY-", seed, bech32.Encode)),
		"short seed":     strings.ToUpper(ageEncode(t, "AGE-SECRET-KEY-PQ-", seed[1:], bech32.Encode)),
		"long seed":      strings.ToUpper(ageEncode(t, "AGE-SECRET-KEY-PQ-", append(seed, 0), bech32.Encode)),
		"padding":        strings.ToUpper(padded("AGE-SECRET-KEY-PQ-", seed)),
		"public":         public,
	} {
		if id, err := ParseAgeIdentity(s); id != nil || !errors.Is(err, ErrKey) {
			t.Errorf("private, %s: key %t, error %v", what, id != nil, err)
		}
	}
}

// TestAgeChecksum changes each character of a private key, and some of a public
// one: Bech32 sees every single change.
func TestAgeChecksum(t *testing.T) {
	id := newIdentity(t)
	public := ageEncode(t, "age1pq", id.Recipient().Bytes(), bech32.Encode)
	private := strings.ToUpper(ageEncode(t, "AGE-SECRET-KEY-PQ-", id.Seed(), bech32.Encode))
	change := func(s, charset string, at int) string {
		other := charset[(strings.IndexByte(charset, s[at])+1)%len(charset)]
		return s[:at] + string(other) + s[at+1:]
	}
	const charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	for at := len(AgePublicPrefix); at < len(public); at += 7 {
		if to, err := ParseAgeRecipient(change(public, charset, at)); to != nil || !errors.Is(err, ErrKey) {
			t.Fatalf("character %d of the public key changed: %v", at, err)
		}
	}
	for at := len(AgePrivatePrefix); at < len(private); at++ {
		s := change(private, strings.ToUpper(charset), at)
		id, err := ParseAgeIdentity(s)
		if id != nil || !errors.Is(err, ErrKey) {
			t.Fatalf("character %d of the private key changed: %v", at, err)
		}
		// The library would tell the right checksum, which is a part of the key.
		if strings.Contains(strings.ToUpper(err.Error()), private[len(private)-6:]) {
			t.Fatal("the error quotes the checksum of the key")
		}
	}
}
