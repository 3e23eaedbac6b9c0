// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// hostile has everything that a terminal may interpret: escape, the 8-bit CSI, delete,
// carriage return, a change of direction, and invalid UTF-8.
const hostile = "a\x1b[2Jb\u009b31mc\x7fd\re\u202ef\xffg\nlevel=ERROR msg=\"forged\""

// TestLogIsPrintable logs hostile texts as values, as errors and inside other values.
func TestLogIsPrintable(t *testing.T) {
	for _, form := range []string{"text", "json"} {
		var out bytes.Buffer
		log := newLogger(&out, form, "info")
		log.Info("pushed", "name", hostile, "err", errors.New(hostile), "any", []string{hostile})
		log.Info(hostile)
		log.With("client", hostile).Info(fmt.Sprintf("as %q", hostile))
		if lines := strings.Count(out.String(), "\n"); lines != 3 {
			t.Errorf("%s: 3 records are %d lines", form, lines)
		}
		if !utf8.Valid(out.Bytes()) {
			t.Errorf("%s: the log is not UTF-8: %q", form, out.String())
		}
		for _, r := range out.String() {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("%s: %q is in the log: %q", form, r, out.String())
			}
		}
		if form == "json" {
			var record struct{ Name string }
			if err := json.NewDecoder(&out).Decode(&record); err != nil || record.Name != strings.ToValidUTF8(hostile, "\ufffd") {
				t.Errorf("the name in JSON: %q, %v", record.Name, err)
			}
		}
	}
}

func TestLogLevel(t *testing.T) {
	for level, want := range map[string]int{"debug": 4, "info": 3, "warn": 2, "error": 1} {
		var out bytes.Buffer
		log := newLogger(&out, "text", level)
		log.Debug("a")
		log.Info("a")
		log.Warn("a")
		log.Error("a")
		if lines := strings.Count(out.String(), "\n"); lines != want {
			t.Errorf("%s: %d lines, want %d", level, lines, want)
		}
	}
}
