// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

// saved saves alice in a new folder, and returns the name of the private key.
func saved(t *testing.T) string {
	t.Helper()
	base := filepath.Join(t.TempDir(), "alice")
	if err := alice().Save(base); err != nil {
		t.Fatal(err)
	}
	return base + ".key"
}

func openEdit(t *testing.T, name string, ask func() ([]byte, error)) *keyfile.Edit {
	t.Helper()
	e, err := keyfile.OpenEdit(name, ask)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// hasGenerations requires so many generations in the file.
func hasGenerations(t *testing.T, name string, ask func() ([]byte, error), want int) {
	t.Helper()
	id, err := keyfile.LoadIdentity(name, ask)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(id.Generations()); n != want {
		t.Errorf("%d generations, want %d", n, want)
	}
}

func TestEdit(t *testing.T) {
	name := saved(t)
	secret := []byte("correct horse")
	ask := func() ([]byte, error) { return secret, nil }

	e := openEdit(t, name, nil)
	if _, err := keyfile.OpenEdit(name, nil); !errors.Is(err, durable.ErrInUse) {
		t.Errorf("a second Edit: %v", err)
	}
	if err := e.Protect([]byte{}); !errors.Is(err, recipient.ErrEmptyPassphrase) {
		t.Errorf("an empty passphrase: %v", err)
	}
	if err := e.Protect(secret); err != nil || e.Protected() {
		t.Fatal(err)
	}
	e.Close()
	if _, err := keyfile.OpenEdit(name, nil); !errors.Is(err, keyfile.ErrProtected) {
		t.Errorf("nobody to ask: %v", err)
	}
	if _, err := keyfile.OpenEdit(name, func() ([]byte, error) { return []byte("wrong"), nil }); !errors.Is(err, keyfile.ErrPassphrase) {
		t.Errorf("a wrong passphrase: %v", err)
	}

	e = openEdit(t, name, ask)
	next, err := e.Identity().Rotate(keyfile.Details{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Save(next); err != nil || !e.Protected() {
		t.Fatal(err)
	}
	hasGenerations(t, name, ask, 2)
	if info, err := os.Stat(name); err != nil || info.Mode() != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestEditLosesNothing saves an identity that lacks generations of the file, and into a
// file that was replaced meanwhile.
func TestEditLosesNothing(t *testing.T) {
	name := saved(t)
	e := openEdit(t, name, nil)
	other, err := keyfile.Generate()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Save(other); !errors.Is(err, keyfile.ErrUnrelated) {
		t.Errorf("another identity: %v", err)
	}
	next, err := alice().Rotate(keyfile.Details{})
	if err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(t.TempDir(), "newer")
	if err := errors.Join(next.Save(newer), os.Rename(newer+".key", name)); err != nil {
		t.Fatal(err)
	}
	mine, err := e.Identity().Rotate(keyfile.Details{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Save(mine); err == nil {
		t.Error("it lost what somebody else has made")
	}
	hasGenerations(t, name, nil, 2)

	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := e.Save(mine); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is gone: %v", err)
	}
}
