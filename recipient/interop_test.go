// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package recipient

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/mlkem"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/binary"
	"math/big"
	"testing"

	circl "github.com/cloudflare/circl/hpke"
	"golang.org/x/crypto/argon2"

	"github.com/pqenc/pqenc/format"
)

// This is a second implementation, made from SPEC.md and the documents that it names. Each
// must open the stanzas of the other.

var circlSuite = circl.NewSuite(circl.KEM_XWING, circl.KDF_HKDF_SHA256, circl.AEAD_AES256GCM)

func TestCirclOpensOurs(t *testing.T) {
	for range 20 {
		id := newIdentity(t)
		s := wrap(t, id.Recipient())
		secret, err := circl.KEM_XWING.Scheme().UnmarshalBinaryPrivateKey(id.Seed())
		if err != nil {
			t.Fatal(err)
		}
		receiver, err := circlSuite.NewReceiver(secret, []byte("pqenc/v1/recipient"))
		if err != nil {
			t.Fatal(err)
		}
		opener, err := receiver.Setup(s.Body[:1120])
		if err != nil {
			t.Fatal(err)
		}
		if key, err := opener.Open(s.Body[1120:], testBinding[:]); err != nil || !bytes.Equal(key, testFileKey[:]) {
			t.Fatalf("does not open: %v", err)
		}
	}
}

func TestWeOpenCircls(t *testing.T) {
	for i := range 20 {
		id := newIdentity(t)
		public, err := circl.KEM_XWING.Scheme().UnmarshalBinaryPublicKey(id.Recipient().Bytes())
		if err != nil {
			t.Fatal(err)
		}
		sender, err := circlSuite.NewSender(public, []byte("pqenc/v1/recipient"))
		if err != nil {
			t.Fatal(err)
		}
		coins := bytes.Repeat([]byte{byte(i)}, 64) // what encapsulation draws
		enc, sealer, err := sender.Setup(bytes.NewReader(coins))
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := sealer.Seal(testFileKey[:], testBinding[:])
		if err != nil {
			t.Fatal(err)
		}
		wantKey(t, "made by circl", id, format.Stanza{Type: format.TypeHybrid, Body: append(enc, sealed...)})
	}
}

// TestLowOrderShare makes the stanzas of an attacker who has X25519 give zero,
// so that the file key depends only on ML-KEM. The same code makes an honest stanza that
// opens, so the point is the reason.
func TestLowOrderShare(t *testing.T) {
	id := newIdentity(t)
	ephemeral, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public := id.Recipient().Bytes()
	point, err := ecdh.X25519().NewPublicKey(public[1184:])
	if err != nil {
		t.Fatal(err)
	}
	secret, err := ephemeral.ECDH(point)
	if err != nil {
		t.Fatal(err)
	}
	wantKey(t, "honest", id, hybridByHand(t, public, ephemeral.PublicKey().Bytes(), secret))
	for _, low := range lowOrderPoints(t) {
		s := hybridByHand(t, public, low, make([]byte, 32))
		wantError(t, "low order", id, s, &testBinding, format.ErrNoMatch)
	}
}

// hybridByHand returns a stanza for a public key whose X25519 share and secret
// are the caller's: X-Wing's combiner (draft-connolly-cfrg-xwing-kem, section
// 5.3) and RFC 9180's key schedule.
func hybridByHand(t *testing.T, public, share, secret []byte) format.Stanza {
	t.Helper()
	pq, err := mlkem.NewEncapsulationKey768(public[:1184])
	if err != nil {
		t.Fatal(err)
	}
	pqSecret, pqShare := pq.Encapsulate()
	shared := sha3.Sum256(bytes.Join([][]byte{pqSecret, secret, share, public[1184:], []byte(`\.//^\`)}, nil))

	const suite = "HPKE\x64\x7a\x00\x01\x00\x02"
	extract := func(salt []byte, label, ikm string) []byte {
		prk, err := hkdf.Extract(sha256.New, []byte("HPKE-v1"+suite+label+ikm), salt)
		if err != nil {
			t.Fatal(err)
		}
		return prk
	}
	context := append(append([]byte{0}, extract(nil, "psk_id_hash", "")...), extract(nil, "info_hash", "pqenc/v1/recipient")...)
	prk := extract(shared[:], "secret", "")
	expand := func(label string, size int) []byte {
		info := string(binary.BigEndian.AppendUint16(nil, uint16(size))) + "HPKE-v1" + suite + label + string(context)
		out, err := hkdf.Expand(sha256.New, prk, info, size)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	body := append(pqShare, share...)
	body = gcm(t, expand("key", 32)).Seal(body, expand("base_nonce", 12), testFileKey[:], testBinding[:])
	return format.Stanza{Type: format.TypeHybrid, Body: body}
}

// stanzaByHand puts the fields of a passphrase stanza together.
func stanzaByHand(c Cost, salt, commit, sealed []byte) format.Stanza {
	b := make([]byte, 105)
	big.NewInt(int64(c.Time)).FillBytes(b[0:4])
	big.NewInt(int64(c.Memory)).FillBytes(b[4:8])
	b[8] = c.Threads
	copy(b[9:25], salt)
	copy(b[25:57], commit)
	copy(b[57:105], sealed)
	return format.Stanza{Type: 2, Body: b}
}

func TestWeOpenPassphraseByHand(t *testing.T) {
	secret, salt := []byte("open sesame"), []byte("sixteen of salt!")
	for _, c := range []Cost{lowest, {1, 128, 16}, {3, 37, 4}, {64, 64, 2}, {2, 1000, 3}} {
		out := argon2.IDKey(secret, salt, c.Time, c.Memory, c.Threads, 64)
		sealed := gcm(t, out[:32]).Seal(nil, make([]byte, 12), testFileKey[:], testBinding[:])
		s := stanzaByHand(c, salt, out[32:], sealed)
		wantKey(t, "made by hand", newPassphrase(t, string(secret)), s)
		// The commitment comes first: without it the sealed key does not count.
		clear(s.Body[25:57])
		wantError(t, "no commitment", newPassphrase(t, string(secret)), s, &testBinding, format.ErrNoMatch)
	}
}

func TestPassphraseOpensByHand(t *testing.T) {
	p := newPassphrase(t, "open sesame")
	for _, c := range []Cost{lowest, {1, 128, 16}, {3, 37, 4}} {
		p.cost = c
		b := wrap(t, p).Body
		if want := stanzaByHand(c, b[9:25], b[25:57], b[57:]).Body; !bytes.Equal(b, want) {
			t.Fatalf("the stanza is %x, want %x", b, want)
		}
		out := argon2.IDKey([]byte("open sesame"), b[9:25], c.Time, c.Memory, c.Threads, 64)
		if !bytes.Equal(b[25:57], out[32:]) {
			t.Error("another commitment")
		}
		if key, err := gcm(t, out[:32]).Open(nil, make([]byte, 12), b[57:], testBinding[:]); err != nil || !bytes.Equal(key, testFileKey[:]) {
			t.Errorf("does not open: %v", err)
		}
	}
}

func gcm(t *testing.T, key []byte) cipher.AEAD {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return aead
}
