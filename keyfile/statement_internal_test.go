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
