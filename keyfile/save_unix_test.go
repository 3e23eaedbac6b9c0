// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package keyfile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
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
// key alone must not stay. The limit is that of a process of its own, because that of
// the tests has files to write, too.
func TestSaveHalf(t *testing.T) {
	const limited = "KEYFILE_TEST_LIMITED"
	if os.Getenv(limited) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestSaveHalf$", "-test.v")
		cmd.Env = append(os.Environ(), limited+"=yes")
		if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS")) {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	private, public := len(alice().Marshal()), len(alice().Public().Marshal())
	const between = 7000
	if private > between || public <= between {
		t.Fatalf("the private key file has %d bytes, the public one %d", private, public)
	}
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = between
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	if err := alice().Save(filepath.Join(directory, "alice")); !errors.Is(err, syscall.EFBIG) || !strings.Contains(err.Error(), ".pub") {
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
	// For what is not a file, or not there, opening it gives the error.
	for _, other := range []string{filepath.Dir(name), name + ".none", "/dev/null"} {
		if keyfile.Exposed(other) {
			t.Errorf("%s is exposed", other)
		}
	}
}
