// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"io"
	"log/slog"
	"strings"

	"github.com/pqenc/pqenc/internal/terminal"
)

// newLogger returns a logger with the given format, text or json, and level.
func newLogger(w io.Writer, form, level string) *slog.Logger {
	var o slog.HandlerOptions
	var at slog.Level
	if at.UnmarshalText([]byte(level)) == nil { // the grammar allows only valid levels
		o.Level = at
	}
	if form == "json" {
		return slog.New(slog.NewJSONHandler(printable{w}, &o))
	}
	return slog.New(slog.NewTextHandler(printable{w}, &o))
}

// printable removes control characters that a terminal could interpret. The slog handlers
// leave some of them, and logs are read on terminals.
type printable struct{ w io.Writer }

func (p printable) Write(line []byte) (int, error) {
	text := terminal.Printable(strings.TrimSuffix(string(line), "\n"))
	if _, err := io.WriteString(p.w, text+"\n"); err != nil {
		return 0, err
	}
	return len(line), nil
}
