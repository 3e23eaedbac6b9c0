// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import "testing"

func TestOneTypo(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"alice", "alcie", true}, {"alice", "alic", true}, {"alice", "xalice", true}, {"alice", "alize", true}, {"alice", "alicf", true},
		{"alice", "alicia", false}, {"alice", "bob", false}, {"alice", "alcei", false}, {"", "", false}, {"a", "", true}, {"ab", "ba", true},
	} {
		if oneTypo(c.a, c.b) != c.want || oneTypo(c.b, c.a) != c.want {
			t.Errorf("%q and %q: want %v", c.a, c.b, c.want)
		}
	}
}
