// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"errors"
	"io"
	"path"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// globFlags select files by name.
type globFlags struct {
	Exclude []string `sep:"none" placeholder:"GLOB" help:"Leave out files and folders that match GLOB: by name at any depth or, if GLOB has a slash, by path below the named folder. * does not match a slash, ** does. Can be repeated."`
	Include []string `sep:"none" placeholder:"GLOB" help:"Take only files that match GLOB. Can be repeated; --exclude wins."`
}

// selectFlags select local files among the arguments.
type selectFlags struct {
	globFlags   `embed:""`
	FilesFrom   string `type:"path" xor:"files-from" placeholder:"LIST" help:"Read the paths of the input files from LIST, one per line. If LIST is -: standard input."`
	FilesFrom0  string `name:"files-from0" type:"path" xor:"files-from" placeholder:"LIST" help:"The same for names that end in a zero byte, as from find -print0."`
	FollowLinks bool   `help:"Follow symbolic links in folders, instead of leaving them out."`
	DryRun      bool   `short:"n" help:"Print what would be done, and change nothing."`
}

// check returns an error for invalid patterns.
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

// single returns what is wrong with the flags for an input that is the only one, and not in
// a folder that was named.
func (f *selectFlags) single(name string) error {
	err := f.check()
	switch {
	case err != nil:
		return err
	case isStdio(name) && f.DryRun:
		return usageError("--dry-run is for files that are named", "leave it out, or name a file")
	case !isStdio(name) && !f.selects(filepath.Base(name)):
		return usageError("the arguments contain no file", "--exclude and --include leave it out")
	}
	return nil
}

// lists reports whether a flag names a list of files.
func (f *selectFlags) lists() bool { return f.FilesFrom != "" || f.FilesFrom0 != "" }

// excludes reports whether to leave out a file or folder with the given path below the
// named folder.
func (f *globFlags) excludes(name string, folder bool) bool {
	for _, glob := range f.Exclude {
		if matchGlob(glob, name, folder) {
			return true
		}
	}
	return false
}

// includes reports whether to take a file with the given path.
func (f *globFlags) includes(name string) bool {
	for _, glob := range f.Include {
		if matchGlob(glob, name, false) {
			return true
		}
	}
	return len(f.Include) == 0
}

// matchGlob reports whether a pattern matches a path or, if the pattern has no slash, its
// base name. A pattern that ends in a slash matches only folders.
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

// listed returns the names in the list of files.
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
	r := bufio.NewReaderSize(src.reader(), maxListed)
	for {
		name, err := r.ReadSlice(end)
		if name := strings.TrimSuffix(string(name), string(end)); name != "" {
			all = append(all, name)
		}
		switch {
		case err == io.EOF:
			return all, nil
		case errors.Is(err, bufio.ErrBufferFull): // a file of another kind, perhaps without an end
			return nil, usageError(src.name + " is not a list of names: one is longer than 64 KiB")
		case err != nil:
			return nil, err
		}
	}
}

// maxListed is the maximum size in bytes of a name in a list, with its terminator.
const maxListed = 64 << 10

// listedPath returns the path below the output for a file in a list: its own path, or its
// base name if the path leads outside.
func listedPath(name string) string {
	if !filepath.IsLocal(name) {
		return filepath.Base(name)
	}
	return filepath.ToSlash(filepath.Clean(name))
}

// folderPath returns the first part of the output paths of the files in a folder: its
// name, or "" if the argument ends in a slash or is no name.
func folderPath(name string) string {
	base := filepath.Base(name)
	if strings.HasSuffix(name, "/") || strings.HasSuffix(name, string(filepath.Separator)) ||
		base == "." || base == ".." || base == string(filepath.Separator) || filepath.VolumeName(name) == name {
		return ""
	}
	return base + "/"
}

// selects reports whether a file with the given path would be taken: neither it nor a
// folder above it is left out.
func (f *globFlags) selects(name string) bool {
	for above := path.Dir(name); above != "."; above = path.Dir(above) {
		if f.excludes(above, true) {
			return false
		}
	}
	return !f.excludes(name, false) && f.includes(name)
}
