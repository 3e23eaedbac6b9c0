// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/durable"
)

// inFolder is a folder whose files are pushed or rewrapped. It is opened once, and no
// name can lead out of it, not even through a link that has replaced a file or folder
// since. Otherwise others with write access could have files pushed that only the owner
// of the key can read.
type inFolder struct {
	name string
	root *os.Root
}

// openInFolder opens the folder, or the target of a link of that name. It stays open
// until the process ends.
func openInFolder(name string) (*inFolder, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return &inFolder{name, root}, nil
}

// title returns the name of a file in the folder for messages.
func (f *inFolder) title(name string) string { return filepath.Join(f.name, filepath.FromSlash(name)) }

// open opens a file that walk found. If the file was replaced since, it only opens
// another file in the folder.
func (f *inFolder) open(name string) (*input, error) {
	file, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // opening a pipe would wait
	if err != nil {
		return nil, f.explain(name, err)
	}
	in, err := newInput(file, f.title(name))
	if err == nil && in.size < 0 {
		err = f.explain(name, errors.New("is not a regular file any more"))
	}
	if err != nil {
		file.Close()
	}
	return in, err
}

// readHead returns the header of an open file, see [durable.ReadHead].
func (f *inFolder) readHead(name string, file *os.File, size int) (head, completed []byte, err error) {
	folder, err := f.root.OpenRoot(path.Dir(name))
	if err != nil {
		return nil, nil, f.explain(name, err)
	}
	defer folder.Close()
	return durable.ReadHeadIn(folder, path.Base(name), file, size, format.SameFile)
}

// explain replaces the name in an error with the one that the user knows.
func (f *inFolder) explain(name string, err error) error {
	var inside *fs.PathError
	if errors.As(err, &inside) {
		err = inside.Err
	}
	return &fs.PathError{Op: "open", Path: f.title(name), Err: err}
}
