// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/pqenc/pqenc/transfer"
)

// meta are the characters that make a name a pattern. Object names cannot contain the
// first two. If an object has the others in its name, that name takes precedence.
const meta = "*?[{"

const patternHelp = `A URL can be a pattern: * matches any characters except a slash, ? matches one character,
** any folders, [a-z] one character of a set, and {a,b} one of several texts. Write the
URL in quotes then. An object whose name is exactly the pattern takes precedence.`

// parseObjects parses the URLs of objects and folders, and patterns.
func parseObjects(texts []string) (all []location, err error) {
	for _, text := range texts {
		// A question mark has no other meaning in these URLs.
		l, err := parseURL(strings.ReplaceAll(text, "?", "%3F"))
		if err == nil && strings.ContainsAny(l.name, "*?") && !l.isPattern() {
			err = usageError("the pattern in the URL is not complete: a bracket, brace or backslash is not closed", `write \ before a character to take it literally`)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

// isPattern reports whether the location may be a pattern.
func (l location) isPattern() bool {
	return strings.ContainsAny(l.name, meta) && doublestar.ValidatePattern(l.name)
}

// literal returns the longest prefix of all names that the pattern matches.
func (l location) literal() string {
	if !l.isPattern() {
		return l.name
	}
	if i := strings.IndexAny(l.name, meta+`\`); i >= 0 {
		return l.name[:i]
	}
	return l.name
}

// above returns the folder that the names of a location are relative to.
func (l location) above() string {
	name := l.literal()
	return name[:strings.LastIndexByte(name, '/')+1]
}

// find returns the wanted objects of a listing that a location stands for. An object or
// folder with exactly that name takes precedence over a pattern.
func (r *remote) find(l location, wanted func(name string) bool) ([]transfer.Object, error) {
	found, err := r.list(l.literal(), wanted)
	if err != nil || !l.isPattern() {
		return found, err
	}
	literal := slices.DeleteFunc(slices.Clone(found), func(o transfer.Object) bool {
		return o.Name != l.name && !(l.isFolder() && strings.HasPrefix(o.Name, l.name))
	})
	if len(literal) > 0 {
		return literal, nil
	}
	return found, nil
}

// matches reports whether the location may stand for the named object.
func (l location) matches(name string) bool {
	if name == l.name || l.isFolder() && strings.HasPrefix(name, l.name) {
		return true
	}
	pattern := l.name
	if l.isFolder() {
		pattern += "**"
	}
	return l.isPattern() && doublestar.MatchUnvalidated(pattern, name)
}

// remoteObject is an object on a server.
type remoteObject struct {
	location
	size    int64 // in bytes, -1 if unknown
	time    time.Time
	becomes string // new name, or empty
}

// title returns the name of the object in messages.
func (o remoteObject) title() string {
	if o.becomes == "" {
		return o.String()
	}
	return o.String() + " -> " + o.with(o.becomes).name
}

// named returns the objects that locations stand for, without duplicates. Locations that
// need no listing are taken as they are.
func (s *servers) named(all []location) (list []remoteObject, err error) {
	seen := make(map[location]bool)
	for _, l := range all {
		found := []remoteObject{{location: l, size: -1}}
		if l.isFolder() || l.isPattern() {
			if found, err = s.listed(l, l.matches); err != nil {
				return nil, err
			}
		}
		for _, o := range found {
			if !seen[o.location] {
				seen[o.location] = true
				list = append(list, o)
			}
		}
	}
	return list, nil
}

// listed returns the wanted objects of a listing. It returns an error if there is none.
func (s *servers) listed(l location, wanted func(name string) bool) (list []remoteObject, err error) {
	server, err := s.at(l)
	var found []transfer.Object
	if err == nil {
		found, err = server.find(l, wanted)
	}
	if err == nil && len(found) == 0 {
		err = transfer.ErrNotFound
	}
	if err != nil {
		return nil, in(l.String(), err)
	}
	for _, o := range found {
		list = append(list, remoteObject{location: l.with(o.Name), size: o.Size, time: o.Time})
	}
	return list, nil
}

// remove deletes an object.
func (r *remote) remove(name string) error {
	return r.explain(r.Delete(context.Background(), name))
}

// each calls a function for each object, for several concurrently.
func (s *servers) each(objects []remoteObject, verb string, do func(n remoteObject, server *remote) error) error {
	all := &atOnce{several: several{app: s.app, noun: "objects", verb: verb, light: true}, tally: s.tally}
	all.sizes = make([]int64, len(objects))
	all.begin = func(i int) job {
		server, err := s.at(objects[i].location)
		return func() done {
			if err == nil {
				err = do(objects[i], server)
			}
			title := objects[i].title()
			return done{title: title, err: in(title, err)}
		}
	}
	return all.run()
}
