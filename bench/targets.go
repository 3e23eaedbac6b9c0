// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"fmt"
	"strings"
)

// target is a goal of the project. It is met if one of its parts is.
type target struct {
	name  string
	parts []part
}

// part compares two figures. It is omitted if one of them was not measured.
type part struct {
	wanted string
	least  float64 // from the minima
	median float64 // from the medians
	unit   string  // "" for a ratio
	limit  float64
	floor  bool // limit is the least that is wanted, not the most
}

func (p part) met() bool {
	if p.floor {
		return p.least >= p.limit && p.median >= p.limit
	}
	return p.least <= p.limit && p.median <= p.limit
}

// targetTable returns a table with a line for each target.
func targetTable(targets []target) string {
	if len(targets) == 0 {
		return "None of them was measured.\n"
	}
	var s strings.Builder
	s.WriteString("| | minima | medians | wanted | met |\n|---|---|---|---|---|\n")
	for _, t := range targets {
		var least, median, wanted []string
		met := "no"
		for _, p := range t.parts {
			least, median, wanted = append(least, p.figure(p.least)), append(median, p.figure(p.median)), append(wanted, p.wanted)
			if p.met() {
				met = "yes"
			}
		}
		fmt.Fprintf(&s, "| %s | %s | %s | %s | %s |\n", t.name, strings.Join(least, " or "), strings.Join(median, " or "), strings.Join(wanted, " or "), met)
	}
	return s.String()
}

func (p part) figure(f float64) string { return strings.TrimSpace(fmt.Sprintf("%.2f %s", f, p.unit)) }

// lookup has the summaries of what was measured.
type lookup map[what]summary

// value is one figure of a case, from its minimum and from its median.
type value struct{ least, median float64 }

func (e extent) value() value { return value{e.least.Seconds(), e.median.Seconds()} }

// on combines two values by both figures.
func (v value) on(w value, f func(a, b float64) float64) value {
	return value{f(v.least, w.least), f(v.median, w.median)}
}

func (l lookup) wall(w what) (value, bool) { s, ok := l[w]; return s.wall.value(), ok }
func (l lookup) cpu(w what) (value, bool)  { s, ok := l[w]; return s.cpu.value(), ok }

func ratio(a, b float64) float64      { return a / b }
func difference(a, b float64) float64 { return a - b }

// targets compares the figures with the goals. Goals without figures are left out.
func (b *bench) targets(done []*testCase) (all []target) {
	l := make(lookup)
	for _, c := range done {
		l[c.what] = summarize(c.results)
	}
	add := func(name string, parts ...[]part) {
		var there []part
		for _, p := range parts {
			there = append(there, p...)
		}
		if there != nil {
			all = append(all, target{name, there})
		}
	}
	at := func(operation, route, tool string) what { return what{operation, route, b.large(), false, tool} }
	copied, onePiped := at("copy", fileToFile, copying), at("copy", onePipe, copying)
	floor := map[string]what{"encrypt": at("bound", sealing, bounds), "decrypt": at("bound", opening, bounds)}
	directions := []string{"encrypt", "decrypt"}
	for _, d := range directions {
		add(d+", file to file / cp", l.most(l.wall, at(d, fileToFile, pqencPlain), copied, 0.95))
	}
	add("encrypt and sign, to /dev/null / reading, sealing and hashing",
		l.most(l.wall, at("encrypt", toNull, pqencSigned), at("bound", sealHashing, bounds), 1.15))
	for _, d := range directions {
		add("age / "+d+", to /dev/null; or that / reading and the cipher",
			l.atLeast(at(d, toNull, agePlain), at(d, toNull, pqencPlain), 3), l.most(l.wall, at(d, toNull, pqencPlain), floor[d], 1.2))
	}
	for _, d := range directions {
		add(d+", pipe to pipe / cat \\| cat; or / reading and the cipher",
			l.most(l.wall, at(d, pipeToPipe, pqencPlain), onePiped, 1.3), l.most(l.wall, at(d, pipeToPipe, pqencPlain), floor[d], 1.3))
	}
	for _, d := range directions {
		add(d+", pipe to pipe / cat in its place", l.most(l.wall, at(d, pipeToPipe, pqencPlain), at("copy", pipeToPipe, copying), 1.3))
	}
	for _, d := range directions {
		add("CPU of "+d+", to /dev/null / CPU of age", l.most(l.cpu, at(d, toNull, pqencPlain), at(d, toNull, agePlain), 1))
	}
	add("peak memory, of any size", b.peak(l))
	add("peak memory of the largest file − that of 100 MiB", b.growth(l))
	small := b.small()[0]
	for _, d := range directions {
		add(d+" of "+size(small)+" − cat", l.beyond(what{d, toNull, small, false, pqencPlain}, what{"copy", toNull, small, false, copying}, 8))
	}
	add("1 MiB out of "+size(b.huge())+" − pqenc version", l.beyond(what{reading, toNull, b.huge(), false, pqencPlain}, what{starting, toNull, 0, false, pqencPlain}, 20))
	add(batchReads+" / opening the same chunks", l.most(l.wall, at(batchReads, overPipes, pqencPlain), at("bound", openingRandom, bounds), 1.3))
	return all
}

// most requires a figure of one case to be at most limit times that of another.
func (l lookup) most(figure func(what) (value, bool), of, reference what, limit float64) []part {
	a, ok := figure(of)
	b, there := figure(reference)
	if !ok || !there {
		return nil
	}
	v := a.on(b, ratio)
	return []part{{wanted: fmt.Sprintf("≤ %.4g", limit), least: v.least, median: v.median, limit: limit}}
}

// atLeast requires one case to take at least limit times as long as another.
func (l lookup) atLeast(slow, fast what, limit float64) []part {
	parts := l.most(l.wall, slow, fast, limit)
	for i := range parts {
		parts[i].wanted, parts[i].floor = fmt.Sprintf("≥ %.4g", limit), true
	}
	return parts
}

// beyond requires a case to take at most so many milliseconds more than another.
func (l lookup) beyond(of, reference what, limit float64) []part {
	parts := l.most(l.wall, of, reference, limit)
	a, _ := l.wall(of)
	b, _ := l.wall(reference)
	v := a.on(b, difference)
	for i := range parts {
		parts[i] = part{wanted: fmt.Sprintf("≤ %.4g ms", limit), least: v.least * 1e3, median: v.median * 1e3, unit: "ms", limit: limit}
	}
	return parts
}

// wholeFiles reports whether a case is one of those whose memory must be constant.
func (w what) wholeFiles() bool {
	return (w.tool == pqencPlain || w.tool == pqencSigned) && (w.operation == "encrypt" || w.operation == "decrypt") &&
		!w.oneCore && w.size >= 64<<20
}

// peak requires that no large file takes more than 24 MiB.
func (b *bench) peak(l lookup) []part {
	most := 0.0
	for w, s := range l {
		if w.wholeFiles() {
			most = max(most, float64(s.memory)/1024)
		}
	}
	if most == 0 {
		return nil
	}
	return []part{{wanted: "≤ 24 MiB", least: most, median: most, unit: "MiB", limit: 24}}
}

// growth requires that the largest file takes at most 2 MiB more than the smallest large
// one, in each kind of case.
func (b *bench) growth(l lookup) []part {
	small := b.small()
	most, there := 0.0, false
	for w, s := range l {
		if !w.wholeFiles() {
			continue
		}
		w.route, w.size = fileToFile, small[len(small)-1]
		reference, ok := l[w]
		if !ok {
			continue
		}
		most, there = max(most, float64(s.memory-reference.memory)/1024), true
	}
	if !there {
		return nil
	}
	return []part{{wanted: "≤ 2 MiB", least: most, median: most, unit: "MiB", limit: 2}}
}
