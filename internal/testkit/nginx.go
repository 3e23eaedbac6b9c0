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
	"strings"
	"sync"
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
	gzip on;
	gzip_types *;
	gzip_min_length 1;
	server {
		listen %[2]s;
		root %[1]s/www;
		location /slow/ { alias %[1]s/www/; limit_rate 512k; }
		location /whole/ { alias %[1]s/www/; max_ranges 0; }
		location /moved/ { rewrite ^/moved/(.*) http://%[2]s/$1 permanent; }
	}
}
`

// Nginx is an nginx that serves files on the loopback interface, compressed for clients
// that accept that. It logs a line for each request: the status, and how many bytes of a body were sent.
// The same files are below /slow, at 512 KiB/s a connection, below /whole, without ranges,
// and below /moved, which redirects.
type Nginx struct {
	URL string // of the folder, without a slash at the end
	Dir string // the folder of the files

	dir, program string

	mu  sync.Mutex // of cmd: several may kill it
	cmd *exec.Cmd
}

// StartNginx starts an nginx, which ends with the test. It skips the test if nginx is not
// installed.
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
	n := &Nginx{URL: "http://" + addr, Dir: filepath.Join(dir, "www"), dir: dir, program: program}
	if err := os.Mkdir(n.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/nginx.conf", fmt.Appendf(nil, nginxConfig, dir, addr), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := n.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Kill)
	return n
}

// start starts nginx, and returns when it listens.
func (n *Nginx) start() error {
	cmd := exec.Command(n.program, "-p", n.dir, "-e", n.dir+"/log", "-c", n.dir+"/nginx.conf", "-g", "daemon off;")
	if err := cmd.Start(); err != nil {
		return err
	}
	n.mu.Lock()
	n.cmd = cmd
	n.mu.Unlock()
	for range 1000 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(n.URL, "http://"))
		if err == nil {
			return conn.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	log, _ := os.ReadFile(n.dir + "/log")
	return fmt.Errorf("nginx does not listen: %s", log)
}

// Kill ends nginx and all its connections at once.
func (n *Nginx) Kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cmd.Process.Kill()
	n.cmd.Wait()
}

// Restart starts it again, at the same address.
func (n *Nginx) Restart() error {
	n.Kill()
	return n.start()
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
