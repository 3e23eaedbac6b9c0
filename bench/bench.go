// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/pqenc/pqenc/bench/internal/hold"
)

// bench is one run of the benchmark: a folder, the programs and keys in it, and the
// cases to measure.
type bench struct {
	options
	dir     string   // absolute
	env     []string // of all commands
	tools   []tool
	notes   []string // what was left out, and why
	self    string   // this program
	holding *exec.Cmd
	groups  []group
	makers  map[string]func(context.Context) error // of files, by their names
}

// note adds a line under the table.
func (b *bench) note(format string, args ...any) {
	b.notes = append(b.notes, fmt.Sprintf(format, args...))
}

// prepare builds and finds the programs and makes the keys.
func (b *bench) prepare(ctx context.Context) error {
	b.env = append(os.Environ(), "LC_ALL=C",
		"PQENC_HOME="+filepath.Join(b.dir, "keyring"),
		"GNUPGHOME="+filepath.Join(b.dir, "gnupg"),
		"RCLONE_CONFIG=", // no file
		"RCLONE_CONFIG_SEALED_TYPE=crypt",
		"RCLONE_CONFIG_SEALED_REMOTE="+b.dir,
		"RCLONE_CONFIG_SEALED_FILENAME_ENCRYPTION=off",
		"RCLONE_CONFIG_SEALED_SUFFIX=none",
	)
	var err error
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "building the programs")
	if err := b.findTools(ctx); err != nil {
		return err
	}
	return b.takeMemory()
}

// takeMemory makes sure that a virtual machine has the pages that files in memory will
// need.
func (b *bench) takeMemory() error {
	const most = 0.6 // of the available memory
	need, available := 4*b.large()>>20, availableMemory()>>20
	if !inMemory(b.dir) || available == 0 {
		return nil
	}
	if limit := int64(most * float64(available)); need > limit {
		b.note("Only %d MiB of memory were available, of which %d MiB were taken before: first writes may have waited for more.", available, limit)
		need = limit
	}
	var err error
	b.holding, err = hold.Start(b.self, int(need))
	return err
}

// clean ends all processes and removes all files.
func (b *bench) clean() error {
	if b.holding != nil {
		b.holding.Process.Signal(syscall.SIGTERM)
		b.holding.Wait()
	}
	if _, err := os.Stat(filepath.Join(b.dir, "gnupg")); err == nil {
		b.command(context.Background(), "gpgconf", "--kill", "all") // gpg has started an agent there
	}
	return os.RemoveAll(b.dir)
}

// command runs a command that is not measured, in the folder, and returns its output.
func (b *bench) command(ctx context.Context, args ...string) (string, error) {
	return b.commandIn(ctx, b.dir, args...)
}

func (b *bench) commandIn(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, b.env
	politely(cmd)
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return "", errInterrupted
	}
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return "", fmt.Errorf("%q: %w\n%s", args, err, exit.Stderr)
		}
		return "", fmt.Errorf("%q: %w", args, err)
	}
	return string(out), nil
}

var errInterrupted = errors.New("interrupted")

// politely makes a command stop by a signal, so that it can end its own processes.
func politely(cmd *exec.Cmd) {
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
}
