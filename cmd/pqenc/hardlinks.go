// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"io/fs"
	"os"
	"sync"

	"github.com/pqenc/pqenc/internal/durable"
)

// hardLinks tracks files with several names among the files of a command. A new file
// replaces only one of the names: the others are replaced after it, or keep the old file,
// which is reported to the user.
type hardLinks struct {
	mu  sync.Mutex
	all []*hardLink
}

// hardLink is one such file.
type hardLink struct {
	info  fs.FileInfo
	title string     // the first of its names that was found
	names int        // number of names
	done  int        // number of names with the new file
	turn  sync.Mutex // held while one of the names is processed
}

// take returns the locked entry of the file, or nil if it has only one name.
func (h *hardLinks) take(f found, src *input) (*hardLink, error) {
	info, err := src.file.Stat()
	if err != nil {
		return nil, err
	}
	link := h.find(info, durable.Links(info), f.title())
	if link != nil {
		link.turn.Lock()
	}
	return link, nil
}

func (h *hardLinks) find(info fs.FileInfo, names int, title string) *hardLink {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, link := range h.all {
		if os.SameFile(link.info, info) { // also if only this name is left
			return link
		}
	}
	if names < 2 {
		return nil
	}
	link := &hardLink{info: info, title: title, names: names}
	h.all = append(h.all, link)
	return link
}

// release unlocks the file for its next name.
func (l *hardLink) release(result fileOutcome, err error) {
	if l == nil {
		return
	}
	if result == isDone && err == nil {
		l.done++
	}
	l.turn.Unlock()
}

// warn warns of files that keep the old contents under other names.
func (h *hardLinks) warn(a *app) {
	for _, l := range h.all {
		switch left := l.names - l.done; {
		case l.done == 0 || left <= 0:
		case left == 1:
			a.warn("%s has %d names (hard links): the other one keeps the old recipients", l.title, l.names)
		default:
			a.warn("%s has %d names (hard links): %d others keep the old recipients", l.title, l.names, left)
		}
	}
}
