// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package crosscheck

import (
	"bytes"
	"crypto/hpke"
	"errors"
	"testing"

	circl "github.com/cloudflare/circl/hpke"
	"github.com/cloudflare/circl/kem/xwing"
)

// hpkeVector is one entry of draft-ietf-hpke-pq's test vectors, in RFC 9180's
// form.
type hpkeVector struct {
	Mode         uint8
	KEM          uint16 `json:"kem_id"`
	KDF          uint16 `json:"kdf_id"`
	AEAD         uint16 `json:"aead_id"`
	Info         hexBytes
	IkmE         hexBytes // the seed of the encapsulation
	IkmR         hexBytes // what DeriveKeyPair makes SkRm of
	SkRm         hexBytes
	PkRm         hexBytes
	Enc          hexBytes
	SharedSecret hexBytes `json:"shared_secret"`
	Key          hexBytes
	BaseNonce    hexBytes `json:"base_nonce"`
	Encryptions  []struct{ AAD, CT, PT hexBytes }
	Exports      []struct {
		Context hexBytes `json:"exporter_context"`
		L       int
		Value   hexBytes `json:"exported_value"`
	}
}

// hpkePQFiles: the vectors that Go tests crypto/hpke with, and those of the
// draft's latest version.
var hpkePQFiles = []string{"hpke-pq-go.json", "hpke-pq-04.json"}

func eachHPKEVector(t *testing.T, check func(t *testing.T, v hpkeVector)) {
	for _, file := range hpkePQFiles {
		t.Run(file, func(t *testing.T) {
			for _, v := range readVectors[hpkeVector](t, file) {
				if v.Mode != 0 || v.KEM != kemXWing {
					t.Fatalf("mode %d, KEM %#04x: not X-Wing in base mode", v.Mode, v.KEM)
				}
				check(t, v)
			}
		})
	}
}

// TestHPKEPQKEM checks keys and shared secrets, whatever the KDF.
func TestHPKEPQKEM(t *testing.T) {
	eachHPKEVector(t, func(t *testing.T, v hpkeVector) {
		if pk := samePublicKey(t, 0, v.SkRm); !bytes.Equal(pk, v.PkRm) {
			t.Errorf("public key %x, want %x", pk, v.PkRm)
		}
		ss, enc, err := xwing.Encapsulate(v.PkRm, v.IkmE)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(enc, v.Enc) || !bytes.Equal(ss, v.SharedSecret) {
			t.Errorf("encapsulated to %x with secret %x, want %x with %x", enc, ss, v.Enc, v.SharedSecret)
		}
	})
}

// TestHPKEPQRecipient opens every encryption of every vector, and exports every
// secret, with each library that has the vector's KDF.
func TestHPKEPQRecipient(t *testing.T) {
	opened := map[string]int{}
	eachHPKEVector(t, func(t *testing.T, v hpkeVector) {
		for _, l := range []library{goLibrary, circlLibrary} {
			r, err := l.recipient(v.Enc, v.SkRm, suite{v.KDF, v.AEAD}, v.Info)
			if v.KDF == kdfSHAKE256 && errors.Is(err, errNoKDF) {
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", l.name, err)
			}
			opened[l.name] += v.openAll(t, l.name, r)
		}
	})
	for _, l := range []library{goLibrary, circlLibrary} {
		requireSome(t, "encryptions opened by "+l.name, opened[l.name])
	}
}

// openAll returns the number of encryptions it has opened.
func (v hpkeVector) openAll(t *testing.T, name string, r recipientContext) int {
	t.Helper()
	for i, e := range v.Encryptions {
		pt, err := r.Open(e.AAD, e.CT)
		if err != nil {
			t.Fatalf("%s: encryption %d: %v", name, i, err)
		}
		if !bytes.Equal(pt, e.PT) {
			t.Errorf("%s: encryption %d: opened %x, want %x", name, i, pt, e.PT)
		}
	}
	for i, e := range v.Exports {
		value, err := r.Export(string(e.Context), e.L)
		if err != nil {
			t.Fatalf("%s: export %d: %v", name, i, err)
		}
		if !bytes.Equal(value, e.Value) {
			t.Errorf("%s: export %d: %x, want %x", name, i, value, e.Value)
		}
	}
	return len(v.Encryptions)
}

// TestKeySchedule compares the written-out key schedule, which checks the X-Wing vectors,
// with the values in the drafts.
func TestKeySchedule(t *testing.T) {
	n := 0
	eachHPKEVector(t, func(t *testing.T, v hpkeVector) {
		if v.KDF != kdfHKDFSHA256 {
			return
		}
		n++
		key, nonce := KeySchedule(v.AEAD, v.SharedSecret, v.Info)
		if !bytes.Equal(key, v.Key) || !bytes.Equal(nonce, v.BaseNonce) {
			t.Errorf("key %x and nonce %x, want %x and %x", key, nonce, v.Key, v.BaseNonce)
		}
	})
	requireSome(t, "key schedules", n)
}

// TestDeriveKeyPairDiffers is why a pqenc private key is the KEM's 32-byte seed
// and never the input of HPKE's DeriveKeyPair: crypto/hpke follows the draft
// there, and circl hashes in its own way to another key.
func TestDeriveKeyPairDiffers(t *testing.T) {
	eachHPKEVector(t, func(t *testing.T, v hpkeVector) {
		k, err := hpke.MLKEM768X25519().DeriveKeyPair(v.IkmR)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(k.PublicKey().Bytes(), v.PkRm) {
			t.Error("crypto/hpke's DeriveKeyPair departs from the draft")
		}
		pk, _ := circl.KEM_XWING.Scheme().DeriveKeyPair(v.IkmR)
		if fromCircl, err := pk.MarshalBinary(); err != nil || bytes.Equal(fromCircl, v.PkRm) {
			t.Errorf("circl's DeriveKeyPair no longer departs from the draft (error: %v)", err)
		}
	})
}
