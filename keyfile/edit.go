// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/recipient"
)

// Edit is a private key file that is about to be changed, locked against other Edits. It
// allows one Save or Protect, which replaces the file atomically. The new file has mode
// 0600.
type Edit struct {
	identity   *Identity
	passphrase []byte // nil if the file is not protected
	name       string
	file       *os.File // locked
}

// OpenEdit opens a private key file of one identity for a change; see [ReadIdentity].
// Close ends it. The error wraps [durable.ErrInUse] if there is an Edit of the file
// already, in this process or in another one.
func OpenEdit(name string, ask func() ([]byte, error)) (*Edit, error) {
	file, err := openLocked(name)
	if err != nil {
		return nil, err
	}
	e := &Edit{name: name, file: file}
	e.identity, err = ReadIdentity(file, func() (secret []byte, err error) {
		if ask == nil {
			return nil, ErrProtected
		}
		secret, err = ask()
		e.passphrase = bytes.Clone(secret)
		return secret, err
	})
	if err != nil {
		file.Close()
		return nil, err
	}
	return e, nil
}

// openLocked opens a file, and locks it against other Edits. If the file was
// replaced before it was locked, the new one is locked instead.
func openLocked(name string) (*os.File, error) {
	path, err := filepath.EvalSymlinks(name)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() { // opening a pipe would wait
		return nil, cmp.Or(err, fmt.Errorf("%s %w", name, durable.ErrNotRegular))
	}
	folder, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	for {
		// In a folder, because on Windows only such a file can be replaced while it is open.
		file, err := folder.Open(filepath.Base(path))
		if err != nil {
			return nil, err
		}
		err = durable.Lock(file)
		if err != nil && !errors.Is(err, durable.ErrNoPartial) { // which some network file systems lack
			file.Close()
			return nil, &os.PathError{Op: "open", Path: name, Err: err}
		}
		same, err := isFile(name, file)
		if same {
			return file, nil
		}
		file.Close()
		if err != nil {
			return nil, err
		}
	}
}

// isFile reports whether a name is still that of an open file.
func isFile(name string, file *os.File) (bool, error) {
	opened, err := file.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Stat(name)
	return err == nil && os.SameFile(opened, named), err
}

// Identity returns the identity in the file.
func (e *Edit) Identity() *Identity { return e.identity }

// Protected reports whether the file was protected by a passphrase.
func (e *Edit) Protected() bool { return e.passphrase != nil }

// Save replaces the file by one with next, which must be made by [Identity.Rotate] or
// [Identity.Retire] from the identity in it. A passphrase stays the same.
func (e *Edit) Save(next *Identity) error {
	has := next.Fingerprints()
	if slices.ContainsFunc(e.identity.Fingerprints(), func(f Fingerprint) bool { return !slices.Contains(has, f) }) {
		return fmt.Errorf("%w: %s would be lost", ErrUnrelated, e.identity.Fingerprint())
	}
	data, err := next.file(e.passphrase)
	if err != nil {
		return err
	}
	return e.replace(next, data)
}

// Protect replaces the file by one with the same identity and another passphrase, nil
// for none. It checks that the new file can be opened before it replaces the old one.
func (e *Edit) Protect(passphrase []byte) error {
	if passphrase != nil && len(passphrase) == 0 {
		return recipient.ErrEmptyPassphrase
	}
	data, err := e.identity.file(passphrase)
	if err != nil {
		return err
	}
	again, err := ReadIdentity(bytes.NewReader(data), func() ([]byte, error) { return passphrase, nil })
	if err != nil {
		return err
	}
	if !bytes.Equal(again.Marshal(), e.identity.Marshal()) {
		return fmt.Errorf("%w: what would be written is not what was read", ErrNotKey)
	}
	return e.replace(e.identity, data)
}

// replace replaces the file by data, after that was written and read back.
func (e *Edit) replace(next *Identity, data []byte) error {
	defer clear(data)
	f, err := durable.Create(context.Background(), e.name, durable.Options{Private: true})
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(data); err != nil {
		return err
	}
	written := make([]byte, len(data))
	defer clear(written)
	if _, err := f.ReadAt(written, 0); err != nil {
		return err
	}
	if !bytes.Equal(written, data) {
		return fmt.Errorf("%s: what was written reads differently", e.name)
	}
	if same, err := isFile(e.name, e.file); !same { // renamed, or replaced by other means
		return errors.Join(fmt.Errorf("%s was changed by another process", e.name), err)
	}
	e.identity = next
	return f.Commit()
}

// Close ends the Edit. What was saved stays.
func (e *Edit) Close() error {
	clear(e.passphrase)
	return e.file.Close()
}
