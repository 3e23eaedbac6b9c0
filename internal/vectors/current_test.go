// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vectors

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write the vectors again")

// TestCurrent makes all vectors and requires that exactly those are committed. With -update
// it writes them.
func TestCurrent(t *testing.T) {
	files, torn := make(made), make(made)
	for _, v := range all() {
		files.add(t, v.Name+".pqe", v.Marshal())
	}
	for _, v := range allDetached() {
		files.add(t, v.Name+".pqs", v.Marshal())
	}
	for name, v := range allValues() {
		files.add(t, name+".values", v.marshal())
	}
	for _, v := range allTorn() {
		torn.add(t, v.Name+".pqe", v.Marshal())
	}
	testCurrent(t, "../../testdata/vectors", files)
	testCurrent(t, "../../testdata/torn", torn)
}

// readme lists the vectors of a folder.
const readme = "README.md"

// made are the vectors of a folder, by the names of their files.
type made map[string][]byte

func (m made) add(t *testing.T, name string, content []byte) {
	if m[name] != nil {
		t.Errorf("%s: there are two", name)
	}
	m[name] = content
}

func testCurrent(t *testing.T, dir string, files made) {
	if *update {
		write(t, dir, files)
	}
	committed, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range committed {
		if entry.Name() == readme {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		want, known := files[entry.Name()]
		switch {
		case err != nil:
			t.Error(err)
		case !known:
			t.Errorf("%s: is committed and not made", entry.Name())
		case !bytes.Equal(want, content):
			t.Errorf("%s: the committed vector differs from the one that is made", entry.Name())
		}
		delete(files, entry.Name())
	}
	for name := range files {
		t.Errorf("%s: is made and not committed", name)
	}
}

// TestMarshal requires that marshaled vectors parse to the same vectors.
func TestMarshal(t *testing.T) {
	for _, v := range slices.Concat(all(), allTorn()) {
		if again, err := parse(v.Marshal()); err != nil || !bytes.Equal(again.Marshal(), v.Marshal()) {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
	for _, v := range allDetached() {
		if again, err := parseDetached(v.Marshal()); err != nil || !bytes.Equal(again.Marshal(), v.Marshal()) {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
}

func write(t *testing.T, dir string, files made) {
	old, err := filepath.Glob(filepath.Join(dir, "*.[pv]*[es]"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, bad := range []string{"", "expect: success\n", "nonsense\n\n", "other: 1\n\n", "identity: xyz\n\n", "from: 0\n\n", "released-sha256: 00\n\n", "contents: xyz\n\n", "signed-time: -1\n\n"} {
		if _, err := parse([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
		if _, err := parseDetached([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
