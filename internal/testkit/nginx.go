// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package testkit

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// nginxConfig is that of a server of files: %[1]s is its folder, %[2]s where it
// listens.
const nginxConfig = `
master_process off;
pid %[1]s/pid;
error_log %[1]s/log;
events { worker_connections 64; }
http {
	log_format sent '$status $body_bytes_sent';
	access_log %[1]s/access sent;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	server {
		listen %[2]s;
		root %[1]s/www;
	}
}
`

// Nginx is an nginx that serves files on the loopback interface. It logs a line
// for each request: the status, and how many bytes of a body were sent.
type Nginx struct {
	URL string // of the folder, without a slash at the end
	Dir string // the folder of the files

	dir string
	cmd *exec.Cmd
}

// StartNginx starts an nginx until the test ends. The test is skipped where there
// is none.
func StartNginx(t testing.TB) *Nginx {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			t.Skip(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr, dir := l.Addr().String(), t.TempDir()
	l.Close()
	n := &Nginx{URL: "http://" + addr, Dir: filepath.Join(dir, "www"), dir: dir}
	if err := os.Mkdir(n.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, nginxConfig, dir, addr), 0o644); err != nil {
		t.Fatal(err)
	}
	n.cmd = exec.Command(program, "-p", dir, "-e", dir+"/log", "-c", config, "-g", "daemon off;")
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		n.cmd.Process.Kill()
		n.cmd.Wait()
	})
	for range 1000 {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return n
		}
		time.Sleep(10 * time.Millisecond)
	}
	log, _ := os.ReadFile(dir + "/log")
	t.Fatalf("nginx does not listen: %s", log)
	return nil
}

// Stop ends nginx, and returns its log of requests.
func (n *Nginx) Stop(t testing.TB) string {
	t.Helper()
	n.cmd.Process.Signal(os.Interrupt)
	n.cmd.Wait()
	log, err := os.ReadFile(n.dir + "/access")
	if err != nil {
		t.Fatal(err)
	}
	return string(log)
}
