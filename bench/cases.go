// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/pqenc/pqenc/bench/internal/measure"
)

// what identifies a line of the table, without its figures.
type what struct {
	operation, route string
	size             int64
	oneCore          bool
	tool             string
}

// starting is the operation of a process that does nothing.
const starting = "start"

// The routes of most cases.
const (
	toNull     = "to /dev/null"
	fileToFile = "file to file"
	pipeToPipe = "pipe to pipe"
	inPlace    = "in place"
)

func (w what) cores() string {
	if w.oneCore {
		return "1"
	}
	return "all"
}

// name is the text that -only matches.
func (w what) name() string {
	return strings.Join([]string{w.operation, w.route, size(w.size), w.cores(), w.tool}, ", ")
}

// testCase is one thing to measure.
type testCase struct {
	what
	args   []string
	feed   []string // see measure.Request
	drain  bool
	input  string // a file that must be there; made by one of bench.makers
	output string // a file that must not be there
	runs   int    // at most; 0: as often as asked for

	results []measure.Result
}

// group is a list of cases that need each other's files. After the group its outputs are
// removed in each round, so that only the files of one tool take space.
type group []*testCase

// The sizes. A file of size huge is never stored completely.
func (b *bench) small() []int64 {
	if b.quick {
		return []int64{1 << 10, 10 << 20}
	}
	return []int64{1 << 10, 10 << 20, 100 << 20}
}

func (b *bench) large() int64 {
	if b.quick {
		return 64 << 20
	}
	return 2 << 30
}

func (b *bench) huge() int64 {
	if b.quick {
		return 1 << 30
	}
	return 20 << 30
}

const (
	slowRuns = 3       // of tools that take most of the time otherwise
	piece    = 1 << 20 // the range that is read
)

// cases fills groups with the cases that -only selects. They are not all combinations:
// from the plain case, one dimension varies at a time.
func (b *bench) cases() {
	large := b.large()
	for _, n := range append(b.small(), large) {
		b.makePlain(n)
	}
	for _, t := range b.tools {
		b.add(append(b.ways(t, large, false, toNull, pipeToPipe, fileToFile), b.extras(t, large)...))
	}
	b.add(b.boundCases())
	for _, t := range b.tools {
		if canUseOneCore && (t.own || t.name == copying || t.name == agePlain) {
			b.add(b.ways(t, large, true, toNull, fileToFile))
		}
	}
	for _, n := range b.small() {
		route := fileToFile
		if n < 1<<20 {
			route = toNull // it is about the start of the process
		}
		for _, t := range b.tools {
			b.add(append(b.ways(t, n, false, route), b.extras(t, n)...))
		}
	}
	b.add(b.crowdCases())
	b.add(b.hugeCases())
	b.add(group{{what: what{starting, toNull, 0, false, pqencPlain}, args: []string{"./pqenc", "version"}}})
	if !canUseOneCore {
		b.note("Left out: one core, which needs Linux.")
	}
}

// canUseOneCore is what [measure.Request] needs for OneCore.
const canUseOneCore = runtime.GOOS == "linux"

// add adds the cases of a group that -only selects.
func (b *bench) add(g group) {
	g = slices.DeleteFunc(g, func(c *testCase) bool { return !b.only.MatchString(c.name()) })
	if len(g) > 0 {
		b.groups = append(b.groups, g)
	}
}

func plainName(n int64) string { return "plain " + size(n) }

// sealedName returns the name of the encrypted file of a tool and a size.
func sealedName(tool string, n int64) string {
	return strings.NewReplacer(", ", "-", " ", "-").Replace(tool + "." + size(n))
}

// backName is the file that is decrypted to, or copied to.
const backName = "back"

// ways returns what a tool does with a file of that size on these routes.
func (b *bench) ways(t tool, n int64, oneCore bool, routes ...string) (g group) {
	plain, sealed := plainName(n), sealedName(t.name, n)
	encryption := "encrypt"
	if t.decrypt == nil {
		encryption, sealed = "copy", backName
	}
	for _, route := range routes {
		g = g.join(t.way(what{encryption, route, n, oneCore, t.name}, t.encrypt, plain, sealed))
	}
	if t.decrypt == nil {
		return g
	}
	b.makers[sealed] = b.runner(t.way(what{}, t.encrypt, plain, sealed))
	for _, route := range routes {
		g = g.join(t.way(what{"decrypt", route, n, oneCore, t.name}, t.decrypt, sealed, backName))
	}
	return g
}

// join appends a case unless it is nil.
func (g group) join(c *testCase) group {
	if c == nil {
		return g
	}
	return append(g, c)
}

// way returns the case of one direction and route, or nil if the tool lacks it.
func (t tool) way(w what, command func(in, out string) []string, in, out string) *testCase {
	c := &testCase{what: w, input: in}
	if t.slow {
		c.runs = slowRuns
	}
	switch w.route {
	case toNull:
		c.args = command(in, "")
	case pipeToPipe:
		c.args, c.feed, c.drain = command("", ""), []string{"cat", in}, true
	default:
		c.args, c.output = command(in, out), out
	}
	if c.args == nil {
		return nil
	}
	return c
}

// crowdCases encrypts a small file for many recipients, and decrypts it as the last.
func (b *bench) crowdCases() (g group) {
	n := b.small()[0]
	add := func(t tool, program string, many int, encrypt, decrypt []string) {
		w := what{"encrypt", recipients(many), n, false, t.name}
		sealed := sealedName(t.name, n) + "." + recipients(many)
		c := &testCase{what: w, args: append(encrypt, crowdFile(program, many), "-o", sealed, plainName(n)), input: plainName(n), output: sealed}
		b.makers[sealed] = b.runner(c)
		g = append(g, c)
		w.operation = "decrypt"
		g = append(g, &testCase{what: w, args: append(decrypt, sealed), input: sealed})
	}
	for _, many := range crowds {
		for _, t := range b.tools {
			switch t.name {
			case pqencPlain:
				add(t, "pqenc", many, []string{"./pqenc", "-r"}, []string{"./pqenc", "-d", "-i", "p.key"})
			case pqencSigned:
				add(t, "pqenc", many, []string{"./pqenc", "--sign", "p.key", "-r"}, []string{"./pqenc", "-d", "-q", "-i", "p.key", "--from", "p.pub"})
			case agePlain:
				add(t, "age", many, []string{"./age", "-R"}, []string{"./age", "-d", "-i", "age.key"})
			}
		}
	}
	return g
}

func recipients(n int) string { return strconv.Itoa(n) + " recipients" }

// extras returns the cases of only some tools.
func (b *bench) extras(t tool, n int64) (g group) {
	if n == b.large() {
		g = b.rangeCases(t)
	}
	if t.name != pqencPlain {
		return g
	}
	if n == b.large() {
		g = append(g, b.batchCases(t)...)
	}
	return append(g, rewrapCases(n)...)
}

// rewrapCases gives a file other recipients.
func rewrapCases(n int64) (g group) {
	sealed := sealedName(pqencPlain, n)
	for _, way := range []struct{ route, flag string }{{"new file", ""}, {inPlace, "--in-place"}, {"new key", "--reencrypt"}} {
		args := []string{"./pqenc", "rewrap", "-q", "-i", "p.key", "-r", "p.pub"}
		if way.flag != "" {
			args = append(args, way.flag)
		}
		g = append(g, &testCase{what: what{"rewrap", way.route, n, false, pqencPlain}, args: append(args, sealed), input: sealed})
	}
	return g
}
