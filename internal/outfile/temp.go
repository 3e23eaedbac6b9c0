// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package outfile

import (
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"unicode/utf8"
)

// maxBase is how many bytes of the target's name go into that of the temporary
// file. The whole then stays well below the 255 bytes of most file systems and
// the 143 of encrypting ones.
const maxBase = 96

// openTemp creates a file beside target that no other process writes to.
func openTemp(target string, perm fs.FileMode) (*os.File, error) {
	directory, base, err := split(target)
	if err != nil {
		return nil, err
	}
	name := directory + "." + shorten(base) + "." + rand.Text() + ".pqenc-tmp"
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return nil, &fs.PathError{Op: "create a file in", Path: orDot(directory), Err: cause(err)}
	}
	return file, nil
}

// split cuts name before its last element. The directory is empty or ends in a
// separator. Unlike filepath.Dir it leaves ".." alone, which after a symbolic link
// is not the opposite of the element before it.
func split(name string) (directory, base string, err error) {
	directory, base = filepath.Split(name)
	if base == "" {
		return "", "", &fs.PathError{Op: "create", Path: name, Err: errNoName}
	}
	return directory, base, nil
}

func orDot(directory string) string {
	if directory == "" {
		return "."
	}
	return directory
}

// shorten cuts base to maxBase bytes, not inside a character: some file systems
// take valid UTF-8 only.
func shorten(base string) string {
	if len(base) <= maxBase {
		return base
	}
	end := maxBase
	for end > 0 && !utf8.RuneStart(base[end]) {
		end--
	}
	return base[:end]
}
