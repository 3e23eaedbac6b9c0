// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/internal/armor"
	"github.com/pqenc/pqenc/internal/testkit"
)

// openFor opens a file as an input, starting at an offset.
func openFor(t *testing.T, name string, offset int64) *input {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	in, err := newInput(f, filepath.Base(name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	return in
}

// TestSections reads files at any offset, as the engine does with a section, from the
// offset at which they were opened to their ends.
func TestSections(t *testing.T) {
	dir := t.TempDir()
	encrypted := testkit.Sealed(1000)
	for name, content := range map[string]string{
		"empty": "", "short": "x", "long": strings.Repeat("0123456789", 2000), "encrypted": string(encrypted),
	} {
		writeIn(t, dir, name, []byte(content))
		for _, offset := range []int{0, 1, 5000, len(content), len(content) + 7} {
			in := openFor(t, filepath.Join(dir, name), int64(offset))
			want := content[min(offset, len(content)):]
			plain, err := in.look()
			if err != nil {
				t.Fatal(err)
			}
			file, err := sniff(in.reader())
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range []io.Reader{in.reader(), plain.all, file.Reader} {
				section, ok := r.(*io.SectionReader)
				if !ok || section.Size() != int64(len(want)) {
					t.Fatalf("%s from %d on is no section of %d bytes", name, offset, len(want))
				}
				if got, err := io.ReadAll(section); string(got) != want || err != nil {
					t.Errorf("%s from %d on: %d bytes, %v", name, offset, len(got), err)
				}
			}
			if plain.empty != (want == "") || plain.encrypted != (name == "encrypted" && offset == 0) || !strings.HasPrefix(want, string(file.begin)) {
				t.Errorf("%s from %d on: %+v, begins with %q", name, offset, plain, file.begin)
			}
			if err := in.unchanged(); err != nil {
				t.Errorf("%s from %d on: %v", name, offset, err)
			}
		}
	}
}

// TestArmoredSection removes the armor of an input that is read at any offset.
func TestArmoredSection(t *testing.T) {
	name := filepath.Join(t.TempDir(), "in")
	file := testkit.Sealed(1000)
	var text bytes.Buffer
	w := armor.NewWriter(&text)
	w.Write(file)
	w.Close()
	writeIn(t, filepath.Dir(name), "in", text.Bytes())
	binary, err := sniff(openFor(t, name, 0).reader())
	if err != nil || !binary.armored {
		t.Fatalf("%+v, %v", binary, err)
	}
	if got, err := io.ReadAll(binary); err != nil || !bytes.Equal(got, file) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// TestChangedInput changes the size of open files.
func TestChangedInput(t *testing.T) {
	for _, test := range []struct {
		was, is int64
		want    string // of the error
	}{
		{0, 1, "read in: the file has become longer: it had 0 bytes"},
		{5000, 4999, "read in: the file has become shorter: it had 5000 bytes"},
		{5000, 0, "read in: the file has become shorter: it had 5000 bytes"},
		{5000, 5001, "read in: the file has become longer: it had 5000 bytes"},
	} {
		name := filepath.Join(t.TempDir(), "in")
		writeIn(t, filepath.Dir(name), "in", make([]byte, test.was))
		for _, offset := range []int64{0, 10} {
			in := openFor(t, name, min(offset, test.was))
			if err := os.Truncate(name, test.is); err != nil {
				t.Fatal(err)
			}
			n, err := io.Copy(io.Discard, in.reader())
			if cut := test.is < test.was; cut != (err != nil) || cut && err.Error() != test.want || n != max(min(test.is, test.was)-in.start, 0) {
				t.Errorf("%d of %d bytes: read %d, %v", test.is, test.was, n, err)
			}
			var changed *failure
			if err := in.unchanged(); !errors.As(err, &changed) || changed.Error() != test.want || changed.code != exitIO {
				t.Errorf("%d of %d bytes: %v, want %v", test.is, test.was, err, test.want)
			}
			if err := os.Truncate(name, test.was); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestPipedInput reads a pipe as a stream.
func TestPipedInput(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "some text")
	w.Close()
	in, err := newInput(r, "standard input")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	plain, err := in.look()
	if err != nil || in.section() != nil || in.size != -1 {
		t.Fatalf("%+v, %v", in, err)
	}
	if got, err := io.ReadAll(plain.all); string(got) != "some text" || err != nil || in.unchanged() != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// writeIn writes a file in a folder, with the folders above it.
func writeIn(t *testing.T, dir, name string, content []byte) {
	name = filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o666); err != nil {
		t.Fatal(err)
	}
}
