// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package crosscheck

import (
	"encoding/json"
	"io/fs"
	"slices"
	"testing"

	"github.com/c2sp/wycheproof"
)

// wycheproofCase is what every Wycheproof vector has.
type wycheproofCase struct {
	ID      int `json:"tcId"`
	Comment string
	Flags   []string
	Result  string // valid, invalid, or acceptable: a choice of the implementation's
}

func (c wycheproofCase) valid() bool { return c.Result == "valid" }

func (c wycheproofCase) has(flag string) bool { return slices.Contains(c.Flags, flag) }

// eachVector calls check for every vector V of a Wycheproof file, together with
// the parameters G of its group. check reports whether the vector applies, and
// at least one must.
func eachVector[G, V any](t *testing.T, file string, check func(group G, v V) bool) {
	t.Helper()
	data, err := fs.ReadFile(wycheproof.TestVectors, file)
	if err != nil {
		t.Fatal(err)
	}
	var contents struct{ TestGroups []json.RawMessage }
	unmarshal(t, file, data, &contents)
	run := 0
	for _, raw := range contents.TestGroups {
		var group G
		var list struct{ Tests []V }
		unmarshal(t, file, raw, &group)
		unmarshal(t, file, raw, &list)
		for _, v := range list.Tests {
			if check(group, v) {
				run++
			}
		}
	}
	requireSome(t, file, run)
}

func unmarshal(t *testing.T, file string, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
