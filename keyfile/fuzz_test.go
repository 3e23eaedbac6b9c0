// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/keyfile"
)

func FuzzParseIdentity(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) { checkParse(t, data, reparseIdentity) })
}

func FuzzParsePublic(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		checkParse(t, data, reparsePublic)
		checkScan(t, data)
	})
}

// checkParse checks that a key file is refused for one of the known reasons, or
// has just the blocks that the keys in it are written as.
func checkParse(t *testing.T, data []byte, parse func([]byte) ([]byte, error)) {
	marshaled, err := parse(data)
	if err != nil {
		if marshaled != nil {
			t.Error("a key together with an error")
		}
		known := false
		for _, reason := range []error{keyfile.ErrNotKey, keyfile.ErrIsPublic, keyfile.ErrIsPrivate, keyfile.ErrProtected, keyfile.ErrStatement} {
			known = known || errors.Is(err, reason)
		}
		if !known {
			t.Errorf("refused without a known reason: %v", err)
		}
		return
	}
	if again, err := parse(marshaled); err != nil || !bytes.Equal(again, marshaled) {
		t.Errorf("what was written parses to something else, error %v", err)
	}
	if got, want := bare(data), bare(marshaled); got != want {
		t.Errorf("read\n%s\nwrote\n%s", got, want)
	}
}

// bare removes all that may differ between two files with the same keys: a byte
// order mark, comments, empty lines, and how lines end.
func bare(data []byte) string {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var b strings.Builder
	for line := range strings.SplitSeq(string(data), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line != "" && line[0] != '#' {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// TestFuzzSeeds: without seeds, fuzzing finds nothing and does not report that. Some of
// them must parse, to reach the code after the parser.
func TestFuzzSeeds(t *testing.T) {
	for target, parse := range map[string]func([]byte) ([]byte, error){
		"FuzzParseIdentity": reparseIdentity,
		"FuzzParsePublic":   reparsePublic,
	} {
		seeds, err := filepath.Glob(filepath.Join("testdata", "fuzz", target, "*"))
		if err != nil {
			t.Fatal(err)
		}
		good := 0
		for _, seed := range seeds {
			if _, err := parse(readSeed(t, seed)); err == nil {
				good++
			}
		}
		if good == 0 || good == len(seeds) {
			t.Errorf("%s has %d seeds, %d of them key files", target, len(seeds), good)
		}
	}
	if wild, err := filepath.Glob(filepath.Join("testdata", "fuzz", "*")); err != nil || len(wild) != 2 {
		t.Errorf("seeds of other targets: %q, error %v", wild, err)
	}
}

var seedForm = regexp.MustCompile(`^go test fuzz v1\n\[\]byte\("(.*)"\)\n$`)

// readSeed returns the bytes in a seed, which is written as Go's fuzzing does.
func readSeed(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	match := seedForm.FindSubmatch(text)
	if match == nil {
		t.Fatalf("%s is not a seed of one byte string", name)
	}
	data, err := strconv.Unquote(`"` + string(match[1]) + `"`)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return []byte(data)
}
