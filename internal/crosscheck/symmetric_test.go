// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package crosscheck

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"testing"
)

// TestAESGCM covers the one form that pqenc uses: 256-bit keys, 96-bit nonces
// and 128-bit tags.
func TestAESGCM(t *testing.T) {
	type group struct{ IVSize, KeySize, TagSize int }
	type vector struct {
		wycheproofCase
		Key, IV, AAD, Msg, CT, Tag hexBytes
	}
	eachVector(t, "aes_gcm_test.json", func(g group, v vector) bool {
		if g != (group{96, 256, 128}) {
			return false
		}
		gcm := newGCM(t, v.Key)
		sealed := append(bytes.Clone(v.CT), v.Tag...)
		got, err := gcm.Open(nil, v.IV, sealed, v.AAD)
		switch {
		case !v.valid():
			if err == nil {
				t.Errorf("%d %s: opened", v.ID, v.Comment)
			}
		case err != nil || !bytes.Equal(got, v.Msg):
			t.Errorf("%d %s: opened %x (error: %v), want %x", v.ID, v.Comment, got, err, v.Msg)
		default:
			if got := gcm.Seal(nil, v.IV, v.Msg, v.AAD); !bytes.Equal(got, sealed) {
				t.Errorf("%d %s: sealed %x, want %x", v.ID, v.Comment, got, sealed)
			}
		}
		return true
	})
}

// TestHKDF runs Extract and then Expand, as pqenc does.
func TestHKDF(t *testing.T) {
	type vector struct {
		wycheproofCase
		IKM, Salt, Info, OKM hexBytes
		Size                 int
	}
	eachVector(t, "hkdf_sha256_test.json", func(_ struct{}, v vector) bool {
		prk, err := hkdf.Extract(sha256.New, v.IKM, v.Salt)
		if err != nil {
			t.Fatalf("%d %s: %v", v.ID, v.Comment, err)
		}
		okm, err := hkdf.Expand(sha256.New, prk, string(v.Info), v.Size)
		if (err == nil) != v.valid() || !bytes.Equal(okm, v.OKM) {
			t.Errorf("%d %s: expanded to %x (error: %v), want %x", v.ID, v.Comment, okm, err, v.OKM)
		}
		return true
	})
}

// TestHMAC covers the full-length tag, the only one that pqenc writes or reads.
func TestHMAC(t *testing.T) {
	type group struct{ TagSize int }
	type vector struct {
		wycheproofCase
		Key, Msg, Tag hexBytes
	}
	eachVector(t, "hmac_sha256_test.json", func(g group, v vector) bool {
		if g.TagSize != 8*sha256.Size {
			return false
		}
		mac := hmac.New(sha256.New, v.Key)
		mac.Write(v.Msg)
		if hmac.Equal(mac.Sum(nil), v.Tag) != v.valid() {
			t.Errorf("%d %s: not %s", v.ID, v.Comment, v.Result)
		}
		return true
	})
}
