// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package crosscheck

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// hexBytes is a byte string that a JSON file spells in hexadecimal.
type hexBytes []byte

func (b *hexBytes) UnmarshalText(text []byte) error {
	decoded, err := hex.DecodeString(string(text))
	*b = decoded
	return err
}

// readVectors parses a JSON array of vectors in testdata. It fails the test if
// the array is empty, so that no test passes without vectors.
func readVectors[V any](t *testing.T, name string) []V {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var vectors []V
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	requireSome(t, name, len(vectors))
	return vectors
}

// requireSome fails the test if it checked nothing.
func requireSome(t *testing.T, what string, n int) {
	t.Helper()
	if n == 0 {
		t.Fatalf("%s: no vectors were run", what)
	}
	t.Logf("%s: %d", what, n)
}

func mustHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
