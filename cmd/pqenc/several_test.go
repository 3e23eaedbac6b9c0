// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/pqenc/pqenc/transfer"
)

// TestSeveral tests the exit code and the summary for the outcomes of several files.
func TestSeveral(t *testing.T) {
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer nowhere.Close()
	steady := &failure{errors.New("grew"), exitUnsteady, nil}
	for name, c := range map[string]struct {
		errs  []error // for files of 1 KiB each, done or not
		there int
		total int
		code  int
		text  string
	}{
		"some fail":             {errs: []error{nil, errors.New("x"), nil}, there: 1, total: 4, code: exitSomeFailed, text: "1 of 4 files failed: 2 encrypted, 1 already there (2 KiB)"},
		"all fail":              {errs: []error{errors.New("x"), errors.New("y")}, total: 2, code: exitSomeFailed, text: "2 of 2 files failed"},
		"one is changed":        {errs: []error{nil, steady}, total: 2, code: exitUnsteady, text: "2 files encrypted, 1 changed while read (2 KiB)"},
		"failed before changed": {errs: []error{errors.New("x"), steady}, total: 2, code: exitSomeFailed, text: "1 of 2 files failed: 1 encrypted, 1 changed while read (1 KiB)"},
		"the server is gone":    {errs: []error{nil, transfer.ErrGaveUp, transfer.ErrGaveUp}, total: 9, code: exitConnection, text: "2 of 9 files failed: 1 encrypted, 6 not started (1 KiB)"},
		"the only one":          {errs: []error{transfer.ErrNotFound}, total: 1, code: exitRefused, text: transfer.ErrNotFound.Error()},
		"all is well":           {errs: []error{nil, nil}, there: 2, total: 4, code: exitOK},
	} {
		a := newApp()
		a.grammar.Quiet = true
		a.stderr = newMessages(nowhere)
		s := &several{app: a, verb: "encrypted", total: c.total, one: c.total == 1}
		for _, err := range c.errs {
			s.add("file", 1024, isDone, err)
		}
		for range c.there {
			s.add("file", 1024, isThere, nil)
		}
		err := s.end()
		code, text := exitOK, ""
		if err != nil {
			code, _ = codeOf(err)
			text = err.Error()
		}
		if code != c.code || text != c.text {
			t.Errorf("%s: exit code %d, %q, want %d, %q", name, code, text, c.code, c.text)
		}
	}
}

// TestSoFar counts in an interruption what is done whose turn it is not yet, and nothing that
// fails because of it.
func TestSoFar(t *testing.T) {
	a := newApp()
	a.grammar.Quiet = true
	started, last := make(chan bool), make(chan error)
	all := &atOnce{several: several{app: a, verb: "pulled"}, tally: &tally{app: a}, sizes: []int64{1, 1, 1}}
	all.begin = func(i int) job {
		if i > 0 {
			return func() done { return done{} }
		}
		return func() done {
			started <- true
			return done{err: <-last}
		}
	}
	ended := make(chan error)
	go func() { ended <- all.run() }()
	<-started
	for want := "2 of 3 files pulled"; all.soFar() != want; time.Sleep(time.Millisecond) {
	}
	if want := "run the same command again with --skip-existing for the rest"; all.restHint(false) != want {
		t.Errorf("%q, want %q", all.restHint(false), want)
	}
	a.ending.Store(true)
	last <- errors.New("its output is gone")
	if err := <-ended; all.soFar() != "2 of 3 files pulled" {
		t.Errorf("%v, %q", err, all.soFar())
	}
}
