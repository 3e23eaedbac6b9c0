// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/pqenc/pqenc/keyfile"
)

// BenchmarkParseIdentity reads private keys of some generations.
func BenchmarkParseIdentity(b *testing.B) {
	for _, n := range []int{1, 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			file := rotated(b, n).Marshal()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := keyfile.ParseIdentity(file); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkParsePublic reads public keys: one, one of 20 generations, and 100 in one
// file.
func BenchmarkParsePublic(b *testing.B) {
	for name, file := range publicFiles(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := keyfile.ParsePublic(file); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkScanPublic reads the same, and verifies nothing.
func BenchmarkScanPublic(b *testing.B) {
	for name, file := range publicFiles(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := keyfile.ScanPublic(file); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkReadRecipients reads a list of keys as the command does.
func BenchmarkReadRecipients(b *testing.B) {
	file := publicFiles(b)["100 keys"]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := keyfile.ReadRecipients(bytes.NewReader(file)); err != nil {
			b.Fatal(err)
		}
	}
}

// publicFiles has the same key many times: what is done once for each in a file is done
// for equal ones as well.
func publicFiles(b *testing.B) map[string][]byte {
	one := rotated(b, 1).Public().Marshal()
	return map[string][]byte{
		"1":              one,
		"20 generations": rotated(b, 20).Public().Marshal(),
		"100 keys":       slices.Concat(slices.Repeat([][]byte{one}, 100)...),
	}
}
