// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package recipient

import (
	"errors"
	"testing"

	"github.com/pqenc/pqenc/format"
)

func TestPromptedAsksOnce(t *testing.T) {
	asked := 0
	p := NewPrompted(func() ([]byte, error) {
		asked++
		return []byte("open sesame"), nil
	})
	for _, kind := range []format.StanzaType{0, format.TypeHybrid, 3, format.TypeSigner} {
		body := make([]byte, format.PassphraseSize)
		wantError(t, kind.String(), p, format.Stanza{Type: kind, Body: body}, &testBinding, format.ErrNoMatch)
	}
	if asked != 0 {
		t.Fatal("asked although no stanza needs a passphrase")
	}
	wantKey(t, "first", p, wrap(t, newCheap(t, "open sesame")))
	wantError(t, "of another passphrase", p, wrap(t, newCheap(t, "something else")), &testBinding, format.ErrNoMatch)
	wantKey(t, "another", p, wrap(t, newCheap(t, "open sesame")))
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func TestPromptedPassesErrorsOn(t *testing.T) {
	s := wrap(t, newCheap(t, "open sesame"))
	errGone := errors.New("gone to lunch")
	p := NewPrompted(func() ([]byte, error) { return []byte("open sesame"), errGone })
	if key, err := p.Unwrap(s, &testBinding); key != nil || err != errGone {
		t.Errorf("key %t, error %v", key != nil, err)
	}
	p = NewPrompted(func() ([]byte, error) { return nil, nil })
	wantError(t, "no passphrase", p, s, &testBinding, ErrEmptyPassphrase)
	p = NewPrompted(func() ([]byte, error) { return []byte("something else"), nil })
	wantError(t, "wrong passphrase", p, s, &testBinding, format.ErrNoMatch)
}
