// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/pqenc/pqenc/transfer"
)

// extra returns the files in the folder that have no object: only regular files with
// names that a pull could give, and none below a link. It keeps private keys, which may
// be the only copies. An unreadable folder is an error.
func (f *outFolder) extra(stands map[string]bool) (names, keys []string, err error) {
	alike := make(map[string]string)
	for name := range stands {
		alike[folded(name)] = name
	}
	err = fs.WalkDir(f.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return f.named(name, err)
		case name == ".":
		case strings.HasPrefix(path.Base(name), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
		case !d.Type().IsRegular() || stands[name] || transfer.CheckName(name) != nil:
		default:
			other, similar := alike[folded(name)]
			switch {
			case similar && sameName(f.name, name, other):
			case f.isKey(name):
				keys = append(keys, name)
			default:
				names = append(names, name)
			}
		}
		return nil
	})
	return names, keys, err
}

// title returns the name of a file in the folder for messages.
func (f *outFolder) title(name string) string { return filepath.Join(f.name, filepath.FromSlash(name)) }

// named replaces the name in an error with the one that the user knows.
func (f *outFolder) named(name string, err error) error {
	var inside *fs.PathError
	if errors.As(err, &inside) {
		err = inside.Err
	}
	return &fs.PathError{Op: "open", Path: f.title(name), Err: err}
}

// remove deletes a file that extra returned, and the folders that become empty. A link may
// have replaced one of them since, and lead to another file of that name.
func (f *outFolder) remove(name string) error {
	for above := path.Dir(name); above != "."; above = path.Dir(above) {
		if info, err := f.root.Lstat(above); err == nil && !info.IsDir() {
			return errors.New("there is something else in place of its folder, and it stays")
		}
	}
	info, err := f.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return f.named(name, err)
	case !info.Mode().IsRegular():
		return errors.New("it is not a regular file any more, and is kept")
	}
	if err := f.root.Remove(name); err != nil {
		return f.named(name, err)
	}
	for above := path.Dir(name); above != "." && f.root.Remove(above) == nil; above = path.Dir(above) {
	}
	return nil
}

// isKey reports whether a file may be a private key. A protected one can be recognized
// only by its name.
func (f *outFolder) isKey(name string) bool {
	if strings.HasSuffix(name, ".key") {
		return true
	}
	file, err := f.root.Open(name)
	if err != nil {
		return false
	}
	defer file.Close()
	head, _ := io.ReadAll(io.LimitReader(file, 4<<10))
	for _, mark := range []string{"PRIVATE KEY", "AGE-SECRET-KEY-", "# pqenc private key"} {
		if bytes.Contains(head, []byte(mark)) {
			return true
		}
	}
	return false
}
