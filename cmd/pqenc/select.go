// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"io"
	"path"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// globFlags say which files a command takes, by their names.
type globFlags struct {
	Exclude []string `sep:"none" placeholder:"GLOB" help:"Leave out files and folders that match GLOB: by name at any depth or, if GLOB has a slash, by path below the named folder. * does not match a slash, ** does. Can be repeated."`
	Include []string `sep:"none" placeholder:"GLOB" help:"Take only files that match GLOB. Can be repeated; --exclude wins."`
}

// selectFlags say which local files a command takes of those that were named.
type selectFlags struct {
	globFlags   `embed:""`
	FilesFrom   string `type:"path" xor:"files-from" placeholder:"LIST" help:"Read the paths of the input files from LIST, one per line. If LIST is -: standard input."`
	FilesFrom0  string `name:"files-from0" type:"path" xor:"files-from" placeholder:"LIST" help:"The same for names that end in a zero byte, as from find -print0."`
	FollowLinks bool   `help:"Follow symbolic links in folders, instead of leaving them out."`
	DryRun      bool   `short:"n" help:"Print what would be done, and change nothing."`
}

// check finds what is wrong with the patterns.
func (f *globFlags) check() error {
	for _, all := range [][]string{f.Exclude, f.Include} {
		for _, glob := range all {
			if !doublestar.ValidatePattern(glob) || glob == "" {
				return usageError("not a pattern of names: "+glob, "its brackets, braces or backslashes do not match: put a backslash before a literal one")
			}
		}
	}
	return nil
}

// lists reports whether a flag names a list of files.
func (f *selectFlags) lists() bool { return f.FilesFrom != "" || f.FilesFrom0 != "" }

// excludes reports whether a file or folder with that path below the folder that was named
// is left out.
func (f *globFlags) excludes(name string, folder bool) bool {
	for _, glob := range f.Exclude {
		if matchGlob(glob, name, folder) {
			return true
		}
	}
	return false
}

// includes reports whether a file with that path is taken.
func (f *globFlags) includes(name string) bool {
	for _, glob := range f.Include {
		if matchGlob(glob, name, false) {
			return true
		}
	}
	return len(f.Include) == 0
}

// matchGlob reports whether a pattern matches a path or, if the pattern has no slash, its
// last part. A pattern that ends in a slash matches folders only.
func matchGlob(glob, name string, folder bool) bool {
	glob, folders := strings.CutSuffix(glob, "/")
	if folders && !folder {
		return false
	}
	if !strings.Contains(glob, "/") {
		name = path.Base(name)
	}
	ok, err := doublestar.Match(strings.TrimPrefix(glob, "/"), name)
	return ok && err == nil
}

// listed returns the names in the list that a flag names.
func (f *selectFlags) listed(a *app) (all []string, err error) {
	file, end := f.FilesFrom, byte('\n')
	if f.FilesFrom0 != "" {
		file, end = f.FilesFrom0, 0
	}
	if file == "" {
		return nil, nil
	}
	src, err := a.openInput(file)
	if err != nil {
		return nil, err
	}
	if !isStdio(file) {
		defer src.Close()
	}
	r := bufio.NewReader(src.reader())
	for {
		name, err := r.ReadString(end)
		if name = strings.TrimSuffix(name, string(end)); name != "" {
			all = append(all, name)
		}
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// listedPath returns the path below an output of a file in a list: its own path, or, if that
// begins elsewhere, its name.
func listedPath(name string) string {
	if !filepath.IsLocal(name) {
		return filepath.Base(name)
	}
	return filepath.ToSlash(filepath.Clean(name))
}

// folderPath returns what the paths of files in a folder begin with: its name, or nothing if
// the argument ends in a slash or is no name.
func folderPath(name string) string {
	base := filepath.Base(name)
	if strings.HasSuffix(name, "/") || strings.HasSuffix(name, string(filepath.Separator)) ||
		base == "." || base == ".." || base == string(filepath.Separator) || filepath.VolumeName(name) == name {
		return ""
	}
	return base + "/"
}

// selects reports whether a file with that path would be taken: neither it nor a folder that
// it is in is left out.
func (f *globFlags) selects(name string) bool {
	for above := path.Dir(name); above != "."; above = path.Dir(above) {
		if f.excludes(above, true) {
			return false
		}
	}
	return !f.excludes(name, false) && f.includes(name)
}
