// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package batch implements the protocol of "pqenc cat --batch", which docs/batch.md
// describes: it answers requests for parts of encrypted files over two pipes. The command
// opens the files, and has the keys.
package batch

import (
	"errors"
	"io"
	"runtime"
	"sync"
)

// The limits of a [Server].
const (
	MaxLine  = 64 << 10 // bytes of a line of the parent, with its end
	MaxPiece = 1 << 20  // bytes of the contents in one piece of an answer

	maxWaiting  = 4 << 20 // bytes of the requests that wait, each its line and requestCost
	requestCost = 200
	maxFiles    = 128 // open at once
	maxWarm     = 8   // of those, that keep decrypted chunks in memory
	distant     = 16  // requests in progress whose files are not on this machine
	lengthy     = 2   // requests in progress for more than MaxPiece, which use all cores
)

// ErrProtocol means that it is not known where the next line of the parent begins.
var ErrProtocol = errors.New("the parent breaks the protocol")

// ErrRequest is for one request that is invalid.
var ErrRequest = errors.New("the request is wrong")

// File is what a request reads: the contents of an encrypted file. All methods except
// Close may be called concurrently.
type File interface {
	io.ReaderAt
	io.Closer
	Size() int64 // of the contents, in bytes
	// WriteRange writes n bytes of the contents from an offset on. It is for ranges that are
	// too long for one ReadAt, and takes memory of its own.
	WriteRange(dst io.Writer, off, n int64) (int64, error)
	// Forget frees the memory of decrypted chunks.
	Forget()
	// Stat returns the answer to a stat request, in JSON.
	Stat() any
}

// Source is a file that a request names.
type Source struct {
	Name    string
	Digests string      // the name of a list that verifies who signed it, or empty
	Parent  *ParentFile // if the parent reads it, else nil
}

// Config is what a server needs. All functions may be called concurrently.
type Config struct {
	// Open opens a file.
	Open func(Source) (File, error)
	// Distant reports whether a file is on another machine, so that reading it is mostly
	// waiting.
	Distant func(name string) bool
	// Explain describes an error.
	Explain func(error) Failure
}

// Failure describes an error for programs.
type Failure struct {
	Code    string   `json:"error"`
	Errno   int      `json:"errno,omitempty"` // of the system call that failed
	Message string   `json:"message"`         // without control characters
	Hints   []string `json:"hints,omitempty"`
}

// Server answers requests. Its memory is bounded: a request in progress takes MaxPiece, or
// what [File.WriteRange] takes, and there are as many in progress as there are cores, and
// a few more that are long or whose files are on other machines.
type Server struct {
	config Config
	in     *lines
	out    *output
	files  *files
	parent *upcalls
	near   pool
	far    pool
	long   pool
	queue  queue
	work   sync.WaitGroup  // of the requests
	turn   <-chan struct{} // closed when all requests without an id have been answered

	once sync.Once
	done chan struct{} // closed at the end
	err  error
}

// New returns a server that reads requests from in and writes answers to out.
func New(in io.Reader, out io.Writer, c Config) *Server {
	first := make(chan struct{})
	close(first)
	s := &Server{config: c, in: newLines(in), files: newFiles(maxFiles, c.Open), turn: first, done: make(chan struct{})}
	s.out = &output{w: out, failed: s.Stop}
	s.parent = newUpcalls(s)
	s.near.limit, s.far.limit, s.long.limit = runtime.GOMAXPROCS(0), distant, lengthy
	s.queue.limit = maxWaiting
	s.queue.changed.L = &s.queue.mu
	return s
}

// Preload opens a file before the first request for it.
func (s *Server) Preload(name string) error {
	f, err := s.files.use(fileKey{name: name}, nil)
	if err == nil {
		s.files.release(f)
	}
	return err
}

// Serve answers requests until there are no more, and returns nil when the last has been
// answered. It fails at once if a write to out fails. If the parent breaks the protocol,
// Serve reports that after the answers to earlier requests. It closes no files: the process
// is about to end.
func (s *Server) Serve() error {
	go func() {
		err := s.read()
		s.work.Wait()
		if err != nil {
			s.out.end(line(nil, struct {
				Fatal bool `json:"fatal"`
				Failure
			}{true, s.config.Explain(err)}))
		}
		s.Stop(err)
	}()
	<-s.done
	return s.err
}

// Stop ends Serve with that error.
func (s *Server) Stop(err error) {
	s.once.Do(func() {
		s.err = err
		close(s.done)
	})
}

// read reads what the parent sends, until that ends. It never waits for the answer to a
// request while a request waits for the parent.
func (s *Server) read() error {
	defer s.parent.end()
	for {
		line, err := s.in.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		all, err := fields(line)
		if err != nil {
			return err
		}
		if _, ok := all["read"]; ok {
			err = s.parent.answered(all, s.in)
		} else {
			err = s.admit(all, len(line))
		}
		if err != nil {
			return err
		}
	}
}

// admit queues a request.
func (s *Server) admit(all members, size int) error {
	r, err := parseRequest(all)
	if err != nil {
		return err
	}
	if err := s.queue.add(size + requestCost); err != nil {
		return err
	}
	after := make(chan struct{})
	if r.id == nil {
		r.before, s.turn = s.turn, after
	}
	if r.op == opClose && r.err == nil {
		s.files.drop(r.file) // now, for what is asked later to see the file as it is then
	}
	s.work.Add(1)
	s.poolOf(r).add(func() {
		defer s.work.Done()
		defer s.queue.remove(size + requestCost)
		defer close(after)
		s.answer(r)
	})
	return nil
}

// poolOf returns the pool for a request. Long requests have one of their own, and do not
// delay others.
func (s *Server) poolOf(r *request) *pool {
	switch {
	case r.file.parent || s.config.Distant(r.file.name):
		return &s.far
	case r.op == opRead && r.length > MaxPiece:
		return &s.long
	}
	return &s.near
}
