// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package wire

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

var goodNames = []string{
	"a",
	"model.pqe",
	"lab/run 7/model.pqe",
	"a..b/c...d",
	"-rf",
	"~",
	"$HOME/`id`/%00/#x&y=z+1",
	"Größe/模型/می\u200cخواهم.pqe",
	"console/com/com10/nulls/lpt",
	"COM¼", // not a digit
	strings.Repeat("s", 200),
	strings.Repeat("a/", 31) + "a",
	strings.Repeat(strings.Repeat("s", 199)+"/", 5) + strings.Repeat("s", 24),
}

var badNames = []string{
	"",
	"/",
	"/etc/passwd",
	"a/",
	"a//b",
	".",
	"..",
	"../a",
	"a/..",
	"a/../b",
	"a/./b",
	".ssh/authorized_keys",
	"a/.part",
	".pqenc.lock",
	"a.",
	"a ",
	"a./b",
	"a /b",
	" ",
	`a\b`,
	`..\a`,
	"c:a",
	"a.pqe:stream",
	"a*", "a?", "a|b", "<a", "a>", `"a"`,
	"a\x00b", "a\nb", "a\rb", "a\tb", "\x1b[31ma", "a\x7f",
	"a\u0085b", "a\u009bb", "a\u2028b", "a\u2029b",
	"a\u202eb", "a\u200fb", "a\u2066b", "\u061ca",
	"a\xffb", "a\xc0\xafb", "\xed\xa0\x80",
	"con", "CON", "Con.pqe", "con .pqe", "a/nul/b", "PRN", "aux.tar.gz", "conin$", "CONOUT$.x",
	"com1", "COM9.pqe", "lpt0", "LPT¹", "com².x", "com³",
	strings.Repeat("s", 201),
	strings.Repeat("a/", 32) + "a",
	strings.Repeat(strings.Repeat("s", 199)+"/", 5) + strings.Repeat("s", 25),
	strings.Repeat("a", 64<<10),
}

func TestParseName(t *testing.T) {
	for _, name := range goodNames {
		if _, err := ParseName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range badNames {
		if _, err := ParseName(name); !errors.Is(err, ErrName) {
			t.Errorf("%.80q: %v", name, err)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, name := range append(goodNames, badNames...) {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		_, err := ParseName(name)
		if err != nil {
			if !errors.Is(err, ErrName) {
				t.Errorf("%q: %v", name, err)
			}
			return
		}
		if !fs.ValidPath(name) || !filepath.IsLocal(name) || path.Clean(name) != name ||
			!utf8.ValidString(name) || len(name) > MaxName || strings.HasPrefix(path.Base(name), ".") {
			t.Errorf("%q is allowed", name)
		}
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if checkName(dir) != nil {
				t.Errorf("%q is allowed and its folder %q is not", name, dir)
			}
		}
	})
}
