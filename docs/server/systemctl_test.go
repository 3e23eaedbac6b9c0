// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package server

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// manager starts services as systemd does, as far as matters here: as their user, who
// has only the files that the unit gives. systemd itself does not run in a sandbox.
type manager struct {
	t       *testing.T
	service *process
	log     strings.Builder // of those that have ended
}

// systemctl does what the command of that name does with pqenc.service.
func (m *manager) systemctl(command string) {
	words := strings.Fields(command)
	verb := words[1]
	if verb == "enable" {
		run(m.t, "systemctl", "enable", words[len(words)-1])
		verb = strings.TrimPrefix(words[2], "--now")
		if words[2] == "--now" {
			verb = "start"
		}
	}
	if verb == "stop" || verb == "restart" {
		m.stop()
	}
	if verb == "start" || verb == "restart" {
		m.start()
	}
}

// unit returns what a unit has under a name.
func unit(t *testing.T, text, name string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + name + `=(.+)$`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("the unit has no %s", name)
	}
	return m[1]
}

func (m *manager) start() {
	m.t.Helper()
	text := read(m.t, "/etc/systemd/system/pqenc.service")
	who, err := user.Lookup(unit(m.t, text, "User"))
	if err != nil {
		m.t.Fatal(err)
	}
	uid, _ := strconv.Atoi(who.Uid)
	gid, _ := strconv.Atoi(who.Gid)
	state := filepath.Join("/var/lib", unit(m.t, text, "StateDirectory"))
	if err := os.MkdirAll(state, 0o700); err != nil {
		m.t.Fatal(err)
	}
	if err := os.Chown(state, uid, gid); err != nil {
		m.t.Fatal(err)
	}
	credentials := "/run/credentials/pqenc.service"
	name, from, _ := strings.Cut(unit(m.t, text, "LoadCredential"), ":")
	if err := os.MkdirAll(credentials, 0o755); err != nil {
		m.t.Fatal(err)
	}
	credential := filepath.Join(credentials, name)
	os.Remove(credential)
	if err := os.WriteFile(credential, []byte(read(m.t, from)), 0o400); err != nil {
		m.t.Fatal(err)
	}
	if err := os.Chown(credential, uid, gid); err != nil {
		m.t.Fatal(err)
	}
	command := func(name string) *exec.Cmd {
		words := strings.Fields(strings.ReplaceAll(unit(m.t, text, name), "${CREDENTIALS_DIRECTORY}", credentials))
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Dir, cmd.Env = "/", []string{"HOME=" + who.HomeDir, "CREDENTIALS_DIRECTORY=" + credentials}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		return cmd
	}
	if out, err := command("ExecStartPre").CombinedOutput(); err != nil {
		m.t.Fatalf("ExecStartPre: %v\n%s", err, out)
	}
	m.service = start(m.t, command("ExecStart"))
	m.service.listens(m.t, "localhost:8765")
}

func (m *manager) stop() {
	m.t.Helper()
	m.service.stop()
	m.log.WriteString(m.service.log.String())
	if code := m.service.ProcessState.ExitCode(); code != 0 {
		m.t.Errorf("the service ends with exit code %d", code)
	}
}

// journal returns all that the service has logged.
func (m *manager) journal() string { return m.log.String() + m.service.log.String() }
