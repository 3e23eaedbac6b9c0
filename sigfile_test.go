// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// A signature file that parses is, apart from how lines end, the encoding of what
// it parses to. The seeds are in testdata/fuzz/FuzzParseDetached.
func FuzzParseDetached(f *testing.F) {
	f.Fuzz(func(t *testing.T, file []byte) {
		raw, err := decodeSignature(file)
		if err != nil {
			checkMalformed(t, err)
			return
		}
		lines := strings.ReplaceAll(strings.TrimPrefix(string(file), "\ufeff"), "\r\n", "\n")
		if again := string(encodeSignature(raw)); again != lines && again != lines+"\n" {
			t.Errorf("%q becomes %q", file, again)
		}
		d, sig, err := parseStatement(raw)
		if err != nil {
			checkMalformed(t, err)
			return
		}
		if !bytes.Equal(append(d.marshal(), sig...), raw) {
			t.Error("the statement encodes to other bytes")
		}
		if d.file.length < 0 || ValidComment(d.comment) != nil {
			t.Errorf("%d bytes, comment %q", d.file.length, d.comment)
		}
	})
}

func checkMalformed(t *testing.T, err error) {
	if !errors.Is(err, ErrMalformedSignature) {
		t.Errorf("not ErrMalformedSignature: %v", err)
	}
}
