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

// found is an input file: an argument, or a file in a folder that is an argument.
type found struct {
	file   string    // path of an argument, or
	folder *inFolder // folder of the file, and
	path   string    // path in the folder, with slashes
	size   int64     // in bytes, -1 if it is not a regular file
	out    string    // path below an output folder, with slashes
}

// title returns the name of the file for messages.
func (f found) title() string {
	if f.folder != nil {
		return f.folder.title(f.path)
	}
	return f.file
}

// same reports whether two names are those of the same file.
func (f found) same(other found) bool {
	one, err := f.stat()
	two, failed := other.stat()
	return err == nil && failed == nil && os.SameFile(one, two)
}

// stat returns information on the file.
func (f found) stat() (fs.FileInfo, error) {
	if f.folder != nil {
		return f.folder.root.Lstat(f.path)
	}
	return os.Stat(f.file)
}

// open opens the file. A file in a folder is opened below exactly that folder, and must
// be regular.
func (f found) open(a *app) (*input, error) {
	if f.folder != nil {
		return f.folder.open(f.path)
	}
	return a.openInput(f.file)
}

// walker finds the input files of a command.
type walker struct {
	*selectFlags
	app    *app
	hidden bool   // take hidden files
	once   bool   // visit a file with several names, also by links, only under the first
	spare  string // real path of a folder to leave out, or empty
	visit  func(found, error)

	seen  map[string]bool // real paths, if once is set
	above []string        // real paths of the folders of the links that are being followed
	left  []leftOut
}

// leftOut counts the files left out for one reason.
type leftOut struct {
	one, all string // the reason for one file, and what several are
	names    []string
	count    int
}

// Reasons to leave files out.
var (
	leftHidden  = leftOut{one: "it is hidden", all: "hidden files and folders"}
	leftOwn     = leftOut{one: "it belongs to an unfinished output", all: "files of unfinished outputs"}
	leftLink    = leftOut{one: "it is a link", all: "links"}
	leftLoop    = leftOut{one: "the link leads to a folder that it is in", all: "links to folders that they are in"}
	leftSpecial = leftOut{one: "it is not a regular file", all: "files that are not regular"}
	leftListed  = leftOut{one: "it is a folder, and a list can only name files", all: "folders in the list"}
	leftOutput  = leftOut{one: "the output goes there", all: "folders of the output"}
)

// leave leaves a file out.
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

// maxNamed is how many files left out for the same reason are named.
const maxNamed = 3

// report prints what was left out, one line per file or one for many.
func (w *walker) report() {
	for _, l := range w.left {
		if l.count > maxNamed {
			w.app.warn("%d %s are left out", l.count, l.all)
			continue
		}
		for _, name := range l.names {
			w.app.warn("%s is left out: %s", name, l.one)
		}
	}
}

// walk calls visit for each file that is an argument, in a folder that is an argument, or
// in a list of files.
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

// named visits the file or folder of that name.
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

// inList visits a file in a list. None of these names stands for standard input.
func (w *walker) inList(name string) {
	if isStdio(name) {
		name = "." + string(filepath.Separator) + name
	}
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
	if err == nil && (info.IsDir() || info.Mode().IsRegular() && w.once) { // others may have no real path
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

// folder visits the files in a folder and below. out is the prefix of the paths of their
// outputs, and at is the prefix of their paths for patterns.
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
			if info, err := d.Info(); err == nil { // otherwise opening it will return the error
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

// within reports whether a path is the folder or below it.
func within(name, folder string) bool {
	rest, ok := strings.CutPrefix(name, folder)
	return ok && (rest == "" || os.IsPathSeparator(rest[0]) || os.IsPathSeparator(folder[len(folder)-1]))
}

// realPath returns the path of a file without links.
func realPath(name string) (string, error) {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", err
	}
	return filepath.Abs(real)
}
