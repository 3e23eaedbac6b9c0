// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package signature

import (
	"crypto/sha256"
	"errors"
	"testing"
)

func TestParseFingerprint(t *testing.T) {
	want := Fingerprint(sha256.Sum256([]byte("somebody")))
	if got, err := ParseFingerprint(want.String()); err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
	text := want.String()
	for _, wrong := range []string{"", FingerprintPrefix, text[len(FingerprintPrefix):], text[:len(text)-1], text + "A", text + "=", "MD5:" + text} {
		if _, err := ParseFingerprint(wrong); !errors.Is(err, ErrFingerprint) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
