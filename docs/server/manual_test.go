// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package server

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/server"
)

const manualFile = "../server.md"

// block is one that is fenced in the manual, with the line before it.
type block struct{ before, kind, text string }

func blocks(t *testing.T) (all []block) {
	t.Helper()
	for _, m := range regexp.MustCompile("(?sm)^([^\n]*)\n\n?```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(read(t, manualFile), -1) {
		all = append(all, block{m[1], m[2], m[3]})
	}
	return all
}

// toFile matches a line before a block that is to be written to a file.
var toFile = regexp.MustCompile("`(/[^`]*)`:$")

// TestManual types the sessions of docs/server.md, one after the other, on a machine that
// is new at first, and once more at "another machine". It requires what they show: "..."
// stands for any text in a line, or as a line for any lines.
func TestManual(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	dir := sandbox(t)
	if dir == "" {
		return
	}
	dir = filepath.Join(dir, "work")
	run(t, "cp", "-r", ".", dir)
	run(t, "cp", pqenc(t), dir)
	m := &manager{t: t}
	commands := 0
	for _, b := range blocks(t) {
		if to := toFile.FindStringSubmatch(b.before); to != nil {
			write(t, to[1], []byte(b.text))
		}
		if b.before == "<!-- another machine -->" {
			leave(t)
		}
		if b.kind != "console" {
			continue
		}
		for _, step := range regexp.MustCompile(`(?m)^[#$] `).Split(b.text, -1)[1:] {
			command, want, _ := strings.Cut(step, "\n")
			commands++
			if got := m.types(dir, command); !matches(got, want) {
				t.Errorf("# %s\n%s\ndocs/server.md says:\n%s", command, got, want)
			}
		}
	}
	if commands < 40 {
		t.Errorf("only %d commands found", commands)
	}
	wantLog(t, m.journal())
	if t.Failed() {
		t.Log(m.journal())
	}
}

// types returns what a person sees of the command.
func (m *manager) types(dir, command string) string {
	if strings.HasPrefix(command, "systemctl ") {
		m.systemctl(command)
		return ""
	}
	cmd := exec.Command("bash", "-c", command)
	cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Setsid: true}
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH")+":/usr/sbin", "HOME="+dir, "PQENC_HOME="+dir+"/home")
	out, err := cmd.CombinedOutput()
	if err != nil {
		out = fmt.Appendf(out, "[exit code %d]\n", cmd.ProcessState.ExitCode())
	}
	return string(out)
}

func matches(got, want string) bool {
	var pattern strings.Builder
	for line := range strings.Lines(want) {
		if line == "...\n" {
			pattern.WriteString(`(.*\n)*`)
		} else {
			pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), `\.\.\.`, ".*"))
		}
	}
	return regexp.MustCompile("^" + pattern.String() + "$").MatchString(got)
}

// leave makes a new machine of this one. The next user has another number than on it.
func leave(t *testing.T) {
	t.Helper()
	run(t, "userdel", "pqenc")
	run(t, "useradd", "--system", "somebody")
	for _, name := range []string{"/etc/pqenc", "/etc/systemd/system/pqenc.service", "/etc/systemd/system/multi-user.target.wants/pqenc.service", "/var/lib/pqenc"} {
		if err := os.RemoveAll(name); err != nil {
			t.Fatal(err)
		}
	}
}

// wantLog requires the lines that the manual shows in the log of the server, in this
// order.
func wantLog(t *testing.T, log string) {
	t.Helper()
	for _, b := range blocks(t) {
		if b.kind == "log" && !matches(log, "...\n"+strings.ReplaceAll(b.text, "\n", "\n...\n")) {
			t.Errorf("the log does not have these lines:\n%s", b.text)
		}
	}
}

// TestManualLists reads every access list of the manual.
func TestManualLists(t *testing.T) {
	t.Parallel()
	lists := 0
	for _, b := range blocks(t) {
		if b.kind != "text" {
			continue
		}
		lists++
		key := func(string) ([]signature.Fingerprint, error) { return make([]signature.Fingerprint, 1), nil }
		if _, err := server.ParseAllow(strings.NewReader(b.text), key); err != nil {
			t.Errorf("%v\n%s", err, b.text)
		}
	}
	if lists < 2 {
		t.Errorf("only %d access lists found", lists)
	}
}

// TestManualFlags requires every flag of the server in the manual, and each default that
// it has in a table.
func TestManualFlags(t *testing.T) {
	t.Parallel()
	help, manual := strings.Join(strings.Fields(run(t, pqenc(t), "serve", "--help")), " "), read(t, manualFile)
	for _, name := range regexp.MustCompile(`--[a-z][a-z-]+`).FindAllString(help, -1) {
		switch name {
		case "--help", "--version", "--identity", "--quiet", "--address-file", "--passphrase-fd", "--progress":
			continue // of no use to an operator, or known by a short name
		}
		if !regexp.MustCompile(name + `\b[^-]`).MatchString(manual) {
			t.Errorf("docs/server.md does not have %s", name)
		}
	}
	rows := regexp.MustCompile("(?m)^\\| `(--[a-z-]+)` \\| (\\w+) \\|").FindAllStringSubmatch(manual, -1)
	if len(rows) < 10 {
		t.Errorf("only %d flags with a default", len(rows))
	}
	for _, row := range rows {
		if row[2] != "none" && !regexp.MustCompile(row[1]+`=\S+ [^=]*\(default: `+row[2]+`\)`).MatchString(help) {
			t.Errorf("%s: the default is not %s", row[1], row[2])
		}
	}
}

// ofOthers are messages that come from systemd, a proxy or the system, and no message.
var ofOthers = regexp.MustCompile(`^(status=.*|(\.\.\. HTTP )?\d{3}.*|ls|permission denied|address already in use)$`)

// TestManualMessages requires that what the manual explains is what the program says.
func TestManualMessages(t *testing.T) {
	t.Parallel()
	source := sources(t)
	_, table, _ := strings.Cut(read(t, manualFile), "\n## Troubleshooting\n")
	messages := 0
	for _, cell := range regexp.MustCompile(`(?m)^\| ([^|]*) \|`).FindAllStringSubmatch(table, -1) {
		for _, quoted := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell[1], -1) {
			for part := range strings.SplitSeq(quoted[1], ": ") {
				if ofOthers.MatchString(part) {
					continue
				}
				messages++
				if !strings.Contains(source, part) {
					t.Errorf("no program says %q", part)
				}
			}
		}
	}
	if messages < 8 {
		t.Errorf("only %d messages found", messages)
	}
}

// sources returns the source of what says something of servers.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, folder := range []string{"cmd/pqenc", "transfer", "transfer/internal/wire", "transfer/internal/channel", "transfer/server", "transfer/server/internal/store"} {
		files, err := filepath.Glob("../../" + folder + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatal(folder, err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				all.WriteString(read(t, file))
			}
		}
	}
	return all.String()
}
