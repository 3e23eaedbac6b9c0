// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package format_test

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/pqenc/pqenc/format"
)

// roundTrip requires that h survives, and that its bytes do.
func roundTrip(t *testing.T, h *format.Header) {
	t.Helper()
	b := marshal(t, h)
	if !bytes.Equal(b, encode(h)) {
		t.Fatal("Marshal gives other bytes than the second encoder")
	}
	got, err := format.Parse(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, h) {
		t.Fatalf("parsed:\n%+v\nwant:\n%+v", got, h)
	}
	if !bytes.Equal(marshal(t, got), b) {
		t.Fatal("marshaled again: other bytes")
	}
}

func TestRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		roundTrip(t, random(rng))
	}
}

func TestMinSize(t *testing.T) {
	const free = 4096 - atStanzas - macSize - 4
	for _, test := range []struct{ body, size int }{
		{0, 4096}, {free - 1, 4096}, {free, 4096}, {free + 1, 8192}, {free + 4096, 8192}, {free + 4097, 12288},
	} {
		h := header(stanza(0x0003, test.body))
		b := marshal(t, h)
		if h.MinSize() != test.size || h.Size != test.size || len(b) != test.size {
			t.Errorf("a stanza of %d bytes: MinSize %d, Size %d, %d bytes, want %d", test.body, h.MinSize(), h.Size, len(b), test.size)
		}
		roundTrip(t, h)
	}
}

// TestPadding accepts more padding than needed, which reserves room for recipients.
func TestPadding(t *testing.T) {
	for _, size := range []int{4096, 8192, 65536, format.MaxSize} {
		h := header(passphrase)
		h.Size = size
		roundTrip(t, h)
	}
}

func TestMaximum(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	most := header(slices.Repeat([]format.Stanza{hybrid}, format.MaxKeyStanzas)...)
	fill(rng, most.Salt[:])
	most.Size = most.MinSize()
	roundTrip(t, most)

	// 31 of the longest stanzas, and one that ends where the MAC begins.
	longest := header(slices.Repeat([]format.Stanza{stanza(0xffff, 65535)}, 31)...)
	rest := format.MaxSize - atStanzas - macSize - 31*(4+65535) - 4
	if rest > 65535 {
		longest.Stanzas = append(longest.Stanzas, stanza(0xffff, 65535))
		rest -= 4 + 65535
	}
	longest.Stanzas = append(longest.Stanzas, stanza(0x0003, rest))
	longest.Size = longest.MinSize()
	if longest.Size != format.MaxSize {
		t.Fatal("not the longest header:", longest.Size)
	}
	roundTrip(t, longest)

	// As many stanzas as can be counted.
	count := header(slices.Repeat([]format.Stanza{other}, 65534)...)
	count.Stanzas = append(count.Stanzas, unknownKey)
	for i := range count.Stanzas {
		count.Stanzas[i].Body = count.Stanzas[i].Body[:0:0]
	}
	count.Size = format.MaxSize
	roundTrip(t, count)
}

// What parses is what Marshal writes, and what it means does not depend on
// what is after it. The seeds are in testdata/fuzz/FuzzParse.
func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := format.Parse(bytes.NewReader(b))
		if err != nil {
			if h != nil {
				t.Fatal("a header and an error")
			}
			return
		}
		if !bytes.Equal(marshal(t, h), b[:h.Size]) {
			t.Fatal("a second encoding of the same header")
		}
		if size := h.MinSize(); size > h.Size {
			t.Fatalf("%d bytes hold what needs %d", h.Size, size)
		}
	})
}

// A fuzz target without seeds would pass without testing anything.
func TestFuzzSeeds(t *testing.T) {
	seeds, err := filepath.Glob(filepath.Join("testdata", "fuzz", "FuzzParse", "*"))
	if err != nil || len(seeds) == 0 {
		t.Fatal("FuzzParse has no seeds:", err)
	}
}
