// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package format_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"testing"

	"github.com/pqenc/pqenc/format"
)

// known is the file key 00 01 … 1f and a signed header with the salt
// 80 81 … 9f.
func known() (*format.FileKey, *format.Header) {
	var k format.FileKey
	h := signed(signer, hybrid)
	for i := range 32 {
		k[i], h.Salt[i] = byte(i), byte(0x80+i)
	}
	return &k, h
}

func hmacSHA256(key []byte, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, key)
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

// hkdfSHA256 is RFC 5869, for the label and P of the known header.
func hkdfSHA256(salt, secret []byte, label string, size int) []byte {
	prk := hmacSHA256(salt, secret)
	info := []byte("pqenc/v1/" + label + "\x89PQENC\r\n\x01\x01\x16\x01")
	var block, out []byte
	for i := byte(1); len(out) < size; i++ {
		block = hmacSHA256(prk, block, info, []byte{i})
		out = append(out, block...)
	}
	return out[:size]
}

// TestKeySchedule compares every key with a second HKDF, and both with values
// that were computed outside of Go.
func TestKeySchedule(t *testing.T) {
	fileKey, h := known()
	k := h.DeriveKeys(fileKey)
	h.Commit = k.Commit
	sealed, err := h.Seal(k)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		label string
		got   []byte // nil: not exported
		want  string
	}{
		{"payload", append(k.Payload[:], k.NoncePrefix[:]...), "10be2a616380f5db79560719aa83efd6680a99d28a2145ce1fbe51b36e22364af8f3b7c07c72db"},
		{"header-mac", nil, "7a3b4d645443257dfbedb39a67d8448132002f803295e6824594cefb843bb65f"},
		{"signer", k.Signer[:], "60873c726425ac57b1aaed906d91a46cdc8ddb356a4ff38f859cbf456149309a"},
		{"trailer", k.Trailer[:], "412e64c6356a343df5e47b93058ef3a370f3ed52293474e9e1cbe3eb3d981887"},
		{"commit", k.Commit[:], "8da99d8d1f5a6a5ce78c467a521f2ddc464d05500626d4e3f2c3069fd11333d0"},
	} {
		want, _ := hex.DecodeString(test.want)
		if second := hkdfSHA256(h.Salt[:], fileKey[:], test.label, len(want)); !bytes.Equal(second, want) {
			t.Errorf("%s: the second HKDF gives %x", test.label, second)
		}
		if test.label == "header-mac" {
			body, mac := sealed[:len(sealed)-macSize], sealed[len(sealed)-macSize:]
			if !bytes.Equal(mac, hmacSHA256(want, body)) {
				t.Errorf("the MAC is %x", mac)
			}
		} else if !bytes.Equal(test.got, want) {
			t.Errorf("%s: got %x", test.label, test.got)
		}
	}
}

func TestBinding(t *testing.T) {
	_, h := known()
	want := append([]byte("\x89PQENC\r\n\x01\x01\x16\x01"), h.Salt[:]...)
	if got := h.Binding(); !bytes.Equal(got[:], want) {
		t.Fatalf("got %x", *got)
	}
	h.Signed = false
	want[11] = 0
	if got := h.Binding(); !bytes.Equal(got[:], want) {
		t.Fatalf("not signed: got %x", *got)
	}
}

// fields are the keys by name; "mac" is the key that Seal uses.
func fields(k *format.Keys) map[string]string {
	m := map[string]string{}
	for v, i := reflect.ValueOf(*k), 0; i < v.NumField(); i++ {
		f := v.Field(i)
		b := make([]byte, f.Len())
		for j := range b {
			b[j] = byte(f.Index(j).Uint())
		}
		m[v.Type().Field(i).Name] = string(b)
	}
	return m
}

// TestKeysChange requires that every key depends on each of the immutable
// parameters, and on nothing that a change of recipients changes.
func TestKeysChange(t *testing.T) {
	fileKey, h := known()
	before := fields(h.DeriveKeys(fileKey))
	for _, test := range []struct {
		name    string
		edit    func(k *format.FileKey, h *format.Header)
		changes bool
	}{
		{"first bit of the file key", func(k *format.FileKey, h *format.Header) { k[0] ^= 0x80 }, true},
		{"last bit of the file key", func(k *format.FileKey, h *format.Header) { k[31] ^= 1 }, true},
		{"first bit of the salt", func(k *format.FileKey, h *format.Header) { h.Salt[0] ^= 0x80 }, true},
		{"last bit of the salt", func(k *format.FileKey, h *format.Header) { h.Salt[31] ^= 1 }, true},
		{"chunk size", func(k *format.FileKey, h *format.Header) { h.ChunkLog2 = 20 }, true},
		{"signed", func(k *format.FileKey, h *format.Header) { h.Signed = false }, true},
		{"commit", func(k *format.FileKey, h *format.Header) { h.Commit[0] ^= 1 }, false},
		{"stanzas", func(k *format.FileKey, h *format.Header) { h.Stanzas = []format.Stanza{signer, passphrase} }, false},
		{"size", func(k *format.FileKey, h *format.Header) { h.Size = 65536 }, false},
		{"MAC", func(k *format.FileKey, h *format.Header) { h.MAC[0] ^= 1 }, false},
	} {
		fileKey, h := known()
		test.edit(fileKey, h)
		for name, key := range fields(h.DeriveKeys(fileKey)) {
			if (key != before[name]) != test.changes {
				t.Errorf("%s: the key %s changes: %v", test.name, name, !test.changes)
			}
		}
	}
	seen := map[string]string{}
	for name, key := range before {
		if len(key) == 32 && seen[key] != "" {
			t.Errorf("%s and %s are the same key", name, seen[key])
		}
		seen[key] = name
	}
}
