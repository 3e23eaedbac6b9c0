// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/pqenc/pqenc/transfer"
)

// isFolder reports whether the name of an output means a folder.
func isFolder(name string) bool {
	if isStdio(name) {
		return false
	}
	info, err := os.Stat(name)
	return err == nil && info.IsDir() || strings.HasSuffix(name, "/") || os.IsPathSeparator(name[len(name)-1])
}

// outFolder is an output folder for file names that come from a server. No name can lead
// out of it, not even through links in it.
type outFolder struct {
	name  string
	root  *os.Root
	above []string // folders that were created: it and those above it
	below []string // folders that were created in it
	raw   bool     // the files have the whole names of the objects
	taken map[string]bool
	alike map[string]string // first name for each folded name

	real string          // path without links, once it is needed
	made map[string]bool // folders in it that are known to exist

	mu     sync.Mutex // guards below, made, real and closed; never held during slow calls
	closed bool
}

// openFolder opens the folder, and creates it if needed.
func openFolder(name string, raw bool) (*outFolder, error) {
	made, err := makeFolders(name)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return &outFolder{name: name, root: root, above: made, raw: raw, taken: make(map[string]bool), alike: make(map[string]string)}, nil
}

// makeFolders creates a folder and its parents. It returns those that did not exist,
// outermost first.
func makeFolders(name string) (made []string, err error) {
	name = filepath.Clean(name)
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if above := filepath.Dir(name); above != name {
		if made, err = makeFolders(above); err != nil {
			return made, err
		}
	}
	if err := os.Mkdir(name, 0o777); err != nil {
		return made, err
	}
	return append(made, name), nil
}

// Close removes the folders that were created and are still empty.
func (f *outFolder) Close() {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.closed = true
	for _, name := range slices.Backward(f.below) {
		f.root.Remove(name)
	}
	f.root.Close()
	for _, name := range slices.Backward(f.above) {
		os.Remove(name)
	}
}

// makeBelow creates a folder in the folder.
func (f *outFolder) makeBelow(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range len(dir) + 1 {
		if i == len(dir) || dir[i] == '/' {
			if f.root.Mkdir(dir[:i], 0o777) == nil {
				f.below = append(f.below, dir[:i])
			}
		}
	}
	return f.root.MkdirAll(dir, 0o777) // returns the better error
}

// place returns the path of a file in the folder, and creates the folders above it. The
// file is written through that path and not through the root: who can place links in the
// folder by then does not need the help of a server.
func (f *outFolder) place(name string) (string, error) {
	if err := transfer.CheckName(name); err != nil {
		return "", f.refuse(exitIO, "it cannot be a file of its name: %w", err)
	}
	if f.taken[name] {
		return "", f.refuse(exitUsage, "another one has become %s", name)
	}
	if other := f.alike[folded(name)]; other != "" && sameName(f.name, name, other) {
		return "", f.refuse(exitIO, "another one has become %s, which is the same file here", other)
	}
	if above := f.takenAbove(name); above != "" { // it may not exist yet
		return "", f.refuse(exitIO, "another one has become %s, which would have to be a folder", above)
	}
	file := filepath.Join(f.name, filepath.FromSlash(name))
	if err := f.makeBelow(path.Dir(name)); err != nil {
		return "", f.noFolder(name, err)
	}
	info, err := f.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	case err != nil:
	case info.IsDir():
		return "", f.refuse(exitIO, "create %s: there is a folder of that name", file)
	case !info.Mode().IsRegular():
		return "", &fs.PathError{Op: "create", Path: file, Err: errors.New("is there, and is not a regular file")}
	}
	f.taken[name] = err == nil
	f.alike[folded(name)] = name
	return file, err
}

// placeLocal is like place for a name that comes from a local file. It also returns an
// error for names below links, and for a file that reads reports as an input.
func (f *outFolder) placeLocal(name string, reads func(real string) bool) (string, error) {
	local := filepath.FromSlash(name)
	file := filepath.Join(f.name, local)
	if !filepath.IsLocal(local) {
		return "", &fs.PathError{Op: "create", Path: file, Err: errors.New("no file can have that name here")}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return "", fs.ErrClosed
	}
	if err := f.folderFor(path.Dir(name)); err != nil {
		return "", err
	}
	info, err := f.root.Lstat(local)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return file, nil
	case err != nil:
		return "", &fs.PathError{Op: "create", Path: file, Err: causeOf(err)}
	case info.IsDir():
		return "", &fs.PathError{Op: "create", Path: file, Err: syscall.EISDIR}
	case !info.Mode().IsRegular():
		return "", &fs.PathError{Op: "create", Path: file, Err: errors.New("is there, and is not a regular file")}
	}
	if f.real == "" {
		if f.real, err = realPath(f.name); err != nil {
			return "", err
		}
	}
	if reads(filepath.Join(f.real, local)) {
		return "", usageError(file+" is one of the inputs, which the output would replace", "write to another folder with -o")
	}
	return file, nil
}

// folderFor creates a folder in the folder, and those above it, and refuses links in
// their place. The lock must be held.
func (f *outFolder) folderFor(dir string) error {
	if dir == "." || f.made[dir] {
		return nil
	}
	if err := f.folderFor(path.Dir(dir)); err != nil {
		return err
	}
	local := filepath.FromSlash(dir)
	err := f.root.Mkdir(local, 0o777)
	if err == nil {
		f.below = append(f.below, dir)
	} else if info, failed := f.root.Lstat(local); failed == nil && info.IsDir() {
		err = nil
	} else if failed == nil {
		err = errors.New("is in place of the folder, and is none")
	}
	if err != nil {
		return &fs.PathError{Op: "create", Path: filepath.Join(f.name, local), Err: causeOf(err)}
	}
	if f.made == nil {
		f.made = make(map[string]bool)
	}
	f.made[dir] = true
	return nil
}

// causeOf returns the error of the system, without the file name, which the user knows in
// another form.
func causeOf(err error) error {
	var inside *fs.PathError
	if errors.As(err, &inside) {
		return inside.Err
	}
	return err
}

// takenAbove returns the earlier output that is in the place of a folder above the named
// file, or "".
func (f *outFolder) takenAbove(name string) string {
	for above := path.Dir(name); above != "."; above = path.Dir(above) {
		if f.taken[above] {
			return above
		}
	}
	return ""
}

// noFolder explains why the folders above a file cannot be created, usually because a
// file is in their place.
func (f *outFolder) noFolder(name string, err error) error {
	file := filepath.Join(f.name, filepath.FromSlash(path.Dir(name)))
	if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTDIR) {
		return f.refuse(exitIO, "create %s: there is a file in place of the folder", file)
	}
	var below *fs.PathError // it has the name of a folder below
	if errors.As(err, &below) {
		err = &fs.PathError{Op: "create", Path: file, Err: below.Err}
	}
	return err
}

// refuse returns the error for an object that cannot be a file in the folder.
func (f *outFolder) refuse(code int, format string, args ...any) error {
	hint := "pull it by itself with -o, to another name"
	if !f.raw {
		hint += ", or the folder with --raw"
	}
	return &failure{fmt.Errorf(format, args...), code, []string{hint}}
}
