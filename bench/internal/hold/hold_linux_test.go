// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package hold

import (
	"os"
	"syscall"
	"testing"
)

// TestMain makes this program one that [Start] can start.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "hold" {
		if Run(os.Args[2]) != nil {
			os.Exit(1)
		}
		return
	}
	m.Run()
}

func TestStart(t *testing.T) {
	cmd, err := Start(os.Args[0], 8)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error("it does not hold any more:", err)
	}
	if cmd.Wait() == nil {
		t.Error("it ended by itself")
	}
}

func TestStartFails(t *testing.T) {
	for _, program := range []string{os.Args[0] + ".nothing", "/bin/false"} {
		if _, err := Start(program, 8); err == nil {
			t.Errorf("%s holds memory", program)
		}
	}
	if Run("much") == nil {
		t.Error("it holds no number of MiB")
	}
}
