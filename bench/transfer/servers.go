// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pqenc/pqenc/bench/internal/hold"
)

// prepare builds the commands, makes the keys, and holds that many MiB of memory.
func (b *bench) prepare(mib int) error {
	for _, path := range []string{"github.com/pqenc/pqenc/cmd/pqenc", "./transfer"} {
		cmd := exec.Command("go", "build", "-o", b.dir+"/", path)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", path, err, out)
		}
	}
	for _, name := range []string{"p", "server"} {
		if err := b.command("./pqenc", "keygen", "-q", "-o", name); err != nil {
			return err
		}
	}
	if mib == 0 {
		return nil
	}
	cmd, err := hold.Start(filepath.Join(b.dir, "transfer"), mib)
	if err == nil {
		b.servers = append(b.servers, cmd)
	}
	return err
}

// start starts a server, which stop will end.
func (b *bench) start(name string, args ...string) (*exec.Cmd, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stderr = b.dir, os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	b.servers = append(b.servers, cmd)
	return cmd, nil
}

func (b *bench) stop() {
	for _, cmd := range b.servers {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	}
}

// startServer starts pqenc serve, which accepts the keys in those files, and returns its
// address and its process.
func (b *bench) startServer(keys ...string) (addr string, server *os.Process, err error) {
	rules := ""
	for _, key := range keys {
		rules += key + " push,pull,list,delete ** overwrite\n"
	}
	if err := os.WriteFile(filepath.Join(b.dir, "allow"), []byte(rules), 0o600); err != nil {
		return "", nil, err
	}
	cmd, err := b.start("./pqenc", "serve", "--dir", "store", "--listen", "127.0.0.1:0", "--address-file", "address",
		"-i", "server.key", "--allow", "allow", "--log-level", "error")
	if err != nil {
		return "", nil, err
	}
	address, err := b.await("address")
	return strings.TrimSpace(address), cmd.Process, err
}

// await waits for a file that a server writes when it is ready.
func (b *bench) await(name string) (string, error) {
	for range 500 {
		text, err := os.ReadFile(filepath.Join(b.dir, name))
		if err == nil && len(text) > 0 {
			return string(text), nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return "", fmt.Errorf("no %s after 5 s", name)
}

// startSSH starts OpenSSH's server, and returns the beginning of an scp command
// line that uses it.
func (b *bench) startSSH() ([]string, error) {
	for _, name := range []string{"host", "user"} {
		if err := b.command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", name); err != nil {
			return nil, err
		}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	config := fmt.Sprintf("Port %s\nListenAddress 127.0.0.1\nHostKey %[2]s/host\nAuthorizedKeysFile %[2]s/user.pub\nStrictModes no\n"+
		"UsePAM no\nPidFile none\nPermitRootLogin prohibit-password\nSubsystem sftp internal-sftp\n", port, b.dir)
	if err := os.WriteFile(filepath.Join(b.dir, "sshd_config"), []byte(config), 0o600); err != nil {
		return nil, err
	}
	sshd, err := exec.LookPath("/usr/sbin/sshd") // which wants its whole path
	if err != nil {
		return nil, err
	}
	if os.Getuid() == 0 {
		os.MkdirAll("/run/sshd", 0o755) // where it separates privileges
	}
	if _, err := b.start(sshd, "-D", "-e", "-q", "-f", filepath.Join(b.dir, "sshd_config")); err != nil {
		return nil, err
	}
	for range 500 {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			conn.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	me, err := user.Current()
	return []string{"scp", "-q", "-P", port, "-i", "user", "-F", "none", "-o", "User=" + me.Username, "-o", "IdentitiesOnly=yes",
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"}, err
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
