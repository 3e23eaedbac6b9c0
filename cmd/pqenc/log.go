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

// newLogger returns a logger of that form, text or json, and level.
func newLogger(w io.Writer, form, level string) *slog.Logger {
	var o slog.HandlerOptions
	var at slog.Level
	if at.UnmarshalText([]byte(level)) == nil { // the grammar knows the levels
		o.Level = at
	}
	if form == "json" {
		return slog.New(slog.NewJSONHandler(printable{w}, &o))
	}
	return slog.New(slog.NewTextHandler(printable{w}, &o))
}

// printable passes lines on without what a terminal might obey. The handlers of
// slog leave some of that in, and who reads a log reads it on a terminal.
type printable struct{ w io.Writer }

func (p printable) Write(line []byte) (int, error) {
	text := terminal.Printable(strings.TrimSuffix(string(line), "\n"))
	if _, err := io.WriteString(p.w, text+"\n"); err != nil {
		return 0, err
	}
	return len(line), nil
}
