// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/internal/units"
	"github.com/pqenc/pqenc/transfer"
)

// leftovers describes what an interrupted command leaves.
type leftovers struct {
	work     *several // several files, or nil
	outputs  []*durable.File
	parts    []*durable.Partial
	pushes   []*transferProgress // pushes in flight
	target   string              // name of the intended output, or empty
	asked    bool                // a question was open, and nothing is written before its answer
	streamed bool                // something was written to standard output
}

const resumeHint = "run the same command again to resume"

// text returns one line on what was written, what was not, what is kept, and how to
// resume. It is empty or starts with a colon.
func (l *leftovers) text() string {
	facts, again := l.fates(), ""
	server := serverKeeps(l.pushes)
	parts := keptIn(l.parts)
	if l.work != nil && !l.work.one {
		again = l.work.restHint(len(server) > 0 || len(parts.files) > 0)
		facts = []string{l.work.soFar()}
	} else if len(server) > 0 || len(parts.files) > 0 {
		again = resumeHint
	}
	facts = append(facts, server...)
	if len(parts.files) > 0 {
		facts = append(facts, parts.text())
		again += ", or delete " + parts.pattern()
	}
	text := ""
	for _, said := range []string{strings.Join(facts, "; "), again} {
		if said != "" {
			text += ": " + said
		}
	}
	return text
}

// fates returns what happened to each output.
func (l *leftovers) fates() (all []string) {
	for _, out := range l.outputs {
		if out.Atomic() {
			all = append(all, fate(out.Name(), out.Published()))
		} else {
			all = append(all, out.Name()+" got only a part")
		}
	}
	for _, part := range l.parts {
		all = append(all, fate(part.Name(), part.Published()))
	}
	for _, p := range l.pushes {
		all = append(all, p.fate())
	}
	switch {
	case len(all) > 0:
	case l.target != "":
		all = append(all, fate(l.target, false))
	case l.asked:
		all = append(all, "nothing was changed")
	case l.streamed:
		all = append(all, "standard output got only a part")
	}
	return all
}

func fate(name string, published bool) string {
	if published {
		return name + " was written"
	}
	if _, err := os.Lstat(name); err == nil {
		return name + " was not replaced"
	}
	return name + " was not written"
}

// keptParts are the partial outputs that are kept for another process to resume.
type keptParts struct {
	bytes int64
	files []string
}

// keptIn returns what is kept of closed partial outputs.
func keptIn(parts []*durable.Partial) (k keptParts) {
	for _, part := range parts {
		info, err := os.Lstat(part.PartName())
		if err != nil || part.Published() {
			continue
		}
		k.files = append(k.files, part.PartName())
		bytes := part.Durable()
		if bytes == 0 { // nothing new was received, or it was being saved
			bytes = info.Size()
		}
		k.bytes += bytes
	}
	slices.Sort(k.files)
	return k
}

func (k keptParts) text() string {
	return fmt.Sprintf("%s are kept in %s", units.FormatBytes(k.bytes), andOthers(k.files))
}

// pattern returns a shell pattern that matches the partial files and their journals.
func (k keptParts) pattern() string {
	if len(k.files) > 1 {
		return "them"
	}
	return strings.TrimSuffix(k.files[0], "part") + "*"
}

// andOthers names the first and counts the others.
func andOthers(names []string) string {
	switch n := len(names) - 1; n {
	case 0:
		return names[0]
	case 1:
		return names[0] + " and 1 other"
	default:
		return fmt.Sprintf("%s and %d others", names[0], n)
	}
}

// serverKeeps returns what the server keeps of pushes that another process can resume.
func serverKeeps(pushes []*transferProgress) []string {
	var names []string
	var bytes int64
	for _, p := range pushes {
		if p.resumes && p.at > 0 {
			names = append(names, p.title)
			bytes += p.at
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return []string{fmt.Sprintf("the server keeps %s of %s for a while", units.FormatBytes(bytes), andOthers(names))}
}

// fate returns what happened to a push.
func (p *transferProgress) fate() string {
	if p.resumes {
		return p.title + " was not pushed"
	}
	return p.title + " was not pushed, and the next push starts from the beginning"
}

// expect adds n files to the total.
func (s *several) expect(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total += n
}

// ahead counts n more files as done before it is their turn.
func (s *several) ahead(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.early += n
}

// soFar returns how many of the files are done.
func (s *several) soFar() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := fmt.Sprintf("%d of %d %s %s", s.count[isDone]+s.count[isUnsteady]+s.early, s.total-s.count[isSkipped]-s.count[isHidden], s.nouns(0), s.verb)
	for _, o := range []struct {
		n    int
		what string
	}{{s.count[isUnchanged], "up to date"}, {s.count[isThere], "already there"}, {s.count[isFailed], "failed"}} {
		if o.n > 0 {
			text += fmt.Sprintf(", %d %s", o.n, o.what)
		}
	}
	return text
}

// restHint returns how to process the remaining files, if there is a way. Outputs that
// exist already need a flag to be kept.
func (s *several) restHint(resumes bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sum()+s.early == s.total {
		return ""
	}
	text := "run the same command again"
	if slices.Contains([]string{"encrypted", "decrypted", "pushed", "pulled"}, s.verb) && s.count[isDone]+s.early > 0 {
		text += " with --skip-existing"
	}
	if resumes {
		return text + " to resume"
	}
	return text + " for the rest"
}

// resumable adds to an error what is kept in a closed partial output, if anything.
func resumable(part *durable.Partial, err error) error {
	kept := keptIn([]*durable.Partial{part})
	var named *durable.ReplaceError // its text names the file
	if err == nil || len(kept.files) == 0 || errors.As(err, &named) {
		return err
	}
	code, hints := codeOf(err)
	if errors.Is(err, transfer.ErrGaveUp) {
		hints = nil // they are more general
	}
	return &failure{err, code, append(slices.Clone(hints), kept.text()+": "+resumeHint+", or delete "+kept.pattern())}
}
