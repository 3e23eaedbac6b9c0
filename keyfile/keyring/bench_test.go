// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyring

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/pqenc/pqenc/keyfile"
)

// BenchmarkList lists 500 names, and BenchmarkFind finds a fingerprint among them.
func BenchmarkList(b *testing.B) {
	r := crowd(b)
	for b.Loop() {
		all, err := r.List()
		if err != nil || len(all) != 500 {
			b.Fatal(err)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	r := crowd(b)
	e, err := r.Find("n250")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if found, err := r.FindFingerprint(e.Public.Fingerprint()); err != nil || found.Name != "n250" {
			b.Fatal(err)
		}
	}
}

func crowd(b *testing.B) *Ring {
	dir := filepath.Join(b.TempDir(), "ring")
	if err := os.Mkdir(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	for i := range 500 {
		id, err := keyfile.GenerateWith(keyfile.Details{Name: "someone"})
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("n%d.pub", i)), id.Public().Marshal(), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return New(dir)
}
