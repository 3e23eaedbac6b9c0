// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"fmt"

	"github.com/pqenc/pqenc/keyfile"
)

// each does n things one after the other. One that fails does not stop the others, unless
// its error is [fatal].
func (a *app) each(n int, do func(i int) error) error {
	if n == 1 {
		return do(0)
	}
	var s several
	for i := 0; i < n && !s.fatal; i++ {
		s.add(a, do(i))
	}
	return s.err(n)
}

// several counts what came of several things that a command does.
type several struct {
	done  int
	code  int  // exit code of the first failure
	fatal bool // a fatal error was reported
}

// add counts a result, and reports its error. Of fatal errors it reports one.
func (s *several) add(a *app, err error) {
	switch {
	case err == nil:
		s.done++
	case !s.fatal || !fatal(err):
		s.fatal = s.fatal || fatal(err)
		if code := a.report(err); s.code == exitOK {
			s.code = code
		}
	}
}

// err fails if not all n things are done.
func (s *several) err(n int) error {
	if s.done == n {
		return nil
	}
	return &failure{fmt.Errorf("%d of %d are not done", n-s.done, n), s.code, nil}
}

// fatal reports whether an error is a reason to start no more: there is no server to do it
// with, or a passphrase was wrong. The server that has made up the files could learn
// something from every one that it is tried on.
func fatal(err error) bool {
	if err == nil {
		return false
	}
	code, _ := codeOf(err)
	return code == exitServer || code == exitConnection || errors.Is(err, errWrongPassphrase) || errors.Is(err, keyfile.ErrPassphrase)
}
