// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/transfer"
)

// FuzzGlob matches the names of objects and files, which may come from a hostile server, with
// patterns. A name whose special characters are quoted matches itself and nothing else.
func FuzzGlob(f *testing.F) {
	f.Add("*.tmp", "run/a.tmp", "run/b")
	f.Add("**/a*b*c*d*e*f*g/**/x", strings.Repeat("a", 200)+"/"+strings.Repeat("b", 200), "x")
	f.Add("{a,{b,c}}/[!a-z]/", "a/b", `a\b`)
	f.Add("[x]y", "[x]y", "xy")
	f.Add("***/**", "a/b/c", "a")
	quote := regexp.MustCompile(`[*?\[\]{}\\,!^-]`)
	f.Fuzz(func(t *testing.T, glob, one, two string) {
		if transfer.CheckName(one) != nil || transfer.CheckName(two) != nil || len(glob) > 200 {
			return
		}
		all := &globFlags{Exclude: []string{glob}}
		if all.check() == nil {
			if left := all.selects(one); left && all.excludes(one, false) {
				t.Errorf("%q is selected in spite of %q", one, glob)
			}
			all = &globFlags{Include: []string{glob}}
			if all.selects(one) != all.includes(one) {
				t.Errorf("%q and %q", one, glob)
			}
			location{name: glob}.matches(one)
		}
		only := &globFlags{Include: []string{"/" + quote.ReplaceAllString(one, `\$0`)}}
		if err := only.check(); err != nil || !only.selects(one) || one != two && only.selects(two) {
			t.Errorf("%q, %q: %v", one, two, err)
		}
		if l := (location{name: one}); !l.matches(one) || !strings.HasPrefix(one, l.literal()) || !strings.HasPrefix(one, l.above()) {
			t.Errorf("%q: %q above %q", one, l.literal(), l.above())
		}
	})
}
