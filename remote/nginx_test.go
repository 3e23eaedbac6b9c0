// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package remote_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/remote"
)

// nginxConfig is that of a server of files: %[1]s is its folder, %[2]s where it listens.
const nginxConfig = `
master_process off;
pid %[1]s/pid;
error_log %[1]s/log;
events { worker_connections 64; }
http {
	access_log off;
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

type nginx struct {
	dir, addr string
	cmd       *exec.Cmd
}

// newNginx starts nginx with one object.
func newNginx(t *testing.T, contents []byte) *nginx {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &nginx{t.TempDir(), l.Addr().String(), nil}
	l.Close()
	n.write(t, "nginx.conf", fmt.Appendf(nil, nginxConfig, n.dir, n.addr))
	n.write(t, "www/models/a/b.pqe", contents)
	n.start(t)
	t.Cleanup(n.kill)
	return n
}

func (n *nginx) write(t *testing.T, name string, b []byte) {
	t.Helper()
	name = filepath.Join(n.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, b, 0o644)); err != nil {
		t.Fatal(err)
	}
}

func (n *nginx) start(t *testing.T) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			t.Skip(err)
		}
	}
	n.cmd = exec.Command(program, "-p", n.dir, "-e", n.dir+"/log", "-c", n.dir+"/nginx.conf", "-g", "daemon off;")
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		conn, err := net.Dial("tcp", n.addr)
		if err == nil {
			conn.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	log, _ := os.ReadFile(n.dir + "/log")
	t.Errorf("nginx does not listen: %s", log)
}

func (n *nginx) kill() {
	if n.cmd != nil {
		n.cmd.Process.Kill()
		n.cmd.Wait()
	}
}

func (n *nginx) url(location string) string { return withSecrets("http://" + n.addr + location) }

func TestNginx(t *testing.T) {
	o := newObject(0)
	o.contents = testkit.Sealed(10_000_000)
	n := newNginx(t, o.contents)
	for _, location := range []string{"", "/moved"} {
		f := open(t, n.url(location), newQuick())
		file, err := pqenc.Open(f, f.Size(), testkit.Identity("alice"))
		if err != nil {
			t.Fatal(err)
		}
		var plain bytes.Buffer
		if _, err := file.DecryptTo(&plain); err != nil || !bytes.Equal(plain.Bytes(), testkit.Contents(10_000_000)) {
			t.Errorf("%s: %d bytes, %v", location, plain.Len(), err)
		}
	}
	if _, err := remote.Open(t.Context(), n.url("/missing"), nil); !isKind(err, status(404)) {
		t.Error(err)
	}
}

// TestNginxWhole is about a location without ranges.
func TestNginxWhole(t *testing.T) {
	o := newObject(300_000)
	n := newNginx(t, o.contents)
	if _, err := remote.Open(t.Context(), n.url("/whole"), nil); !errors.Is(err, remote.ErrNoRanges) {
		t.Error(err)
	}
	b, err := remote.Get(t.Context(), n.url("/whole"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if all, err := io.ReadAll(b); err != nil || b.Size() != 300_000 || !bytes.Equal(all, o.contents) {
		t.Errorf("%d bytes of %d, %v", len(all), b.Size(), err)
	}
}

// TestNginxChange replaces the object between two reads, with one as long.
func TestNginxChange(t *testing.T) {
	o := newObject(300_000)
	n := newNginx(t, o.contents)
	f := open(t, n.url(""), newQuick())
	readAt(t, f, o, 100_000, 1000)
	n.write(t, "www/models/a/b.pqe", bytes.Repeat([]byte("x"), 300_000))
	then := time.Now().Add(time.Hour) // nginx's ETag is the time, in seconds, and the length
	if err := os.Chtimes(n.dir+"/www/models/a/b.pqe", then, then); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadAt(make([]byte, 1000), 100_000); !errors.Is(err, remote.ErrChanged) {
		t.Error(err)
	}
}

// TestNginxKilled kills the server in the middle of a read, which resumes when another one
// is there.
func TestNginxKilled(t *testing.T) {
	testkit.Long(t)
	o := newObject(1 << 20)
	n := newNginx(t, o.contents)
	q := newQuick()
	restarted := 0
	q.SetSleep(func(context.Context, time.Duration) {
		restarted++
		n.kill()
		n.start(t)
	})
	f := open(t, n.url("/slow"), q)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b := make([]byte, 1<<20)
		if _, err := f.ReadAt(b, 0); err != nil || !bytes.Equal(b, o.contents) {
			t.Errorf("other contents: %v", err)
		}
	}()
	for {
		if got, _ := f.Fetched(); got > 300_000 {
			break
		}
		select {
		case <-ended:
		case <-time.After(time.Millisecond):
			continue
		}
		break
	}
	n.cmd.Process.Kill()
	<-ended
	if got, _ := f.Fetched(); restarted == 0 || got != 1<<20 {
		t.Errorf("%d bytes, %d restarts", got, restarted)
	}
}
