// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package signature

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func FuzzParsePKCS8(f *testing.F) {
	f.Fuzz(func(t *testing.T, der []byte) {
		key, err := ParsePKCS8(der)
		if err != nil {
			checkRefusal(t, key == nil, err)
			return
		}
		if !bytes.Equal(MarshalPKCS8(key), der) {
			t.Error("marshalled key differs from the parsed bytes")
		}
	})
}

func FuzzParseSPKI(f *testing.F) {
	f.Fuzz(func(t *testing.T, der []byte) {
		key, err := ParseSPKI(der)
		if err != nil {
			checkRefusal(t, key == nil, err)
			return
		}
		if !bytes.Equal(MarshalSPKI(key), der) {
			t.Error("marshalled key differs from the parsed bytes")
		}
	})
}

func checkRefusal(t *testing.T, noKey bool, err error) {
	if !noKey {
		t.Error("a key together with an error")
	}
	if !errors.Is(err, ErrMalformedKey) {
		t.Errorf("not ErrMalformedKey: %v", err)
	}
}

// A fuzz target without seeds would pass without testing anything: a folder that was renamed
// or emptied must fail.
func TestFuzzSeedsExist(t *testing.T) {
	sources, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	target := regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	targets := 0
	for _, source := range sources {
		code, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range target.FindAllSubmatch(code, -1) {
			targets++
			folder := filepath.Join("testdata", "fuzz", string(match[1]))
			if seeds, err := os.ReadDir(folder); err != nil || len(seeds) == 0 {
				t.Errorf("no seeds in %s: %v", folder, err)
			}
		}
	}
	if targets == 0 {
		t.Error("no fuzz targets found")
	}
}
