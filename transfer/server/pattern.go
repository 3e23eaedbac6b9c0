// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"errors"
	"path"
	"strings"
)

// pattern is what names must look like, by segments.
type pattern []string

// anySegments is the segment of a pattern that matches any number of segments. At
// the end of the pattern that is at least one: who may do something in a folder may
// not do it to an object in the place of that folder.
const anySegments = "**"

func parsePattern(s string) (pattern, error) {
	p := pattern(strings.Split(s, "/"))
	for _, segment := range p {
		if segment == anySegments {
			continue
		}
		if _, err := path.Match(segment, ""); err != nil {
			return nil, errors.New("expected a pattern of names: its brackets or backslashes are wrong")
		}
		switch {
		case segment == "":
			return nil, errors.New("expected a pattern of names without empty segments")
		case segment[0] == '.':
			return nil, errors.New("expected a pattern of names: no name has a segment that begins with a dot")
		case strings.Contains(segment, anySegments):
			return nil, errors.New("expected ** between slashes only")
		}
	}
	return p, nil
}

// match reports whether the pattern matches the whole name. It remembers one place
// to go back to, the last **, which is enough: what an earlier one could take as
// well, the last one can.
func (p pattern) match(name string) bool {
	names := strings.Split(name, "/")
	i, j := 0, 0         // in the pattern, in the name
	after, from := -1, 0 // behind the last **, and what it has not taken yet
	for j < len(names) {
		if i < len(p) && p[i] == anySegments {
			i++
			after, from = i, j
			continue
		}
		if i < len(p) {
			if ok, _ := path.Match(p[i], names[j]); ok {
				i++
				j++
				continue
			}
		}
		if after < 0 {
			return false
		}
		from++
		i, j = after, from
	}
	return i == len(p)
}
