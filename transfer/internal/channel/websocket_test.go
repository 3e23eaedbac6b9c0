// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package channel

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// webServer is an HTTP server that lets clients log in. How it went comes through
// the channel.
func webServer(t *testing.T) (url string, done <-chan result) {
	return webServerWith(t, Times{})
}

func webServerWith(t *testing.T, times Times) (url string, done <-chan result) {
	login := serverLogin()
	login.Times = times
	login.Times.Login = patience
	results := make(chan result, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stream, err := Upgrade(w, r)
		if err != nil {
			results <- result{nil, err}
			return
		}
		conn, err := Accept(stream, certificate(), login)
		if conn != nil {
			t.Cleanup(conn.Close)
		}
		results <- result{conn, err}
	}))
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http"), results
}

// dial opens a WebSocket of which only the connection below is used.
func dial(t *testing.T, url string) net.Conn {
	t.Helper()
	w, err := Dial(t.Context(), url, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Conn.Close() })
	w.Conn.SetDeadline(time.Now().Add(patience))
	return w.Conn
}

func header(h ws.Header) []byte {
	var b bytes.Buffer
	if err := ws.WriteHeader(&b, h); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// TestHostileFrames has frames that no client of RFC 6455 sends, and frames that
// this protocol has no use for. The server closes the connection.
func TestHostileFrames(t *testing.T) {
	url, done := webServer(t)
	masked := func(op ws.OpCode, n int64) ws.Header {
		return ws.Header{Fin: true, OpCode: op, Masked: true, Length: n}
	}
	for name, frame := range map[string][]byte{
		"text":                  append(header(masked(ws.OpText, 5)), "hello"...),
		"unmasked":              append(header(ws.Header{Fin: true, OpCode: ws.OpBinary, Length: 5}), "hello"...),
		"unmasked ping":         header(ws.Header{Fin: true, OpCode: ws.OpPing}),
		"too large":             header(masked(ws.OpBinary, maxFrame+1)),
		"10^18 bytes":           header(masked(ws.OpBinary, 1e18)),
		"more than 2^63":        {0x82, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0, 0, 0, 0},
		"large continuation":    append(header(ws.Header{OpCode: ws.OpBinary, Masked: true}), header(masked(ws.OpContinuation, maxFrame+1))...),
		"continuation of none":  header(masked(ws.OpContinuation, 5)),
		"new one in between":    append(header(ws.Header{OpCode: ws.OpBinary, Masked: true}), header(masked(ws.OpBinary, 0))...),
		"text in between":       append(header(ws.Header{OpCode: ws.OpBinary, Masked: true}), header(masked(ws.OpText, 0))...),
		"reserved bits":         {0xC2, 0x80, 0, 0, 0, 0},
		"reserved opcode":       {0x83, 0x80, 0, 0, 0, 0},
		"fragmented ping":       {0x09, 0x80, 0, 0, 0, 0},
		"long ping":             header(masked(ws.OpPing, 126)),
		"close":                 header(masked(ws.OpClose, 0)),
		"close with a bad code": append(header(masked(ws.OpClose, 2)), 0, 1),
		"close with half":       append(header(masked(ws.OpClose, 1)), 0),
		"close with escapes":    append(header(masked(ws.OpClose, 6)), "\x03\xe8\x1b[2J"...),
		"not TLS":               append(header(masked(ws.OpBinary, 16)), "GET / HTTP/1.1\r\n"...),
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, url)
			if _, err := conn.Write(frame); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, conn); isTimeout(err) {
				t.Error("the connection stays")
			}
			r := <-done
			if r.conn != nil || r.err == nil || strings.ContainsRune(r.err.Error(), 0x1b) {
				t.Errorf("%q", r.err)
			}
		})
	}
}

// TestEndlessFrames has frames that carry nothing for the login, without end: pings,
// pongs, empty ones, and single bytes. They count.
func TestEndlessFrames(t *testing.T) {
	url, done := webServer(t)
	for name, frame := range map[string][]byte{
		"ping":           header(ws.Header{Fin: true, OpCode: ws.OpPing, Masked: true}),
		"ping with data": append(header(ws.Header{Fin: true, OpCode: ws.OpPing, Masked: true, Length: 125}), make([]byte, 125)...),
		"pong":           header(ws.Header{Fin: true, OpCode: ws.OpPong, Masked: true}),
		"empty":          header(ws.Header{Fin: true, OpCode: ws.OpBinary, Masked: true}),
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, url)
			go io.Copy(io.Discard, conn)
			many := bytes.Repeat(frame, 1+1000/len(frame))
			for {
				if _, err := conn.Write(many); err != nil {
					if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
						t.Error("the server continues to read")
					}
					break
				}
			}
			if r := <-done; r.conn != nil || r.err == nil {
				t.Error("it was let in")
			}
		})
	}
}

// TestFramesDoNotMatter logs in through single bytes in frames of their own, in
// fragments, with pings between them.
func TestFramesDoNotMatter(t *testing.T) {
	url, done := webServer(t)
	w, err := Dial(t.Context(), url, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := Connect(crumbs{w}, clientLogin())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if r := <-done; r.err != nil {
		t.Error(r.err)
	}
}

// crumbs sends what it is given in frames of a few bytes.
type crumbs struct{ *WebSocket }

func (c crumbs) Write(p []byte) (n int, err error) {
	for len(p) > n && err == nil {
		var k int
		k, err = c.WebSocket.Write(p[n:min(len(p), n+7)])
		n += k
		if err == nil {
			err = c.Flush()
		}
	}
	return n, err
}

// TestNoWebSocket has requests that open none: they are answered, and their
// connections closed.
func TestNoWebSocket(t *testing.T) {
	url, done := webServer(t)
	address := strings.TrimPrefix(url, "ws://")
	const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
	for name, request := range map[string]string{
		"GET":        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST":       "POST / HTTP/1.1\r\nHost: x\r\n" + upgrade + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nContent-Length: 1000000000000\r\n\r\n",
		"no version": "GET / HTTP/1.1\r\nHost: x\r\n" + upgrade + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
		"no key":     "GET / HTTP/1.1\r\nHost: x\r\n" + upgrade + "Sec-WebSocket-Version: 13\r\n\r\n",
		"HTTP/1.0":   "GET / HTTP/1.0\r\n" + upgrade + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(patience))
			if _, err := io.WriteString(conn, request); err != nil {
				t.Fatal(err)
			}
			in := bufio.NewReader(conn)
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode < 400 {
				t.Errorf("answered with %s", resp.Status)
			}
			if _, err := io.Copy(io.Discard, in); err != nil && isTimeout(err) {
				t.Error("the connection stays")
			}
			if r := <-done; r.err == nil {
				t.Error("it was let in")
			}
		})
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// TestHostileAnswers has HTTP servers that do not open a WebSocket as asked.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	const good = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
	for name, test := range map[string]struct {
		answer string
		want   error // nil is any
	}{
		"page":           {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", ErrChannel},
		"redirect":       {"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", ErrChannel},
		"HTTP/1.0":       {"HTTP/1.1 505 HTTP Version Not Supported\r\nContent-Length: 0\r\n\r\n", ErrChannel},
		"no accept":      {good + "\r\n", ErrChannel},
		"wrong accept":   {good + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", ErrChannel},
		"nonsense":       {"\x16\x03\x01\x00\x00", nil},
		"endless header": {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 12<<20), nil},
		"nothing":        {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			go func() {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				http.ReadRequest(bufio.NewReader(conn))
				io.WriteString(conn, test.answer)
			}()
			w, err := Dial(t.Context(), "ws://"+listener.Addr().String(), nil, nil)
			if err == nil || w != nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("%v", err)
			}
		})
	}
}
