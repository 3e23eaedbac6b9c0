// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package batch

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzRequest: a line breaks the protocol, or it is a valid request with the values in
// it. The seeds are in testdata/fuzz/FuzzRequest.
func FuzzRequest(f *testing.F) {
	f.Fuzz(func(t *testing.T, line []byte) {
		all, err := fields(line)
		if err != nil {
			if !errors.Is(err, ErrProtocol) {
				t.Fatal(err)
			}
			return
		}
		if !json.Valid(line) {
			t.Fatal("it takes what is no JSON")
		}
		r, err := parseRequest(all)
		if err != nil {
			if !errors.Is(err, ErrProtocol) {
				t.Fatal(err)
			}
			return
		}
		if r.err != nil {
			if !errors.Is(r.err, ErrRequest) {
				t.Fatal(r.err)
			}
			return
		}
		k := r.file
		if k.name == "" || r.offset < 0 || r.length < 0 || k.size < 0 || len(r.id) > maxID || len(k.validator) > maxValidator {
			t.Fatalf("%+v", r)
		}
		if r.op != opRead && r.op != opStat && r.op != opClose {
			t.Fatal(r.op)
		}
		var same struct {
			File   string
			Base64 []byte `json:"file_base64"`
			Offset int64
		}
		if err := json.Unmarshal(line, &same); err != nil || same.File+string(same.Base64) != k.name || same.Offset != r.offset {
			t.Fatalf("%+v, and not %+v: %v", r, same, err)
		}
		if all["file"] != nil && !utf8.ValidString(k.name) {
			t.Fatalf("%q", k.name)
		}
	})
}

// FuzzServe: whatever the parent sends, the answers are lines with the bytes that they
// announce, each request has at most one last answer, and the server ends.
func FuzzServe(f *testing.F) {
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 4096 {
			return // each line may ask for all of a file
		}
		m := &memory{files: map[string][]byte{"f": contents[:100_000], "g": nil}}
		var out bytes.Buffer
		err := New(bytes.NewReader(in), &out, m.config()).Serve()
		if err != nil && !errors.Is(err, ErrProtocol) {
			t.Fatal(err)
		}
		answers, lines := 0, strings.Count(string(in), "\n")+1
		for r := bufio.NewReader(&out); ; {
			a, readErr := readAnswer(r)
			if readErr == io.EOF {
				break
			}
			if readErr != nil {
				t.Fatal(readErr)
			}
			if a.Read == 0 && !a.More {
				answers++
			}
			if a.Fatal != (a.Error == "protocol") || a.Fatal && err == nil {
				t.Fatalf("%+v, and in the end %v", a, err)
			}
		}
		if answers > lines {
			t.Fatalf("%d answers to %d lines", answers, lines)
		}
	})
}

// TestFuzzSeeds requires seeds: without any, a fuzz target passes silently.
func TestFuzzSeeds(t *testing.T) {
	for _, target := range []string{"FuzzRequest", "FuzzServe"} {
		seeds, err := filepath.Glob(filepath.Join("testdata", "fuzz", target, "*"))
		if err != nil || len(seeds) == 0 {
			t.Fatal(target, "has no seeds:", err)
		}
	}
}
