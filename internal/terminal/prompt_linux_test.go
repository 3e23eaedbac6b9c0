// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package terminal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// childEnv makes the test binary ask a question and print the answer. It is a process of
// its own, because a controlling terminal belongs to a process, and the tests must not
// use their own.
const childEnv = "PQENC_TEST_PROMPT"

func TestMain(m *testing.M) {
	switch os.Getenv(childEnv) {
	case "":
		os.Exit(m.Run())
	case "secret":
		var p Prompter
		secret, err := p.Secret("passphrase for \x1b[2Jmodel")
		fmt.Println(describe(secret, err))
	case "ask":
		var p Prompter
		answer, err := p.Ask("trust \x1b[2Jit?")
		fmt.Println(describe([]byte(answer), err))
	case "restore":
		// As a signal handler does while the question is open.
		var p Prompter
		p.Restore() // nothing to undo yet
		go p.Secret("passphrase")
		input := bufio.NewReader(os.Stdin)
		input.ReadByte()
		p.Restore()
		fmt.Println("restored")
		input.ReadByte()
	}
}

func describe(secret []byte, err error) string {
	switch {
	case errors.Is(err, ErrNoTerminal):
		return "no terminal"
	case errors.Is(err, ErrNoAnswer):
		return "no answer"
	case err != nil:
		return err.Error()
	case secret == nil:
		return "nil"
	}
	return fmt.Sprintf("%q", secret)
}

// pty is a pseudo-terminal: what a person types goes into the master, and what
// the person sees comes out of it. The slave is what programs have.
type pty struct {
	master, slave *os.File
	asked         chan struct{} // closed when a question is shown
	seen          chan string   // one value: all that was shown, once no program has the slave any more
}

func newPTY(t *testing.T) *pty {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	slave, err := os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	t.Cleanup(func() { slave.Close() })
	p := &pty{master, slave, make(chan struct{}), make(chan string, 1)}
	go p.watch()
	return p
}

func (p *pty) watch() {
	var all []byte
	b := make([]byte, 1024)
	for asked := false; ; {
		n, err := p.master.Read(b)
		all = append(all, b[:n]...)
		if !asked && bytes.HasSuffix(all, []byte(": ")) {
			asked = true
			close(p.asked)
		}
		if err != nil { // EIO is the end
			p.seen <- string(all)
			return
		}
	}
}

// echoes reports whether the terminal echoes what is typed.
func (p *pty) echoes(t *testing.T) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(p.slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// awaitQuestion returns as soon as the program has asked.
func (p *pty) awaitQuestion(t *testing.T, c *child) {
	t.Helper()
	select {
	case <-p.asked:
	case <-c.ended:
		t.Fatal("the program has ended without a question")
	}
}

// child is the program under test, with the pty as its controlling terminal.
type child struct {
	*exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	ended  chan struct{}
}

func startChild(t *testing.T, what string, terminal *os.File) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{Cmd: exec.Command(self), ended: make(chan struct{})}
	c.Env = append(os.Environ(), childEnv+"="+what, "GORACE=atexit_sleep_ms=0")
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if terminal != nil {
		c.ExtraFiles = []*os.File{terminal}
		c.SysProcAttr.Setctty, c.SysProcAttr.Ctty = true, 3
	}
	if c.stdin, err = c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, stdoutWriter, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdout.Close() })
	c.Stdout, c.stdout = stdoutWriter, bufio.NewReader(stdout)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	stdoutWriter.Close()
	go func() {
		c.Wait()
		close(c.ended)
	}()
	t.Cleanup(func() {
		c.Process.Kill()
		<-c.ended
	})
	return c
}

// says returns the next line of standard output.
func (c *child) says(t *testing.T) string {
	t.Helper()
	line, err := c.stdout.ReadString('\n')
	if err != nil {
		t.Fatal("the program has ended without an answer: ", err)
	}
	return strings.TrimSuffix(line, "\n")
}

func TestSecret(t *testing.T) {
	for _, c := range []struct{ what, typed, want string }{
		{"a passphrase", "open sesame\n", `"open sesame"`},
		{"as the Enter key sends it", "open sesame\r", `"open sesame"`},
		{"spaces and other scripts", "  Größe 世界 \n", `"  Größe 世界 "`},
		{"with a mistake corrected", "opem\x7fn sesame\n", `"open sesame"`},
		{"corrected to nothing", "o\b\b\n", `""`},
		{"two lines", "open sesame\nsecond\n", `"open sesame"`},
		{"an empty line", "\n", `""`}, // not nil, which may mean that no secret is wanted
	} {
		p := newPTY(t)
		child := startChild(t, "secret", p.slave)
		p.awaitQuestion(t, child)
		if _, err := io.WriteString(p.master, c.typed); err != nil {
			t.Fatal(err)
		}
		if got := child.says(t); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
		<-child.ended
		if !p.echoes(t) {
			t.Errorf("%s: the terminal stays silent", c.what)
		}
		p.slave.Close()
		if seen := <-p.seen; seen != `passphrase for \u001b[2Jmodel: `+"\r\n" {
			t.Errorf("%s: the terminal shows %q", c.what, seen)
		}
	}
}

// TestAsk asks with echo.
func TestAsk(t *testing.T) {
	for typed, want := range map[string]string{
		"yes\n": `"yes"`, " yes \r": `"yes"`, "\n": `""`, "no\nyes\n": `"no"`, "\x04": "no answer", "ye\x7f\x7fno\n": `"no"`,
	} {
		p := newPTY(t)
		child := startChild(t, "ask", p.slave)
		p.awaitQuestion(t, child)
		if !p.echoes(t) {
			t.Errorf("%q: the terminal is silent", typed)
		}
		if _, err := io.WriteString(p.master, typed); err != nil {
			t.Fatal(err)
		}
		if got := child.says(t); got != want {
			t.Errorf("%q: %s, want %s", typed, got, want)
		}
		<-child.ended
		p.slave.Close()
		if seen := <-p.seen; !strings.HasPrefix(seen, `trust \u001b[2Jit?: `) {
			t.Errorf("%q: the terminal shows %q", typed, seen)
		}
	}
	if got := startChild(t, "ask", nil).says(t); got != "no terminal" {
		t.Errorf("got %s", got)
	}
}

func TestRestore(t *testing.T) {
	p := newPTY(t)
	child := startChild(t, "restore", p.slave)
	p.awaitQuestion(t, child)
	io.WriteString(child.stdin, "\n")
	if got := child.says(t); got != "restored" {
		t.Fatal(got)
	}
	if !p.echoes(t) {
		t.Error("the terminal stays silent")
	}
	child.stdin.Close()
	<-child.ended
	p.slave.Close()
	if seen := <-p.seen; seen != "passphrase: \r\n" {
		t.Errorf("the terminal shows %q", seen)
	}
}

func TestNoTerminal(t *testing.T) {
	child := startChild(t, "secret", nil)
	if got := child.says(t); got != "no terminal" {
		t.Errorf("got %s", got)
	}
}

func TestIs(t *testing.T) {
	p := newPTY(t)
	if !Is(p.slave) {
		t.Error("a pseudo-terminal is no terminal")
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if Is(null) {
		t.Errorf("%s is a terminal", os.DevNull)
	}
}
