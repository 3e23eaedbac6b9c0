// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package faults

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
)

// shared is a folder for all tests with processes. It has the program, keys, an access
// list, and the large file, plain and encrypted.
var shared string

func TestMain(m *testing.M) {
	var err error
	if shared, err = os.MkdirTemp("", "pqenc-faults-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(shared)
	os.Exit(code)
}

// prepare fills the shared folder, once.
var prepare = sync.OnceValue(func() error {
	build := exec.Command("go", "build", "-o", sharedFile(programName), "./cmd/pqenc")
	build.Dir = ".." // the module of the program
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	for _, who := range []string{"server", "alice"} {
		if err := testkit.Identity(who).Save(sharedFile(who)); err != nil {
			return err
		}
	}
	for name, content := range map[string][]byte{
		"allow":     []byte(testkit.Identity("alice").Fingerprint().String() + " push,pull,list,delete ** overwrite\n"),
		"large":     largePlain(),
		"large.pqe": large(),
	} {
		if err := os.WriteFile(sharedFile(name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
})

func sharedFile(name string) string { return filepath.Join(shared, name) }

// missing skips a test for which this machine lacks something. With PQENC_FAULTS_STRICT the
// test fails.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("PQENC_FAULTS_STRICT") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
