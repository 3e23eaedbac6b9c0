// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package wire

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestTables compares the tables of PROTOCOL.md with the types and codes that there are.
func TestTables(t *testing.T) {
	text, err := os.ReadFile("../../../PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	later := []Type{0x13, 0x18, 0x87, 0x8a}
	var types []Type
	for _, m := range regexp.MustCompile(`(?m)^\| 0x(..) \| [A-Z]+ \| (?:C|S|both) \|.*\| (.*) \|$`).FindAllStringSubmatch(string(text), -1) {
		n, err := strconv.ParseUint(m[1], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		typ := Type(n)
		if slices.Contains(later, typ) {
			continue
		}
		types = append(types, typ)
		least, most, _ := strings.Cut(m[2], " to ")
		if most == "" {
			most = least
		}
		longest, _ := typ.maxBody()
		if size, err := strconv.Atoi(strings.TrimPrefix(most, "up to ")); err != nil || size > longest || longest != MaxControl && typ != TypeResults && size != longest {
			t.Errorf("type 0x%02x: %s bytes, not %d; %v", n, m[2], longest, err)
		}
	}
	known := slices.Sorted(maps.Keys(parsers))
	known = append(known, bodiless...)
	slices.Sort(known)
	if !slices.Equal(types, known) {
		t.Errorf("there are the types %x, and not %x", types, known)
	}
	for _, c := range codes {
		again := "no"
		if Temporary(c.code) {
			again = "yes"
		}
		if !regexp.MustCompile(fmt.Sprintf(`(?m)^\| %d \| .* \| %s \|$`, c.code, again)).Match(text) {
			t.Errorf("there is no code %d, to try again: %s", c.code, again)
		}
	}
}
