// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestLibraryGuide requires that all code in docs/library.md is part of an example,
// which runs as a test.
func TestLibraryGuide(t *testing.T) {
	t.Parallel()
	var examples strings.Builder
	for _, name := range []string{"", "keyfile/", "recipient/", "remote/", "transfer/", "secagg/", "secagg/runner/"} {
		b, err := os.ReadFile(name + "example_test.go")
		if err != nil {
			t.Fatal(err)
		}
		examples.Write(b)
	}
	guide, err := os.ReadFile("docs/library.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(guide), -1)
	if len(blocks) < 8 {
		t.Errorf("only %d pieces of code found", len(blocks))
	}
	for _, block := range blocks {
		code := regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(block[1], "\t$1")
		if !strings.Contains(examples.String(), code) {
			t.Errorf("no example has this:\n%s", block[1])
		}
	}
}
