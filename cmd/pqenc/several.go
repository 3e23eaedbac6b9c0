// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/pqenc/pqenc/internal/progress"
	"github.com/pqenc/pqenc/internal/terminal"
	"github.com/pqenc/pqenc/keyfile"
)

// fileOutcome is the outcome for one of several files.
type fileOutcome int

const (
	isDone      fileOutcome = iota
	isUnsteady              // done, but the file was written to while it was read
	isUnchanged             // nothing to do
	isThere                 // the output exists and was kept
	isSkipped               // another kind of file
	isHidden                // left out by its name
	isDeleted               // deleted because its source is gone
	isFailed
)

// several collects the outcomes for the files of a command: it counts them, reports
// failed and changed files, and determines the summary and the exit code. It is safe for
// concurrent use.
type several struct {
	app     *app
	verb    string // past participle: "encrypted"
	noun    string // what is counted, in the plural; empty means "files"
	skipped string // describes [isSkipped]: "not encrypted and left alone"
	total   int    // number of files, including those that will not be started
	one     bool   // a single named file: its error is that of the command
	tell    bool   // print a summary even for a single file
	light   bool   // only a small part of each file is processed: leave out the total size
	keep    bool   // keep the results for JSON

	mu      sync.Mutex // guards all fields below, and is held while printing
	meter   *progress.Meter
	count   [isFailed + 1]int
	early   int   // files that are done and wait for their turn to be counted
	bytes   int64 // of the files that are done
	fatal   int   // exit code of a fatal error, after which no more files are started, or 0
	only    error // error of the single file
	results []fileResult
	alike   []alike
}

// alike counts files with the same error.
type alike struct {
	reason      string
	code, count int
}

// limit is the number of equal errors that are reported with their files.
func (a *alike) limit() int {
	if a.code == exitNoKey {
		return 1
	}
	return 3
}

// fileResult is the outcome for a file in its JSON form.
type fileResult struct {
	File   string `json:"file"`
	Result string `json:"result"` // the verb, or a word for the outcome
	Error  string `json:"error,omitempty"`
}

// add records the outcome for a file of the given size, and reports its error. After an
// error with the exit code [exitUnsteady], the file counts as done. Failures during an
// interruption are caused by it, and are not counted.
func (s *several) add(title string, size int64, result fileOutcome, err error) {
	if err != nil && s.app.ending.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	code := 0
	if err != nil {
		code, _ = codeOf(err)
		result = isFailed
		if code == exitUnsteady {
			result = isUnsteady
		}
	}
	s.count[result]++
	if result <= isUnsteady {
		s.bytes += max(size, 0)
	}
	if s.keep {
		s.record(title, result, err)
	}
	switch {
	case err == nil:
	case s.one:
		s.only = err
	case !fatal(err):
		if s.repeats(title, err, code) {
			return
		}
		s.meter.Aside(func() { s.app.report(err) })
	case s.fatal == 0: // the first fatal error is reported
		s.fatal = code
		s.meter.Aside(func() { s.app.report(err) })
	}
}

// repeats reports whether enough files had the same error. Further ones are only counted,
// and reported at the end.
func (s *several) repeats(title string, err error, code int) bool {
	if title == "" {
		return false
	}
	reason := strings.TrimPrefix(plain(err), title+": ")
	if path := (*fs.PathError)(nil); errors.As(err, &path) && path.Path == title {
		reason = path.Err.Error()
	}
	i := slices.IndexFunc(s.alike, func(a alike) bool { return a.reason == reason })
	if i < 0 {
		i = len(s.alike)
		if i == maxReasons {
			return false
		}
		s.alike = append(s.alike, alike{reason: reason, code: code})
	}
	s.alike[i].count++
	return s.alike[i].count > s.alike[i].limit()
}

// maxReasons is the number of different errors that are counted.
const maxReasons = 100

// reportAlike reports the number of errors that were only counted.
func (s *several) reportAlike() {
	for _, a := range s.alike {
		if n := a.count - a.limit(); n > 0 {
			s.app.say(fmt.Sprintf("error: %d more %s: %s", n, s.nouns(n), a.reason))
		}
	}
}

func (s *several) record(title string, result fileOutcome, err error) {
	r := fileResult{File: title, Result: [...]string{s.verb, "changed while it was read", "unchanged", "already there", "not encrypted", "hidden", "deleted", "failed"}[result]}
	if err != nil {
		r.Error = err.Error()
	}
	s.results = append(s.results, r)
}

// warn prints a warning about a file.
func (s *several) warn(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.meter.Aside(func() { s.app.warn(format, args...) })
}

// stopped reports whether a fatal error means that no more files are started.
func (s *several) stopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fatal != 0
}

// end prints the summary. It returns the error of the single file, or an error if some
// files failed or changed.
func (s *several) end() error {
	if s.keep {
		if err := s.printJSON(); err != nil {
			return err
		}
	}
	s.reportAlike()
	failed, left := s.count[isFailed], s.total-s.sum()
	code := exitSomeFailed
	if s.fatal != 0 {
		code = s.fatal
	}
	switch {
	case s.one && s.only != nil:
		return s.only
	case failed+left > 0:
		text := fmt.Sprintf("%d of %d %s failed", failed, s.total-s.count[isSkipped]-s.count[isHidden], s.nouns(0))
		if rest := s.summary(false, left); rest != "" {
			text += ": " + rest
		}
		return &failure{errors.New(text), code, nil}
	case s.count[isUnsteady] > 0:
		return &failure{errors.New(s.summary(true, 0)), exitUnsteady, nil}
	case !s.one || s.tell || s.count[isDone] == 0:
		s.app.inform("%s", s.summary(true, 0))
	}
	return nil
}

func (s *several) sum() (n int) {
	for _, count := range s.count {
		n += count
	}
	return n
}

// summary returns one line with all counts that are not 0, except that of failures, which
// is in the error. It names what is counted if nothing before it does.
func (s *several) summary(named bool, left int) string {
	var parts []string
	add := func(n int, noun, what string) {
		parts = append(parts, fmt.Sprintf("%d %s%s", n, noun, what))
	}
	deleted := "deleted"
	if strings.HasPrefix(s.verb, "to be ") {
		deleted = "to be deleted"
	}
	done := s.count[isDone] + s.count[isUnsteady]
	if named {
		add(done, s.nouns(done)+" ", s.verb)
	} else if done > 0 {
		add(done, "", s.verb)
	}
	for _, o := range []struct {
		n    int
		what string
	}{
		{s.count[isUnchanged], "up to date"},
		{s.count[isThere], "already there"},
		{s.count[isDeleted], deleted},
		{s.count[isSkipped], s.skipped},
		{s.count[isHidden], "hidden and left out"},
		{s.count[isUnsteady], "changed while read"},
		{left, "not started"},
	} {
		if o.n > 0 {
			add(o.n, "", o.what)
		}
	}
	text := strings.Join(parts, ", ")
	if s.bytes > 0 && !s.light {
		text += " (" + sizeText(s.bytes) + ")"
	}
	return text
}

// nouns returns the noun for n of what is counted; 0 is any number.
func (s *several) nouns(n int) string {
	noun := s.noun
	if noun == "" {
		noun = "files"
	}
	if n == 1 {
		return strings.TrimSuffix(noun, "s")
	}
	return noun
}

func (s *several) printJSON() error {
	slices.SortFunc(s.results, func(a, b fileResult) int { return strings.Compare(a.File, b.File) })
	return printJSON(s.app.stdout, struct {
		Changed      int          `json:"changed"`
		Unchanged    int          `json:"unchanged"`
		NotEncrypted int          `json:"not_encrypted"`
		There        int          `json:"already_there,omitempty"`
		Deleted      int          `json:"deleted,omitempty"`
		Failed       int          `json:"failed"`
		Files        []fileResult `json:"files"`
	}{s.count[isDone] + s.count[isUnsteady], s.count[isUnchanged], s.count[isSkipped], s.count[isThere], s.count[isDeleted], s.count[isFailed], append([]fileResult{}, s.results...)})
}

// each does n things in order. An error does not stop the others, unless it is [fatal].
// The verb is for the summary.
func (a *app) each(n int, verb string, do func(i int) error) error {
	s := &several{app: a, verb: verb, one: n == 1, total: n}
	a.work.Store(s)
	for i := 0; i < n && !s.stopped(); i++ {
		s.add("", -1, isDone, do(i))
	}
	return s.end()
}

// fatal reports whether an error must stop the command: the server cannot be reached, or
// a passphrase was wrong. A hostile server could learn about the passphrase from every
// file that it is tried on.
func fatal(err error) bool {
	if err == nil {
		return false
	}
	code, _ := codeOf(err)
	return code == exitServer || code == exitConnection || errors.Is(err, errWrongPassphrase) || errors.Is(err, keyfile.ErrPassphrase)
}

// printName prints the name of a file.
func (a *app) printName(name string) error {
	_, err := fmt.Fprintln(a.stdout, terminal.Printable(name))
	return err
}

// printPair prints the name of a file and that of its output.
func (a *app) printPair(from, to string) error {
	if isStdio(to) {
		to = "standard output"
	}
	_, err := fmt.Fprintln(a.stdout, terminal.Printable(from)+" -> "+terminal.Printable(to))
	return err
}
