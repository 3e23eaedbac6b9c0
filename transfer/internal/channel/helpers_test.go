// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package channel

import (
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

func nameOf(id Identity) []byte {
	sum := sha256.Sum256(id.PublicDER())
	return sum[:]
}

var certificate = sync.OnceValue(func() *tls.Certificate {
	cert, err := NewCertificate()
	if err != nil {
		panic(err)
	}
	return cert
})

// Tests do not wait long for an end that does not read.
func init() { lastWords = 300 * time.Millisecond }

// errStranger is the error for an unexpected key.
var errStranger = errors.New("a stranger")

// only accepts one person.
func only(name string) func(signature.Fingerprint) error {
	return func(peer signature.Fingerprint) error {
		if peer != testkit.Identity(name).Fingerprint() {
			return errStranger
		}
		return nil
	}
}

// patience is enough time for everything, and ends a test that hangs.
const patience = 20 * time.Second

func serverLogin() *Login {
	return &Login{Identity: testkit.Identity("server"), Check: only("alice"), Times: Times{Login: patience}}
}

func clientLogin() *Login {
	return &Login{Identity: testkit.Identity("alice"), Check: only("server"), Times: Times{Login: patience}}
}

// plain is a byte stream without a WebSocket.
type plain struct{ net.Conn }

func (plain) Flush() error { return nil }
func (plain) Grow()        {}

// streams returns the two ends of a connection. It is one of TCP, so that who
// writes need not wait for who reads.
func streams(t *testing.T) (client, server net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if client, err = net.Dial("tcp", listener.Addr().String()); err == nil {
		server, err = listener.Accept()
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, conn := range []net.Conn{client, server} {
		conn.SetDeadline(time.Now().Add(patience))
		t.Cleanup(func() { conn.Close() })
	}
	return client, server
}

// result is how a login ended.
type result struct {
	conn *Conn
	err  error
}

// inBackground runs one side of a login.
func inBackground(t *testing.T, login func() (*Conn, error)) <-chan result {
	done := make(chan result, 1)
	go func() {
		conn, err := login()
		if conn != nil {
			t.Cleanup(conn.Close)
		}
		done <- result{conn, err}
	}()
	return done
}

func accept(t *testing.T, conn net.Conn) <-chan result {
	return inBackground(t, func() (*Conn, error) { return Accept(plain{conn}, certificate(), serverLogin()) })
}

func connect(t *testing.T, conn net.Conn) <-chan result {
	return inBackground(t, func() (*Conn, error) { return Connect(plain{conn}, clientLogin()) })
}

// pair returns the two ends of a connection after the login.
func pair(t *testing.T, client, server Times) (c, s *Conn) {
	t.Helper()
	here, there := streams(t)
	ours, theirs := clientLogin(), serverLogin()
	ours.Times, theirs.Times = client, server
	ours.Times.Login, theirs.Times.Login = patience, patience
	done := inBackground(t, func() (*Conn, error) { return Accept(plain{there}, certificate(), theirs) })
	c, err := Connect(plain{here}, ours)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	r := <-done
	if r.err != nil {
		t.Fatal(r.err)
	}
	return c, r.conn
}

// dispatch runs a side that begins no requests for the other.
func dispatch(c *Conn) (ended <-chan error) {
	done := make(chan error, 1)
	go func() { done <- c.Dispatch(nil) }()
	return done
}

// bare returns the two ends of a connection after the login, of which the client's
// does nothing by itself.
func bare(t *testing.T) (client io.ReadWriteCloser, s *Conn) {
	t.Helper()
	here, there := streams(t)
	server := accept(t, there)
	low := newCarrier(plain{here}, patience)
	c, err := clientLogin().client(low)
	if err != nil {
		t.Fatal(err)
	}
	low.limit.Store(maxTraffic)
	r := <-server
	if r.err != nil {
		t.Fatal(r.err)
	}
	return struct {
		io.ReadWriter
		io.Closer
	}{c.tls, here}, r.conn
}

// attacker is one side of a TLS connection that does as it likes.
type attacker struct {
	t       *testing.T
	tls     *tls.Conn
	binding []byte
}

// attackServer is an attacker before a server, with a server's proof.
func attackServer(t *testing.T, conn net.Conn) (*attacker, *wire.Proof) {
	t.Helper()
	a := newAttacker(t, tls.Client(conn, clientConfig()))
	m := a.read()
	proof, err := wire.ParseProof(m.Body)
	if err != nil || m.Type != wire.TypeServer {
		t.Fatalf("message 0x%02x: %v", m.Type, err)
	}
	return a, proof
}

// attackClient is an attacker who acts as a client.
func attackClient(t *testing.T, conn net.Conn) *attacker {
	t.Helper()
	return newAttacker(t, tls.Server(conn, serverConfig(certificate())))
}

func newAttacker(t *testing.T, conn *tls.Conn) *attacker {
	t.Helper()
	binding, err := handshake(conn)
	if err != nil {
		t.Fatal(err)
	}
	return &attacker{t, conn, binding}
}

func (a *attacker) read() wire.Message {
	a.t.Helper()
	m, err := wire.Read(a.tls, nil, wire.MaxData)
	if err != nil {
		a.t.Fatal(err)
	}
	return m
}

func (a *attacker) send(typ wire.Type, body []byte) {
	a.t.Helper()
	if _, err := a.tls.Write(wire.Append(nil, typ, 0, body)); err != nil {
		a.t.Fatal(err)
	}
}

// proof makes one of whatever parts.
func proof(t *testing.T, public []byte, signer Identity, context string, parts ...[]byte) *wire.Proof {
	t.Helper()
	sig, err := signer.SigningKey().Sign(context, slices.Concat(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return &wire.Proof{Public: public, Signature: sig}
}
