// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

func init() { commands["worker"] = worker }

// worker is a process that runs the command many times, since starting a process takes
// longer than most tests. Each line of standard input is a [task], and each line of
// standard output its [ran].
func worker() {
	tasks, results := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	os.Stdin, _ = os.Open(os.DevNull)
	for {
		var t task
		if err := tasks.Decode(&t); err == io.EOF {
			return
		} else if err != nil {
			panic(err)
		}
		if err := results.Encode(t.run()); err != nil {
			panic(err)
		}
	}
}

// task is one run of the command.
type task struct {
	Dir  string
	Args []string
}

// ran is the result of a task.
type ran struct {
	Code           int
	Stdout, Stderr []byte
}

func (t task) run() (o ran) {
	if err := os.Chdir(t.Dir); err != nil {
		panic(err)
	}
	stdout, stderr := collect(&os.Stdout), collect(&os.Stderr)
	o.Code = run(t.Args)
	o.Stdout, o.Stderr = stdout(), stderr()
	return o
}

// collect replaces a standard stream with a pipe. The function that it returns closes the
// pipe, and returns what was written.
func collect(stream **os.File) func() []byte {
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	all := make(chan []byte)
	go func() {
		b, _ := io.ReadAll(r)
		r.Close()
		all <- b
	}()
	*stream = w
	return func() []byte {
		w.Close() // unless the command did
		return <-all
	}
}

// hired is the test's side of a worker.
type hired struct {
	tasks   *json.Encoder
	results *json.Decoder
	stderr  strings.Builder // of the process itself
	end     func() error
}

// hireAll returns one worker per concurrent test.
func hireAll(t *testing.T) chan *hired {
	t.Helper()
	free := make(chan *hired, runtime.GOMAXPROCS(0))
	for range cap(free) {
		free <- hire(t)
	}
	t.Cleanup(func() {
		for range cap(free) {
			h := <-free
			if err := h.end(); err != nil {
				t.Errorf("%v: %s", err, h.stderr.String())
			}
		}
	})
	return free
}

// withWorkers runs a test for each vector, on all cores.
func withWorkers[V any](t *testing.T, all []V, name func(V) string, test func(t *testing.T, w *hired, v V)) {
	workers := hireAll(t)
	for _, v := range all {
		t.Run(name(v), func(t *testing.T) {
			t.Parallel()
			w := <-workers
			defer func() { workers <- w }()
			test(t, w, v)
		})
	}
}

func hire(t *testing.T) *hired {
	t.Helper()
	h := new(hired)
	cmd := exec.Command("worker")
	cmd.Stderr = &h.stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h.tasks, h.results = json.NewEncoder(in), json.NewDecoder(out)
	h.end = func() error { in.Close(); return cmd.Wait() }
	return h
}

// pqencIn runs the command in a folder, like the function of that name.
func (h *hired) pqencIn(t *testing.T, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var o ran
	err := h.tasks.Encode(task{dir, args})
	if err == nil {
		err = h.results.Decode(&o)
	}
	if err != nil {
		h.end()
		t.Fatalf("%q: %v: %s", args, err, h.stderr.String())
	}
	return o.Code, string(o.Stdout), string(o.Stderr)
}
