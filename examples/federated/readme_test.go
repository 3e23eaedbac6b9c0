// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

// modes are both ways to aggregate.
var modes = []struct {
	name   string
	secure bool
}{{"plain", false}, {"secure", true}}

var rewrite = flag.Bool("update", false, "write the tables of the last runs into README.md")

// TestREADME requires that README.md has the tables of results, and that these show what it
// says: 95 % in both modes, which differ by at most 0.2 points in each round.
func TestREADME(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	for _, m := range modes {
		table, err := os.ReadFile("results/" + m.name + ".md")
		if err != nil {
			t.Fatal(err)
		}
		block := "<!-- " + m.name + " -->\n" + string(table) + "<!-- end -->\n"
		text = regexp.MustCompile(`(?s)<!-- `+m.name+` -->\n.*?<!-- end -->\n`).ReplaceAllLiteralString(text, block)
		if !strings.Contains(text, block) {
			t.Fatalf("README.md has no place for the table of %s mode", m.name)
		}
	}
	if *rewrite {
		if err := os.WriteFile("README.md", []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if text != string(page) {
		t.Error("README.md has other tables than results: go test -run README -update")
	}
	plain, secure := load(t, "plain"), load(t, "secure")
	if len(plain.Rounds) != len(secure.Rounds) {
		t.Fatalf("%d rounds in plain mode, %d in secure mode", len(plain.Rounds), len(secure.Rounds))
	}
	for i, p := range plain.Rounds {
		if s := secure.Rounds[i]; p.Accuracy-s.Accuracy > 0.2 || s.Accuracy-p.Accuracy > 0.2 {
			t.Errorf("round %d: %.2f %% and %.2f %%", p.Round, p.Accuracy, s.Accuracy)
		}
	}
	for _, r := range []*results{plain, secure} {
		if last := r.Rounds[len(r.Rounds)-1]; last.Accuracy < 95 {
			t.Errorf("%s mode has come to %.2f %%", r.Mode, last.Accuracy)
		}
	}
}

func load(t *testing.T, mode string) *results {
	t.Helper()
	r, err := loadResults("results", mode)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
