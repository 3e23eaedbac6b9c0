// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import "testing"

func TestTypos(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"alice", "alice", 0}, {"alice", "alcie", 1}, {"alice", "alic", 1}, {"alice", "xalice", 1}, {"alice", "alize", 1},
		{"alice", "alicia", 2}, {"alice", "alcei", 2}, {"alice", "bob", 5}, {"", "", 0}, {"a", "", 1}, {"ab", "ba", 1},
	} {
		if one, two := typos(c.a, c.b), typos(c.b, c.a); one != c.want || two != c.want {
			t.Errorf("%q and %q: %d and %d, want %d", c.a, c.b, one, two, c.want)
		}
	}
}

func TestNear(t *testing.T) {
	words := []string{"cat", "encrypt", "decrypt", "ls", "rm", "push", "pull", "recipient", "from-command", "version"}
	for word, want := range map[string]string{
		"encyrpt": "encrypt", "Encrypt": "encrypt", "decrpyt": "decrypt", "lst": "ls", "sl": "", "go": "", "pusj": "push",
		"recip": "recipient", "rec": "", "from": "", "frobnicate": "", "versoin": "version", "crypt": "", "": "", "d": "",
	} {
		if got := near(word, words); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
