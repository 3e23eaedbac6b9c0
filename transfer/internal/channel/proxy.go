// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package channel

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// maxAnswer is how many bytes of the answer of a proxy are read.
const maxAnswer = 64 << 10

// findProxy returns the proxy for a request, or nil.
type findProxy func(*http.Request) (*url.URL, error)

// useProxy makes t use the proxy for req, if there is one, by CONNECT (RFC 6455, section
// 4.1). net/http uses CONNECT for https only. Other requests it sends to the proxy itself, and
// few proxies pass an upgrade on. The tunnel ends with ctx: a tunnel of net/http lives longer
// than the request.
func useProxy(ctx context.Context, t *http.Transport, req *http.Request, find findProxy) error {
	proxy, err := find(req)
	if err != nil || proxy == nil {
		return err
	}
	if web := proxy.Scheme == "http" || proxy.Scheme == "https"; !web || req.URL.Scheme == "https" {
		t.Proxy = http.ProxyURL(proxy) // SOCKS is always a tunnel
		t.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
			return granted(answer)
		}
		return nil
	}
	dial := t.DialContext
	t.DialContext = func(_ context.Context, _, server string) (net.Conn, error) {
		conn, err := tunnel(ctx, dial, proxy, server, t.TLSClientConfig)
		if err != nil {
			return nil, &net.OpError{Op: "proxyconnect", Net: "tcp", Err: err} // as net/http has it
		}
		return conn, nil
	}
	return nil
}

// tunnel opens a connection to the server through the proxy, to which dial leads. config
// is for one at https://.
func tunnel(ctx context.Context, dial DialFunc, proxy *url.URL, server string, config *tls.Config) (net.Conn, error) {
	port := map[string]string{"http": "80", "https": "443"}[proxy.Scheme]
	conn, err := dial(ctx, "tcp", net.JoinHostPort(proxy.Hostname(), cmp.Or(proxy.Port(), port)))
	if err != nil {
		return nil, err
	}
	if proxy.Scheme == "https" {
		if config = config.Clone(); config == nil {
			config = new(tls.Config)
		}
		config.ServerName, config.NextProtos = proxy.Hostname(), nil
		conn = tls.Client(conn, config)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	err = askFor(conn, server, proxy.User)
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// askFor asks the proxy on conn for a tunnel to the server.
func askFor(conn net.Conn, server string, user *url.Userinfo) error {
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: server}, Host: server, Header: make(http.Header)}
	if user != nil {
		password, _ := user.Password()
		req.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
	}
	if err := req.Write(conn); err != nil {
		return err
	}
	// The buffer holds no bytes of the server, because a web server does not send first.
	answer, err := http.ReadResponse(bufio.NewReader(io.LimitReader(conn, maxAnswer)), req)
	if err != nil {
		return fmt.Errorf("no answer from the proxy: %w", err)
	}
	return granted(answer)
}

// granted checks a proxy's answer to CONNECT.
func granted(answer *http.Response) error {
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the proxy answers %s", answer.Status)
	}
	return nil
}
