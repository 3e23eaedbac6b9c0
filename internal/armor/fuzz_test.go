// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package armor

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"
)

// normalized is the one text form of what is accepted: "\n" endings, no byte
// order mark, no white space around it except the last newline.
func normalized(text []byte) []byte {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	text = bytes.ReplaceAll(bytes.Trim(text, space), []byte("\r\n"), []byte("\n"))
	return append(text, '\n')
}

// Text that is accepted is the one text form of its content, for every way of reading.
// The seeds are in testdata/fuzz/FuzzReader.
func FuzzReader(f *testing.F) {
	f.Fuzz(func(t *testing.T, text []byte) {
		content, err := io.ReadAll(NewReader(bytes.NewReader(text)))
		for _, reader := range readers {
			again, againErr := io.ReadAll(NewReader(reader.wrap(bytes.NewReader(text))))
			if !bytes.Equal(again, content) || (againErr == nil) != (err == nil) || err != nil && err.Error() != againErr.Error() {
				t.Fatalf("%s: %d bytes, %v; else %d bytes, %v", reader.name, len(again), againErr, len(content), err)
			}
		}
		if err == nil && !bytes.Equal(encode(t, content), normalized(text)) {
			t.Fatal("a second text form of the same content")
		}
	})
}

// Written data is read back, for every way of splitting it into writes.
// The seeds are in testdata/fuzz/FuzzRoundTrip.
func FuzzRoundTrip(f *testing.F) {
	f.Fuzz(func(t *testing.T, content []byte, cut uint) {
		cut %= uint(len(content) + 1)
		var text bytes.Buffer
		w := NewWriter(&text)
		w.Write(content[:cut])
		w.Write(content[cut:])
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(NewReader(&text))
		if err != nil || !bytes.Equal(got, content) {
			t.Fatalf("%d bytes became %d, %v", len(content), len(got), err)
		}
	})
}

// A fuzz target without seeds would pass without testing anything.
func TestFuzzSeeds(t *testing.T) {
	for _, target := range []string{"FuzzReader", "FuzzRoundTrip"} {
		seeds, err := filepath.Glob(filepath.Join("testdata", "fuzz", target, "*"))
		if err != nil || len(seeds) == 0 {
			t.Errorf("%s has no seeds, %v", target, err)
		}
	}
}
