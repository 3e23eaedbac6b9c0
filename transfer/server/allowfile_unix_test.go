// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package server

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/pqenc/pqenc/signature"
)

// TestAllowFileIsNone uses pipes and devices as the list or as a key file. Opening them
// must not wait for a writer, and reading them must end.
func TestAllowFileIsNone(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	load := func(name string) ([]signature.Fingerprint, error) {
		_, err := os.ReadFile(name)
		return []signature.Fingerprint{allowAlice}, err
	}
	for _, name := range []string{pipe, "/dev/zero", t.TempDir()} {
		if _, err := OpenAllow(name, KeyFiles(load), nil); !errors.Is(err, errNotRegular) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		f := newAllowFile(t, allowAlice.String()+" pull **\n", load)
		f.put(name + " pull **\n")
		f.want(true, false)
		if err := f.Err(); !errors.Is(err, errNotRegular) {
			t.Errorf("a key in %s: %v", name, err)
		}
		f.put("")
		f.want(false, false)
	}
	f := newAllowFile(t, allowAlice.String()+" pull **\n", load)
	if err := os.Rename(pipe, f.name); err != nil {
		t.Fatal(err)
	}
	f.want(true, false)
	if err := f.Err(); !errors.Is(err, errNotRegular) {
		t.Error(err)
	}
}

// TestAllowFileIsSlow has a disk that does not respond. A caller that checks the list
// continues after a while with the old list, and other callers do not wait.
func TestAllowFileIsSlow(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys.pub")
	if err := os.WriteFile(keys, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan struct{})
		f := newAllowFile(t, allowAlice.String()+" pull **\n", func(string) ([]signature.Fingerprint, error) {
			<-answer
			return []signature.Fingerprint{allowBob}, nil
		})
		f.put(keys + " pull **\n")
		f.want(true, false) // who waits depends on the clock, which stands still
		if len(f.reported) != 1 || !strings.Contains(f.reported[0].Error(), f.name) {
			t.Errorf("reported %v", f.reported)
		}
		close(answer)
		synctest.Wait()
		f.want(false, true)
	})
}
