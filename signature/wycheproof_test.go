// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package signature

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"
	"github.com/cloudflare/circl/sign/mldsa/mldsa65"
)

// hexBytes is a JSON string of hexadecimal digits. It is nil if absent.
type hexBytes []byte

func (b *hexBytes) UnmarshalText(text []byte) error {
	*b = make([]byte, hex.DecodedLen(len(text)))
	_, err := hex.Decode(*b, text)
	return err
}

// wycheproofTest is one test of any of the files used here.
type wycheproofTest struct {
	ID     int      `json:"tcId"`
	Msg    hexBytes `json:"msg"`
	Ctx    hexBytes `json:"ctx"`
	Rnd    hexBytes `json:"rnd"`
	Sig    hexBytes `json:"sig"`
	Result string   `json:"result"`
}

// loadWycheproof returns the groups of a file, of the type G, which embeds its
// tests. It fails if there are none.
func loadWycheproof[G any](t *testing.T, name string) []G {
	t.Helper()
	data, err := fs.ReadFile(wycheproof.TestVectors, name)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []G `json:"testGroups"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Groups) == 0 {
		t.Fatalf("no tests in %s", name)
	}
	return file.Groups
}

// valid returns the expected result. There is no "acceptable" in these files.
func (test *wycheproofTest) valid(t *testing.T) bool {
	t.Helper()
	if test.Result != "valid" && test.Result != "invalid" {
		t.Fatalf("%d: unknown result %q", test.ID, test.Result)
	}
	return test.Result == "valid"
}

func TestWycheproofEd25519(t *testing.T) {
	type group struct {
		PublicKey struct {
			PK hexBytes `json:"pk"`
		} `json:"publicKey"`
		Tests []wycheproofTest `json:"tests"`
	}
	mldsa := GenerateKey().Public().Bytes()[:mldsa65.PublicKeySize]
	ran := map[bool]int{}
	for _, g := range loadWycheproof[group](t, "ed25519_test.json") {
		key := mustParse(t, mldsa, g.PublicKey.PK)
		for _, test := range g.Tests {
			want := test.valid(t)
			ran[want]++
			if got := ed25519.Verify(key.ed(), test.Msg, test.Sig); got != want {
				t.Errorf("%d: valid %v, want %v", test.ID, got, want)
			}
		}
	}
	requireRan(t, ran, true, false)
}

func TestWycheproofVerifyMLDSA(t *testing.T) {
	type group struct {
		PublicKey hexBytes         `json:"publicKey"`
		Tests     []wycheproofTest `json:"tests"`
	}
	ed := GenerateKey().Public().ed()
	ran := map[string]int{}
	for _, g := range loadWycheproof[group](t, "mldsa_65_verify_test.json") {
		key, err := NewPublicKey(append(bytes.Clone(g.PublicKey), ed...))
		if (err == nil) != (len(g.PublicKey) == mldsa65.PublicKeySize) {
			t.Errorf("public key of %d bytes: %v", len(g.PublicKey), err)
		}
		for _, test := range g.Tests {
			want := test.valid(t)
			if key == nil {
				ran["malformed key"]++
				if want {
					t.Errorf("%d: the public key of a valid signature is refused", test.ID)
				}
				continue
			}
			ran[test.Result]++
			if got := mldsa65.Verify(key.mldsa(), test.Msg, test.Ctx, test.Sig); got != want {
				t.Errorf("%d: valid %v, want %v", test.ID, got, want)
			}
		}
	}
	requireRan(t, ran, "valid", "invalid", "malformed key")
}

// Signatures with a given rnd come from the hedged signing that Sign uses, and
// all others from the deterministic one, so that whole signatures are compared.
func TestWycheproofSignMLDSA(t *testing.T) {
	type group struct {
		PrivateSeed hexBytes         `json:"privateSeed"`
		PublicKey   hexBytes         `json:"publicKey"`
		Tests       []wycheproofTest `json:"tests"`
	}
	ed := GenerateKey().Seed()[mldsa65.SeedSize:]
	ran := map[string]int{}
	for _, g := range loadWycheproof[group](t, "mldsa_65_sign_seed_test.json") {
		key, err := NewPrivateKey(append(bytes.Clone(g.PrivateSeed), ed...))
		if (err == nil) != (len(g.PrivateSeed) == mldsa65.SeedSize) {
			t.Errorf("seed of %d bytes: %v", len(g.PrivateSeed), err)
		}
		if key != nil && !bytes.Equal(key.Public().Bytes()[:mldsa65.PublicKeySize], g.PublicKey) {
			t.Errorf("public key of seed %x differs", g.PrivateSeed)
		}
		for _, test := range g.Tests {
			ran[wycheproofSign(t, key, &test)]++
		}
	}
	requireRan(t, ran, "hedged", "deterministic", "refused", "malformed key")
}

// wycheproofSign runs one test and returns what kind it was.
func wycheproofSign(t *testing.T, key *PrivateKey, test *wycheproofTest) string {
	want := test.valid(t)
	switch {
	case key == nil:
		if want {
			t.Errorf("%d: the key of a valid signature is refused", test.ID)
		}
		return "malformed key"
	case test.Msg == nil:
		return "skipped" // gives only the hash μ, which neither circl nor we take
	}
	kind := "deterministic"
	if test.Rnd != nil {
		kind = "hedged"
		defer func(reader io.Reader) { rand.Reader = reader }(rand.Reader)
		rand.Reader = bytes.NewReader(test.Rnd)
	}
	sig := make([]byte, mldsa65.SignatureSize)
	err := mldsa65.SignTo(key.mldsa, test.Msg, test.Ctx, test.Rnd != nil, sig)
	if (err == nil) != want {
		t.Errorf("%d: %v, want valid %v", test.ID, err, want)
	}
	if err != nil {
		return "refused"
	}
	if !bytes.Equal(sig, test.Sig) {
		t.Errorf("%d: %s signature differs", test.ID, kind)
	}
	return kind
}

// requireRan fails if a kind of test was not met at all: vectors that are
// skipped in silence test nothing.
func requireRan[K comparable](t *testing.T, ran map[K]int, kinds ...K) {
	t.Helper()
	t.Logf("tests by kind: %v", ran)
	for _, kind := range kinds {
		if ran[kind] == 0 {
			t.Errorf("no test of kind %v ran", kind)
		}
	}
}
