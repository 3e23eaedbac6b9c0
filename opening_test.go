// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/signature"
)

// names returns n fingerprints in order.
func names(n int) []Fingerprint {
	fs := make([]Fingerprint, n)
	for i := range fs {
		fs[i] = Fingerprint{byte(i >> 8), byte(i), 0xff}
	}
	return fs
}

func marshalOpening(t testing.TB, o *opening) []byte {
	t.Helper()
	b, err := o.marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// An opening is laid out as SPEC.md says.
func TestOpeningLayout(t *testing.T) {
	o := &opening{signer: Fingerprint{31: 1}, time: 0x0102030405060708, context: "ab", readers: []Fingerprint{{31: 2}, {31: 3}}}
	zeros := strings.Repeat("\x00", 31)
	want := zeros + "\x01" + "\x01\x02\x03\x04\x05\x06\x07\x08" + "\x00\x02ab" + "\x00\x02" + zeros + "\x02" + zeros + "\x03"
	if got := marshalOpening(t, o); string(got) != want {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestOpeningRoundTrip(t *testing.T) {
	for _, o := range []*opening{
		{},
		{signer: Fingerprint{1}, time: math.MaxUint64},
		{context: "round 17", readers: names(1)},
		{context: strings.Repeat("x", MaxContextSize), readers: names(maxReaders)},
		{context: "\x00\xff", readers: names(2)},
	} {
		b := marshalOpening(t, o)
		for _, after := range []string{"", "a signature"} {
			got, rest, err := parseOpening(append(slices.Clip(b), after...))
			if err != nil || string(rest) != after {
				t.Fatalf("%d bytes after it, %v", len(rest), err)
			}
			if got.signer != o.signer || got.time != o.time || got.context != o.context || !slices.Equal(got.readers, o.readers) {
				t.Errorf("%+v, want %+v", got, o)
			}
		}
	}
}

// checkNoOpening requires that parseOpening refuses b.
func checkNoOpening(t *testing.T, what string, b []byte) {
	t.Helper()
	if o, rest, err := parseOpening(b); o != nil || rest != nil || !errors.Is(err, ErrHeader) {
		t.Errorf("%s: %v, %d bytes after it, %v", what, o, len(rest), err)
	}
}

func TestOpeningIsShort(t *testing.T) {
	b := marshalOpening(t, &opening{context: "round 17", readers: names(3)})
	for n := range b {
		checkNoOpening(t, "cut", b[:n])
	}
}

func TestOpeningBounds(t *testing.T) {
	for name, o := range map[string]*opening{
		"context too long":   {context: strings.Repeat("x", MaxContextSize+1)},
		"context of 65,536":  {context: strings.Repeat("x", 1<<16)},
		"too many readers":   {readers: names(maxReaders + 1)},
		"65,536 readers":     {readers: names(1 << 16)},
		"readers not sorted": {readers: []Fingerprint{{2}, {1}}},
		"sorted up to last":  {readers: append(names(3), Fingerprint{})},
		"a reader twice":     {readers: []Fingerprint{{1}, {1}}},
	} {
		if b, err := o.marshal(); b != nil || !errors.Is(err, ErrHeader) {
			t.Errorf("%s: Marshal: %v", name, err)
		}
		if sig, err := o.sign(opener, new(format.ID)); sig != nil || !errors.Is(err, ErrHeader) {
			t.Errorf("%s: Sign: %v", name, err)
		}
		if sig, err := o.signClosing(opener, new(format.ID), contents{}); sig != nil || !errors.Is(err, ErrHeader) {
			t.Errorf("%s: SignClosing: %v", name, err)
		}
		if o.verify(opener.Public(), new(format.ID), nil) == nil || o.verifyClosing(opener.Public(), new(format.ID), contents{}, nil) == nil {
			t.Errorf("%s: it verifies", name)
		}
	}
}

// TestOpeningClaims has bytes that claim more than there may be, or is.
func TestOpeningClaims(t *testing.T) {
	const begin = 32 + 8
	fixed := make([]byte, begin)
	field := func(n int) []byte { return []byte{byte(n >> 8), byte(n)} }
	readers := func(n int, fs []Fingerprint) []byte {
		b := field(n)
		for _, f := range fs {
			b = append(b, f[:]...)
		}
		return b
	}
	long := make([]byte, 1<<17)
	for name, b := range map[string][]byte{
		"context too long":        slices.Concat(fixed, field(MaxContextSize+1), long[:MaxContextSize+1], field(0)),
		"context of 65,535":       slices.Concat(fixed, field(1<<16-1), long[:1<<16-1], field(0)),
		"context beyond the end":  slices.Concat(fixed, field(1<<16-1), long[:100]),
		"readers beyond the end":  slices.Concat(fixed, field(0), readers(1<<16-1, names(3))),
		"one reader more":         slices.Concat(fixed, field(0), readers(4, names(3))),
		"too many readers":        slices.Concat(fixed, field(0), readers(maxReaders+1, names(maxReaders+1))),
		"readers not sorted":      slices.Concat(fixed, field(0), readers(2, []Fingerprint{{2}, {1}})),
		"a reader twice":          slices.Concat(fixed, field(0), readers(2, []Fingerprint{{1}, {1}})),
		"only readers' count cut": slices.Concat(fixed, field(0), field(0)[:1]),
	} {
		checkNoOpening(t, name, b)
	}
}

func TestReaders(t *testing.T) {
	given := []Fingerprint{{3}, {1}, {2}, {1}, {3}}
	want := []Fingerprint{{1}, {2}, {3}}
	if got := sortedReaders(given); !slices.Equal(got, want) || given[0] != (Fingerprint{3}) {
		t.Errorf("%v from %v", got, given)
	}
	if got := sortedReaders(nil); len(got) != 0 {
		t.Errorf("%v from nothing", got)
	}
	o := &opening{readers: want}
	if !o.hasReader(Fingerprint{2}) || o.hasReader(Fingerprint{4}) || o.hasReader(Fingerprint{}) {
		t.Error("HasReader")
	}
}

var opener = signature.GenerateKey()

// Whatever is changed, neither signature verifies any more.
func TestOpeningBinds(t *testing.T) {
	file := &format.ID{1}
	good := opening{signer: Fingerprint{1}, time: 2, context: "round 17", readers: names(2)}
	signed := contents{length: 5, digest: sha256.Sum256(nil)}
	sig, err := good.sign(opener, file)
	if err != nil {
		t.Fatal(err)
	}
	closing, err := good.signClosing(opener, file, signed)
	if err != nil {
		t.Fatal(err)
	}
	if err := good.verify(opener.Public(), file, sig); err != nil {
		t.Fatal(err)
	}
	if err := good.verifyClosing(opener.Public(), file, signed, closing); err != nil {
		t.Fatal(err)
	}
	check := func(what string, o opening, key *signature.PublicKey, file *format.ID, c contents, sig, closing []byte) {
		t.Helper()
		if err := o.verify(key, file, sig); c == signed && !errors.Is(err, signature.ErrInvalid) {
			t.Errorf("opening, %s: %v", what, err)
		}
		if err := o.verifyClosing(key, file, c, closing); !errors.Is(err, signature.ErrInvalid) {
			t.Errorf("closing, %s: %v", what, err)
		}
	}
	for what, change := range map[string]func(*opening){
		"signer":      func(o *opening) { o.signer[31] ^= 1 },
		"time":        func(o *opening) { o.time++ },
		"context":     func(o *opening) { o.context = "round 18" },
		"no context":  func(o *opening) { o.context = "" },
		"readers":     func(o *opening) { o.readers = names(3) },
		"no readers":  func(o *opening) { o.readers = nil },
		"other order": func(o *opening) { o.readers = []Fingerprint{{1}, {2}} },
	} {
		other := good
		change(&other)
		check(what, other, opener.Public(), file, signed, sig, closing)
	}
	check("another file", good, opener.Public(), &format.ID{2}, signed, sig, closing)
	check("another key", good, signature.GenerateKey().Public(), file, signed, sig, closing)
	check("the other's signature", good, opener.Public(), file, signed, closing, sig)
	check("no signature", good, opener.Public(), file, signed, nil, nil)
	check("another length", good, opener.Public(), file, contents{6, signed.digest}, sig, closing)
	check("another digest", good, opener.Public(), file, contents{5, sha256.Sum256([]byte{0})}, sig, closing)
}

// The message of a closing is laid out as SPEC.md says.
func TestClosingLayout(t *testing.T) {
	o := &opening{context: "round 17"}
	file := &format.ID{75: 7}
	c := contents{length: 0x0102, digest: Fingerprint{9}}
	sum := sha256.Sum256(append(file[:], marshalOpening(t, o)...))
	message := slices.Concat(sum[:], []byte{0, 0, 0, 0, 0, 0, 1, 2}, c.digest[:])
	sign := func(use string, message []byte) []byte {
		sig, err := opener.Sign(use, message)
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	sig := sign("pqenc/v1/closing", message)
	if err := o.verifyClosing(opener.Public(), file, c, sig); err != nil {
		t.Error(err)
	}
	sig = sign("pqenc/v1/opening", append(file[:], marshalOpening(t, o)...))
	if err := o.verify(opener.Public(), file, sig); err != nil {
		t.Error("opening:", err)
	}
}

func TestClosingTooLong(t *testing.T) {
	o := new(opening)
	for _, n := range []uint64{math.MaxInt64 + 1, math.MaxUint64} {
		if sig, err := o.signClosing(opener, new(format.ID), contents{length: n}); sig != nil || err == nil {
			t.Errorf("%d bytes are signed", n)
		}
		if o.verifyClosing(opener.Public(), new(format.ID), contents{length: n}, nil) == nil {
			t.Errorf("%d bytes are verified", n)
		}
	}
	sig, err := o.signClosing(opener, new(format.ID), contents{length: math.MaxInt64})
	if err != nil || bytes.Equal(sig, nil) {
		t.Error(err)
	}
}

// Bytes that parse are the encoding of what they parse to. The seeds are in
// testdata/fuzz/FuzzParseOpening.
func FuzzParseOpening(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		o, rest, err := parseOpening(b)
		if err != nil {
			checkNoOpening(t, "refused", b)
			return
		}
		marshaled, err := o.marshal()
		if err != nil || !bytes.Equal(append(marshaled, rest...), b) {
			t.Errorf("the opening encodes to other bytes: %v", err)
		}
	})
}
