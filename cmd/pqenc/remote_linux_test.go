// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
)

// newStore starts a server on which alice has all rights, and returns a folder with the
// files of all people.
func newStore(t *testing.T) (dir string, s *running) {
	t.Helper()
	dir = newFolder(t)
	writeIn(t, dir, "allow", []byte(testkit.Identity("alice").Fingerprint().String()+" push,pull,list,delete ** overwrite\n"))
	s, err := startServer(t.TempDir(), filepath.Join(dir, "allow"), "127.0.0.1:0", os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	return dir, s
}

// TestWeakFile pulls a file whose passphrase is easy to guess, as a hostile server could
// make it: the user decides.
func TestWeakFile(t *testing.T) {
	dir, s := newStore(t)
	writeIn(t, dir, "weak.pqe", vectorNamed("passphrase").File)
	url := "ws://" + s.host + "/weak.pqe"
	server := "--server=" + testkit.Identity("server").Fingerprint().String()
	if code, _, stderr := pqencIn(t, dir, "push", "-i", "alice.key", server, "weak.pqe", url); code != exitOK {
		t.Fatal(stderr)
	}
	question := url + " makes its passphrase easy to guess (Argon2id with t=1, m=64 KiB, p=2). Try it? [yes/no]: "
	for answer, talk := range map[string][]line{
		"no":  {{question, "no\n"}},
		"yes": {{question, "yes\n"}, {"passphrase for weak.pqe: ", "correct horse\n"}},
	} {
		var stdout strings.Builder
		cmd := exec.Command("pqenc", "pull", "-i", "alice.key", "-p", server, url)
		cmd.Dir, cmd.Stdout = dir, &stdout
		p := begin(t, cmd)
		p.talks(talk)
		screen := p.leaves()
		cmd.Wait()
		code := cmd.ProcessState.ExitCode()
		if tried := answer == "yes"; tried != (code == exitOK) || tried != (stdout.Len() == 5) {
			t.Errorf("%s: exit code %d, %q; the terminal shows %q", answer, code, stdout.String(), screen)
		}
	}
}

// TestFirstContact connects to an unknown server at a terminal, trusts it or not, and
// connects again.
func TestFirstContact(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	dir, s := newStore(t)
	key := testkit.Identity("server").Fingerprint().String()
	question := s.host + " is not a known server. Its key is " + key + ". Trust it? [yes/no]: "
	unknown := "error: not the expected server: " + s.host + " has the key " + key + "\n" +
		"hint: ask the operator of the server which key it has, and name it with --server\n"
	for _, c := range []struct {
		talk   []line
		code   int
		stderr string
		known  bool
	}{
		{[]line{{question, "no\n"}}, exitServer, unknown, false},
		{[]line{{question, "\x04"}}, exitServer, unknown, false},
		{[]line{{question, "y\n"}, {`"yes" or "no": `, "\n"}, {`"yes" or "no": `, "no\n"}}, exitServer, unknown, false},
		{[]line{{question, "YES\n"}, {`"yes" or "no": `, " yes \n"}}, exitOK, "", true},
		{nil, exitOK, "", true},
	} {
		var stderr strings.Builder
		cmd := exec.Command("pqenc", "ls", "-i", "alice.key", "ws://"+s.host)
		cmd.Dir, cmd.Stderr = dir, &stderr
		cmd.Env = append(os.Environ(), "PQENC_HOME="+filepath.Join(dir, "new", "home"))
		p := begin(t, cmd)
		p.talks(c.talk)
		screen := p.leaves()
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != c.code {
			t.Errorf("%q: exit code %d, want %d", c.talk, code, c.code)
		}
		if got := strings.ReplaceAll(stderr.String(), "pqenc: ", ""); got != c.stderr {
			t.Errorf("%q: it says %q, want %q", c.talk, got, c.stderr)
		}
		if asked := strings.Contains(screen, "Trust it?"); asked != (c.talk != nil) {
			t.Errorf("%q: the terminal shows %q", c.talk, screen)
		}
		file, err := os.ReadFile(filepath.Join(dir, "new", "home", "known_servers"))
		if known := string(file) == s.host+" "+key+"\n"; known != c.known {
			t.Errorf("%q: the known servers are %q, %v", c.talk, file, err)
		}
	}
	for name, want := range map[string]os.FileMode{"new/home": 0o700, "new/home/known_servers": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// TestInterruptedPull interrupts a pull while it receives nothing. The next one resumes
// from the saved part; an empty part is removed.
func TestInterruptedPull(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	dir, s := newStore(t)
	server := "--server=" + testkit.Identity("server").Fingerprint().String()
	in := bytes.Repeat([]byte("0123456789abcdef"), 2<<20) // 32 MiB
	writeIn(t, dir, "in", in)
	writeIn(t, dir, "out", []byte(oldContent))
	if code, _, stderr := pqencIn(t, dir, "push", "-i", "alice.key", server, "-r", "alice.pub", "in", "ws://"+s.host+"/in"); code != exitOK {
		t.Fatal(stderr)
	}
	for _, c := range []struct {
		bytes int64
		left  int
	}{{100 << 10, 0}, {25 << 20, 2}} {
		stalled := make(chan struct{})
		host := newStall(t, s.host, c.bytes, stalled)
		cmd := exec.Command("pqenc", "pull", "-i", "alice.key", server, "-o", "out", "ws://"+host+"/in")
		var says strings.Builder
		cmd.Dir, cmd.Stderr = dir, &says
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-stalled
		if c.left > 0 {
			for !holds(filepath.Join(dir, ".out.pqenc-state")) {
				runtime.Gosched()
			}
		}
		code, _, stderr := pqencIn(t, dir, "pull", "-i", "alice.key", server, "-o", "out", "ws://"+s.host+"/in")
		if want := "error: create out: is being written by another process\n"; code != exitIO || !strings.Contains(stderr, want) {
			t.Errorf("a second one at the same time: exit code %d, it says %q", code, stderr)
		}
		cmd.Process.Signal(os.Interrupt)
		if code, err := exitCode(cmd.Wait()); err != nil || code != 130 {
			t.Errorf("exit code %d, %v", code, err)
		}
		want := `^pqenc: interrupted: out was not replaced\n$`
		if c.left > 0 {
			want = `^pqenc: interrupted: out was not replaced; [0-9.]+ MiB are kept in \.out\.pqenc-part: run the same command again to resume, or delete \.out\.pqenc-\*\n$`
		}
		if !regexp.MustCompile(want).MatchString(says.String()) {
			t.Errorf("it says %q, want %s", says.String(), want)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".out*")); len(left) != c.left {
			t.Errorf("after %d bytes it left %q", c.bytes, left)
		}
		if content, err := os.ReadFile(filepath.Join(dir, "out")); err != nil || string(content) != oldContent {
			t.Errorf("the old file has changed, %v", err)
		}
	}
	host := newStall(t, s.host, 30<<20, make(chan struct{})) // less than all of it
	if code, _, stderr := pqencIn(t, dir, "pull", "-i", "alice.key", server, "-o", "out", "ws://"+host+"/in"); code != exitOK {
		t.Fatal(stderr)
	}
	if content, err := os.ReadFile(filepath.Join(dir, "out")); err != nil || !bytes.Equal(content, in) {
		t.Errorf("%d bytes that differ, %v", len(content), err)
	}
}

// TestShorterPush truncates an encrypted file while it is pushed. That is neither a
// connection failure nor earlier damage.
func TestShorterPush(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	dir, s := newStore(t)
	writeIn(t, dir, "in.pqe", sealed(t, make([]byte, 30_000_000)))
	proxy := &cutter{to: s.host, limit: 7_000_000, connections: 100}
	host, err := proxy.start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proxy.listener.Close() })
	cmd := exec.Command("pqenc", "push", "-i", "alice.key", "--server", testkit.Identity("server").Fingerprint().String(), "in.pqe", "ws://"+host+"/in.pqe")
	cmd.Dir = dir
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, last := bufio.NewScanner(stderr), []string(nil)
	for lines.Scan() {
		if !strings.Contains(lines.Text(), "connection lost") {
			last = append(last, lines.Text())
		} else if err := os.Truncate(filepath.Join(dir, "in.pqe"), 5000); err != nil { // before the next connection
			t.Error(err)
		}
	}
	code, err := exitCode(cmd.Wait())
	want := []string{"pqenc: error: read in.pqe: the file has become shorter: it had 30004224 bytes", "pqenc: hint: another program is writing to it: try again when that is done"}
	if err != nil || code != exitIO || !slices.Equal(last, want) {
		t.Errorf("exit code %d, %v, it says %q", code, err, last)
	}
}

// TestRetryAtTerminal loses connections while progress is shown: the messages get their
// own lines.
func TestRetryAtTerminal(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	dir, s := newStore(t)
	writeIn(t, dir, "in", zeros)
	proxy := &cutter{to: s.host, limit: 5_000_000, connections: 100}
	host, err := proxy.start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proxy.listener.Close() })
	cmd := exec.Command("pqenc", "push", "-i", "alice.key", "--server", testkit.Identity("server").Fingerprint().String(), "-r", "alice.pub", "in", "ws://"+host+"/in")
	cmd.Dir = dir
	screen := begin(t, cmd).leaves()
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	parts := strings.Split(screen, "pqenc: warning: connection lost")
	if len(parts) < 2 {
		t.Errorf("the terminal shows %q", screen)
	}
	for _, before := range parts[:len(parts)-1] {
		if before != "" && !strings.HasSuffix(before, "\r") && !strings.HasSuffix(before, "\n") {
			t.Errorf("it says so in the middle of a line: %q", screen)
		}
	}
	if !strings.HasSuffix(screen, "\r") && !strings.HasSuffix(screen, "\n") {
		t.Errorf("the terminal keeps the end of %q", screen)
	}
}

// holds reports whether a file is not empty.
func holds(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Size() > 0
}

// newStall returns the address of a proxy that forwards the given number of bytes from
// the server, and then stalls.
func newStall(t *testing.T, to string, bytes int64, stalled chan<- struct{}) (host string) {
	t.Helper()
	return newForwarder(t, to, func(client, server net.Conn) {
		go func() {
			io.Copy(server, client)
			server.Close()
		}()
		io.CopyN(client, server, bytes)
		close(stalled)
	})
}

// newForwarder returns the address of a proxy that takes one connection to the server, and
// calls forward with both of its ends.
func newForwarder(t *testing.T, to string, forward func(client, server net.Conn)) (host string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", to)
		if err != nil {
			return
		}
		forward(client, server)
	}()
	return listener.Addr().String()
}
