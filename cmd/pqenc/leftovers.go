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

// leftovers are what an interrupted command leaves.
type leftovers struct {
	work     *several // several files, or nil
	outputs  []*durable.File
	parts    []*durable.Partial
	pushes   []*transferProgress // that were under way
	target   string              // what the output would have become, or empty
	asked    bool                // a question was open, before which nothing is written
	streamed bool                // something went to standard output
}

const resumeHint = "run the same command again to resume"

// text returns in one line what was written, what was not, what is kept and how to resume.
// It is empty or begins with a colon.
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

// fates say what has become of each output.
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
		all = append(all, "nothing was written")
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

// keptParts are what is kept of outputs for another process to resume.
type keptParts struct {
	bytes int64
	files []string
}

// keptIn returns what is kept of outputs that have ended.
func keptIn(parts []*durable.Partial) (k keptParts) {
	for _, part := range parts {
		info, err := os.Lstat(part.PartName())
		if err != nil || part.Published() {
			continue
		}
		k.files = append(k.files, part.PartName())
		bytes := part.Durable()
		if bytes == 0 { // no more was received, or it was just being saved
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

// pattern is what a shell needs to delete them, with their journals.
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

// serverKeeps says what the server keeps of pushes that another process can resume.
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

// fate says what has become of a push.
func (p *transferProgress) fate() string {
	if p.resumes {
		return p.title + " was not pushed"
	}
	return p.title + " was not pushed, and the next push starts from the beginning"
}

// expect counts so many more files.
func (s *several) expect(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total += n
}

// soFar says how many of the files are done.
func (s *several) soFar() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := fmt.Sprintf("%d of %d %s %s", s.count[isDone]+s.count[isUnsteady], s.total-s.count[isSkipped]-s.count[isHidden], s.nouns(0), s.verb)
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

// restHint says how to get the rest done, if there is one. What is there already needs a flag to be left alone.
func (s *several) restHint(resumes bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sum() == s.total {
		return ""
	}
	text := "run the same command again"
	if slices.Contains([]string{"encrypted", "decrypted", "pushed", "pulled"}, s.verb) && s.count[isDone] > 0 {
		text += " with --skip-existing"
	}
	if resumes {
		return text + " to resume"
	}
	return text + " for the rest"
}

// resumable adds to an error what is kept in a part that has ended, if anything is.
func resumable(part *durable.Partial, err error) error {
	kept := keptIn([]*durable.Partial{part})
	var named *durable.ReplaceError // which says so itself
	if err == nil || len(kept.files) == 0 || errors.As(err, &named) {
		return err
	}
	code, hints := codeOf(err)
	if errors.Is(err, transfer.ErrGaveUp) {
		hints = nil // which say the same in general
	}
	return &failure{err, code, append(slices.Clone(hints), kept.text()+": "+resumeHint+", or delete "+kept.pattern())}
}
