// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/vectors"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
	"github.com/pqenc/pqenc/signature"
)

// result names the error as the vectors do.
func result(err error) vectors.Result {
	for _, k := range []struct {
		err    error
		result vectors.Result
	}{
		{pqenc.ErrNoMatch, vectors.NoMatch},
		{pqenc.ErrNotPqenc, vectors.NotPqenc},
		{pqenc.ErrUnsupported, vectors.Unsupported},
		{pqenc.ErrHeader, vectors.Header},
		{pqenc.ErrBody, vectors.Body},
		{pqenc.ErrTruncated, vectors.Truncated},
		{pqenc.ErrArmor, vectors.Armor},
		{pqenc.ErrDigests, vectors.DigestList},
		{pqenc.ErrNotSigned, vectors.NotSigned},
		{pqenc.ErrWrongSigner, vectors.WrongSigner},
		{pqenc.ErrSignature, vectors.Signature},
		{pqenc.ErrReplaced, vectors.Replaced},
		{pqenc.ErrForwarded, vectors.Forwarded},
		{pqenc.ErrRetired, vectors.Retired},
		{pqenc.ErrContext, vectors.Context},
	} {
		if errors.Is(err, k.err) {
			return k.result
		}
	}
	if err != nil {
		return vectors.Result("another error: " + err.Error())
	}
	return vectors.Success
}

// wholeIdentity has both keys of an identity, from the seeds in a vector.
func wholeIdentity(t *testing.T, seeds []byte) *keyfile.Identity {
	t.Helper()
	if len(seeds) != recipient.SeedSize+signature.SeedSize {
		t.Fatalf("an identity of %d bytes", len(seeds))
	}
	hybrid, err := recipient.NewHybridIdentity(seeds[:recipient.SeedSize])
	if err != nil {
		t.Fatal(err)
	}
	signing, err := signature.NewPrivateKey(seeds[recipient.SeedSize:])
	if err != nil {
		t.Fatal(err)
	}
	var file []byte
	for _, der := range [][]byte{hybrid.MarshalPKCS8(), signature.MarshalPKCS8(signing)} {
		file = append(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
	}
	id, err := keyfile.ParseIdentity(file)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func keysOf(t *testing.T, v *vectors.Vector) (ids []pqenc.Identity) {
	for _, seeds := range v.Identities {
		if len(seeds) > recipient.SeedSize {
			ids = append(ids, wholeIdentity(t, seeds))
			continue
		}
		id, err := recipient.NewHybridIdentity(seeds)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if v.Passphrase != "" {
		id, err := recipient.NewPassphrase([]byte(v.Passphrase))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

func policyOf(t *testing.T, v *vectors.Vector) pqenc.Policy {
	p := pqenc.Policy{Context: v.RequiredContext, AllowForwarded: v.AllowForwarded}
	for _, seeds := range v.From {
		p.From = append(p.From, wholeIdentity(t, seeds).Public())
	}
	if len(v.FromFile) > 0 {
		keys, err := keyfile.ParsePublic(v.FromFile)
		if err != nil {
			t.Fatal(err)
		}
		p.From = append(p.From, keys.Senders()...)
	}
	return p
}

// reading is the result of reading a file: the released contents and the signature.
type reading struct {
	released  []byte
	signature *pqenc.Signature
}

func readStream(src io.Reader, p pqenc.Policy, ids []pqenc.Identity, all func(*pqenc.Reader) ([]byte, error)) (reading, error) {
	r, err := pqenc.DecryptSigned(pqenc.Dearmor(src), p, ids...)
	if err != nil {
		return reading{}, err
	}
	b, err := all(r)
	return reading{b, r.Signature()}, err
}

func openArmored(file []byte, p pqenc.Policy, ids []pqenc.Identity) (*pqenc.File, error) {
	binary, err := io.ReadAll(pqenc.Dearmor(bytes.NewReader(file)))
	if err != nil {
		return nil, err
	}
	return pqenc.OpenSigned(bytes.NewReader(binary), int64(len(binary)), p, ids...)
}

func readAll(r *pqenc.Reader) ([]byte, error) { return io.ReadAll(struct{ io.Reader }{r}) }

// ways are all the ways to read a file.
var ways = map[string]func(file []byte, p pqenc.Policy, ids []pqenc.Identity) (reading, error){
	"WriteTo": func(file []byte, p pqenc.Policy, ids []pqenc.Identity) (reading, error) {
		return readStream(bytes.NewReader(file), p, ids, func(r *pqenc.Reader) ([]byte, error) {
			var out bytes.Buffer
			_, err := r.WriteTo(&out)
			return out.Bytes(), err
		})
	},
	"Read": func(file []byte, p pqenc.Policy, ids []pqenc.Identity) (reading, error) {
		return readStream(iotest.HalfReader(bytes.NewReader(file)), p, ids, readAll)
	},
	"data with EOF": func(file []byte, p pqenc.Policy, ids []pqenc.Identity) (reading, error) {
		return readStream(iotest.DataErrReader(bytes.NewReader(file)), p, ids, readAll)
	},
	"random access": func(file []byte, p pqenc.Policy, ids []pqenc.Identity) (reading, error) {
		f, err := openArmored(file, p, ids)
		if err != nil {
			return reading{}, err
		}
		b, err := io.ReadAll(f)
		return reading{b, f.Signature()}, err
	},
	"verified": func(file []byte, p pqenc.Policy, ids []pqenc.Identity) (reading, error) {
		f, err := openArmored(file, p, ids)
		if err != nil {
			return reading{}, err
		}
		if f.Signature() != nil {
			if err := f.Verify(); err != nil {
				return reading{nil, f.Signature()}, err
			}
		}
		var out bytes.Buffer
		if _, err := f.DecryptTo(&out); err != nil {
			if f.Signature() != nil {
				err = fmt.Errorf("Verify did not notice this: %v", err)
			}
			return reading{out.Bytes(), f.Signature()}, err
		}
		b, err := io.ReadAll(f)
		if !bytes.Equal(b, out.Bytes()) {
			return reading{}, errors.New("DecryptTo and Read differ")
		}
		return reading{b, f.Signature()}, err
	},
}

// expected returns the result of reading a vector in some way, and the level of
// its signature.
func expected(way string, v *vectors.Vector) (vectors.Result, pqenc.Level) {
	random := way == "random access" || way == "verified"
	switch {
	case random && v.Inspect != vectors.Success:
		return v.Inspect, pqenc.Unverified // it looks at the length before any chunk
	case !v.HasSenders():
		return v.Expect, pqenc.Unverified
	case way == "random access" && v.Expect == vectors.Replaced:
		return vectors.Success, pqenc.Claimed // it does not look at all contents
	case way == "random access" || v.Expect != vectors.Success:
		return v.Expect, pqenc.Claimed
	default:
		return v.Expect, pqenc.Verified
	}
}

func TestVectors(t *testing.T) {
	all, err := vectors.Load("testdata/vectors")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		t.Run(v.Name, func(t *testing.T) {
			ids, policy := keysOf(t, v), policyOf(t, v)
			for name, read := range ways {
				got, err := read(v.File, policy, ids)
				want, level := expected(name, v)
				if result(err) != want {
					t.Errorf("%s: %s (%v), want %s", name, result(err), err, want)
				}
				if got.signature != nil && got.signature.Level != level {
					t.Errorf("%s: the signature is %s, want %s", name, got.signature.Level, level)
				}
				if got.signature == nil && want == vectors.Success && v.HasSenders() {
					t.Errorf("%s: no signature", name)
				}
				// Random access may refuse a file that a stream reads in part.
				refused := (name == "random access" || name == "verified") && len(got.released) == 0
				if sha256.Sum256(got.released) != v.Released && !(refused && v.Expect != vectors.Success) {
					t.Errorf("%s: released %d bytes that are not the right ones", name, len(got.released))
				}
			}
			testList(t, v, policy, ids)
			testInspect(t, v)
			testReencode(t, v)
		})
	}
}

// testList verifies a file with the list of digests that the vector has.
func testList(t *testing.T, v *vectors.Vector, p pqenc.Policy, ids []pqenc.Identity) {
	if v.Digests == nil {
		return
	}
	f, err := openArmored(v.File, p, ids)
	level := pqenc.Claimed
	var released bytes.Buffer
	if err == nil {
		err = f.UseDigests(bytes.NewReader(v.Digests))
	}
	if err == nil {
		level = pqenc.Verified
		_, err = f.DecryptTo(&released)
	}
	if result(err) != v.ListExpect || f != nil && f.Signature().Level != level {
		t.Errorf("with the list: %s (%v), want %s", result(err), err, v.ListExpect)
	}
	if err == nil && sha256.Sum256(released.Bytes()) != v.Released {
		t.Errorf("with the list: released %d bytes that are not the right ones", released.Len())
	}
}

// testInspect reads what needs no key.
func testInspect(t *testing.T, v *vectors.Vector) {
	r := pqenc.Dearmor(bytes.NewReader(v.File))
	info, err := pqenc.Inspect(r)
	var body int64
	if err == nil {
		body, err = io.Copy(io.Discard, r)
	}
	if err == nil {
		_, err = info.ContentSize(int64(info.HeaderSize) + body)
	}
	if got := result(err); got != v.Inspect {
		t.Errorf("inspect: %s (%v), want %s", got, err, v.Inspect)
	}
}

// testReencode requires that a header which parses is the one encoding of
// itself.
func testReencode(t *testing.T, v *vectors.Vector) {
	h, err := format.Parse(bytes.NewReader(v.File))
	if err != nil {
		return
	}
	b, err := h.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, v.File[:len(b)]) {
		t.Error("the header encodes to other bytes")
	}
}
