// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vectors

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the vectors anew")

// TestCurrent makes all vectors and requires that the committed ones are those,
// and no others are there. With -update it writes them.
func TestCurrent(t *testing.T) {
	testCurrent(t, "../../testdata/vectors", all())
	testCurrent(t, "../../testdata/torn", allTorn())
}

func testCurrent(t *testing.T, dir string, vectors []*Vector) {
	made := make(map[string]*Vector)
	for _, v := range vectors {
		if made[v.Name] != nil {
			t.Errorf("%s: there are two", v.Name)
		}
		made[v.Name] = v
	}
	if *update {
		write(t, dir, made)
	}
	committed, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range committed {
		m := made[v.Name]
		if m == nil {
			t.Errorf("%s: is committed and not made", v.Name)
			continue
		}
		if !bytes.Equal(m.Marshal(), v.Marshal()) {
			t.Errorf("%s: the committed vector differs from the one that is made", v.Name)
		}
		delete(made, v.Name)
	}
	for name := range made {
		t.Errorf("%s: is made and not committed", name)
	}
}

func write(t *testing.T, dir string, made map[string]*Vector) {
	old, err := filepath.Glob(filepath.Join(dir, "*.pqe"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	for name, v := range made {
		if err := os.WriteFile(filepath.Join(dir, name+".pqe"), v.Marshal(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, bad := range []string{"", "expect: success\n", "nonsense\n\n", "other: 1\n\n", "identity: xyz\n\n", "from: 0\n\n", "released-sha256: 00\n\n"} {
		if _, err := parse([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
