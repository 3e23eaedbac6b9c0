// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pqenc/pqenc/internal/durable"
	web "github.com/pqenc/pqenc/remote"
)

// found is a file that a command is to work on: one that was named, or one in a folder
// that was named.
type found struct {
	file   string    // as it was named, or
	folder *inFolder // that it is in, and
	path   string    // its name there, with slashes
	size   int64     // in bytes, -1 if it is not a regular file
	out    string    // its path below a folder for outputs, with slashes
}

// title is what people call the file.
func (f found) title() string {
	if f.folder != nil {
		return f.folder.title(f.path)
	}
	return f.file
}

// same reports whether two names are those of one file.
func (f found) same(other found) bool {
	one, err := f.stat()
	two, failed := other.stat()
	return err == nil && failed == nil && os.SameFile(one, two)
}

// stat describes the file.
func (f found) stat() (fs.FileInfo, error) {
	if f.folder != nil {
		return f.folder.root.Lstat(f.path)
	}
	return os.Stat(f.file)
}

// open opens the file. One in a folder is opened in this very folder, and is a regular
// file.
func (f found) open(a *app) (*input, error) {
	if f.folder != nil {
		return f.folder.open(f.path)
	}
	return a.openInput(f.file)
}

// walker finds the files that a command works on.
type walker struct {
	*selectFlags
	app    *app
	hidden bool   // take what is hidden
	once   bool   // a file of several names, also by links, is visited under the first
	spare  string // real path of a folder that is left out, or empty
	visit  func(found, error)

	seen  map[string]bool // real paths, if once
	above []string        // real paths of the folders with the links that are being followed
	left  []leftOut
}

// leftOut are the files that are left out for one reason.
type leftOut struct {
	one, all string // the reason, for one and for several
	names    []string
	count    int
}

// Reasons to leave something out.
var (
	leftHidden  = leftOut{one: "it is hidden", all: "they are hidden"}
	leftOwn     = leftOut{one: "it belongs to an unfinished output", all: "they belong to unfinished outputs"}
	leftLink    = leftOut{one: "it is a link", all: "they are links"}
	leftLoop    = leftOut{one: "the link leads to a folder that it is in", all: "these links lead to folders that they are in"}
	leftSpecial = leftOut{one: "it is not a regular file", all: "they are not regular files"}
	leftListed  = leftOut{one: "it is a folder, and a list can only name files", all: "they are folders, and a list can only name files"}
	leftOutput  = leftOut{one: "the output goes there", all: ""}
)

// leave leaves something out.
func (w *walker) leave(reason leftOut, name string) {
	i := slices.IndexFunc(w.left, func(l leftOut) bool { return l.one == reason.one })
	if i < 0 {
		i = len(w.left)
		w.left = append(w.left, reason)
	}
	l := &w.left[i]
	if l.count++; l.count <= maxNamed {
		l.names = append(l.names, name)
	}
}

// maxNamed is how many files are named of those that are left out for one reason.
const maxNamed = 3

// report says what was left out, in a line for each or one for many.
func (w *walker) report() {
	for _, l := range w.left {
		if l.count > maxNamed {
			w.app.warn("%d are left out: %s", l.count, l.all)
			continue
		}
		for _, name := range l.names {
			w.app.warn("%s is left out: %s", name, l.one)
		}
	}
}

// walk calls visit for each of the files that were named, for those in the folders that
// were named, and for those in the list that a flag names.
func (w *walker) walk(names []string) error {
	if err := w.check(); err != nil {
		return err
	}
	w.once = w.once && (len(names) > 1 || w.lists() || w.FollowLinks)
	w.seen = make(map[string]bool)
	for _, name := range names {
		w.named(name)
	}
	list, err := w.listed(w.app)
	for _, name := range list {
		w.inList(name)
	}
	w.report()
	return err
}

// named visits what has that name.
func (w *walker) named(name string) {
	if isStdio(name) {
		w.visit(found{file: name}, usageError("standard input has no name here", "write ./- for a file of that name"))
		return
	}
	info, real, err := w.look(name)
	if err != nil {
		w.visit(found{file: name, out: filepath.Base(name)}, err)
		return
	}
	if !info.IsDir() {
		w.file(name, real, filepath.Base(name), filepath.Base(name), info)
		return
	}
	out := folderPath(name)
	if out != "" && w.excludes(path.Base(out), true) {
		return
	}
	if !w.hidden && strings.HasPrefix(out, ".") {
		out = ""
	}
	folder, err := openInFolder(name)
	if err != nil {
		w.visit(found{file: name, out: out}, err)
		return
	}
	w.folder(folder, real, out, "")
}

// inList visits a file in a list.
func (w *walker) inList(name string) {
	info, real, err := w.look(name)
	out := listedPath(name)
	switch {
	case err != nil:
		w.visit(found{file: name, out: out}, err)
	case info.IsDir():
		w.leave(leftListed, name)
	default:
		w.file(name, real, out, out, info)
	}
}

// look returns what a name stands for.
func (w *walker) look(name string) (info fs.FileInfo, real string, err error) {
	if web.IsURL(name) {
		return nil, "", errOnlyRead(name)
	}
	info, err = os.Stat(name)
	if err == nil && (info.IsDir() || info.Mode().IsRegular() && w.once) { // others may have none
		real, err = realPath(name)
	}
	return info, cmp.Or(real, name), err
}

// file visits a file by its name. Its path decides whether it is selected.
func (w *walker) file(name, real, out, at string, info fs.FileInfo) {
	if w.excludes(at, false) || !w.includes(at) || !w.first(real) {
		return
	}
	size := int64(-1)
	if info.Mode().IsRegular() {
		size = info.Size()
	}
	w.visit(found{file: name, size: size, out: out}, nil)
}

// first reports whether a file is visited for the first time, if that matters.
func (w *walker) first(real string) bool {
	if !w.once {
		return true
	}
	was := w.seen[real]
	w.seen[real] = true
	return !was
}

// folder visits the files in a folder and below. Their outputs have paths that begin with
// out, and at is what the patterns see in front of their paths.
func (w *walker) folder(f *inFolder, real, out, at string) {
	fs.WalkDir(f.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		base := path.Base(name)
		hidden := name != "." && strings.HasPrefix(base, ".")
		place := filepath.Join(real, filepath.FromSlash(name))
		switch {
		case err != nil:
			w.visit(found{folder: f, path: name, out: out + name}, f.explain(name, err))
		case name == ".":
		case w.excludes(at+name, d.IsDir()):
			return skipFolder(d)
		case hidden && !w.hidden:
			w.leave(leftHidden, f.title(name))
			return skipFolder(d)
		case hidden && durable.Unfinished(base):
			w.leave(leftOwn, f.title(name))
		case d.IsDir() && w.spare != "" && place == w.spare:
			w.leave(leftOutput, f.title(name))
			return fs.SkipDir
		case d.IsDir():
		case d.Type()&fs.ModeSymlink != 0 && !w.FollowLinks:
			w.leave(leftLink, f.title(name))
		case d.Type()&fs.ModeSymlink != 0:
			w.link(f.title(name), filepath.Dir(place), out+name, at+name)
		case !d.Type().IsRegular():
			w.leave(leftSpecial, f.title(name))
		case w.includes(at+name) && w.first(place):
			file := found{folder: f, path: name, out: out + name}
			if info, err := d.Info(); err == nil { // else it is gone, which shows when it is opened
				file.size = info.Size()
			}
			w.visit(file, nil)
		}
		return nil
	})
}

func skipFolder(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// link follows a link in the folder with the path dir.
func (w *walker) link(name, dir, out, at string) {
	if isStdio(name) {
		name = "." + string(filepath.Separator) + name
	}
	info, real, err := w.look(name)
	switch {
	case err != nil:
		w.visit(found{file: name, out: out}, err)
	case info.Mode().IsRegular():
		w.file(name, real, out, at, info)
	case !info.IsDir():
		w.leave(leftSpecial, name)
	case slices.ContainsFunc(append(w.above, dir), func(above string) bool { return within(above, real) }):
		w.leave(leftLoop, name)
	case real == w.spare:
		w.leave(leftOutput, name)
	default:
		folder, err := openInFolder(name)
		if err != nil {
			w.visit(found{file: name, out: out}, err)
			return
		}
		w.above = append(w.above, dir)
		w.folder(folder, real, out+"/", at+"/")
		w.above = w.above[:len(w.above)-1]
	}
}

// within reports whether a path is that of the folder or below it.
func within(name, folder string) bool {
	rest, ok := strings.CutPrefix(name, folder)
	return ok && (rest == "" || os.IsPathSeparator(rest[0]) || os.IsPathSeparator(folder[len(folder)-1]))
}

// realPath is the one path of a file, without links.
func realPath(name string) (string, error) {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", err
	}
	return filepath.Abs(real)
}
