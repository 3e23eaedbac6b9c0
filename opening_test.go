// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package signature

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// names returns n fingerprints in order.
func names(n int) []Fingerprint {
	fs := make([]Fingerprint, n)
	for i := range fs {
		fs[i] = Fingerprint{byte(i >> 8), byte(i), 0xff}
	}
	return fs
}

func marshalOpening(t testing.TB, o *Opening) []byte {
	t.Helper()
	b, err := o.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// An opening is laid out as SPEC.md says.
func TestOpeningLayout(t *testing.T) {
	o := &Opening{Signer: Fingerprint{31: 1}, Time: 0x0102030405060708, Context: "ab", Readers: []Fingerprint{{31: 2}, {31: 3}}}
	zeros := strings.Repeat("\x00", 31)
	want := zeros + "\x01" + "\x01\x02\x03\x04\x05\x06\x07\x08" + "\x00\x02ab" + "\x00\x02" + zeros + "\x02" + zeros + "\x03"
	if got := marshalOpening(t, o); string(got) != want {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestOpeningRoundTrip(t *testing.T) {
	for _, o := range []*Opening{
		{},
		{Signer: Fingerprint{1}, Time: math.MaxUint64},
		{Context: "round 17", Readers: names(1)},
		{Context: strings.Repeat("x", MaxLabel), Readers: names(MaxReaders)},
		{Context: "\x00\xff", Readers: names(2)},
	} {
		b := marshalOpening(t, o)
		for _, behind := range []string{"", "a signature"} {
			got, rest, err := ParseOpening(append(slices.Clip(b), behind...))
			if err != nil || string(rest) != behind {
				t.Fatalf("%d bytes behind, %v", len(rest), err)
			}
			if got.Signer != o.Signer || got.Time != o.Time || got.Context != o.Context || !slices.Equal(got.Readers, o.Readers) {
				t.Errorf("%+v, want %+v", got, o)
			}
		}
	}
}

// checkNoOpening requires that ParseOpening refuses b.
func checkNoOpening(t *testing.T, what string, b []byte) {
	t.Helper()
	if o, rest, err := ParseOpening(b); o != nil || rest != nil || err != ErrMalformedOpening {
		t.Errorf("%s: %v, %d bytes behind, %v", what, o, len(rest), err)
	}
}

func TestOpeningIsShort(t *testing.T) {
	b := marshalOpening(t, &Opening{Context: "round 17", Readers: names(3)})
	for n := range b {
		checkNoOpening(t, "cut", b[:n])
	}
}

func TestOpeningBounds(t *testing.T) {
	for name, o := range map[string]*Opening{
		"context too long":   {Context: strings.Repeat("x", MaxLabel+1)},
		"context of 65,536":  {Context: strings.Repeat("x", 1<<16)},
		"too many readers":   {Readers: names(MaxReaders + 1)},
		"65,536 readers":     {Readers: names(1 << 16)},
		"readers not sorted": {Readers: []Fingerprint{{2}, {1}}},
		"sorted up to last":  {Readers: append(names(3), Fingerprint{})},
		"a reader twice":     {Readers: []Fingerprint{{1}, {1}}},
	} {
		if b, err := o.Marshal(); b != nil || err != ErrMalformedOpening {
			t.Errorf("%s: Marshal: %v", name, err)
		}
		if sig, err := o.Sign(opener, nil); sig != nil || err != ErrMalformedOpening {
			t.Errorf("%s: Sign: %v", name, err)
		}
		if sig, err := o.SignClosing(opener, nil, Contents{}); sig != nil || err != ErrMalformedOpening {
			t.Errorf("%s: SignClosing: %v", name, err)
		}
		if o.Verify(opener.Public(), nil, nil) == nil || o.VerifyClosing(opener.Public(), nil, Contents{}, nil) == nil {
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
		"context too long":        slices.Concat(fixed, field(MaxLabel+1), long[:MaxLabel+1], field(0)),
		"context of 65,535":       slices.Concat(fixed, field(1<<16-1), long[:1<<16-1], field(0)),
		"context beyond the end":  slices.Concat(fixed, field(1<<16-1), long[:100]),
		"readers beyond the end":  slices.Concat(fixed, field(0), readers(1<<16-1, names(3))),
		"one reader more":         slices.Concat(fixed, field(0), readers(4, names(3))),
		"too many readers":        slices.Concat(fixed, field(0), readers(MaxReaders+1, names(MaxReaders+1))),
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
	if got := NewReaders(given); !slices.Equal(got, want) || given[0] != (Fingerprint{3}) {
		t.Errorf("%v from %v", got, given)
	}
	if got := NewReaders(nil); len(got) != 0 {
		t.Errorf("%v from nothing", got)
	}
	o := &Opening{Readers: want}
	if !o.HasReader(Fingerprint{2}) || o.HasReader(Fingerprint{4}) || o.HasReader(Fingerprint{}) {
		t.Error("HasReader")
	}
}

var opener = GenerateKey()

// Whatever is changed, neither signature verifies any more.
func TestOpeningBinds(t *testing.T) {
	file := []byte("P || salt || commit")
	good := Opening{Signer: Fingerprint{1}, Time: 2, Context: "round 17", Readers: names(2)}
	contents := Contents{Length: 5, Digest: sha256.Sum256(nil)}
	sig, err := good.Sign(opener, file)
	if err != nil {
		t.Fatal(err)
	}
	closing, err := good.SignClosing(opener, file, contents)
	if err != nil {
		t.Fatal(err)
	}
	if err := good.Verify(opener.Public(), file, sig); err != nil {
		t.Fatal(err)
	}
	if err := good.VerifyClosing(opener.Public(), file, contents, closing); err != nil {
		t.Fatal(err)
	}
	check := func(what string, o Opening, key *PublicKey, file []byte, c Contents, sig, closing []byte) {
		t.Helper()
		if err := o.Verify(key, file, sig); c == contents && !errors.Is(err, ErrInvalid) {
			t.Errorf("opening, %s: %v", what, err)
		}
		if err := o.VerifyClosing(key, file, c, closing); !errors.Is(err, ErrInvalid) {
			t.Errorf("closing, %s: %v", what, err)
		}
	}
	for what, change := range map[string]func(*Opening){
		"signer":      func(o *Opening) { o.Signer[31] ^= 1 },
		"time":        func(o *Opening) { o.Time++ },
		"context":     func(o *Opening) { o.Context = "round 18" },
		"no context":  func(o *Opening) { o.Context = "" },
		"readers":     func(o *Opening) { o.Readers = names(3) },
		"no readers":  func(o *Opening) { o.Readers = nil },
		"other order": func(o *Opening) { o.Readers = []Fingerprint{{1}, {2}} },
	} {
		other := good
		change(&other)
		check(what, other, opener.Public(), file, contents, sig, closing)
	}
	check("another file", good, opener.Public(), []byte("P || salt || commiT"), contents, sig, closing)
	check("another key", good, GenerateKey().Public(), file, contents, sig, closing)
	check("the other's signature", good, opener.Public(), file, contents, closing, sig)
	check("no signature", good, opener.Public(), file, contents, nil, nil)
	check("another length", good, opener.Public(), file, Contents{6, contents.Digest}, sig, closing)
	check("another digest", good, opener.Public(), file, Contents{5, sha256.Sum256([]byte{0})}, sig, closing)
}

// The message of a closing is laid out as SPEC.md says.
func TestClosingLayout(t *testing.T) {
	o := &Opening{Context: "round 17"}
	c := Contents{Length: 0x0102, Digest: Fingerprint{9}}
	sum := sha256.Sum256(append([]byte("file"), marshalOpening(t, o)...))
	message := slices.Concat(sum[:], []byte{0, 0, 0, 0, 0, 0, 1, 2}, c.Digest[:])
	sig := mustSign(t, opener, "pqenc/v1/closing", message)
	if err := o.VerifyClosing(opener.Public(), []byte("file"), c, sig); err != nil {
		t.Error(err)
	}
	sig = mustSign(t, opener, "pqenc/v1/opening", append([]byte("file"), marshalOpening(t, o)...))
	if err := o.Verify(opener.Public(), []byte("file"), sig); err != nil {
		t.Error("opening:", err)
	}
}

func TestClosingTooLong(t *testing.T) {
	o := new(Opening)
	for _, n := range []uint64{math.MaxInt64 + 1, math.MaxUint64} {
		if sig, err := o.SignClosing(opener, nil, Contents{Length: n}); sig != nil || err == nil {
			t.Errorf("%d bytes are signed", n)
		}
		if o.VerifyClosing(opener.Public(), nil, Contents{Length: n}, nil) == nil {
			t.Errorf("%d bytes are verified", n)
		}
	}
	sig, err := o.SignClosing(opener, nil, Contents{Length: math.MaxInt64})
	if err != nil || bytes.Equal(sig, nil) {
		t.Error(err)
	}
}
