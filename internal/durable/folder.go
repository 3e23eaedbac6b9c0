// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"
)

// folder is an open folder, an [os.Root] if it may be read. All names are single elements.
type folder interface {
	Name() string
	Open(name string) (*os.File, error)
	OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error)
	Lstat(name string) (fs.FileInfo, error)
	Link(old, new string) error
	Rename(old, new string) error
	Remove(name string) error
	Chtimes(name string, atime, mtime time.Time) error
	Close() error
}

// ErrNotRegular reports that a name belongs to something other than a regular file, such as
// a link to one.
var ErrNotRegular = errors.New("is not a regular file")

var (
	errForeign  = fmt.Errorf("%w that only you can use", ErrNotRegular)
	errRestless = errors.New("is replaced all the time")
)

// openFolder opens a folder by its name. "" is the current one.
func openFolder(directory string) (folder, error) {
	if directory == "" {
		directory = "."
	}
	root, err := os.OpenRoot(directory)
	if errors.Is(err, fs.ErrPermission) {
		return unlisted(directory), nil
	}
	if err != nil {
		return nil, &fs.PathError{Op: "create a file in", Path: directory, Err: cause(err)}
	}
	return root, nil
}

// openParent opens the folder of a file, and returns the name of the file in it.
func openParent(path string) (dir folder, base string, err error) {
	directory, base, err := split(path)
	if err == nil {
		dir, err = openFolder(directory)
	}
	return dir, base, err
}

// openList opens the folder for calls on itself. Without noWait os asks whether it could be
// waited for, in five calls.
func openList(dir folder) (*os.File, error) { return dir.OpenFile(".", os.O_RDONLY|noWait, 0) }

// unlisted is a folder that may be written to but not read: it cannot be held open or
// synced.
type unlisted string

func (u unlisted) path(name string) string { return filepath.Join(string(u), name) }

func (u unlisted) Name() string                       { return string(u) }
func (u unlisted) Open(name string) (*os.File, error) { return os.Open(u.path(name)) }
func (u unlisted) OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	return os.OpenFile(u.path(name), flag|noFollow, perm)
}
func (u unlisted) Lstat(name string) (fs.FileInfo, error) { return os.Lstat(u.path(name)) }
func (u unlisted) Link(old, new string) error             { return os.Link(u.path(old), u.path(new)) }
func (u unlisted) Rename(old, new string) error           { return os.Rename(u.path(old), u.path(new)) }
func (u unlisted) Remove(name string) error               { return os.Remove(u.path(name)) }
func (u unlisted) Chtimes(name string, atime, mtime time.Time) error {
	return os.Chtimes(u.path(name), atime, mtime)
}
func (u unlisted) Close() error { return nil }

// openRegular opens a regular file of a folder. It does not follow a link, and does not wait
// for the other end of a pipe. The error is ErrNotRegular if it is not a regular file. It
// does not fail if the file is replaced meanwhile: there always is one.
func openRegular(dir folder, name string, flag int) (*os.File, fs.FileInfo, error) {
	for range 100 {
		before, err := dir.Lstat(name)
		if err != nil {
			return nil, nil, err
		}
		if !before.Mode().IsRegular() {
			return nil, nil, ErrNotRegular
		}
		file, err := dir.OpenFile(name, flag|noWait, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue // Lstat will report it
		}
		if err != nil {
			return nil, nil, err
		}
		after, err := file.Stat()
		if err == nil && os.SameFile(before, after) {
			return file, after, nil
		}
		file.Close()
		if err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, errRestless
}

// OpenRegular opens a regular file of a folder for reading, and does not follow a link. The
// error wraps [ErrNotRegular] if it is not a regular file.
func OpenRegular(folder *os.Root, name string) (*os.File, error) {
	file, _, err := openRegular(folder, name, os.O_RDONLY)
	return file, err
}

// Remove removes a file. The system frees a large one in the background, so that it
// may be called with a lock held. The folder is not synced.
func Remove(folder *os.Root, name string) error { return remove(folder, name) }

func remove(dir folder, name string) error {
	release := hold(dir, name)
	defer release()
	return dir.Remove(name)
}

// Rename renames a file below a folder, and replaces the file that has the new name, if
// there is one. Like Remove, it may be called with a lock held, and syncs nothing.
func Rename(root *os.Root, from, to string) error {
	release := hold(root, to)
	defer release()
	return root.Rename(from, to)
}

// hold keeps a file open, so that removing or replacing it takes no time. release frees it in
// the background, which may take seconds for a large file. Windows may refuse to replace an
// open file.
func hold(dir folder, name string) (release func()) {
	if runtime.GOOS == "windows" {
		return func() {}
	}
	file, _, err := openRegular(dir, name, os.O_RDONLY)
	if err != nil {
		return func() {} // then it takes its time
	}
	return func() { go file.Close() }
}

// SyncFolder makes the entries of a folder durable, if the system supports that, except
// those that were made before a sync failed, see [FailedSyncs].
func SyncFolder(folder *os.Root) error { return syncFolder(folder) }

// failedSyncs counts the failed syncs of folders.
var failedSyncs atomic.Int64

// FailedSyncs returns how many syncs of folders have failed in this process. An entry is
// durable when its folder was synced and this number is still what it was before the
// entry was made: after a failed sync, the next one succeeds without it. All folders
// share the number: syncs fail on bad disks only.
func FailedSyncs() int64 { return failedSyncs.Load() }

// stands reports whether name is still that of file.
func stands(dir folder, name string, file *os.File) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := dir.Lstat(name)
	return err == nil && os.SameFile(opened, named)
}

// IgnoreMissing returns err unless it wraps [fs.ErrNotExist].
func IgnoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// cause returns the error of the system, without the names that package os has added.
func cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
