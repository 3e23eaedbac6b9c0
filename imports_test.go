// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport draws the house: what each folder imports beside the standard
// library. Arrows go one way, and what is not listed does not exist.
//
// format and stream do not know each other, and the root knows no keys: it
// defines what a Recipient and an Identity are, for others to be.
var mayImport = map[string][]string{
	"format":                         {},
	"stream":                         {"internal/aead"},
	"recipient":                      {"format", "internal/aead", "internal/fips", "internal/lowcost", "github.com/btcsuite/btcd/btcutil/bech32", "golang.org/x/crypto/argon2"},
	"signature":                      {"github.com/cloudflare/circl/sign/mldsa/mldsa65"},
	".":                              {"format", "stream", "signature", "internal/aead", "internal/armor", "internal/fips", "internal/text"},
	"keyfile":                        {".", "format", "recipient", "signature", "internal/armor", "internal/fips", "internal/durable", "internal/text"},
	"keyfile/keyring":                {"keyfile", "internal/durable"},
	"remote":                         {},
	"secagg/runner":                  {".", "internal/durable", "secagg", "secagg/vector", "signature", "transfer"},
	"transfer":                       {".", "format", "signature", "transfer/internal/channel", "transfer/internal/prefix", "transfer/internal/wire"},
	"transfer/server":                {"signature", "internal/text", "internal/units", "transfer/internal/channel", "transfer/internal/prefix", "transfer/internal/wire", "transfer/server/internal/store"},
	"transfer/internal/channel":      {"signature", "transfer/internal/wire", "github.com/gobwas/ws", "github.com/gobwas/ws/wsutil"},
	"transfer/server/internal/store": {".", "format", "signature", "internal/durable", "transfer/internal/wire", "github.com/tidwall/btree", "golang.org/x/sys/unix", "golang.org/x/sys/windows"},
	"transfer/internal/prefix":       {"format"},
	"transfer/internal/wire":         {},
	"secagg":                         {"recipient", "signature", "secagg/graph", "secagg/internal/mask", "secagg/vector", "github.com/cloudflare/circl/group", "github.com/cloudflare/circl/secretsharing"},
	"secagg/graph":                   {},
	"internal/aead":                  {},
	"internal/armor":                 {"internal/text"},
	"internal/fips":                  {},
	"internal/bandwidth":             {"golang.org/x/time/rate"},
	"internal/batch":                 {"internal/terminal"},
	"internal/durable":               {"golang.org/x/sys/unix", "golang.org/x/sys/windows"},
	"internal/text":                  {},
	"internal/terminal":              {"golang.org/x/term", "golang.org/x/sys/unix"},
	"internal/strength":              {"github.com/sethvargo/go-diceware/diceware", "github.com/trustelem/zxcvbn/adjacency", "github.com/trustelem/zxcvbn/match", "github.com/trustelem/zxcvbn/scoring"},
	"internal/progress":              {"internal/terminal", "internal/units", "github.com/mattn/go-runewidth"},
	"internal/lowcost":               {}, // tests call it
	"internal/clidoc":                {"github.com/alecthomas/kong"},
	"internal/units":                 {},
	"internal/testkit":               {".", "keyfile"}, // for tests: nothing here imports it
	"internal/vectors":               {},
	"secagg/internal/mask":           {},
	"secagg/vector":                  {},
	"cmd/pqenc": {".", "format", "recipient", "signature", "keyfile", "keyfile/keyring", "internal/armor", "internal/bandwidth", "internal/batch", "internal/clidoc",
		"internal/durable", "internal/progress", "internal/strength", "internal/terminal", "internal/text", "internal/units", "remote", "secagg", "secagg/runner", "secagg/vector", "transfer", "transfer/server", "github.com/alecthomas/kong", "github.com/bmatcuk/doublestar/v4", "github.com/mattn/go-runewidth",
		"golang.org/x/sys/unix", "golang.org/x/text/unicode/norm"},
	"examples/relay":      {".", "keyfile", "signature", "transfer", "transfer/server"},
	"examples/tensor":     {".", "keyfile", "remote"},
	"docs/server":         {},
	"internal/crosscheck": {},
	"internal/interop":    {},
}

func TestImports(t *testing.T) {
	seen := make(map[string]bool)
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || isModule(name)):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		folder := filepath.ToSlash(filepath.Dir(name))
		seen[folder] = true
		allowed, known := mayImport[folder]
		if !known {
			t.Errorf("%s: the folder is not in the picture", name)
		}
		for _, imported := range importsOf(t, name) {
			if !slices.Contains(allowed, imported) {
				t.Errorf("%s imports %s, which %s may not", name, imported, folder)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for folder := range mayImport {
		if !seen[folder] {
			t.Errorf("%s is in the picture and not there", folder)
		}
	}
}

// isModule reports whether a folder is a module of its own.
func isModule(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil
}

// importsOf returns what a file imports beside the standard library, packages
// of this module by their folders.
func importsOf(t *testing.T, name string) (all []string) {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		const module = "github.com/pqenc/pqenc"
		if path == module {
			path = "."
		} else if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
			continue
		}
		all = append(all, strings.TrimPrefix(path, module+"/"))
	}
	return all
}
