// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package server

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
)

// front is a proxy in front of a server, with a certificate that roots trust.
type front struct {
	addr  string // where it listens
	roots *x509.CertPool
}

// fill replaces what has to be another thing in a test, and nothing else: each old
// string is in the file.
func fill(t *testing.T, file string, oldnew ...string) string {
	t.Helper()
	content := read(t, file)
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(content, oldnew[i]) {
			t.Fatalf("%s does not have %q", file, oldnew[i])
		}
		content = strings.ReplaceAll(content, oldnew[i], oldnew[i+1])
	}
	return content
}

// nginxAround is the configuration that nginx.conf becomes a part of, as Debian's does.
const nginxAround = `
pid %[1]s/pid;
error_log %[1]s/log;
worker_processes 1;
%[2]s
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	include %[1]s/conf.d/*.conf;
}
`

func startNginx(t *testing.T, backend string) *front {
	nginx := program(t, "nginx")
	dir, user := t.TempDir(), ""
	if os.Getuid() == 0 {
		user = "user root;" // who alone can read the folder
	}
	cert, key := selfSigned(t)
	f := &front{addr: freeAddr(t), roots: x509.NewCertPool()}
	f.roots.AppendCertsFromPEM(cert)
	if err := os.Mkdir(dir+"/conf.d", 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/cert", cert)
	write(t, dir+"/key", key)
	write(t, dir+"/conf.d/pqenc.conf", []byte(fill(t, "nginx.conf",
		"listen 443 ssl", "listen "+f.addr+" ssl",
		"127.0.0.1:8765", backend,
		"/etc/letsencrypt/live/pqenc.example.org/fullchain.pem", dir+"/cert",
		"/etc/letsencrypt/live/pqenc.example.org/privkey.pem", dir+"/key")))
	write(t, dir+"/nginx.conf", fmt.Appendf(nil, nginxAround, dir, user))
	start(t, exec.Command(nginx, "-p", dir, "-e", dir+"/log", "-c", dir+"/nginx.conf", "-g", "daemon off;")).listens(t, f.addr)
	return f
}

func startCaddy(t *testing.T, backend string) *front {
	caddy := program(t, "caddy")
	dir := t.TempDir()
	f := &front{addr: freeAddr(t), roots: x509.NewCertPool()}
	_, port, _ := net.SplitHostPort(f.addr)
	// localhost has a certificate of an authority that Caddy makes for itself.
	config := "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n" +
		fill(t, "Caddyfile", "pqenc.example.org {", "localhost:"+port+" {", "127.0.0.1:8765", backend)
	write(t, dir+"/Caddyfile", []byte(config))
	cmd := exec.Command(caddy, "run", "--config", dir+"/Caddyfile", "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	p := start(t, cmd)
	p.listens(t, f.addr)
	await(t, "its authority", func() bool {
		root, err := os.ReadFile(filepath.Join(dir, "caddy/pki/authorities/local/root.crt"))
		return err == nil && f.roots.AppendCertsFromPEM(root)
	})
	// It listens before it has a certificate.
	await(t, "its certificate", func() bool {
		conn, err := f.dial("127.0.0.1")
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return f
}

// selfSigned returns a certificate for localhost, and its key, as PEM.
func selfSigned(t *testing.T) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// dial opens a TLS connection to the proxy from an address of this machine.
func (f *front) dial(from string) (*tls.Conn, error) {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: eventually}
	return tls.DialWithDialer(dialer, "tcp", f.addr, &tls.Config{RootCAs: f.roots, ServerName: "localhost"})
}

// knock opens a WebSocket from an address of this machine and does not log in. It
// returns when the server has taken it. gone is closed when the server closes it.
func (f *front) knock(t *testing.T, from string, header ...string) (gone chan struct{}) {
	t.Helper()
	conn, err := f.dial(from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	lines := append([]string{"GET /pqenc HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}, header...)
	if _, err := fmt.Fprintf(conn, "%s\r\n\r\n", strings.Join(lines, "\r\n")); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("no WebSocket: %v, %v", resp, err)
	}
	gone = make(chan struct{})
	go func() {
		for { // a close frame may come first
			if _, err := r.ReadByte(); err != nil {
				close(gone)
				return
			}
		}
	}()
	return gone
}

// TestProxies has the real programs in front of a server, with the files of this folder.
func TestProxies(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	for name, start := range map[string]func(*testing.T, string) *front{"nginx": startNginx, "Caddy": startCaddy} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A login takes as long as it likes, so that only the limit ends one.
			s := serve(t, t.TempDir(), "--trusted-proxy", "127.0.0.1/32", "--max-unauthenticated-per-address", "1", "--login-timeout", "1h")
			f := start(t, s.addr)
			throughProxy(t, s, f)
			apart(t, s, f)
		})
	}
}

// throughProxy does through a proxy what clients do, and asks for what is not theirs.
func throughProxy(t *testing.T, s *served, f *front) {
	_, port, _ := net.SplitHostPort(f.addr)
	c := client(t, "wss://localhost:"+port+"/pqenc")
	c.TLS = &tls.Config{RootCAs: f.roots}
	roundTrip(t, c)
	web := &http.Client{Timeout: eventually, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: f.roots}}}
	for _, path := range []string{"/", "/healthz", "/readyz", "/metrics", "/pqenc/", "/pqenc/x"} {
		if code, body := get(t, web, "https://localhost:"+port+path); code != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
}

// apart has two clients at addresses of their own. One connection of each may wait, and
// who has two loses one of them, whatever it says of its address.
func apart(t *testing.T, s *served, f *front) {
	two, three := f.knock(t, "127.0.0.2"), f.knock(t, "127.0.0.3")
	forged := f.knock(t, "127.0.0.2", "X-Forwarded-For: 127.0.0.4", "X-Forwarded-For: 127.0.0.5, 10.1.2.3", "X-Real-IP: 127.0.0.6", "Forwarded: for=127.0.0.7")
	select {
	case <-two:
	case <-forged:
	case <-three:
		t.Error("127.0.0.3 loses its connection to 127.0.0.2")
	case <-time.After(eventually):
		t.Error("127.0.0.2 has two connections: it is believed what it says")
	}
	select {
	case <-three:
		t.Error("127.0.0.3 loses its connection")
	default:
	}
	await(t, "a line in the log", func() bool { return s.logs("turned_away=true") })
	if !s.logs("remote=127.0.0.2") {
		t.Error("the log does not have the client's address")
	}
	for _, forged := range []string{"127.0.0.4", "127.0.0.5", "10.1.2.3", "127.0.0.6", "127.0.0.7"} {
		if s.logs(forged) {
			t.Errorf("the log has %s, which is forged", forged)
		}
	}
}
