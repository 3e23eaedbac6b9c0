// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	web "github.com/pqenc/pqenc/remote"
)

// found is a file that a command is to work on: one that was named, or one in a folder
// that was named.
type found struct {
	file   string    // as it was named, or
	folder *inFolder // that it is in, and
	path   string    // its name there, with slashes
	size   int64     // in bytes, -1 if it is not a regular file
}

// title is what people call the file.
func (f found) title() string {
	if f.folder != nil {
		return f.folder.title(f.path)
	}
	return f.file
}

// open opens the file. One in a folder is opened in this very folder, and is a regular
// file.
func (f found) open(a *app) (*input, error) {
	if f.folder != nil {
		return f.folder.open(f.path)
	}
	return a.openInput(f.file)
}

// walk calls visit for each file in the folder and below. What begins with a dot and
// what is neither a file nor a folder is left out, and named. A folder that cannot be
// read is an error for visit, which says with its own one whether to stop.
func (f *inFolder) walk(a *app, visit func(found, error) error) error {
	return fs.WalkDir(f.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return visit(found{folder: f, path: name}, f.explain(name, err))
		case name == ".":
		case strings.HasPrefix(path.Base(name), "."):
			a.warn("%s is left out: it is hidden", f.title(name))
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.Type().IsRegular():
			file := found{folder: f, path: name}
			if info, err := d.Info(); err == nil { // else it is gone, which shows when it is opened
				file.size = info.Size()
			}
			return visit(file, nil)
		case d.Type()&fs.ModeSymlink != 0:
			a.warn("%s is left out: it is a link", f.title(name))
		case !d.IsDir():
			a.warn("%s is left out: it is not a regular file", f.title(name))
		}
		return nil
	})
}

// walkAll calls visit for each of the files that were named, and for those in the
// folders that were named. A file that is named more than once, also by links or as
// one of a folder, is visited once.
func (a *app) walkAll(names []string, visit func(found, error)) {
	seen := make(map[string]bool)
	first := func(file string) bool {
		if len(names) == 1 {
			return true
		}
		was := seen[file]
		seen[file] = true
		return !was
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if web.IsURL(name) {
			err = errOnlyRead(name)
		}
		real := ""
		if err == nil {
			real, err = realPath(name)
		}
		var folder *inFolder
		if err == nil && info.IsDir() {
			folder, err = openInFolder(name)
		}
		switch {
		case err != nil:
			visit(found{file: name}, err)
		case folder == nil && first(real):
			size := int64(-1)
			if info.Mode().IsRegular() {
				size = info.Size()
			}
			visit(found{file: name, size: size}, nil)
		case folder != nil:
			folder.walk(a, func(file found, err error) error {
				if err != nil || first(filepath.Join(real, filepath.FromSlash(file.path))) {
					visit(file, err)
				}
				return nil
			})
		}
	}
}

// realPath is the one path of a file, without links.
func realPath(name string) (string, error) {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", err
	}
	return filepath.Abs(real)
}
