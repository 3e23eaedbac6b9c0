// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package signature

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"crypto/x509"
	"encoding/json"
	"os"
	"testing"

	"github.com/cloudflare/circl/sign/mldsa/mldsa65"
)

// draftVector is the entry of this algorithm in the draft's test vectors.
type draftVector struct {
	Message      []byte `json:"-"` // in the file, these two
	Context      []byte `json:"-"` // are common to all vectors
	Name         string `json:"tcId"`
	PK           []byte `json:"pk"`
	Certificate  []byte `json:"x5c"`
	SK           []byte `json:"sk"`
	PKCS8        []byte `json:"sk_pkcs8"`
	S            []byte `json:"s"`
	SWithContext []byte `json:"sWithContext"`
}

func loadDraftVector(t testing.TB) *draftVector {
	t.Helper()
	data, err := os.ReadFile("testdata/id-MLDSA65-Ed25519-SHA512.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		M     []byte         `json:"m"`
		Ctx   []byte         `json:"ctx"`
		Tests []*draftVector `json:"tests"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Tests) != 1 || file.Tests[0].Name != "id-MLDSA65-Ed25519-SHA512" {
		t.Fatal("not the one vector of this algorithm")
	}
	v := file.Tests[0]
	v.Message, v.Context = file.M, file.Ctx
	return v
}

// keys returns the vector's key pair, each half parsed from its own bytes.
func (v *draftVector) keys(t testing.TB) (*PrivateKey, *PublicKey) {
	t.Helper()
	private, err := NewPrivateKey(v.SK)
	if err != nil {
		t.Fatal(err)
	}
	public, err := NewPublicKey(v.PK)
	if err != nil {
		t.Fatal(err)
	}
	return private, public
}

func TestDraftKeys(t *testing.T) {
	v := loadDraftVector(t)
	private, public := v.keys(t)
	if !bytes.Equal(private.Seed(), v.SK) {
		t.Error("Seed differs from sk")
	}
	if !bytes.Equal(public.Bytes(), v.PK) {
		t.Error("Bytes differs from pk")
	}
	if !bytes.Equal(private.Public().Bytes(), v.PK) || !private.Public().Equal(public) {
		t.Error("public key made from sk differs from pk")
	}
	if !bytes.Equal(MarshalPKCS8(private), v.PKCS8) {
		t.Error("MarshalPKCS8 differs from sk_pkcs8")
	}
	if parsed, err := ParsePKCS8(v.PKCS8); err != nil {
		t.Errorf("ParsePKCS8: %v", err)
	} else if !parsed.Public().Equal(public) {
		t.Error("public key made from sk_pkcs8 differs from pk")
	}
}

func TestDraftSignatures(t *testing.T) {
	v := loadDraftVector(t)
	private, public := v.keys(t)
	for name, key := range map[string]*PublicKey{"from pk": public, "from sk": private.Public()} {
		if err := key.Verify("", v.Message, v.S); err != nil {
			t.Errorf("%s: s: %v", name, err)
		}
		if err := key.Verify(string(v.Context), v.Message, v.SWithContext); err != nil {
			t.Errorf("%s: sWithContext: %v", name, err)
		}
		if err := key.Verify(string(v.Context), v.Message, v.S); err != ErrInvalid {
			t.Errorf("%s: s with a context: %v", name, err)
		}
		if err := key.Verify("", v.Message, v.SWithContext); err != ErrInvalid {
			t.Errorf("%s: sWithContext without its context: %v", name, err)
		}
	}
	for _, ctx := range []string{"", string(v.Context)} {
		sig, err := private.Sign(ctx, v.Message)
		if err != nil {
			t.Fatal(err)
		}
		if err := public.Verify(ctx, v.Message, sig); err != nil {
			t.Errorf("own signature: %v", err)
		}
	}
}

// The certificate is self-signed: another signature by another implementation,
// and the only published SubjectPublicKeyInfo.
func TestDraftCertificate(t *testing.T) {
	v := loadDraftVector(t)
	_, public := v.keys(t)
	certificate, err := x509.ParseCertificate(v.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(MarshalSPKI(public), certificate.RawSubjectPublicKeyInfo) {
		t.Error("MarshalSPKI differs from the certificate's")
	}
	parsed, err := ParseSPKI(certificate.RawSubjectPublicKeyInfo)
	if err != nil {
		t.Fatal(err)
	}
	if !parsed.Equal(public) {
		t.Error("certificate's public key differs from pk")
	}
	if err := parsed.Verify("", certificate.RawTBSCertificate, certificate.Signature); err != nil {
		t.Errorf("certificate: %v", err)
	}
}

// The signed bytes are put together here once more, from the text of the
// draft, and each published half is verified alone against them.
func TestDraftHalves(t *testing.T) {
	v := loadDraftVector(t)
	_, public := v.keys(t)
	digest := sha512.Sum512(v.Message)
	m := []byte("CompositeAlgorithmSignatures2025" + "COMPSIG-MLDSA65-Ed25519-SHA512" +
		"\x47" + string(v.Context) + string(digest[:])) // the context has 71 bytes
	mldsaSig, edSig := v.SWithContext[:3309], v.SWithContext[3309:]
	if !mldsa65.Verify(public.mldsa(), m, []byte("COMPSIG-MLDSA65-Ed25519-SHA512"), mldsaSig) {
		t.Error("ML-DSA half does not verify")
	}
	if mldsa65.Verify(public.mldsa(), m, nil, mldsaSig) {
		t.Error("ML-DSA half verifies outside of the composite, without the label")
	}
	if !ed25519.Verify(public.ed(), m, edSig) {
		t.Error("Ed25519 half does not verify")
	}
}
