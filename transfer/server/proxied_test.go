// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// proxied starts a proxy before a server, which reports each connection as coming from
// the address in its path.
func (s *testServer) proxied(t *testing.T) (front string) {
	target, err := url.Parse(s.http.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.URL.Path = "/pqenc"
		r.Out.Header["X-Forwarded-For"] = append(r.In.Header["X-Forwarded-For"], strings.Trim(r.In.URL.Path, "/"))
	}}
	web := httptest.NewServer(proxy)
	t.Cleanup(web.Close)
	return "ws" + strings.TrimPrefix(web.URL, "http") + "/"
}

// TestProxied logs in through a proxy, whose header counts only if it is trusted.
func TestProxied(t *testing.T) {
	t.Parallel()
	for trusted, want := range map[string]string{
		"127.0.0.0/8": "remote=203.0.113.5 proxy=127.0.0.1:",
		"10.0.0.0/8":  "remote=127.0.0.1:",
	} {
		s := newServer(t, server.Limits{}, everything)
		s.stop()
		s.config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(trusted)}
		s.start()
		c := s.client("alice")
		c.URL = s.proxied(t) + "203.0.113.5"
		if _, err := listed(c, ""); err != nil {
			t.Fatal(err)
		}
		if log := s.log.String(); !strings.Contains(log, want) {
			t.Errorf("proxies in %s: the log lacks %q", trusted, want)
		}
	}
}

// TestProxiedLimits has an unknown client that uses the same proxy as all others. The
// limit per address applies to that client, and nobody else is closed.
func TestProxiedLimits(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{UnauthenticatedPerAddress: 2}, everything)
	s.stop()
	s.config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	s.start()
	front := s.proxied(t)
	open := func(from string) {
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http"+strings.TrimPrefix(front, "ws")+from, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="} {
			req.Header.Set(name, value)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		if resp.StatusCode != http.StatusSwitchingProtocols {
			t.Fatal(resp.Status)
		}
	}
	for range 6 {
		open("203.0.113.5")
	}
	open("203.0.113.6")
	until(t, "all but two of the stranger's have been closed", func() bool {
		return strings.Count(s.log.String(), "turned_away=true") == 4 && s.server.Stats().Unauthenticated == 3
	})
	c := s.client("alice")
	c.URL = front + "203.0.113.6"
	c.OnRetry = func(r transfer.Retry) { t.Errorf("turned away: %v", r.Err) }
	if _, err := listed(c, ""); err != nil {
		t.Error(err)
	}
}
