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
// name leads out of it, not even through a link that has taken the place of a file or
// of a folder since: others who may write to it could otherwise have files pushed that
// only the owner of the key can read.
type inFolder struct {
	name string
	root *os.Root
}

// openInFolder opens the folder, or the one that a link of that name leads to. It
// stays open until the process ends.
func openInFolder(name string) (*inFolder, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return &inFolder{name, root}, nil
}

// title is what people call a file in the folder.
func (f *inFolder) title(name string) string { return filepath.Join(f.name, filepath.FromSlash(name)) }

// open opens a file that walk has found, and nothing that has taken its place but
// another file in the folder.
func (f *inFolder) open(name string) (*input, error) {
	file, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe would be waited for
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

// readHead returns the header of a file that open has opened, see [durable.ReadHead].
func (f *inFolder) readHead(name string, file *os.File, size int) (head, completed []byte, err error) {
	folder, err := f.root.OpenRoot(path.Dir(name))
	if err != nil {
		return nil, nil, f.explain(name, err)
	}
	defer folder.Close()
	return durable.ReadHeadIn(folder, path.Base(name), file, size, format.SameFile)
}

// explain gives an error the name that people know.
func (f *inFolder) explain(name string, err error) error {
	var inside *fs.PathError
	if errors.As(err, &inside) {
		err = inside.Err
	}
	return &fs.PathError{Op: "open", Path: f.title(name), Err: err}
}
