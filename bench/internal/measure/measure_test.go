// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package measure

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	name := filepath.Join(t.TempDir(), "contents")
	if err := os.WriteFile(name, []byte(strings.Repeat("x", 1<<20)), 0o666); err != nil {
		t.Fatal(err)
	}
	for what, request := range map[string]Request{
		"a command":            {Args: []string{"cat", name}},
		"a pipe to /dev/null":  {Args: []string{"cat"}, Feed: []string{"cat", name}},
		"a pipe on both sides": {Args: []string{"cat"}, Feed: []string{"cat", name}, Drain: true},
	} {
		got, err := Run(t.Context(), request)
		if err != nil || got.Wall <= 0 || got.Memory <= 0 {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
}

// TestRunFails stops the rest when one command fails.
func TestRunFails(t *testing.T) {
	for what, request := range map[string]Request{
		"no such command":      {Args: []string{"./nothing"}},
		"exit code":            {Args: []string{"false"}},
		"the input":            {Args: []string{"sleep", "3600"}, Feed: []string{"false"}},
		"the command in pipes": {Args: []string{"false"}, Feed: []string{"cat", "/dev/zero"}, Drain: true},
		"no such input":        {Args: []string{"cat"}, Feed: []string{"./nothing"}, Drain: true},
	} {
		if _, err := Run(t.Context(), request); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func TestRunStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, Request{Args: []string{"sleep", "3600"}}); err == nil {
		t.Error("it has not stopped")
	}
}

// TestOneCore asks a command how many cores it may use.
func TestOneCore(t *testing.T) {
	_, err := Run(t.Context(), Request{Args: []string{"sh", "-c", `test "$(nproc)" = 1`}, OneCore: true})
	if err != nil && !errors.Is(err, ErrCores) {
		t.Error(err)
	}
}
