// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLarge runs a round of the kind that -large runs, with updates of more than one block, and
// requires that its check of the mean finds an error.
func TestLarge(t *testing.T) {
	dir := t.TempDir()
	const values = 1<<20 + 3
	if err := demonstrateLarge(t.Context(), dir, values); err != nil {
		t.Fatal(err)
	}
	f := &folder{settings: settings{Large: values}, dir: filepath.Join(dir, aggregatorRole)}
	mean, err := os.ReadFile(f.file(meanFile))
	if err != nil {
		t.Fatal(err)
	}
	other := slices.Clone(mean)
	other[4*(values-1)] ^= 1 // the least bit of the last value
	for what, bad := range map[string][]byte{"is wrong": other, "EOF": mean[:4*(values-1)], "too long": append(mean, 0)} {
		if err := os.WriteFile(f.file(meanFile), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := checkLarge(f); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("want an error with %q: %v", what, err)
		}
	}
}
