// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package batch

import (
	"container/list"
	"slices"
	"sync"
)

// files are the open files. When there are too many, the least recently used of those
// that are not in use are closed. Only a few that were used last keep decrypted chunks in
// memory.
type files struct {
	open func(Source) (File, error)
	max  int

	mu     sync.Mutex
	known  map[fileKey]*openFile
	recent list.List // of those, the most recently used at the front
	warm   []*openFile
}

// openFile is a file that is open, or is being opened.
type openFile struct {
	File
	key   fileKey
	ready chan struct{} // closed when it is open or has failed
	err   error
	users int
	place *list.Element // in recent; nil after it was dropped
}

func newFiles(max int, open func(Source) (File, error)) *files {
	return &files{open: open, max: max, known: make(map[fileKey]*openFile)}
}

// use returns an open file, which stays open until it is released. If several want a file
// that is not open, the first opens it and the others wait.
func (t *files) use(k fileKey, u *upcalls) (*openFile, error) {
	t.mu.Lock()
	f := t.known[k]
	first := f == nil
	if first {
		f = &openFile{key: k, ready: make(chan struct{})}
		t.known[k], f.place = f, t.recent.PushFront(f)
	}
	f.users++
	t.recent.MoveToFront(f.place)
	t.shrink()
	t.heat(f)
	t.mu.Unlock()

	if first {
		f.File, f.err = t.open(Source{k.name, k.digests, u.file(k)})
		close(f.ready)
	}
	<-f.ready
	if f.err != nil {
		t.mu.Lock()
		t.forget(f)
		t.mu.Unlock()
		return nil, f.err
	}
	return f, nil
}

// release ends a use.
func (t *files) release(f *openFile) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.users--; f.users == 0 {
		f.idle(t)
	}
	t.shrink()
}

// heat makes a file warm, and another one cold if too many are warm.
func (t *files) heat(f *openFile) {
	t.warm = slices.DeleteFunc(t.warm, func(w *openFile) bool { return w == f })
	t.warm = append(t.warm, f)
	if len(t.warm) > maxWarm {
		cold := t.warm[0]
		t.warm = slices.Delete(t.warm, 0, 1)
		if cold.users == 0 {
			cold.idle(t)
		}
	}
}

// idle frees the memory of a file that is not in use.
func (f *openFile) idle(t *files) {
	switch {
	case f.File == nil: // it did not open
	case f.place == nil:
		f.Close()
	case !slices.Contains(t.warm, f):
		f.Forget()
	}
}

// drop closes a file as soon as it is not in use. A later use opens it again.
func (t *files) drop(k fileKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.known[k]
	if f == nil {
		return
	}
	t.forget(f)
	if f.users == 0 {
		f.idle(t)
	}
}

// forget removes the file from those that use finds.
func (t *files) forget(f *openFile) {
	if f.place != nil {
		delete(t.known, f.key)
		t.recent.Remove(f.place)
		t.warm = slices.DeleteFunc(t.warm, func(w *openFile) bool { return w == f })
		f.place = nil
	}
}

// shrink closes files that are not in use while there are too many.
func (t *files) shrink() {
	for e := t.recent.Back(); e != nil && t.recent.Len() > t.max; {
		f := e.Value.(*openFile)
		e = e.Prev()
		if f.users == 0 {
			t.forget(f)
			f.idle(t)
		}
	}
}
