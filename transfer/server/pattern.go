// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// Pattern is a pattern for names. Each segment is a pattern of [path.Match], so that * and ?
// match within a segment. The segment ** matches any number of segments, also none, but at
// least one at the end: a/** does not match a, because a right in a folder is not a right to
// replace that folder by an object.
type Pattern string

const anySegments = "**"

// ParsePattern returns the pattern if it is valid.
func ParsePattern(s string) (Pattern, error) {
	if len(s) > wire.MaxPattern {
		return "", fmt.Errorf("expected a pattern of names of at most %d bytes", wire.MaxPattern)
	}
	for segment := range strings.SplitSeq(s, "/") {
		if segment == anySegments {
			continue
		}
		if _, err := path.Match(segment, ""); err != nil {
			return "", errors.New("expected a pattern of names: its brackets or backslashes are wrong")
		}
		switch {
		case segment == "":
			return "", errors.New("expected a pattern of names without empty segments")
		case segment[0] == '.':
			return "", errors.New("expected a pattern of names: no name has a segment that starts with a dot")
		case strings.Contains(segment, anySegments):
			return "", errors.New("expected ** between slashes only")
		}
	}
	return Pattern(s), nil
}

// Match reports whether the pattern matches the whole name. It backtracks to the last **
// only, which is enough: the last one can match whatever an earlier one could match instead.
func (p Pattern) Match(name string) bool {
	pattern, rest := string(p)+"/", name+"/"
	var after, from string // after the last **, and the part of the name that it has not matched
	wild := false
	for rest != "" {
		if pattern != "" {
			want, next, _ := strings.Cut(pattern, "/")
			if want == anySegments {
				pattern, after, from, wild = next, next, rest, true
				continue
			}
			segment, others, _ := strings.Cut(rest, "/")
			if ok, _ := path.Match(want, segment); ok {
				pattern, rest = next, others
				continue
			}
		}
		if !wild {
			return false
		}
		_, from, _ = strings.Cut(from, "/")
		pattern, rest = after, from
	}
	return pattern == ""
}

// Prefix returns a prefix of all names that the pattern matches.
func (p Pattern) Prefix() string {
	if i := strings.IndexAny(string(p), `*?[\`); i >= 0 {
		return string(p[:i])
	}
	return string(p)
}
