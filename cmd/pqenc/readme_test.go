// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/keyfile"
)

// TestReadme types the sessions in README.md, one after the other in one folder,
// and requires what they show. "..." stands for any text in a line. The server has a
// port of its own, and it is known from the second command on that names it.
func TestReadme(t *testing.T) {
	testkit.Long(t)
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Setenv("PQENC_HOME", filepath.Join(dir, "home"))
	for name, size := range map[string]int{"model.bin": 10_000_000, "run7/weights.bin": 1000} {
		writeIn(t, dir, name, make([]byte, size))
	}
	writeIn(t, dir, "secret.txt", []byte("correct horse battery staple\n"))
	writeIn(t, dir, "notes.txt", []byte("remember the milk\n"))

	sessions := regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	web := httptest.NewServer(webHandler(dir))
	defer web.Close()
	person := &typist{t: t, dir: dir, web: web.URL + "/good"}
	commands := 0
	for _, session := range sessions {
		for _, step := range strings.Split("\n"+session[1], "\n$ ")[1:] {
			command, want, _ := strings.Cut(step, "\n")
			commands++
			if got := person.types(command); !matches(got, want) {
				t.Errorf("$ %s\n%s\nREADME.md says:\n%s", command, got, want)
			}
		}
	}
	if commands < 35 {
		t.Errorf("only %d commands found", commands)
	}
}

// TestReadmeExitCodes requires that the table of README.md is that of the man
// page.
func TestReadmeExitCodes(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for _, s := range exitStatus {
		fmt.Fprintf(&table, "| %d | %s |\n", s.code, s.text)
	}
	if !strings.Contains(string(readme), table.String()) {
		t.Errorf("README.md does not have this table:\n%s", table.String())
	}
}

// typist types commands in one folder.
type typist struct {
	t      *testing.T
	dir    string
	web    string   // the URL of a web server of the folder
	server *running // once there is one
	known  bool     // the server, to the client
}

// serverHost is where README.md says that the server is.
const serverHost = "localhost:8765"

// webURL is where README.md says that the files are.
const webURL = "https://files.example.org"

// types returns what a person would see of the command.
func (p *typist) types(command string) string {
	command = strings.ReplaceAll(command, webURL, p.web)
	if server, ok := strings.CutSuffix(command, " &"); ok {
		return p.serves(server)
	}
	if p.server == nil || !strings.Contains(command, serverHost) {
		return shell(p.dir, command)
	}
	out := shell(p.dir, strings.ReplaceAll(command, serverHost, p.server.host))
	if !p.known { // the person says yes to the next one
		p.known = true
		name, err := knownServers()
		if err != nil {
			p.t.Fatal(err)
		}
		key, err := keyfile.LoadPublic(filepath.Join(p.dir, "server.pub"))
		if err != nil {
			p.t.Fatal(err)
		}
		if err := remember(name, p.server.host, key[0].Fingerprint()); err != nil {
			p.t.Fatal(err)
		}
	}
	return out
}

// serves starts the server, at a port that nobody has, and returns what it says
// until it takes connections.
func (p *typist) serves(command string) (said string) {
	cmd := exec.Command("sh", "-c", "exec "+strings.Replace(command, "--listen :8765", "--listen 127.0.0.1:0", 1))
	cmd.Dir = p.dir
	var err error
	if p.server, said, err = startListening(cmd); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(p.server.kill)
	return said
}

// shell returns what the command shows. It has no terminal, even where the test
// has one: nobody is there to be asked.
func shell(dir, command string) string {
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Setsid: true}
	out, err := cmd.CombinedOutput()
	if err != nil {
		out = fmt.Appendf(out, "[exit code %d]\n", cmd.ProcessState.ExitCode())
	}
	return string(out)
}

func matches(got, want string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(want), `\.\.\.`, ".*")
	return regexp.MustCompile("^" + strings.TrimRight(pattern, "\n") + "\n*$").MatchString(got)
}
