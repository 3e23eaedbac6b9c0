// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/pqenc/pqenc/bench/internal/measure"
)

// takeTurns runs all groups in order, as many times as requested.
func (b *bench) takeTurns(ctx context.Context) error {
	begin := time.Now()
	for round := range b.runs {
		for _, g := range b.groups {
			if err := b.runGroup(ctx, g, round); err != nil {
				return err
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d, %v\n", round+1, b.runs, time.Since(begin).Round(time.Second))
	}
	return nil
}

// runGroup runs the cases of a group that are due in a round, and removes their
// files.
func (b *bench) runGroup(ctx context.Context, g group, round int) error {
	made := make(map[string]bool)
	for _, c := range g {
		if c.runs > 0 && round >= c.runs {
			continue
		}
		if err := b.ensure(ctx, c.input); err != nil {
			return err
		}
		result, err := b.measure(ctx, c)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name(), err)
		}
		c.results = append(c.results, result)
		made[c.input] = true
		if c.output != backName {
			made[c.output] = true
		} else if err := b.remove(backName); err != nil { // nobody reads it, and it is large
			return err
		}
	}
	for name := range made {
		if b.lasting(name) {
			continue
		}
		if err := b.remove(name); err != nil {
			return err
		}
	}
	return nil
}

// lasting reports whether a file is kept between groups: inputs that several tools use,
// and files that take long to make and little space.
func (b *bench) lasting(name string) bool {
	switch name {
	case "", holesName, stubName:
		return true
	}
	for _, n := range append(b.small(), b.large()) {
		if name == plainName(n) {
			return true
		}
	}
	return false
}

func (b *bench) remove(name string) error {
	err := os.Remove(filepath.Join(b.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// ensure makes a file that is not there.
func (b *bench) ensure(ctx context.Context, name string) error {
	if name == "" {
		return nil
	}
	if _, err := os.Lstat(filepath.Join(b.dir, name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	return b.makers[name](ctx)
}

// runner makes the output of a case, without measuring it.
func (b *bench) runner(c *testCase) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := b.ensure(ctx, c.input); err != nil {
			return err
		}
		_, err := b.measure(ctx, c)
		return err
	}
}

// measure runs a case once.
func (b *bench) measure(ctx context.Context, c *testCase) (result measure.Result, err error) {
	if c.output != "" {
		if err := b.remove(c.output); err != nil {
			return result, err
		}
	}
	request, err := json.Marshal(measure.Request{Args: c.args, Feed: c.feed, Drain: c.drain, OneCore: c.oneCore})
	if err != nil {
		return result, err
	}
	cmd := exec.CommandContext(ctx, "./measure", string(request))
	cmd.Dir, cmd.Env = b.dir, b.env
	politely(cmd)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	answer, err := cmd.Output()
	if ctx.Err() != nil {
		return result, errInterrupted
	}
	if err != nil {
		return result, fmt.Errorf("%w\n%s", err, &stderr)
	}
	return result, json.Unmarshal(answer, &result)
}
