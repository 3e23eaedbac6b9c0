// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/transfer"
)

// eventually is a time limit for something that happens at once on an idle machine.
const eventually = 30 * time.Second

// await waits until ok returns true, and fails if that takes too long.
func await(what string, ok func() bool) error {
	for end := time.Now().Add(eventually); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("%s: not in %v", what, eventually)
		}
	}
	return nil
}

// get returns the answer of a server to a health check.
func get(url string, header ...string) (code int, body string, err error) {
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		return 0, "", err
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{Timeout: eventually, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

// probe is the script command
//
//	probe CODE PATH TEXT
//
// that waits until the server whose address is in the file "addr" answers so.
func probe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: probe CODE PATH TEXT")
	}
	var got string
	err := await("the answer", func() bool {
		addr, err := os.ReadFile(ts.MkAbs("addr"))
		if err != nil {
			return false
		}
		code, body, err := get("http://" + strings.TrimSpace(string(addr)) + args[1])
		got = fmt.Sprintf("%d %s%v", code, body, err)
		return got == fmt.Sprintf("%s %s\n<nil>", args[0], args[2])
	})
	if err != nil {
		ts.Fatalf("%v; it was %s", err, got)
	}
}

// serving is a server on which alice has all rights.
type serving struct {
	*exec.Cmd
	dir  string
	addr string
	log  testkit.Log
}

func (s *serving) logs(text string) bool { return strings.Contains(s.log.String(), text) }

// startServing starts a server in a folder made by newFolder, and waits until it listens.
func startServing(t *testing.T, dir string, flags ...string) *serving {
	t.Helper()
	return startServingAfter(t, dir, "true", flags...)
}

// startServingAfter does that in a shell, after another command.
func startServingAfter(t *testing.T, dir, first string, flags ...string) *serving {
	t.Helper()
	return startServingTo(t, nil, dir, first, flags...)
}

// startServingTo does that with the given standard error, or with s.log.
func startServingTo(t *testing.T, stderr *os.File, dir, first string, flags ...string) *serving {
	t.Helper()
	writeIn(t, dir, "allow", []byte("alice.pub push,pull,list,delete ** overwrite\n"))
	os.Remove(filepath.Join(dir, "addr"))
	s := &serving{dir: dir, Cmd: exec.Command("sh", append([]string{"-c", first + ` && exec pqenc "$@"`, "sh",
		"serve", "--dir", "store", "-i", "bob.key", "--allow", "allow", "--keep-free", "0",
		"--address-file", "addr", "--listen", "127.0.0.1:0"}, flags...)...)}
	s.Dir, s.Stderr = dir, &s.log
	if stderr != nil {
		s.Stderr = stderr
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Process.Kill() })
	err := await("the server", func() bool {
		addr, err := os.ReadFile(filepath.Join(dir, "addr"))
		s.addr = strings.TrimSpace(string(addr))
		return err == nil
	})
	if err != nil {
		t.Fatal(err, s.log.String())
	}
	return s
}

// end sends the signal, and returns the exit code.
func (s *serving) end(t *testing.T, signal os.Signal) int {
	t.Helper()
	if err := s.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	return s.wait(t)
}

func (s *serving) wait(t *testing.T) int {
	t.Helper()
	code, err := exitCode(s.Wait())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// client returns alice's client of the server.
func (s *serving) client() *transfer.Client {
	return &transfer.Client{
		URL:      "ws://" + s.addr + "/pqenc",
		Identity: testkit.Identity("alice"),
		CheckServer: func(server keyfile.Fingerprint) error {
			if server != testkit.Identity("bob").Fingerprint() {
				return transfer.ErrUnknownServer
			}
			return nil
		},
		GiveUpAfter: eventually,
	}
}

// slowPush is a push that waits for the test before its end.
type slowPush struct {
	rest io.WriteCloser
	file []byte
	half int
	done chan error
}

// startPush pushes the first half of a file of 10 MiB, and waits until the server has
// synced some of it.
func (s *serving) startPush(t *testing.T) *slowPush {
	t.Helper()
	file := sealed(t, make([]byte, 10<<20))
	r, w := io.Pipe()
	p := &slowPush{rest: w, file: file, half: len(file) / 2, done: make(chan error, 1)}
	durable := make(chan struct{})
	var once sync.Once
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); r.CloseWithError(io.ErrClosedPipe) })
	c := s.client()
	go func() {
		err := c.Push(ctx, "a/slow.pqe", r, transfer.PushOptions{Progress: func(n int64) {
			if n > 0 {
				once.Do(func() { close(durable) })
			}
		}})
		c.Close()
		p.done <- err
	}()
	if _, err := w.Write(file[:p.half]); err != nil {
		t.Fatal(err)
	}
	select {
	case <-durable:
	case err := <-p.done:
		t.Fatal(err, s.log.String())
	case <-time.After(eventually):
		t.Fatal("nothing gets durable", s.log.String())
	}
	return p
}

// finish pushes the second half.
func (p *slowPush) finish(t *testing.T) {
	t.Helper()
	if _, err := p.rest.Write(p.file[p.half:]); err != nil {
		t.Fatal(err)
	}
	p.rest.Close()
	select {
	case err := <-p.done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(eventually):
		t.Fatal("the push does not end")
	}
}

func (s *serving) stored(t *testing.T, want []byte) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(s.dir, "store/a/slow.pqe"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("stored: %d bytes of %d, %v", len(got), len(want), err)
	}
}

// TestServeLetsEnd stops a server during a push, which can finish. Meanwhile the server
// is not ready, and accepts no other client.
func TestServeLetsEnd(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := startServing(t, newFolder(t), "--grace", "10m")
	p := s.startPush(t)
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := await("stopping", func() bool { return s.logs("msg=stopping") }); err != nil {
		t.Fatal(err)
	}
	// A server that is stopping may hang up on a probe instead.
	if code, body, err := get("http://" + s.addr + readyPath); err == nil && code != http.StatusServiceUnavailable {
		t.Errorf("ready: %d %s", code, body)
	}
	late := s.client()
	late.GiveUpAfter = time.Millisecond
	if err := late.Delete(t.Context(), "none"); err == nil || errors.Is(err, transfer.ErrNotFound) {
		t.Error("somebody else is let in")
	}
	p.finish(t)
	if code := s.wait(t); code != exitOK || !s.logs("interrupted=false") {
		t.Errorf("exit code %d: %s", code, s.log.String())
	}
	s.stored(t, p.file)
}

// TestServeInterrupts stops a server during a push that takes too long, and restarts it:
// the push resumes.
func TestServeInterrupts(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := startServing(t, newFolder(t), "--grace", "1ms")
	p := s.startPush(t)
	if code := s.end(t, os.Interrupt); code != exitOK || !s.logs("interrupted=true") {
		t.Fatalf("exit code %d: %s", code, s.log.String())
	}
	again := startServing(t, s.dir, "--listen", s.addr)
	p.finish(t)
	if !regexp.MustCompile(`msg="push begins" .*at=[1-9]`).MatchString(again.log.String()) {
		t.Errorf("it starts over: %s", again.log.String())
	}
	again.stored(t, p.file)
}

// TestServeEndsAtOnce sends a second signal to a server that waits for a push.
func TestServeEndsAtOnce(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := startServing(t, newFolder(t), "--grace", "10m")
	s.startPush(t)
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := await("stopping", func() bool { return s.logs("msg=stopping") }); err != nil {
		t.Fatal(err)
	}
	if code := s.end(t, os.Interrupt); code != 130 {
		t.Errorf("exit code %d: %s", code, s.log.String())
	}
}

// TestServeHTTP sends requests that are not those of a client.
func TestServeHTTP(t *testing.T) {
	t.Parallel()
	s := startServing(t, newFolder(t), "--endpoint", "/here", "--log-level", "debug")
	for path, want := range map[string]int{
		"/": 404, "/pqenc": 404, "/here/": 404, "/metrics": 404, "/%2e%2e/etc/passwd": 404,
		healthPath: 200, readyPath: 200,
	} {
		code, body, err := get("http://" + s.addr + path)
		if err != nil || code != want || strings.Count(body, "\n") != 1 {
			t.Errorf("%s: %d %q, %v", path, code, body, err)
		}
	}
	code, body, err := get("http://"+s.addr+"/here", "X-Forwarded-For", "10.9.8.7")
	if err != nil || code != http.StatusBadRequest && code != http.StatusUpgradeRequired {
		t.Errorf("no WebSocket: %d %q, %v", code, body, err)
	}
	code, body, err = get("http://"+s.addr+"/healthz", "X", strings.Repeat("x", 32<<10))
	if err != nil || code != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a large header: %d %q, %v", code, body, err)
	}
	if err := await("whom it talks to", func() bool { return s.logs("remote=127.0.0.1:") }); err != nil {
		t.Error(err)
	}
	if s.logs("10.9.8.7") {
		t.Errorf("it believes what it is told: %s", s.log.String())
	}
}

// TestServeHostileNames sends names that a terminal may interpret. The one that changes
// the text direction is invalid. One with a zero-width space is valid, and is escaped in
// the log: slog does that in text, but not in JSON.
func TestServeHostileNames(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"text", "json"} {
		s := startServing(t, newFolder(t), "--log", form)
		c := s.client()
		defer c.Close()
		const refused, allowed = "a/\u202egpj.pqe", "a/\u200bgpj.pqe"
		push := func(name string) error {
			return c.Push(t.Context(), name, bytes.NewReader(sealed(t, nil)), transfer.PushOptions{})
		}
		if err := errors.Join(push(allowed), c.Delete(t.Context(), allowed)); err != nil {
			t.Error(form, err)
		}
		if err := push(refused); !errors.Is(err, transfer.ErrName) {
			t.Error(form, err)
		}
		if err := c.Delete(t.Context(), refused); !errors.Is(err, transfer.ErrName) {
			t.Error(form, err)
		}
		if code := s.end(t, syscall.SIGTERM); code != exitOK {
			t.Errorf("%s: exit code %d", form, code)
		}
		if s.logs("\u202e") || s.logs("\u200b") || !s.logs(`a/\u200bgpj.pqe`) {
			t.Errorf("%s: the log is %q", form, s.log.String())
		}
	}
}
