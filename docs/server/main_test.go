// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package server

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/transfer"
)

// shared is a folder with the program. It is removed at the end.
var shared string

func TestMain(m *testing.M) {
	var err error
	if shared, err = os.MkdirTemp("", "pqenc-operator-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(shared)
	os.Exit(code)
}

// build makes the program, once, and returns its name.
var build = sync.OnceValues(func() (string, error) {
	if made := os.Getenv(programVariable); made != "" {
		return made, nil
	}
	name := filepath.Join(shared, "pqenc")
	if out, err := exec.Command("go", "build", "-o", name, "github.com/pqenc/pqenc/cmd/pqenc").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return name, os.Chmod(shared, 0o755) // for those who are not root
})

// programVariable names the program to a test that runs in a sandbox.
const programVariable = "PQENC_OPERATOR_PROGRAM"

func pqenc(t *testing.T) string {
	t.Helper()
	name, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// missing skips a test for which this machine lacks something, or fails it where
// nothing may be lacking.
func missing(t *testing.T, why any) {
	t.Helper()
	if os.Getenv("PQENC_OPERATOR_STRICT") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// program finds a program that comes with a package.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, name := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, name+" is not installed")
	return ""
}

// run runs a program, and returns what it says.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// eventually is how long something may take that happens at once on an idle machine.
const eventually = time.Minute

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(eventually); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not in %v", what, eventually)
		}
	}
}

// process is a program that runs until the test ends.
type process struct {
	*exec.Cmd
	log   testkit.Log
	ended chan struct{}
}

func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{Cmd: cmd, ended: make(chan struct{})}
	p.Stdout, p.Stderr = &p.log, &p.log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.Wait(); close(p.ended) }()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("%s:\n%s", cmd.Path, &p.log)
		}
	})
	return p
}

func (p *process) stop() {
	p.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(eventually):
		p.Process.Kill()
		<-p.ended
	}
}

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// listens waits until somebody takes connections at the address.
func (p *process) listens(t *testing.T, addr string) {
	t.Helper()
	await(t, addr, func() bool {
		if !p.running() {
			t.Fatalf("it has ended: %s", &p.log)
		}
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// freeAddr returns an address at which nobody listens now.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// served is a pqenc server for alice.
type served struct {
	*process
	dir, addr string
}

// serve starts a server in a folder, with more flags.
func serve(t *testing.T, dir string, flags ...string) *served {
	t.Helper()
	return serveUnder(t, nil, dir, flags...)
}

// serveUnder does so by another program.
func serveUnder(t *testing.T, under []string, dir string, flags ...string) *served {
	t.Helper()
	key := filepath.Join(dir, "server")
	if err := testkit.Identity("server").Save(key); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "allow"), []byte(testkit.Identity("alice").Fingerprint().String()+" push,pull,list,delete ** overwrite\n"))
	s := &served{dir: filepath.Join(dir, "store")}
	command := slices.Concat(under, []string{pqenc(t), "serve", "--dir", s.dir, "--listen", "127.0.0.1:0", "--address-file", dir + "/addr",
		"-i", key + ".key", "--allow", dir + "/allow", "--keep-free", "0", "--grace", "1ms"}, flags)
	s.process = start(t, exec.Command(command[0], command[1:]...))
	await(t, "the server", func() bool {
		addr, err := os.ReadFile(dir + "/addr")
		s.addr = strings.TrimSpace(string(addr))
		if !s.running() {
			t.Fatalf("it has ended: %s", &s.log)
		}
		return err == nil
	})
	return s
}

func (s *served) logs(text string) bool { return strings.Contains(s.log.String(), text) }

// client returns alice's client of a server at a URL.
func client(t *testing.T, url string) *transfer.Client {
	c := &transfer.Client{URL: url, Identity: testkit.Identity("alice"), GiveUpAfter: eventually, CheckServer: func(got keyfile.Fingerprint) error {
		if got != testkit.Identity("server").Fingerprint() {
			return transfer.ErrUnknownServer
		}
		return nil
	}}
	t.Cleanup(func() { c.Close() })
	return c
}

// roundTrip pushes a file of 5 MB, pulls it, and deletes it.
func roundTrip(t *testing.T, c *transfer.Client) {
	t.Helper()
	file := testkit.Sealed(5_000_000)
	if err := c.Push(t.Context(), "a/file.pqe", bytes.NewReader(file), transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	var back bytes.Buffer
	if err := c.Pull(t.Context(), "a/file.pqe", &back, transfer.PullOptions{}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(back.Bytes(), file) {
		t.Error("another file comes back")
	}
	if err := c.Delete(t.Context(), "a/file.pqe"); err != nil {
		t.Error(err)
	}
}

// get returns what an HTTP server answers.
func get(t *testing.T, client *http.Client, url string) (code int, body string) {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}
