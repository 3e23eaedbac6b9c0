// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"reflect"
	"testing"
	"time"

	"github.com/pqenc/pqenc/transfer/server"
)

// limitsOf returns the limits of a server with these flags.
func limitsOf(t *testing.T, flags ...string) server.Limits {
	t.Helper()
	parser := newParser(newApp())
	ctx, err := parser.Parse(append([]string{"serve", "--dir", "store", "--listen", ":0", "-i", "key", "--allow", "allow"}, flags...))
	if err != nil {
		t.Fatal(err)
	}
	return ctx.Model.Target.Addr().Interface().(*grammar).Serve.Limits.limits()
}

// TestLimitFlags sets one flag at a time, which must change only its own limit; the
// others have the defaults that the help states.
func TestLimitFlags(t *testing.T) {
	defaults := server.Limits{
		KeepFree: 1 << 30, Objects: 1_000_000, Folders: 100_000, Partial: 7 * 24 * time.Hour,
		Connections: 512, ConnectionsPerKey: 128, Unauthenticated: 512, UnauthenticatedPerAddress: 128,
		Login: 10 * time.Second, Idle: 10 * time.Minute, Silence: time.Minute,
	}
	if got := limitsOf(t); got != defaults {
		t.Errorf("without flags: %+v", got)
	}
	tests := map[string]struct {
		value string
		set   func(l *server.Limits)
	}{
		"--max-object":                      {"3KiB", func(l *server.Limits) { l.ObjectSize = 3 << 10 }},
		"--max-store":                       {"4KiB", func(l *server.Limits) { l.StoreSize = 4 << 10 }},
		"--keep-free":                       {"5KiB", func(l *server.Limits) { l.KeepFree = 5 << 10 }},
		"--max-objects":                     {"14", func(l *server.Limits) { l.Objects = 14 }},
		"--max-folders":                     {"15", func(l *server.Limits) { l.Folders = 15 }},
		"--keep-partials":                   {"6d", func(l *server.Limits) { l.Partial = 6 * 24 * time.Hour }},
		"--max-connections":                 {"7", func(l *server.Limits) { l.Connections = 7 }},
		"--max-connections-per-key":         {"8", func(l *server.Limits) { l.ConnectionsPerKey = 8 }},
		"--max-unauthenticated":             {"9", func(l *server.Limits) { l.Unauthenticated = 9 }},
		"--max-unauthenticated-per-address": {"10", func(l *server.Limits) { l.UnauthenticatedPerAddress = 10 }},
		"--login-timeout":                   {"11s", func(l *server.Limits) { l.Login = 11 * time.Second }},
		"--idle-timeout":                    {"12s", func(l *server.Limits) { l.Idle = 12 * time.Second }},
		"--silence-timeout":                 {"13s", func(l *server.Limits) { l.Silence = 13 * time.Second }},
	}
	for flag, test := range tests {
		want := defaults
		test.set(&want)
		if got := limitsOf(t, flag, test.value); got != want {
			t.Errorf("%s %s: %+v", flag, test.value, got)
		}
	}
	if n := reflect.TypeFor[server.Limits]().NumField(); n != len(tests) {
		t.Errorf("%d limits, and flags for %d", n, len(tests))
	}
}
