// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package crosscheck

import (
	"bytes"
	"testing"

	"github.com/cloudflare/circl/kem/xwing"
)

// xwingVector is one entry of the X-Wing draft's appendix C.
type xwingVector struct {
	Seed  hexBytes // of the key pair
	ESeed hexBytes // of the encapsulation: m || ek_X
	SK    hexBytes // the seed again
	PK    hexBytes
	CT    hexBytes
	SS    hexBytes
}

// TestXWingVectors runs the draft's vectors: circl encapsulates and
// decapsulates as they say, and crypto/hpke, which shows no shared secret,
// opens what was sealed under the vector's.
func TestXWingVectors(t *testing.T) {
	for i, v := range readVectors[xwingVector](t, "xwing.json") {
		if !bytes.Equal(v.Seed, v.SK) {
			t.Fatalf("vector %d: the private key is not the seed", i)
		}
		if pk := samePublicKey(t, i, v.SK); !bytes.Equal(pk, v.PK) {
			t.Errorf("vector %d: public key %x, want %x", i, pk, v.PK)
		}

		ss, ct, err := xwing.Encapsulate(v.PK, v.ESeed)
		if err != nil {
			t.Fatalf("vector %d: %v", i, err)
		}
		if !bytes.Equal(ct, v.CT) {
			t.Errorf("vector %d: ciphertext %x, want %x", i, ct, v.CT)
		}
		if !bytes.Equal(ss, v.SS) {
			t.Errorf("vector %d: encapsulated secret %x, want %x", i, ss, v.SS)
		}
		if ss := xwing.Decapsulate(v.CT, v.SK); !bytes.Equal(ss, v.SS) {
			t.Errorf("vector %d: decapsulated secret %x, want %x", i, ss, v.SS)
		}
		opensUnderSecret(t, i, v)
	}
}

// opensUnderSecret checks that both recipients decapsulate v.CT to v.SS: a
// message sealed with the key that follows from v.SS opens, and one sealed with
// the key of another secret does not.
func opensUnderSecret(t *testing.T, i int, v xwingVector) {
	t.Helper()
	info, aad, plaintext := []byte(recipientInfo), make([]byte, aadSize), []byte("thirty-two bytes of file key....")
	right := sealWithSecret(t, v.SS, info, aad, plaintext)
	wrong := sealWithSecret(t, flipBit(v.SS, 0), info, aad, plaintext)
	for _, l := range []library{goLibrary, circlLibrary} {
		got, err := l.open(v.CT, v.SK, recipientSuite, info, aad, right)
		if err != nil || !bytes.Equal(got, plaintext) {
			t.Errorf("vector %d: %s does not arrive at the vector's secret: %v", i, l.name, err)
		}
		if _, err := l.open(v.CT, v.SK, recipientSuite, info, aad, wrong); err == nil {
			t.Errorf("vector %d: %s opened under another secret", i, l.name)
		}
	}
}
