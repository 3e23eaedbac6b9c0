// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package format_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/pqenc/pqenc/format"
)

// benchHeaders runs a benchmark for each number of recipients.
func benchHeaders(b *testing.B, run func(b *testing.B, h *format.Header, keys *format.Keys)) {
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := header(slices.Repeat([]format.Stanza{hybrid}, n)...)
			keys := h.DeriveKeys(new(format.FileKey))
			h.Commit = keys.Commit
			b.ReportAllocs()
			run(b, h, keys)
		})
	}
}

func BenchmarkParse(b *testing.B) {
	benchHeaders(b, func(b *testing.B, h *format.Header, keys *format.Keys) {
		encoded, err := h.Seal(keys)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(encoded)))
		for b.Loop() {
			if _, err := format.Parse(bytes.NewReader(encoded)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkAuthenticate(b *testing.B) {
	benchHeaders(b, func(b *testing.B, h *format.Header, keys *format.Keys) {
		encoded, err := h.Seal(keys)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(encoded)))
		for b.Loop() {
			if err := h.Authenticate(keys); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	benchHeaders(b, func(b *testing.B, h *format.Header, keys *format.Keys) {
		b.SetBytes(int64(h.MinSize()))
		for b.Loop() {
			if _, err := h.Seal(keys); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDeriveKeys(b *testing.B) {
	h := header(hybrid)
	b.ReportAllocs()
	for b.Loop() {
		h.DeriveKeys(new(format.FileKey))
	}
}
