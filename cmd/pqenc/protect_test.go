// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bytes"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/recipient"
)

// cheap returns a passphrase recipient, which TestMain makes cheap.
func cheap(secret string) *recipient.Passphrase {
	to, err := recipient.NewPassphrase([]byte(secret))
	if err != nil {
		panic(err)
	}
	return to
}

// seal returns the armored file with the given contents.
func seal(contents []byte, to pqenc.Recipient) ([]byte, error) {
	var out bytes.Buffer
	text := pqenc.Armor(&out)
	w, err := pqenc.Encrypt(text, to)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(contents); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := text.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
