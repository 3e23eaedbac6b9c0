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
	wantError(t, "wrong passphrase", p, s, &testBinding, ErrWrongPassphrase)
}

// TestPromptedWeak has files that are weak, as a hostile server makes them:
// nothing is asked, and no passphrase is tried that was there already.
func TestPromptedWeak(t *testing.T) {
	weak, strong := wrap(t, newCheap(t, "open sesame")), wrap(t, newPassphrase(t, "open sesame"))
	asked := 0
	p := NewPrompted(func() ([]byte, error) {
		asked++
		return []byte("open sesame"), nil
	})
	p.Weak = RefuseWeak
	wantError(t, "weak", p, weak, &testBinding, ErrWeak)
	if asked != 0 {
		t.Error("asked for the passphrase of a weak file")
	}
	wantKey(t, "strong", p, strong)
	wantError(t, "weak, after a strong one", p, weak, &testBinding, ErrWeak)

	var told Cost
	p.Weak = func(c Cost) error { told = c; return nil }
	wantKey(t, "weak, and that is all right", p, weak)
	if told != lowest {
		t.Errorf("the cost is told as %s", told)
	}
	tooMuch := stanzaByHand(Cost{65, 8, 1}, make([]byte, 16), make([]byte, 32), make([]byte, 48))
	wantError(t, "out of bounds", p, tooMuch, &testBinding, format.ErrHeader)
}
