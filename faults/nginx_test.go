// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package faults

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// nginxConfig is that of a usual reverse proxy. %[1]s is its folder, %[2]s where it
// listens, and how, %[3]s the server, %[4]s a line that only root needs.
const nginxConfig = `
pid %[1]s/pid;
error_log %[1]s/log;
worker_processes 1;
%[4]s
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	ssl_certificate %[1]s/cert.pem;
	ssl_certificate_key %[1]s/key.pem;
	server {
		listen %[2]s;
		location / {
			proxy_pass http://%[3]s;
			proxy_http_version 1.1;
			proxy_set_header Upgrade $http_upgrade;
			proxy_set_header Connection "upgrade";
			proxy_read_timeout 2s;
		}
	}
}
`

// newNginx starts nginx as a proxy for the server at target, and returns where it listens.
func newNginx(t *testing.T, target, how string, cert []byte, key []byte) (addr string) {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			missing(t, "%v", err)
		}
	}
	dir, user := t.TempDir(), ""
	if os.Getuid() == 0 {
		user = "user root;" // who alone can read the folder
	}
	addr = freeAddr(t)
	config := fmt.Sprintf(nginxConfig, dir, addr+how, target, user)
	for name, content := range map[string][]byte{"nginx.conf": []byte(config), "cert.pem": cert, "key.pem": key} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, "-p", dir, "-e", dir+"/log", "-c", dir+"/nginx.conf", "-g", "daemon off;")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		if log, _ := os.ReadFile(dir + "/log"); t.Failed() {
			t.Logf("nginx's log:\n%s", log)
		}
	})
	waitFor(t, addr, ended)
	return addr
}

// freeAddr returns an address at which nobody listens now.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// waitFor waits until somebody listens, or has ended.
func waitFor(t *testing.T, addr string, ended chan error) {
	t.Helper()
	for {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("it has ended: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// selfSigned returns a certificate for the loopback address, and its key, as PEM.
func selfSigned(t *testing.T) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(crand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// TestProxyEndsTLS has a proxy that terminates TLS. The TLS inside the WebSocket passes
// through it.
func TestProxyEndsTLS(t *testing.T) {
	cert, key := selfSigned(t)
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(cert)
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, server.Limits{})
			c := newClient(t, "alice", newNginx(t, s.addr(), " ssl", cert, key))
			c.URL = strings.Replace(c.URL, "ws://", "wss://", 1)
			c.TLS = &tls.Config{RootCAs: trusted}
			c.OnRetry = func(r transfer.Retry) { t.Errorf("retry: %v", r.Err) }
			way.run(t, s, c, small())
		})
	}
}

// TestProxyEndsIdle has a proxy that closes connections after 2 s without data.
// More frequent keepalives keep them open. Otherwise the client opens new ones.
func TestProxyEndsIdle(t *testing.T) {
	for _, test := range []struct {
		name    string
		silence time.Duration // keepalives are sent in a quarter of it
		retries bool
	}{
		{"keepalives", 2 * time.Second, false},
		{"new connections", time.Minute, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cert, key := selfSigned(t)
			s := newServer(t, server.Limits{Silence: test.silence})
			addr := newNginx(t, s.addr(), "", cert, key)
			pusher, puller := newClient(t, "alice", addr), newClient(t, "bob", addr)
			for _, c := range []*transfer.Client{pusher, puller} {
				retries := 0
				c.Silence = test.silence
				c.OnRetry = func(transfer.Retry) { retries++ }
				defer func() {
					if retries > 0 != test.retries {
						t.Errorf("%d retries", retries)
					}
				}()
			}
			pushAndFollow(t, s, pusher, puller)
		})
	}
}

// pushAndFollow pushes a file in two halves with a pause between them, and follows it from
// before the start.
func pushAndFollow(t *testing.T, s *testServer, pusher, puller *transfer.Client) {
	got := &comparer{want: small()}
	ended := make(chan error)
	go func() { ended <- puller.Pull(t.Context(), name, got, transfer.PullOptions{Follow: true}) }()
	half := len(small()) / 2
	src := io.MultiReader(bytes.NewReader(small()[:half]), pause(5*time.Second), bytes.NewReader(small()[half:]))
	if err := pusher.Push(t.Context(), name, src, transfer.PushOptions{}); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	got.wantAll(t)
	s.wantObject(t, small())
}
