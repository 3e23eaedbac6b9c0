// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package channel

import (
	"context"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/gobwas/ws"
)

// dialTime is how long it may take to open a WebSocket, and upgradeTime how long the answer to
// its request may take.
const (
	dialTime    = 30 * time.Second
	upgradeTime = 10 * time.Second
)

// Upgrade accepts a WebSocket. If that fails, Upgrade has answered the request.
func Upgrade(w http.ResponseWriter, r *http.Request) (*WebSocket, error) {
	upgrader := ws.HTTPUpgrader{Timeout: upgradeTime}
	conn, rw, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		if conn != nil {
			conn.Close()
		}
		return nil, err
	}
	return newWebSocket(conn, rw.Reader, ws.StateServerSide), nil
}

// DialFunc opens a TCP connection, as [net.Dialer.DialContext] does.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Dial opens a WebSocket at a ws:// or wss:// URL, through the proxy that the
// environment names for http or https. config is for wss, and for a proxy at https.
// dial opens the TCP connection to the server or the proxy; nil is a [net.Dialer].
func Dial(ctx context.Context, target string, config *tls.Config, dial DialFunc) (*WebSocket, error) {
	return dialThrough(ctx, target, config, dial, http.ProxyFromEnvironment)
}

func dialThrough(ctx context.Context, target string, config *tls.Config, dial DialFunc, find findProxy) (*WebSocket, error) {
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	u.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	var conn net.Conn
	trace := &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { conn = i.Conn }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	challenge := requestUpgrade(req)

	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // HTTP/2 has no upgrade
	transport := &http.Transport{DialContext: dial, TLSClientConfig: config, DisableKeepAlives: true, Protocols: protocols}
	if err := useProxy(ctx, transport, req, find); err != nil {
		return nil, err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if err := accepted(resp, challenge); err != nil {
		resp.Body.Close()
		return nil, err
	}
	body := resp.Body.(io.ReadWriteCloser) // net/http promises that after a 101
	return newWebSocket(conn, body, ws.StateClientSide), nil
}

// requestUpgrade makes req a request for a WebSocket (RFC 6455, section 4.1), and returns
// the challenge.
func requestUpgrade(req *http.Request) (challenge string) {
	key := make([]byte, 16)
	rand.Read(key)
	challenge = base64.StdEncoding.EncodeToString(key)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "websocket")
	req.Header.Set("Sec-WebSocket-Version", "13")
	req.Header.Set("Sec-WebSocket-Key", challenge)
	return challenge
}

// accepted checks the answer to a request for a WebSocket (RFC 6455, section
// 4.1).
func accepted(resp *http.Response, challenge string) error {
	switch code := resp.StatusCode; {
	case code >= 500 && code != http.StatusNotImplemented && code != http.StatusHTTPVersionNotSupported:
		return errors.New(resp.Status) // of a proxy; its server may come back
	case code != http.StatusSwitchingProtocols:
		return fmt.Errorf("%w: HTTP %s", ErrChannel, resp.Status)
	}
	sum := sha1.Sum([]byte(challenge + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	if resp.Header.Get("Sec-WebSocket-Accept") != base64.StdEncoding.EncodeToString(sum[:]) {
		return fmt.Errorf("%w: no WebSocket", ErrChannel)
	}
	return nil
}
