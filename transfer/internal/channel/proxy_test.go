// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package channel

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// distant is a server whose name only the proxies of these tests know.
const distant = "server.invalid:8765"

// connectProxy is a proxy that knows CONNECT and nothing else, and one server, for
// one user.
func connectProxy(server string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodConnect || r.Host != distant || r.RequestURI != distant:
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		case r.Header.Get("Proxy-Authorization") != "Basic YWxpY2U6c2VjcmV0":
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		there, err := net.Dial("tcp", server)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer there.Close()
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer here.Close()
		io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() {
			io.Copy(there, here)
			there.Close()
		}()
		io.Copy(here, there)
	})
}

// through finds the proxy at a URL for one user, and requires the scheme by which
// the environment names it.
func through(t *testing.T, proxy string, user *url.Userinfo, scheme string) findProxy {
	return func(req *http.Request) (*url.URL, error) {
		if req.URL.Scheme != scheme {
			t.Errorf("asked for a proxy for %s", req.URL)
		}
		u, err := url.Parse(proxy)
		if err == nil {
			u.User = user
		}
		return u, err
	}
}

// TestProxy logs in through proxies that pass no upgrade on.
func TestProxy(t *testing.T) {
	server, done := webServer(t)
	proxy := connectProxy(strings.TrimPrefix(server, "ws://"))
	plain, secure := httptest.NewServer(proxy), httptest.NewTLSServer(proxy)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	trust := secure.Client().Transport.(*http.Transport).TLSClientConfig
	for _, url := range []string{plain.URL, secure.URL} {
		w, err := dialThrough(t.Context(), "ws://"+distant+"/pqenc", trust, nil, through(t, url, alice, "http"))
		if err != nil {
			t.Error(err)
			continue
		}
		conn, err := Connect(w, clientLogin())
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		if r := <-done; r.err != nil {
			t.Error(r.err)
		}
	}
}

var alice = url.UserPassword("alice", "secret")

// TestProxyRefuses gets other answers, which are told, and passwords are not.
func TestProxyRefuses(t *testing.T) {
	proxy := httptest.NewServer(connectProxy("127.0.0.1:0"))
	t.Cleanup(proxy.Close)
	for _, scheme := range []string{"http", "https"} {
		target := strings.Replace(scheme, "http", "ws", 1) + "://" + distant + "/pqenc"
		for want, user := range map[string]*url.Userinfo{
			"the proxy answers 407 Proxy Authentication Required": url.UserPassword("bob", "secret"),
			"the proxy answers 502 Bad Gateway":                   alice,
		} {
			_, err := dialThrough(t.Context(), target, nil, nil, through(t, proxy.URL, user, scheme))
			if err == nil || !strings.HasSuffix(err.Error(), want) || strings.Contains(err.Error(), "secret") || errors.Is(err, ErrChannel) {
				t.Errorf("%s: %v, want %s", target, err, want)
			}
		}
	}
}

// TestHostileProxy has one without an answer, and one whose answer has no end.
func TestHostileProxy(t *testing.T) {
	listen := func(serve func(net.Conn)) string {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		go func() {
			if conn, err := listener.Accept(); err == nil {
				serve(conn)
				conn.Close()
			}
		}()
		return "http://" + listener.Addr().String()
	}
	closed := make(chan struct{})
	silent := listen(func(conn net.Conn) {
		io.Copy(io.Discard, conn)
		close(closed)
	})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := dialThrough(ctx, "ws://"+distant, new(tls.Config), nil, through(t, silent, nil, "http")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	select {
	case <-closed:
	case <-time.After(patience):
		t.Error("the connection to the proxy stays")
	}

	sent := make(chan int, 1)
	endless := listen(func(conn net.Conn) {
		n, _ := io.WriteString(conn, "HTTP/1.1 200 OK\r\nA: ")
		for {
			more, err := conn.Write(make([]byte, 1<<10))
			if n += more; err != nil {
				sent <- n
				return
			}
		}
	})
	_, err := dialThrough(t.Context(), "ws://"+distant, nil, nil, through(t, endless, nil, "http"))
	if err == nil || !strings.Contains(err.Error(), "no answer from the proxy") {
		t.Error(err)
	}
	<-sent // it has been cut off
}
