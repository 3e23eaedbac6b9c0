// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile_test

import (
	"errors"
	"testing"
	"time"

	"github.com/pqenc/pqenc/keyfile"
)

// TestAmong: the checks between keys are the same in several files as in one.
func TestAmong(t *testing.T) {
	first := following(t, nil)
	second, other := following(t, first), following(t, first)
	retired, err := first.Retire()
	if err != nil {
		t.Fatal(err)
	}
	one, two, fork, end := first.Public(), second.Public(), other.Public(), retired.Public()
	stranger := following(t, nil).Public()
	for _, test := range []struct {
		name        string
		keys, known keyfile.Publics
		want        error // of Among, or of Usable of the first key
	}{
		{"alone", keyfile.Publics{one, stranger}, nil, nil},
		{"succeeded by another argument", keyfile.Publics{one, two}, nil, keyfile.ErrRetired},
		{"succeeded by one that is known", keyfile.Publics{one}, keyfile.Publics{two}, keyfile.ErrRetired},
		{"retired by one that is known", keyfile.Publics{one}, keyfile.Publics{end}, keyfile.ErrRetired},
		{"the newest", keyfile.Publics{two, one}, keyfile.Publics{two, one}, nil},
		{"two successors", keyfile.Publics{two, fork}, nil, keyfile.ErrSecondSuccessor},
		{"another successor is known", keyfile.Publics{two}, keyfile.Publics{stranger, fork}, keyfile.ErrSecondSuccessor},
		{"a successor and a retirement", keyfile.Publics{two, end}, nil, keyfile.ErrSecondSuccessor},
	} {
		t.Run(test.name, func(t *testing.T) {
			keys, err := test.keys.Among(test.known)
			if err == nil {
				err = keys[0].Usable(time.Now())
			}
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
	if err := one.Usable(time.Now()); err != nil {
		t.Error("a key was changed:", err)
	}
}

// following returns the generation after an identity, or the first one after nil.
func following(t *testing.T, id *keyfile.Identity) *keyfile.Identity {
	t.Helper()
	next, err := keyfile.Generate()
	if id != nil {
		next, err = id.Rotate(keyfile.Details{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return next
}
