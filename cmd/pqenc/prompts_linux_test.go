// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
)

// session is one command, and the answers to its questions.
type session struct {
	args   string
	talk   []line
	code   int
	stdout string
	stderr string // without "pqenc: "
}

const notAsked = "error: alice.pqe: no matching key: the file was not encrypted to the keys that -i names, or its header is damaged\n" +
	"hint: ask the sender to which fingerprint it was encrypted; \"pqenc fingerprint KEY\" shows yours\n"

var sessions = map[string]session{
	"a file": {
		args: "-d pw.pqe", talk: []line{{"passphrase for pw.pqe: ", passphrase + "\n"}},
		stdout: "contents\n",
	},
	"standard input": {
		args: "-d", talk: []line{{"passphrase for standard input: ", passphrase + "\n"}},
		stdout: "contents\n",
	},
	"wrong": {
		args: "-d -o out pw.pqe", talk: []line{{"passphrase for pw.pqe: ", "incorrect\n"}},
		code: exitNoKey, stderr: "error: pw.pqe: wrong passphrase\n",
	},
	"empty": {
		args: "-d -o out pw.pqe", talk: []line{{"passphrase for pw.pqe: ", "\n"}},
		code: exitUsage, stderr: "error: pw.pqe: the passphrase is empty\n",
	},
	"none": {
		args: "-d -o out pw.pqe", talk: []line{{"passphrase for pw.pqe: ", "\x04"}},
		code: exitUsage, stderr: "error: pw.pqe: no passphrase was given\n",
	},
	"a key": {
		args: "-d -i carol.key carol.pqe", talk: []line{{"passphrase for carol.key: ", passphrase + "\n"}},
		stdout: "for carol\n",
	},
	"a key after another": {
		args: "-d -i alice.key -i carol.key carol.pqe", talk: []line{{"passphrase for carol.key: ", passphrase + "\n"}},
		stdout: "for carol\n",
	},
	"a key with a wrong passphrase": {
		args: "-d -i carol.key -o out carol.pqe", talk: []line{{"passphrase for carol.key: ", "incorrect\n"}},
		code: exitNoKey, stderr: "error: carol.pqe: carol.key: wrong passphrase for the private key\n",
	},
	"a key after one with a wrong passphrase": {
		args: "-d -i dora.key -i carol.key carol.pqe", talk: []line{{"passphrase for dora.key: ", "incorrect\n"}, {"passphrase for carol.key: ", passphrase + "\n"}},
		stdout: "for carol\n",
	},
	"two keys with wrong passphrases": {
		args: "-d -i dora.key -i carol.key -o out carol.pqe", talk: []line{{"passphrase for dora.key: ", "incorrect\n"}, {"passphrase for carol.key: ", "incorrect\n"}},
		code: exitNoKey, stderr: "error: carol.pqe: dora.key: wrong passphrase for the private key\n",
	},
	"a key with a wrong passphrase before one that is not protected": {args: "-d -i carol.key -i alice.key alice.pqe", stdout: "for alice\n"},
	"a key that is asked for once": {
		args: "-d -i carol.key -i carol.key -o out alice.pqe", talk: []line{{"passphrase for carol.key: ", passphrase + "\n"}},
		code: exitNoKey, stderr: notAsked,
	},
	"a key that is not needed":       {args: "-d -i alice.key -i carol.key alice.pqe", stdout: "for alice\n"},
	"no key":                         {args: "-d -i bob.key alice.pqe", code: exitNoKey, stderr: notAsked},
	"a key whose fingerprint":        {args: "fingerprint carol.key", talk: []line{{"passphrase for carol.key: ", passphrase + "\n"}}, stdout: "$CAROL\n"},
	"a key that is not for the kind": {args: "-d -i carol.key pw.pqe", talk: []line{{"passphrase for pw.pqe: ", passphrase + "\n"}}, stdout: "contents\n"},
	"a file that is none":            {args: "-d -i carol.key pw", code: exitDamaged, stderr: "error: pw: this is not a pqenc file\nhint: only files that pqenc made can be decrypted\n"},
	"a signed file that is read twice": {
		args: "-d --from bob.pub signed.pqe", talk: []line{{"passphrase for signed.pqe: ", passphrase + "\n"}},
		stdout: "contents\n", stderr: "signed by $BOB on TIME\n",
	},
	"a signed file that is verified": {
		args: "verify --from bob.pub --json signed.pqe", talk: []line{{"passphrase for signed.pqe: ", "incorrect\n"}},
		code: exitNoKey, stderr: "error: signed.pqe: wrong passphrase\n",
	},
	"a key for a file that is read twice": {
		args: "-d -i carol.key --from bob.pub signed-for-carol.pqe", talk: []line{{"passphrase for carol.key: ", passphrase + "\n"}},
		stdout: "for carol\n", stderr: "signed by $BOB on TIME\n",
	},
	"a key that signs": {
		args: "-r alice.pub --sign carol.key -o /dev/null pw", talk: []line{{"passphrase for carol.key: ", passphrase + "\n"}},
	},
	"a key that signs with a wrong passphrase": {
		args: "-r alice.pub --sign carol.key -o out pw", talk: []line{{"passphrase for carol.key: ", "incorrect\n"}},
		code: exitNoKey, stderr: "error: carol.key: wrong passphrase for the private key\n",
	},
	"a key that signs beside a passphrase": {
		args: "-p --passphrase-file pw --sign carol.key -o out alice.pub", talk: []line{{"passphrase for carol.key: ", "incorrect\n"}},
		code: exitNoKey, stderr: "error: carol.key: wrong passphrase for the private key\n",
	},
	"a key that signs a file": {
		args: "sign -i carol.key --comment two -o /dev/null pw alice.pub", code: exitUsage,
		stderr: "error: -o is for one file, and there are several\nhint: without it each signature is written beside its file\n",
	},
	"a key that signs several files": {args: "sign -i carol.key pw alice.pub", talk: []line{{"passphrase for carol.key: ", passphrase + "\n"}}, stderr: "2 files signed\n"},
	"a key that signs standard input with a wrong passphrase": {
		args: "sign -i carol.key -o out", talk: []line{{"passphrase for carol.key: ", "incorrect\n"}},
		code: exitNoKey, stderr: "error: carol.key: wrong passphrase for the private key\n",
	},
	"a new one that differs":          {args: "-p -o out pw", talk: []line{{"new passphrase for pw: ", "one\n"}, {"the same again: ", "two\n"}}, code: exitUsage, stderr: "error: the two passphrases differ\nhint: nothing was written: try again\n"},
	"a new one that is empty":         {args: "-p -o out pw", talk: []line{{"new passphrase for pw: ", "\n"}, {"the same again: ", "\n"}}, code: exitUsage, stderr: "error: the passphrase is empty\n"},
	"a new one for a key":             {args: "keygen -o out --protect", talk: []line{{"new passphrase for out.key: ", "one\n"}, {"the same again: ", "two\n"}}, code: exitUsage, stderr: "error: the two passphrases differ\nhint: nothing was written: try again\n"},
	"an empty new one for a key":      {args: "keygen -o out --protect", talk: []line{{"new passphrase for out.key: ", "\n"}, {"the same again: ", "\n"}}, code: exitUsage, stderr: "error: the passphrase is empty\n"},
	"a key that is rotated":           {args: "key rotate --retire carol.key", talk: []line{{"passphrase for carol.key: ", passphrase + "\n"}}, stderr: "wrote carol.key, which is private, and carol.pub\n"},
	"a key that is not rotated":       {args: "key rotate carol.key", talk: []line{{"passphrase for carol.key: ", "incorrect\n"}}, code: exitNoKey, stderr: "error: carol.key: wrong passphrase for the private key\n"},
	"a passphrase that is changed":    {args: "key passphrase carol.key", talk: []line{{"passphrase for carol.key: ", passphrase + "\n"}, {"new passphrase for carol.key: ", passphrase + "!\n"}, {"the same again: ", passphrase + "!\n"}}, stderr: "carol.key is protected by the new passphrase\n"},
	"a passphrase that is removed":    {args: "key passphrase --remove carol.key", talk: []line{{"passphrase for carol.key: ", passphrase + "\n"}}, stderr: "carol.key has no passphrase now\n"},
	"a name that a terminal may obey": {args: "-d \x1b[31m.pqe", talk: []line{{`passphrase for \u001b[31m.pqe: `, passphrase + "\n"}}, stdout: "contents\n"},
}

// TestPrompts requires that the command asks at a terminal, and only there.
func TestPrompts(t *testing.T) {
	testkit.Long(t)
	for name, s := range sessions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := talkingFolder(t)
			stdin, err := os.Open(filepath.Join(dir, "pw.pqe"))
			if err != nil {
				t.Fatal(err)
			}
			defer stdin.Close()
			var stdout, stderr strings.Builder
			cmd := exec.Command("pqenc", strings.Split(s.args, " ")...)
			cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, stdin, &stdout, &stderr
			screen := s.play(t, cmd)

			if code := cmd.ProcessState.ExitCode(); code != s.code {
				t.Errorf("exit code %d, want %d", code, s.code)
			}
			if want := named(s.stdout); stdout.String() != want {
				t.Errorf("standard output %q, want %q", stdout.String(), want)
			}
			want := named(s.stderr)
			if got := timeless(strings.ReplaceAll(stderr.String(), "pqenc: ", "")); got != want {
				t.Errorf("standard error %q, want %q", got, want)
			}
			if want := s.screen(); screen != want {
				t.Errorf("the terminal shows %q, want %q", screen, want)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "out*")); len(left) > 0 {
				t.Errorf("it wrote %q", left)
			}
		})
	}
}

// named returns text with the fingerprints inserted for variables.
func named(text string) string {
	return os.Expand(text, func(name string) string { return testkit.Identity(strings.ToLower(name)).Fingerprint().String() })
}

// play returns all output.
func (s session) play(t *testing.T, cmd *exec.Cmd) string {
	p := begin(t, cmd)
	for _, l := range s.talk {
		if !p.sees(l.await) {
			break // the comparison will show it
		}
		if p.echoes(t) {
			t.Errorf("%q is asked for in the open", l.await)
		}
		p.types(l.answer)
	}
	screen := p.leaves()
	cmd.Wait()
	return screen
}

// screen returns the expected screen: the questions without the answers.
func (s session) screen() string {
	var all strings.Builder
	for _, l := range s.talk {
		all.WriteString(l.await + "\r\n")
	}
	return all.String()
}

// talkingFolder returns a folder with the files of all people.
func talkingFolder(t *testing.T) string {
	dir := newFolder(t)
	for _, name := range []string{"alice", "carol"} {
		content, err := seal([]byte("for "+name+"\n"), testkit.Identity(name).Public())
		if err != nil {
			t.Fatal(err)
		}
		writeIn(t, dir, name+".pqe", content)
	}
	writeIn(t, dir, "dora.key", people()["carol.key"])
	writeIn(t, dir, "\x1b[31m.pqe", people()["pw.pqe"])
	writeIn(t, dir, "signed.pqe", signed(t, []byte("contents\n"), cheap(passphrase)))
	writeIn(t, dir, "signed-for-carol.pqe", signed(t, []byte("for carol\n"), testkit.Identity("carol").Public()))
	return dir
}

const weakWarning = "pqenc: warning: the new passphrase for in is weak: whoever has the file can guess it\r\n" +
	"pqenc: hint: --generate-passphrase makes one of several random words\r\n"

// TestNewPassphrase encrypts at a terminal with a weak passphrase, and decrypts.
func TestNewPassphrase(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes as long as to guess a passphrase")
	}
	dir := newFolder(t)
	encrypt := session{talk: []line{{"new passphrase for in: ", "new\n"}, {"the same again: ", "new\n"}}}
	decrypt := session{talk: []line{{"passphrase for out: ", "new\n"}}}
	writeIn(t, dir, "in", []byte("contents"))

	cmd := exec.Command("pqenc", "-p", "-o", "out", "in")
	cmd.Dir = dir
	if screen := encrypt.play(t, cmd); screen != encrypt.screen()+weakWarning || !cmd.ProcessState.Success() {
		t.Fatalf("the terminal shows %q", screen)
	}
	cmd = exec.Command("pqenc", "-d", "out")
	cmd.Dir = dir
	if screen := decrypt.play(t, cmd); screen != decrypt.screen()+"contents" || !cmd.ProcessState.Success() {
		t.Fatalf("the terminal shows %q", screen)
	}
}

// TestInterruptedPrompt interrupts the command while it waits for an answer: the terminal
// echoes again.
func TestInterruptedPrompt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		interrupt func(p *person, group int)
		code      int
		by        string
	}{
		"Ctrl-\\": {func(p *person, _ int) { p.types("sec\x1c") }, 131, " by SIGQUIT"},
		"Ctrl-C":  {func(p *person, _ int) { p.types("sec\x03") }, 130, ""},
		"SIGTERM": {func(_ *person, group int) { syscall.Kill(-group, syscall.SIGTERM) }, 143, " by SIGTERM"},
		"hang up": {func(_ *person, group int) { syscall.Kill(-group, syscall.SIGHUP) }, 129, " by SIGHUP"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "hang up" {
				skipIgnored(t, syscall.SIGHUP)
			}
			cmd := exec.Command("pqenc", "-d", "-o", "out", "pw.pqe")
			cmd.Dir = newFolder(t)
			writeIn(t, cmd.Dir, "out", []byte(oldContent))
			p := begin(t, cmd)
			if !p.sees("passphrase for pw.pqe: ") || p.echoes(t) {
				t.Fatalf("the terminal shows %q", p.screen.String())
			}
			c.interrupt(p, cmd.Process.Pid)
			screen := p.stays()
			if !p.echoes(t) {
				t.Error("the terminal stays silent")
			}
			p.leaves()
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			// The terminal itself may show "^C", but not what was typed before it.
			if screen = strings.NewReplacer("^C", "", "^\\", "").Replace(screen); screen != "passphrase for pw.pqe: \r\npqenc: interrupted"+c.by+": out was not replaced\r\n" {
				t.Errorf("the terminal shows %q", screen)
			}
			if content, err := os.ReadFile(filepath.Join(cmd.Dir, "out")); err != nil || string(content) != oldContent {
				t.Errorf("the old file is %q, %v", content, err)
			}
		})
	}
}

// TestGeneratedPassphrase generates a passphrase for a key, which is shown only on the
// terminal, and opens the key with it.
func TestGeneratedPassphrase(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	dir := newFolder(t)
	var stdout, stderr strings.Builder
	cmd := exec.Command("pqenc", "keygen", "-o", "out", "--protect", "--generate-passphrase")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	screen := begin(t, cmd).leaves()
	cmd.Wait()
	shown := regexp.MustCompile(`^new passphrase for out\.key: ([a-z-]+)\r\nWrite it down: it is not shown again\.\r\n$`).FindStringSubmatch(screen)
	if shown == nil {
		t.Fatalf("the terminal shows %q, it says %q", screen, stderr.String())
	}
	if all := stdout.String() + stderr.String(); strings.Contains(all, shown[1]) || strings.Contains(all, "weak") {
		t.Errorf("it says %q", all)
	}
	writeIn(t, dir, "made", []byte(shown[1]+"\n"))
	if code, fingerprint, stderr := pqencIn(t, dir, "fingerprint", "--passphrase-file", "made", "out.key"); code != exitOK || fingerprint != stdout.String() {
		t.Errorf("exit code %d, %q, %s", code, fingerprint, stderr)
	}
}
