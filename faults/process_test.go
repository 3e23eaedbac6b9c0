// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package faults

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/testkit"
)

const programName = "pqenc"

// process is a run of the program. It ends with the test.
type process struct {
	*exec.Cmd
	name  string
	out   testkit.Log // all that it prints
	ended chan struct{}
	err   error // when it has ended
}

// start runs the program. It may be called by any goroutine, and returns nil if
// that fails.
func start(t *testing.T, args ...string) *process { return startUnder(t, nil, args...) }

// startUnder runs the program under another one, and ends with that.
func startUnder(t *testing.T, under []string, args ...string) *process {
	all := slices.Concat(under, []string{sharedFile(programName)}, args)
	p := &process{Cmd: exec.Command(all[0], all[1:]...), name: args[0], ended: make(chan struct{})}
	p.Stdout, p.Stderr = &p.out, &p.out
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.Start(); err != nil {
		t.Error(err)
		return nil
	}
	go func() {
		p.err = p.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s, %v:\n%s", p.name, p.err, &p.out)
		}
	})
	return p
}

// kill is kill -9.
func (p *process) kill() {
	syscall.Kill(-p.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

// wantGood waits for the end of the process, and requires exit code 0.
func (p *process) wantGood(t *testing.T) {
	t.Helper()
	<-p.ended
	if p.err != nil {
		t.Fatalf("%s: %v", p.name, p.err)
	}
}

// serving is a server that can be ended and started again. Clients reach it through a
// relay, which knows its address.
type serving struct {
	*process
	dir   string
	under []string // the program that the server runs under, if any
	addr  string
	relay *relay
}

// serve starts a server for a transfer.
func serve(t *testing.T, c *command) *serving {
	t.Helper()
	if err := prepare(); err != nil {
		t.Fatal(err)
	}
	s := &serving{dir: t.TempDir(), relay: newRelay(t, "")}
	if c.direction == down {
		s.put(t)
	}
	if !s.start(t) {
		t.FailNow()
	}
	return s
}

// start starts the server, for the first time or again, and returns when it accepts
// connections. Any goroutine may call it.
func (s *serving) start(t *testing.T) bool {
	file := filepath.Join(t.TempDir(), "address")
	s.process = startUnder(t, s.under, "serve", "--dir", s.dir, "--listen", "127.0.0.1:0", "--address-file", file,
		"-i", sharedFile("server.key"), "--allow", sharedFile("allow"), "--keep-free", "1MiB", "--grace", "1ms")
	if s.process == nil {
		return false
	}
	for {
		if addr, err := os.ReadFile(file); err == nil {
			s.addr = strings.TrimSpace(string(addr))
			s.relay.route(s.addr)
			return true
		}
		select {
		case <-s.ended:
			t.Errorf("the server has ended: %v", s.err)
			return false
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (s *serving) url() string { return "ws://" + s.relay.addr() + "/" + name }

func (s *serving) object() string { return filepath.Join(s.dir, name) }

// put writes the large file into the store directly.
func (s *serving) put(t *testing.T) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.object()), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(sharedFile("large.pqe"), s.object()); err != nil {
		t.Fatal(err)
	}
}

// command is one way to transfer the large file with the program.
type command struct {
	name string
	direction
	args  func(s *serving, dir string) []string
	check func(t *testing.T, s *serving, dir string)
}

var (
	pushEncrypted = command{"push of a .pqe", up, func(s *serving, _ string) []string {
		return []string{"push", "-i", sharedFile("alice.key"), sharedFile("large.pqe"), s.url()}
	}, wantStored}
	pushPlain = command{"encrypting push", up, func(s *serving, _ string) []string {
		return []string{"push", "-i", sharedFile("alice.key"), "-r", sharedFile("alice.pub"), sharedFile("large"), s.url()}
	}, wantStoredPlain}
	pullPlain = command{"decrypting pull", down, func(s *serving, dir string) []string {
		return []string{"pull", "-i", sharedFile("alice.key"), s.url(), "-o", filepath.Join(dir, "out")}
	}, wantPulled(largePlain)}
	pullRaw = command{"pull --raw", down, func(s *serving, dir string) []string {
		return []string{"pull", "--raw", "--as", sharedFile("alice.key"), s.url(), "-o", filepath.Join(dir, "out")}
	}, wantPulled(large)}

	commands = []command{pushEncrypted, pushPlain, pullPlain, pullRaw}
)

// start begins the transfer, in a folder of its own. Any goroutine may call it.
func (c *command) start(t *testing.T, s *serving, dir string) *process {
	args := append(c.args(s, dir), "-q", "--give-up-after", "30s", "--server", sharedFile("server.pub"))
	return start(t, args...)
}

// wantStored checks that the object is what was pushed, and that there is nothing else.
func wantStored(t *testing.T, s *serving, _ string) {
	t.Helper()
	wantFile(t, s.object(), large())
	wantAlone(t, s.object())
}

// wantStoredPlain checks that the object decrypts to what was pushed, and that there is
// nothing else.
func wantStoredPlain(t *testing.T, s *serving, _ string) {
	t.Helper()
	file, err := os.Open(s.object())
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := pqenc.Decrypt(file, testkit.Identity("alice"))
	if err != nil {
		t.Fatal(err)
	}
	got := &comparer{want: largePlain()}
	if _, err := io.Copy(got, r); err != nil {
		t.Error(err)
	}
	got.wantAll(t)
	wantAlone(t, s.object())
}

// wantPulled checks what was pulled, and that there is nothing else.
func wantPulled(want func() []byte) func(*testing.T, *serving, string) {
	return func(t *testing.T, _ *serving, dir string) {
		t.Helper()
		wantFile(t, filepath.Join(dir, "out"), want())
		wantAlone(t, filepath.Join(dir, "out"))
	}
}

// wantAlone checks that the folder of a file has only that file and, in a store, a
// receipt.
func wantAlone(t *testing.T, file string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(file))
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return strings.HasSuffix(e.Name(), ".pqenc-state") })
	if err != nil || len(entries) != 1 {
		t.Errorf("there are %v, %v", entries, err)
	}
}
