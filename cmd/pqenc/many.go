// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"io"
	"os"
	"runtime"
	"sync"
)

// manyFiles are the files of a command, processed concurrently. A failure does not stop
// the others.
type manyFiles struct {
	several
	slots bool // limit large files, see largeSize
	list  []found
	done  int64 // bytes done
}

// largeSize is the size in bytes from which a file keeps all cores busy. More than two of
// such files at a time would only take memory: one is read while the other is synced.
const largeSize = 8 << 20

// spareHeap is the number of bytes by which the heap may grow further before the garbage
// collector runs. Small files leave little garbage each and almost no live memory, so that
// the collector would run after every hundred files. This memory is never touched, and so
// takes up address space only.
const spareHeap = 16 << 20

// find walks over all arguments.
func (m *manyFiles) find(w *walker, names []string) error {
	m.one = !w.lists() && len(names) == 1 && !isDir(names[0])
	w.app = m.app
	w.visit = func(f found, err error) {
		m.total++
		if err != nil {
			m.add(f.title(), -1, isFailed, err)
			return
		}
		m.list = append(m.list, f)
	}
	return w.walk(names)
}

// show prints the files that were found.
func (m *manyFiles) show() error {
	for _, f := range m.list {
		m.add(f.title(), f.size, isDone, m.app.printName(f.title()))
	}
	m.verb, m.tell = "to be "+m.verb, true
	return m.end()
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// run calls do for every file, for several concurrently.
func (m *manyFiles) run(workers int, do func(f found, p *fileProgress) (fileOutcome, error)) {
	var total int64
	for _, f := range m.list {
		total += max(f.size, 0)
	}
	m.meter = m.app.startMeter(total, os.DevNull)
	defer m.meter.Stop()
	m.app.work.Store(&m.several)
	m.meter.Files(len(m.list))
	var next int
	take := func() (f found, ok bool) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if next == len(m.list) || m.fatal != 0 {
			return f, false
		}
		next++
		return m.list[next-1], true
	}
	large := make(chan struct{}, 2)
	slot := func(f found) (release func()) {
		if !m.slots || f.size >= 0 && f.size < largeSize {
			return func() {}
		}
		large <- struct{}{}
		return func() { <-large }
	}
	unused := make([]byte, spareHeap)
	defer runtime.KeepAlive(unused)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for f, ok := take(); ok; f, ok = take() {
				p := &fileProgress{m, max(f.size, 0)}
				m.meter.Name(f.title())
				release := slot(f)
				result, err := do(f, p)
				release()
				p.add(p.left)
				m.meter.FileDone()
				m.add(f.title(), f.size, result, err)
			}
		})
	}
	all.Wait()
}

// fileProgress is the progress of one of the files.
type fileProgress struct {
	files *manyFiles
	left  int64 // bytes of the file that are not yet counted
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

// reader returns r, counting the bytes that are read.
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

// countedReaderAt counts the bytes of a file that is read several times as progress.
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
