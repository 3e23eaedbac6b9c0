// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/pqenc/pqenc/internal/progress"
)

// fileOutcome is the outcome for one of many files.
type fileOutcome int

const (
	isChanged   fileOutcome = iota
	isUnchanged             // there was nothing to do
	isSkipped               // another kind of file
	isFailed
)

// manyFiles are the files that a command works on, several at once. One that fails
// does not stop the others.
type manyFiles struct {
	app     *app
	verb    string // of what changed: "rewrapped"
	several bool   // or one, which was named
	keep    bool   // results, for JSON
	tell    bool   // the outcome also of one file
	list    []found

	mu      sync.Mutex // of all that follows, and over each message
	meter   *progress.Meter
	done    int64 // bytes
	count   [isFailed + 1]int
	results []fileResult
	only    error // of the one file, if there are not several
}

// fileResult is the outcome for a file in its JSON form.
type fileResult struct {
	File   string `json:"file"`
	Result string `json:"result"` // the verb, "unchanged", "not encrypted" or "failed"
	Error  string `json:"error,omitempty"`
}

// find walks over all that was named.
func (m *manyFiles) find(names []string) {
	info, err := os.Stat(names[0])
	m.several = len(names) > 1 || err == nil && info.IsDir()
	m.app.walkAll(names, func(f found, err error) {
		if err != nil {
			m.finish(f, isFailed, err)
			return
		}
		m.list = append(m.list, f)
	})
}

// run calls do for every file that was found, for several at the same time.
func (m *manyFiles) run(workers int, do func(f found, p *fileProgress) (fileOutcome, error)) {
	var total int64
	for _, f := range m.list {
		total += max(f.size, 0)
	}
	m.meter = m.app.startMeter(total, os.DevNull)
	defer m.meter.Stop()
	var next int
	take := func() (f found, ok bool) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if next == len(m.list) {
			return f, false
		}
		next++
		return m.list[next-1], true
	}
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for f, ok := take(); ok; f, ok = take() {
				p := &fileProgress{m, max(f.size, 0)}
				result, err := do(f, p)
				p.add(p.left)
				m.finish(f, result, err)
			}
		})
	}
	all.Wait()
}

// finish records the outcome for a file, and reports an error.
func (m *manyFiles) finish(f found, result fileOutcome, err error) {
	if err != nil {
		result = isFailed
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count[result]++
	if m.keep {
		r := fileResult{File: f.title(), Result: [...]string{m.verb, "unchanged", "not encrypted", "failed"}[result]}
		if err != nil {
			r.Error = err.Error()
		}
		m.results = append(m.results, r)
	}
	switch {
	case err == nil:
	case m.several:
		m.meter.Aside(func() { m.app.report(err) })
	default:
		m.only = err
	}
}

// warn says something about a file.
func (m *manyFiles) warn(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.meter.Aside(func() { m.app.warn(format, args...) })
}

// end reports the outcome for all files. The error is that of the only file, or that some
// have failed.
func (m *manyFiles) end() error {
	if m.keep {
		if err := m.printJSON(); err != nil {
			return err
		}
	}
	all := m.count[isChanged] + m.count[isUnchanged] + m.count[isFailed]
	switch {
	case !m.several:
		if m.only == nil && (m.tell || m.count[isUnchanged] == 1) && !m.app.grammar.Quiet {
			m.app.say(m.summary())
		}
		return m.only
	case all == 0:
		return usageError("there is no encrypted file in what was named")
	case !m.app.grammar.Quiet:
		m.app.say(m.summary())
	}
	if n := m.count[isFailed]; n > 0 {
		return &failure{fmt.Errorf("%d of %d files failed", n, all), exitSomeFailed, nil}
	}
	return nil
}

// summary is one line with all numbers that are not 0.
func (m *manyFiles) summary() string {
	var parts []string
	for result, what := range [...]string{m.verb, "up to date", "not encrypted and left alone", "failed"} {
		if n := m.count[result]; n > 0 || fileOutcome(result) == isChanged {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	return strings.Join(parts, ", ")
}

func (m *manyFiles) printJSON() error {
	slices.SortFunc(m.results, func(a, b fileResult) int { return strings.Compare(a.File, b.File) })
	return printJSON(m.app.stdout, struct {
		Changed      int          `json:"changed"`
		Unchanged    int          `json:"unchanged"`
		NotEncrypted int          `json:"not_encrypted"`
		Failed       int          `json:"failed"`
		Files        []fileResult `json:"files"`
	}{m.count[isChanged], m.count[isUnchanged], m.count[isSkipped], m.count[isFailed], append([]fileResult{}, m.results...)})
}

// fileProgress is that of one of the files.
type fileProgress struct {
	files *manyFiles
	left  int64 // bytes of the file that have not been counted
}

// add counts n more bytes as done.
func (p *fileProgress) add(n int64) {
	p.files.mu.Lock()
	defer p.files.mu.Unlock()
	n = min(n, p.left)
	p.left -= n
	p.files.done += n
	p.files.meter.Set(p.files.done)
}

// reader returns r with its bytes counted.
func (p *fileProgress) reader(r io.Reader) io.Reader { return &countedReader{r, p} }

type countedReader struct {
	io.Reader
	progress *fileProgress
}

func (r *countedReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.progress.add(int64(n))
	return n, err
}

// countedReaderAt is read as a whole in so many passes, all of which are progress.
type countedReaderAt struct {
	src      io.ReaderAt
	progress *fileProgress
	passes   int64
}

func (r *countedReaderAt) ReadAt(b []byte, offset int64) (int, error) {
	n, err := r.src.ReadAt(b, offset)
	r.progress.add(int64(n) / r.passes)
	return n, err
}
