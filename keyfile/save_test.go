// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pqenc/pqenc/internal/armor"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

// wantFiles checks that a folder has files of those names only.
func wantFiles(t *testing.T, directory string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("the folder has %q, want %q", got, want)
	}
}

func wantContent(t *testing.T, name string, want []byte) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || string(got) != string(want) {
		t.Errorf("%s: as expected %t, error %v", name, string(got) == string(want), err)
	}
}

func TestSave(t *testing.T) {
	directory := t.TempDir()
	t.Chdir(directory)
	if err := os.Mkdir("keys", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, base := range []string{"alice", "./bob", "keys/carol", "keys/../dan", filepath.Join(directory, "erin"), "a name with spaces", "v1.0"} {
		if err := alice().Save(base); err != nil {
			t.Errorf("%s: %v", base, err)
			continue
		}
		wantContent(t, base+".key", alice().Marshal())
		wantContent(t, base+".pub", alice().Public().Marshal())
	}
	wantFiles(t, "keys", "carol.key", "carol.pub")
	wantFiles(t, ".", "a name with spaces.key", "a name with spaces.pub", "alice.key", "alice.pub",
		"bob.key", "bob.pub", "dan.key", "dan.pub", "erin.key", "erin.pub", "keys", "v1.0.key", "v1.0.pub")
}

func TestSaveProtected(t *testing.T) {
	directory := t.TempDir()
	base := filepath.Join(directory, "alice")
	if err := alice().SaveProtected(base, []byte{}); !errors.Is(err, recipient.ErrEmptyPassphrase) {
		t.Errorf("empty passphrase: %v", err)
	}
	wantFiles(t, directory)
	if err := alice().SaveProtected(base, []byte("open sesame")); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, directory, "alice.key", "alice.pub")
	wantContent(t, base+".pub", alice().Public().Marshal())
	file, err := os.ReadFile(base + ".key")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(file, []byte(armor.Header+"\n")) {
		t.Errorf("the protected file begins with %.40q", file)
	}
	wantDiscreet(t, "the protected file", errors.New(string(file)), string(pairOf(alice().Marshal())))
	if _, err := keyfile.LoadIdentity(base+".key", nil); !errors.Is(err, keyfile.ErrProtected) {
		t.Errorf("without the passphrase: %v", err)
	}
	ask, asked := answer("open sesame")
	id, err := keyfile.LoadIdentity(base+".key", ask)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(id.Marshal(), alice().Marshal()) || *asked != 1 {
		t.Errorf("another key, or asked %d times", *asked)
	}
}

func TestSaveNeverOverwrites(t *testing.T) {
	for _, taken := range [][]string{{"alice.key"}, {"alice.pub"}, {"alice.key", "alice.pub"}} {
		for what, occupy := range map[string]func(name string) error{
			"file":          func(name string) error { return os.WriteFile(name, []byte("old"), 0o600) },
			"folder":        func(name string) error { return os.Mkdir(name, 0o700) },
			"dangling link": func(name string) error { return os.Symlink("nowhere", name) },
		} {
			directory := t.TempDir()
			for _, name := range taken {
				if err := occupy(filepath.Join(directory, name)); err != nil {
					t.Skip(err)
				}
			}
			if err := alice().Save(filepath.Join(directory, "alice")); !errors.Is(err, fs.ErrExist) {
				t.Errorf("%s at %q: %v", what, taken, err)
			}
			wantFiles(t, directory, taken...)
			if what == "file" {
				for _, name := range taken {
					wantContent(t, filepath.Join(directory, name), []byte("old"))
				}
			}
		}
	}
}

func TestSaveNowhere(t *testing.T) {
	directory := t.TempDir()
	if err := alice().Save(filepath.Join(directory, "none", "alice")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	wantFiles(t, directory)
}

// TestSaveRace: of several that save under one name, one gets both files.
func TestSaveRace(t *testing.T) {
	for range 20 {
		directory := t.TempDir()
		base := filepath.Join(directory, "key")
		people := []*keyfile.Identity{alice(), mallory()}
		errs := make(chan error, len(people))
		for _, id := range people {
			go func() { errs <- id.Save(base) }()
		}
		failed := 0
		for range people {
			if err := <-errs; errors.Is(err, fs.ErrExist) {
				failed++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if failed != 1 {
			t.Fatalf("%d of 2 failed", failed)
		}
		id, err := keyfile.LoadIdentity(base+".key", nil)
		if err != nil {
			t.Fatal(err)
		}
		wantContent(t, base+".pub", id.Public().Marshal())
		wantFiles(t, directory, "key.key", "key.pub")
	}
}
