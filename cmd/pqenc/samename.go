// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// folded returns a name in the form in which file systems compare it that ignore case or
// the encoding of accents.
func folded(name string) string { return strings.ToLower(strings.ToUpper(norm.NFC.String(name))) }

// sameName reports whether two paths below a folder, which need not exist, are the same
// file on its file system. It is a variable for tests.
var sameName = func(folder, one, two string) bool {
	for {
		info, err := os.Stat(folder)
		if err == nil && info.IsDir() {
			break
		}
		above := filepath.Dir(folder)
		if above == folder {
			return false
		}
		folder = above
	}
	probe, err := os.MkdirTemp(folder, ".pqenc-probe-")
	if err != nil {
		return false // not writable, which is reported later
	}
	defer os.RemoveAll(probe)
	if err := os.MkdirAll(filepath.Join(probe, filepath.FromSlash(one)), 0o700); err != nil {
		return false
	}
	_, err = os.Lstat(filepath.Join(probe, filepath.FromSlash(two)))
	return err == nil
}
