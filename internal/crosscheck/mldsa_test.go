// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package crosscheck

import (
	"bytes"
	"crypto/ed25519"
	"crypto/mldsa"
	"crypto/sha512"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cloudflare/circl/sign/mldsa/mldsa65"

	"github.com/pqenc/pqenc/signature"
)

// compositeLabel is the context of the ML-DSA half of every signature of pqenc.
const compositeLabel = "COMPSIG-MLDSA65-Ed25519-SHA512"

// mldsaContexts are the one that pqenc uses, and the edges.
var mldsaContexts = []string{compositeLabel, "", "\x00", strings.Repeat("c", 255)}

// mldsaPair is one key in both libraries.
type mldsaPair struct {
	seed         [32]byte
	circl        *mldsa65.PrivateKey
	circlPublic  *mldsa65.PublicKey
	golang       *mldsa.PrivateKey
	golangPublic *mldsa.PublicKey
}

// newMLDSA makes the key of a seed with both libraries, which must agree on the
// public key.
func newMLDSA(t *testing.T, seed [32]byte) *mldsaPair {
	t.Helper()
	p := &mldsaPair{seed: seed}
	p.circlPublic, p.circl = mldsa65.NewKeyFromSeed(&seed)
	var err error
	if p.golang, err = mldsa.NewPrivateKey(mldsa.MLDSA65(), seed[:]); err != nil {
		t.Fatal(err)
	}
	encoded := p.circlPublic.Bytes()
	if !bytes.Equal(p.golang.PublicKey().Bytes(), encoded) {
		t.Fatalf("seed %x: two public keys", seed)
	}
	if p.golangPublic, err = mldsa.NewPublicKey(mldsa.MLDSA65(), encoded); err != nil {
		t.Fatal(err)
	}
	return p
}

// verify returns the verdict of the libraries, which must be the same.
func (p *mldsaPair) verify(t *testing.T, what, context string, message, sig []byte) bool {
	t.Helper()
	circl := mldsa65.Verify(p.circlPublic, message, []byte(context), sig)
	err := mldsa.Verify(p.golangPublic, message, sig, &mldsa.Options{Context: context})
	if circl != (err == nil) {
		t.Errorf("%s: valid to circl %t, to crypto/mldsa: %v", what, circl, err)
	}
	return circl
}

// sign returns a randomized signature of each library.
func (p *mldsaPair) sign(t *testing.T, context string, message []byte) map[string][]byte {
	t.Helper()
	circl := make([]byte, mldsa65.SignatureSize)
	if err := mldsa65.SignTo(p.circl, message, []byte(context), true, circl); err != nil {
		t.Fatal(err)
	}
	golang, err := p.golang.Sign(nil, message, &mldsa.Options{Context: context})
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"circl": circl, "crypto/mldsa": golang}
}

// seeds returns the two extremes and n others that look random, always the same.
func seeds(n int) [][32]byte {
	all := [][32]byte{{}, [32]byte(bytes.Repeat([]byte{0xff}, 32))}
	source := rand.NewChaCha8([32]byte{65})
	for range n {
		var seed [32]byte
		source.Read(seed[:])
		all = append(all, seed)
	}
	return all
}

// TestMLDSASignatures: a signature of one library is one to the other, and
// without randomness both make the same.
func TestMLDSASignatures(t *testing.T) {
	for i, seed := range seeds(20) {
		p := newMLDSA(t, seed)
		message := bytes.Repeat([]byte{byte(i)}, i*i)
		for _, context := range mldsaContexts {
			for by, sig := range p.sign(t, context, message) {
				if !p.verify(t, by, context, message, sig) {
					t.Errorf("seed %x: a signature by %s is refused", seed, by)
				}
			}
			circl := make([]byte, mldsa65.SignatureSize)
			if err := mldsa65.SignTo(p.circl, message, []byte(context), false, circl); err != nil {
				t.Fatal(err)
			}
			golang, err := p.golang.SignDeterministic(message, &mldsa.Options{Context: context})
			if err != nil || !bytes.Equal(circl, golang) {
				t.Errorf("seed %x: two deterministic signatures, %v", seed, err)
			}
		}
	}
}

// TestMLDSARefused: what one library refuses the other one does, too.
func TestMLDSARefused(t *testing.T) {
	p := newMLDSA(t, seeds(1)[2])
	other := newMLDSA(t, seeds(2)[3])
	message := []byte("from SHA256:4Y6n… round 17")
	const (
		challenge = 48               // bytes of c~, at the start (FIPS 204, table 1: λ/4)
		hint      = 3309 - 55 - 6    // where h starts: ω positions, and the number up to each of k polynomials
		responses = hint - challenge // bytes of z, in between
	)
	rnd := rand.New(rand.NewPCG(6, 5))
	for by, sig := range p.sign(t, compositeLabel, message) {
		refuse := func(what, context string, message, sig []byte) {
			t.Helper()
			if p.verify(t, by+", "+what, context, message, sig) {
				t.Errorf("%s, %s: it verifies", by, what)
			}
		}
		refuse("without the label", "", message, sig)
		refuse("another label", compositeLabel+"x", message, sig)
		refuse("another message", compositeLabel, message[1:], sig)
		refuse("no message", compositeLabel, nil, sig)
		for _, n := range []int{0, 1, len(sig) - 1} {
			refuse("short", compositeLabel, message, sig[:n])
		}
		refuse("long", compositeLabel, message, append(slices.Clip(sig), 0))
		refuse("zeros", compositeLabel, message, make([]byte, len(sig)))
		refuse("ones", compositeLabel, message, bytes.Repeat([]byte{0xff}, len(sig)))
		if other.verify(t, by+", another key", compositeLabel, message, sig) {
			t.Errorf("%s: another key's", by)
		}
		for _, part := range []struct {
			name     string
			at, size int
		}{{"challenge", 0, challenge}, {"responses", challenge, responses}, {"hint", hint, len(sig) - hint}} {
			for range 100 {
				changed := bytes.Clone(sig)
				changed[part.at+rnd.IntN(part.size)] ^= byte(1 + rnd.IntN(255))
				refuse(part.name, compositeLabel, message, changed)
			}
		}
		// Hints have one encoding (FIPS 204, algorithm 21): positions ascend within
		// a polynomial, and unused ones are zero.
		positions := sig[hint : hint+55]
		if first := int(sig[hint+55]); first >= 2 {
			changed := bytes.Clone(sig)
			changed[hint], changed[hint+1] = positions[1], positions[0]
			refuse("hints not ascending", compositeLabel, message, changed)
			changed[hint] = changed[hint+1]
			refuse("a hint twice", compositeLabel, message, changed)
		}
		if used := int(sig[len(sig)-1]); used < 55 {
			changed := bytes.Clone(sig)
			changed[hint+used] = 1
			refuse("a hint that is not used", compositeLabel, message, changed)
		}
	}
}

// TestMLDSAMalformed has keys and contexts that neither library takes.
func TestMLDSAMalformed(t *testing.T) {
	public := newMLDSA(t, seeds(0)[0]).circlPublic.Bytes()
	for _, encoded := range [][]byte{nil, public[:len(public)-1], append(slices.Clip(public), 0)} {
		if new(mldsa65.PublicKey).UnmarshalBinary(encoded) == nil {
			t.Errorf("circl takes a public key of %d bytes", len(encoded))
		}
		if _, err := mldsa.NewPublicKey(mldsa.MLDSA65(), encoded); err == nil {
			t.Errorf("crypto/mldsa takes a public key of %d bytes", len(encoded))
		}
	}
	p := newMLDSA(t, seeds(0)[1])
	long := strings.Repeat("c", 256)
	if mldsa65.SignTo(p.circl, nil, []byte(long), true, make([]byte, mldsa65.SignatureSize)) == nil {
		t.Error("circl takes a context of 256 bytes")
	}
	if _, err := p.golang.Sign(nil, nil, &mldsa.Options{Context: long}); err == nil {
		t.Error("crypto/mldsa takes a context of 256 bytes")
	}
}

// composite is a second implementation of the composite signature, from SPEC.md, section 6.1,
// with only the standard library.
type composite struct {
	mldsa *mldsa.PrivateKey
	ed    ed25519.PrivateKey
}

func newComposite(t *testing.T, seed []byte) *composite {
	t.Helper()
	key, err := mldsa.NewPrivateKey(mldsa.MLDSA65(), seed[:32])
	if err != nil {
		t.Fatal(err)
	}
	return &composite{key, ed25519.NewKeyFromSeed(seed[32:])}
}

func (c *composite) public() []byte {
	return append(c.mldsa.PublicKey().Bytes(), c.ed.Public().(ed25519.PublicKey)...)
}

func compositeMessage(context string, message []byte) []byte {
	digest := sha512.Sum512(message)
	return slices.Concat([]byte("CompositeAlgorithmSignatures2025"+compositeLabel),
		[]byte{byte(len(context))}, []byte(context), digest[:])
}

func (c *composite) sign(t *testing.T, context string, message []byte) []byte {
	t.Helper()
	m := compositeMessage(context, message)
	sig, err := c.mldsa.Sign(nil, m, &mldsa.Options{Context: compositeLabel})
	if err != nil {
		t.Fatal(err)
	}
	return append(sig, ed25519.Sign(c.ed, m)...)
}

func (c *composite) verify(context string, message, sig []byte) bool {
	if len(sig) != 3309+64 {
		return false
	}
	m := compositeMessage(context, message)
	err := mldsa.Verify(c.mldsa.PublicKey(), m, sig[:3309], &mldsa.Options{Context: compositeLabel})
	return err == nil && ed25519.Verify(c.ed.Public().(ed25519.PublicKey), m, sig[3309:])
}

// TestComposite compares package signature with the composite above.
func TestComposite(t *testing.T) {
	for _, context := range []string{"pqenc/v1/opening", "pqenc/v1/closing", "", strings.Repeat("c", 255)} {
		ours := signature.GenerateKey()
		theirs := newComposite(t, ours.Seed())
		if !bytes.Equal(ours.Public().Bytes(), theirs.public()) {
			t.Fatal("two public keys of one seed")
		}
		message := []byte("from SHA256:4Y6n… round 17")
		sig, err := ours.Sign(context, message)
		if err != nil {
			t.Fatal(err)
		}
		for by, sig := range map[string][]byte{"pqenc": sig, "the standard library": theirs.sign(t, context, message)} {
			verdict := func(what, context string, message, sig []byte, want bool) {
				t.Helper()
				if got := ours.Public().Verify(context, message, sig) == nil; got != want {
					t.Errorf("%s of %s: valid to pqenc %t", what, by, got)
				}
				if got := theirs.verify(context, message, sig); got != want {
					t.Errorf("%s of %s: valid to the standard library %t", what, by, got)
				}
			}
			verdict("the signature", context, message, sig, true)
			verdict("another message", context, message[1:], sig, false)
			verdict("another use", context[:len(context)/2]+"x", message, sig, false)
			verdict("cut", context, message, sig[:len(sig)-1], false)
			verdict("long", context, message, append(slices.Clip(sig), 0), false)
			verdict("nothing", context, message, nil, false)
			for _, at := range []int{0, 47, 48, 3308, 3309, len(sig) - 1} {
				changed := bytes.Clone(sig)
				changed[at] ^= 1
				verdict("a changed byte", context, message, changed, false)
			}
		}
	}
}
