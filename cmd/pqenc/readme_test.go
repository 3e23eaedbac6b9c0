// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/keyfile"
)

// sessionDocs are the documents whose sessions are one long one, in this order.
var sessionDocs = []string{"README.md", "docs/files.md", "docs/signatures.md", "docs/keys.md", "docs/transfer.md"}

// TestReadme types the sessions in README.md and docs, one after the other in one
// folder, and requires what they show. "..." stands for any text in a line. The server
// has a port of its own, and it is known from the second command on that names it.
func TestReadme(t *testing.T) {
	testkit.Long(t)
	dir := t.TempDir()
	t.Setenv("PQENC_HOME", filepath.Join(dir, "home"))
	for name, size := range map[string]int{"model.bin": 10_000_000, "run7/weights.bin": 1000} {
		writeIn(t, dir, name, make([]byte, size))
	}
	writeIn(t, dir, "secret.txt", []byte("correct horse battery staple\n"))
	writeIn(t, dir, "notes.txt", []byte("remember the milk\n"))

	web := httptest.NewServer(webHandler(dir))
	defer web.Close()
	person := &typist{t: t, dir: dir, web: web.URL + "/good"}
	commands := 0
	for _, name := range sessionDocs {
		for _, session := range sessionsIn(t, name) {
			for _, step := range strings.Split("\n"+session, "\n$ ")[1:] {
				command, want, _ := strings.Cut(step, "\n")
				commands++
				if got := person.types(command); !matches(got, want) {
					t.Errorf("$ %s\n%s\n%s has:\n%s", command, got, name, want)
				}
			}
		}
	}
	if commands < 60 {
		t.Errorf("only %d commands found", commands)
	}
}

// sessionsIn returns the sessions of a document.
func sessionsIn(t *testing.T, name string) (found []string) {
	t.Helper()
	b, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	for _, session := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(b), -1) {
		found = append(found, session[1])
	}
	return found
}

// TestAllSessions requires that no session is left out by the tests.
func TestAllSessions(t *testing.T) {
	t.Parallel()
	tested := append([]string{"docs/batch.md", "docs/server.md"}, sessionDocs...) // those two have tests of their own
	docs, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(docs, "../../README.md") {
		name := strings.TrimPrefix(filepath.ToSlash(path), "../../")
		if len(sessionsIn(t, name)) > 0 && !slices.Contains(tested, name) {
			t.Errorf("no test types the sessions in %s", name)
		}
	}
}

// TestLinks requires that every link from one document to another leads somewhere.
func TestLinks(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	links := 0
	for _, page := range append(pages, "../../README.md", "../../CONTRIBUTING.md") {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(string(b), -1) {
			links++
			path, anchor, _ := strings.Cut(link[1], "#")
			if path == "" || strings.Contains(path, "://") {
				continue
			}
			target, err := os.ReadFile(filepath.Join(filepath.Dir(page), path))
			if err != nil && !errors.Is(err, syscall.EISDIR) {
				t.Errorf("%s: %v", page, err)
			}
			if anchor != "" && !slices.Contains(anchors(string(target)), anchor) {
				t.Errorf("%s: %s has no heading #%s", page, path, anchor)
			}
		}
	}
	if links < 50 {
		t.Errorf("only %d links found", links)
	}
}

// anchors returns the headings of a document as links name them.
func anchors(document string) (names []string) {
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(document, -1) {
		plain := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		names = append(names, strings.ReplaceAll(plain, " ", "-"))
	}
	return names
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

// serverHost is where README.md has the server.
const serverHost = "localhost:8765"

// webURL is where README.md has the files.
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

// serves starts the server on a free port, and returns its output until it listens.
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

// shell returns the output of a command, which runs without a terminal even if the test
// has one.
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
