// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package keyfile_test

import (
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/pqenc/pqenc/keyfile"
)

func TestSaveModes(t *testing.T) {
	for _, c := range []struct {
		umask            int
		private, publish fs.FileMode
	}{{0, 0o600, 0o644}, {0o022, 0o600, 0o644}, {0o077, 0o600, 0o600}} {
		base := filepath.Join(t.TempDir(), "alice")
		old := syscall.Umask(c.umask)
		err := alice().Save(base)
		syscall.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]fs.FileMode{base + ".key": c.private, base + ".pub": c.publish} {
			if info, err := os.Stat(name); err != nil || info.Mode() != want {
				t.Errorf("umask %03o: %v, error %v, want %v", c.umask, info.Mode(), err, want)
			}
		}
		if keyfile.Exposed(base + ".key") {
			t.Errorf("umask %03o: the private key is exposed", c.umask)
		}
	}
}

// TestSaveHalf has the disk refuse the public key, which is longer: a private
// key alone must not stay.
func TestSaveHalf(t *testing.T) {
	private, public := len(alice().Marshal()), len(alice().Public().Marshal())
	if private >= public {
		t.Fatalf("the private key file has %d bytes, the public one %d", private, public)
	}
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	limit := old
	limit.Cur = 1024
	directory := t.TempDir()
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Skip("cannot limit the size of files: ", err)
	}
	err := alice().Save(filepath.Join(directory, "alice"))
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, syscall.EFBIG) {
		t.Errorf("%v", err)
	}
	wantFiles(t, directory)
}

func TestExposed(t *testing.T) {
	name := filepath.Join(t.TempDir(), "alice.key")
	put(t, name, "")
	for mode, want := range map[fs.FileMode]bool{
		0o600: false, 0o400: false, 0o700: false, 0o000: false,
		0o640: true, 0o604: true, 0o644: true, 0o620: true, 0o610: true, 0o601: true, 0o777: true,
	} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		if got := keyfile.Exposed(name); got != want {
			t.Errorf("mode %v: %t", mode, got)
		}
	}
	link := name + ".link"
	if err := os.Symlink(name, link); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[fs.FileMode]bool{0o600: false, 0o644: true} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		if got := keyfile.Exposed(link); got != want {
			t.Errorf("link to mode %v: %t", mode, got)
		}
	}
	// What is no file, or not there, is for the one who opens it to complain about.
	for _, other := range []string{filepath.Dir(name), name + ".none", "/dev/null"} {
		if keyfile.Exposed(other) {
			t.Errorf("%s is exposed", other)
		}
	}
}
