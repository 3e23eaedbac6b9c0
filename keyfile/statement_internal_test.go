// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

import (
	"math"
	"testing"
	"time"
)

// TestExtremeTimes: clocks may be wrong, and the writer of a file chooses the times.
func TestExtremeTimes(t *testing.T) {
	old, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	old.public.statement = nil // which would have to be earlier
	for _, created := range []uint64{0, 1, math.MaxInt64} {
		s, err := newStatement(Details{}, old)
		if err != nil {
			t.Fatal(err)
		}
		s.created = created
		retired := old.succeeded(s)
		if err := s.sign(nil, old.signing); err != nil {
			t.Fatal(err)
		}
		keys, err := ParsePublic(retired.public.Marshal())
		if err != nil {
			t.Fatalf("%d: %v", created, err)
		}
		got := keys[0].Retired()
		if got.IsZero() || got.Unix() != int64(created) || keys[0].Usable(time.Now()) == nil {
			t.Errorf("created %d: retired %v", created, got)
		}
		scanned, err := ScanPublic(retired.public.Marshal())
		if err != nil || !scanned[0][0].Retired.Equal(got) {
			t.Errorf("created %d: scanned %v, %v", created, scanned, err)
		}
	}
	expires := &Public{statement: &statement{generation: 1, expires: math.MaxInt64}}
	if err := expires.Usable(time.Now()); err != nil {
		t.Errorf("expires in the far future: %v", err)
	}
}

// TestEarliestRetirement: of several retirements of a key the earliest counts, wherever
// they come from. A thief could make a later one.
func TestEarliestRetirement(t *testing.T) {
	id, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	retired := func(after uint64) *Public {
		s, err := newStatement(Details{}, id)
		if err != nil {
			t.Fatal(err)
		}
		s.created += after
		if err := s.sign(nil, id.signing); err != nil {
			t.Fatal(err)
		}
		return id.succeeded(s).public
	}
	early, late := retired(10), retired(1000)
	want := early.Retired()
	for _, order := range []Publics{{early, late}, {late, early}} {
		keys, err := order.Among(nil)
		if err != nil || !keys[0].Retired().Equal(want) || !keys[1].Retired().Equal(want) {
			t.Errorf("among each other: %v, %v", keys, err)
		}
		if keys, err = order[:1].Among(order[1:]); err != nil || !keys[0].Retired().Equal(want) {
			t.Errorf("among known ones: %v, %v", keys, err)
		}
		next, err := order[0].Succeeds(order[1])
		if err != nil || !next.Retired().Equal(want) {
			t.Errorf("after one that is known: %v, %v", next, err)
		}
	}
}
