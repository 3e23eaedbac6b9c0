// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package server

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// sandboxVariable is set in the process that runs in a sandbox, to a folder of its own.
const sandboxVariable = "PQENC_OPERATOR_SANDBOX"

var sandboxed = []string{"--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"}

// sandbox runs the test again, as root of a machine of its own: with another /etc,
// /usr/local/bin, /srv, /run and /var/lib, other processes and another network. It returns
// a folder there, or "" outside, where there is nothing left to do.
func sandbox(t *testing.T) (dir string) {
	if dir := os.Getenv(sandboxVariable); dir != "" {
		furnish(t, dir)
		return dir
	}
	unshare := program(t, "unshare")
	if out, err := exec.Command(unshare, append(sandboxed, "true")...).CombinedOutput(); err != nil {
		t.Skip("no sandbox here, which takes root: " + string(out))
	}
	dir = t.TempDir()
	cmd := exec.Command(unshare, append(sandboxed, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")...)
	cmd.Env = append(os.Environ(), sandboxVariable+"="+dir, programVariable+"="+pqenc(t), "TMPDIR="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return ""
}

// furnish makes the machine. Mounts end with its processes.
func furnish(t *testing.T, dir string) {
	etc := filepath.Join(dir, "etc")
	run(t, "cp", "-a", "/etc", etc)
	hosts := read(t, "/etc/hosts")
	write(t, filepath.Join(etc, "hosts"), []byte("127.0.0.1 localhost pqenc.example.org\n"+hosts))
	mount := func(source, target, kind string, flags uintptr) {
		if err := unix.Mount(source, target, kind, flags, ""); err != nil {
			t.Fatal(target, err)
		}
	}
	mount(etc, "/etc", "", unix.MS_BIND)
	for _, target := range []string{"/usr/local/bin", "/srv", "/run", "/var/lib"} {
		mount("tmpfs", target, "tmpfs", 0)
		if err := os.Chmod(target, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	loopback, err := unix.NewIfreq("lo")
	if err == nil {
		loopback.SetUint16(unix.IFF_UP)
		err = unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, loopback)
	}
	if err != nil {
		t.Fatal(err)
	}
}
