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

func BenchmarkList(b *testing.B) {
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
	r := New(dir)
	for b.Loop() {
		all, err := r.List()
		if err != nil || len(all) != 500 {
			b.Fatal(err)
		}
	}
}
