// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"io"
	"testing"
)

// TestSaid requires that a message is printed once, and that the memory for that is
// limited.
func TestSaid(t *testing.T) {
	var s said
	for i := range 2 * mostSaid {
		text := fmt.Sprint(i)
		if !s.first(text) {
			t.Fatalf("%s was said before", text)
		}
		if again := s.first(text); again != (i >= mostSaid) {
			t.Fatalf("%s is said again: %v", text, again)
		}
	}
}

// TestPlain requires that a term of Go is not printed.
func TestPlain(t *testing.T) {
	err := fmt.Errorf("model.bin: the file has 5 bytes, not 7: %w", io.ErrUnexpectedEOF)
	if got := plain(err); got != "model.bin: the file has 5 bytes, not 7: it ends too early" {
		t.Error(got)
	}
}
