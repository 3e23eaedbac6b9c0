// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/pem"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/stream"
)

// parts are those of a signed file in the hands of somebody who can open it.
type parts struct {
	header  *format.Header
	fileKey *pqenc.FileKey
	keys    *format.Keys
	body    []byte
	trailer []byte
}

// takeApart opens a file with the first identity that does.
func takeApart(t testing.TB, file []byte, ids ...pqenc.Identity) *parts {
	t.Helper()
	h, err := format.Parse(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range h.Stanzas {
		for _, id := range ids {
			if fileKey, err := id.Unwrap(s, h.Binding()); err == nil {
				end := len(file) - pqenc.TrailerSize
				return &parts{h, fileKey, h.DeriveKeys(fileKey), bytes.Clone(file[h.Size:end]), bytes.Clone(file[end:])}
			}
		}
	}
	t.Fatal("no identity opens the file")
	return nil
}

// file puts the parts together, under a new MAC.
func (p *parts) file(t testing.TB) []byte {
	t.Helper()
	header, err := p.header.Seal(p.keys)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(header, p.body, p.trailer)
}

// replace seals other contents under the same file key.
func (p *parts) replace(t testing.TB, contents []byte) {
	t.Helper()
	var body bytes.Buffer
	w := stream.New(&p.keys.Payload, &p.keys.NoncePrefix, p.header.ChunkLog2).NewWriter(&body)
	if _, err := w.Write(contents); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p.body = body.Bytes()
}

// rewrap returns the file with other recipients, as every reader can make it.
func rewrap(t testing.TB, file []byte, to []pqenc.Recipient, ids ...pqenc.Identity) []byte {
	t.Helper()
	p := takeApart(t, file, ids...)
	p.header.Stanzas = p.header.Stanzas[:1]
	for _, r := range to {
		s, err := r.Wrap(p.fileKey, p.header.Binding())
		if err != nil {
			t.Fatal(err)
		}
		p.header.Stanzas = append(p.header.Stanzas, s)
	}
	p.header.Size = 0
	return p.file(t)
}

// TestCoRecipient is the attack that the closing signature prevents: mallory, a recipient
// like bob, puts other contents after alice's header.
func TestCoRecipient(t *testing.T) {
	contents := pattern(2*smallChunk+100, 1)
	file := encryptSigned(t, contents, "", bob.Public(), mallory.Public())
	for name, other := range map[string][]byte{
		"same length":    pattern(len(contents), 2),
		"last bit":       append(bytes.Clone(contents[:len(contents)-1]), contents[len(contents)-1]^1),
		"shorter":        contents[:100],
		"cut at a chunk": contents[:smallChunk],
		"longer":         pattern(5*smallChunk, 1),
		"nothing":        nil,
	} {
		p := takeApart(t, file, mallory)
		p.replace(t, other)
		forged := p.file(t)
		if !bytes.Equal(forged[:p.header.Size], file[:p.header.Size]) || !bytes.HasSuffix(file, p.trailer) {
			t.Fatal("the attack changed header or trailer")
		}
		for consumer, read := range consumers {
			r := decryptStream(t, bytes.NewReader(forged), fromAlice, bob)
			got, err := read(r)
			if len(other) == 0 && consumer == "Read and WriteTo" {
				_, err = r.Read(make([]byte, 1)) // CopyN stopped at the error
			}
			if !errors.Is(err, pqenc.ErrReplaced) || !bytes.Equal(got, other) {
				t.Errorf("%s, %s: %d bytes, %v", name, consumer, len(got), err)
			}
			for range 2 { // never io.EOF
				if n, err := r.Read(make([]byte, 1)); n != 0 || !errors.Is(err, pqenc.ErrReplaced) {
					t.Errorf("%s, after %s: %d, %v", name, consumer, n, err)
				}
			}
			requireLevel(t, name, r.Signature(), pqenc.Claimed)
		}
		f := openFile(t, forged, fromAlice, bob)
		for range 2 {
			if err := f.Verify(); !errors.Is(err, pqenc.ErrReplaced) {
				t.Errorf("%s, Verify: %v", name, err)
			}
			requireLevel(t, name, f.Signature(), pqenc.Claimed)
		}
		// Without senders it is not detected.
		f = openFile(t, forged, pqenc.Policy{}, bob)
		if err := f.Verify(); err != nil {
			t.Errorf("%s, without senders: %v", name, err)
		}
		requireLevel(t, name, f.Signature(), pqenc.Unverified)
	}
}

// TestChangedAfterVerify replaces contents once they were verified.
func TestChangedAfterVerify(t *testing.T) {
	contents := pattern(3*smallChunk+100, 1)
	file := encryptSigned(t, contents, "", bob.Public(), mallory.Public())
	p := takeApart(t, file, mallory)
	p.replace(t, pattern(len(contents), 2))
	forged := p.file(t)
	for _, policy := range []pqenc.Policy{fromAlice, {}} {
		for name, read := range map[string]func(*pqenc.File) error{
			"Read":      func(f *pqenc.File) error { _, err := f.Read(make([]byte, 10)); return err },
			"ReadAt":    func(f *pqenc.File) error { _, err := f.ReadAt(make([]byte, 10), smallChunk); return err },
			"DecryptTo": func(f *pqenc.File) error { _, err := f.DecryptTo(io.Discard); return err },
		} {
			live := bytes.Clone(file)
			f := openFile(t, live, policy, bob)
			if err := f.Verify(); err != nil {
				t.Fatal(err)
			}
			copy(live, forged)
			if err := read(f); !errors.Is(err, pqenc.ErrReplaced) {
				t.Errorf("%s: %v", name, err)
			}
			copy(live, file)
			testContents(t, f, contents)
		}
	}
}

// TestVerifyAgain has a file that changes between two runs of Verify: what the
// first has seen stays the contents.
func TestVerifyAgain(t *testing.T) {
	contents := pattern(3*smallChunk+100, 1)
	file := encryptSigned(t, contents, "", bob.Public(), mallory.Public())
	p := takeApart(t, file, mallory)
	p.replace(t, pattern(len(contents), 2))
	live := p.file(t)
	f := openFile(t, live, fromAlice, bob)
	if err := f.Verify(); !errors.Is(err, pqenc.ErrReplaced) {
		t.Error("replaced contents:", err)
	}
	requireLevel(t, "after a failure", f.Signature(), pqenc.Claimed)
	copy(live, file)
	if err := f.Verify(); err != nil {
		t.Error("after a failure:", err)
	}
	testContents(t, f, contents)
	copy(live, p.file(t))
	if err := f.Verify(); !errors.Is(err, pqenc.ErrReplaced) {
		t.Error("replaced after a success:", err)
	}
	if n, err := f.DecryptTo(io.Discard); n != 0 || !errors.Is(err, pqenc.ErrReplaced) {
		t.Errorf("%d bytes released, %v", n, err)
	}
	copy(live, file)
	testContents(t, f, contents)
}

// switching is a file that is replaced by another one after some reads.
type switching struct {
	first, then []byte
	left        atomic.Int64
}

func (s *switching) ReadAt(p []byte, off int64) (int, error) {
	if s.left.Add(-1) >= 0 {
		return bytes.NewReader(s.first).ReadAt(p, off)
	}
	return bytes.NewReader(s.then).ReadAt(p, off)
}

// TestChangedAnytime replaces contents before every single read of the file.
// Whenever a signature is said to be verified, only what was signed is released.
func TestChangedAnytime(t *testing.T) {
	contents := pattern(3*smallChunk+100, 1)
	file := encryptSigned(t, contents, "", bob.Public(), mallory.Public())
	p := takeApart(t, file, mallory)
	p.replace(t, pattern(len(contents), 2))
	forged := p.file(t)
	verified, failed := 0, 0
	for _, pair := range [][2][]byte{{file, forged}, {forged, file}} {
		for left := range 60 {
			src := &switching{first: pair[0], then: pair[1]}
			src.left.Store(int64(left))
			f, err := pqenc.OpenSigned(src, int64(len(file)), fromAlice, bob)
			if err != nil {
				t.Fatal(err)
			}
			err = f.Verify()
			if is := f.Signature().Level == pqenc.Verified; is != (err == nil) {
				t.Fatalf("%d reads: verified %v, %v", left, is, err)
			}
			if err != nil {
				failed++
				continue
			}
			verified++
			var b bytes.Buffer
			_, err = f.DecryptTo(&b)
			all, errRead := io.ReadAll(f)
			for _, got := range [][]byte{b.Bytes(), all} {
				if !bytes.HasPrefix(contents, got) {
					t.Fatalf("%d reads: other contents are said to be verified", left)
				}
			}
			if err == nil && b.Len() < len(contents) || errRead == nil && len(all) < len(contents) {
				t.Fatalf("%d reads: %d and %d bytes are all", left, b.Len(), len(all))
			}
		}
	}
	if verified == 0 || failed == 0 {
		t.Errorf("%d verified, %d failed: the replacement came too early or too late", verified, failed)
	}
}

// TestBlindSpot is that of composite signatures: they do not cover their own
// public key. Mallory makes one of alice's ML-DSA half and another Ed25519 half,
// and turns alice's signatures into valid ones under that. A reader who trusts
// mallory is not deceived, since the opening names alice.
func TestBlindSpot(t *testing.T) {
	edPublic, edPrivate, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	neutral := append([]byte{1}, make([]byte, 31)...)
	for name, half := range map[string]struct {
		public []byte
		sign   func(message []byte) []byte
	}{
		"an Ed25519 key of her own": {edPublic, func(m []byte) []byte { return ed25519.Sign(edPrivate, m) }},
		"the neutral element":       {neutral, func([]byte) []byte { return append(bytes.Clone(neutral), make([]byte, 32)...) }},
	} {
		const mldsaKey, mldsaSig = signature.PublicKeySize - 32, signature.Size - 64
		mixed := publicWith(t, append(alice.Public().VerificationKey().Bytes()[:mldsaKey], half.public...))
		p := takeApart(t, encryptSigned(t, []byte("contents"), "", bob.Public(), mallory.Public()), mallory)
		id := p.header.ID()

		// The opening, and with it the signer stanza.
		fields, message := p.openSigner(t)
		opening, sig, err := pqenc.ParseOpening(fields)
		if err != nil {
			t.Fatal(err)
		}
		sig = append(sig[:mldsaSig:mldsaSig], half.sign(representative("pqenc/v1/opening", message))...)
		if pqenc.VerifyOpening(opening, mixed.VerificationKey(), id, sig) != nil {
			t.Fatalf("%s: there is no blind spot", name)
		}
		marshaled, err := pqenc.MarshalOpening(opening)
		if err != nil {
			t.Fatal(err)
		}
		p.header.Stanzas[0].Body = pqenc.Seal(&p.keys.Signer, id, append(marshaled, sig...))
		forged := p.file(t)
		fromMixed := pqenc.Policy{From: []pqenc.Sender{mixed}}
		if _, err := pqenc.DecryptSigned(bytes.NewReader(forged), fromMixed, bob); !errors.Is(err, pqenc.ErrWrongSigner) {
			t.Errorf("%s: who trusts mallory gets %v", name, err)
		}
		if _, err := pqenc.DecryptSigned(bytes.NewReader(forged), fromAlice, bob); !errors.Is(err, pqenc.ErrSignature) {
			t.Errorf("%s: who trusts alice gets %v", name, err)
		}
	}
}

// openSigner returns what is sealed in the signer stanza, and what was signed.
func (p *parts) openSigner(t testing.TB) (fields, message []byte) {
	t.Helper()
	fields, err := pqenc.Unseal(&p.keys.Signer, p.header.ID(), p.header.Stanzas[0].Body)
	if err != nil {
		t.Fatal(err)
	}
	return fields, append(p.header.ID()[:], fields[:len(fields)-signature.Size]...)
}

// publicWith returns mallory's public key with another signing key.
func publicWith(t testing.TB, signing []byte) *keyfile.Public {
	t.Helper()
	key, err := signature.NewPublicKey(signing)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(mallory.Public().Marshal())
	file := append(pem.EncodeToMemory(block),
		pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: signature.MarshalSPKI(key)})...)
	keys, err := keyfile.ParsePublic(file)
	if err != nil {
		t.Fatal(err)
	}
	return keys[0]
}

// representative is what both halves of a composite signature sign.
func representative(use string, message []byte) []byte {
	digest := sha512.Sum512(message)
	return slices.Concat([]byte("CompositeAlgorithmSignatures2025COMPSIG-MLDSA65-Ed25519-SHA512"),
		[]byte{byte(len(use))}, []byte(use), digest[:])
}

// refuseSigned reads a file in the ways that check all of it. None may succeed,
// and what is released must be the contents.
func refuseSigned(t *testing.T, what string, file, contents []byte, p pqenc.Policy) {
	t.Helper()
	var out []byte
	r, err := pqenc.DecryptSigned(bytes.NewReader(file), p, bob)
	if err == nil {
		out, err = io.ReadAll(r)
	}
	if err == nil || !bytes.HasPrefix(contents, out) {
		t.Fatalf("%s, stream: %d bytes released, %v", what, len(out), err)
	}
	if errors.Is(err, pqenc.ErrReplaced) || errors.Is(err, pqenc.ErrSignature) {
		t.Fatalf("%s, stream: somebody without the file key is taken for a recipient: %v", what, err)
	}
	f, random := pqenc.OpenSigned(bytes.NewReader(file), int64(len(file)), p, bob)
	if random == nil {
		random = f.Verify()
	}
	if random == nil || errors.Is(random, pqenc.ErrReplaced) || errors.Is(random, pqenc.ErrSignature) {
		t.Fatalf("%s, Verify: %v", what, random)
	}
}

func TestSignedCorruption(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	contents := pattern(2*smallChunk+100, 1)
	file := encryptSigned(t, contents, "round 17", bob.Public(), carol.Public())
	policies := []pqenc.Policy{{}, fromAlice}
	for i := range pqenc.Rounds(2_000) {
		at := rnd.IntN(len(file))
		change := byte(1 + rnd.IntN(255))
		file[at] ^= change
		refuseSigned(t, "a byte changed", file, contents, policies[i%2])
		file[at] ^= change
	}
	for i := range pqenc.Rounds(500) {
		refuseSigned(t, "cut short", file[:rnd.IntN(len(file))], contents, policies[i%2])
	}
	f := openFile(t, file, fromAlice, bob)
	if err := f.Verify(); err != nil {
		t.Fatal("the unchanged file is refused:", err)
	}
}

// TestSourceEndsEarly opens files that end before the size that is given.
func TestSourceEndsEarly(t *testing.T) {
	file := encryptSigned(t, pattern(smallChunk+100, 1), "", bob.Public())
	for _, cut := range []int{1, pqenc.TrailerSize - 1, pqenc.TrailerSize, pqenc.TrailerSize + 1, smallChunk + 5000} {
		src := bytes.NewReader(file[:len(file)-cut])
		if _, err := pqenc.OpenSigned(src, int64(len(file)), fromAlice, bob); !errors.Is(err, pqenc.ErrTruncated) {
			t.Errorf("cut by %d: %v", cut, err)
		}
	}
}

// TestVerifyMemory allows 32 bytes a chunk.
func TestVerifyMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	const size = 64 << 20
	var file bytes.Buffer
	file.Grow(size + size>>7)
	w, err := pqenc.EncryptSignedSmall(&file, alice, "", bob.Public())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.ReadFrom(io.LimitReader(zeros{}, size)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f := openFile(t, file.Bytes(), fromAlice, bob)
	before := heap()
	if err := f.Verify(); err != nil {
		t.Fatal(err)
	}
	const most = 32*(size/smallChunk+1) + 64<<10
	if used := heap() - before; used > most {
		t.Errorf("Verify keeps %d bytes, more than %d", used, most)
	}
	runtime.KeepAlive(f)
}

// heap returns how many bytes of the heap are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what was in a sync.Pool goes with the second
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
