// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package channel

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// weaker are configurations of TLS that offer or take something else.
var weaker = map[string]func(c *tls.Config){
	"X25519":           func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519} },
	"classical groups": func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384} },
	"other hybrids":    func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024} },
	"TLS 1.2": func(c *tls.Config) {
		c.MinVersion, c.MaxVersion, c.CurvePreferences = tls.VersionTLS12, tls.VersionTLS12, nil
	},
	"TLS 1.0": func(c *tls.Config) {
		c.MinVersion, c.MaxVersion, c.CurvePreferences = tls.VersionTLS10, tls.VersionTLS11, nil
	},
	"another application": func(c *tls.Config) { c.NextProtos = []string{"h2", "pqenc/1", "\x1b[31m"} },
	"no application":      func(c *tls.Config) { c.NextProtos = nil },
}

func TestWeakerClients(t *testing.T) {
	for name, weaken := range weaker {
		t.Run(name, func(t *testing.T) {
			here, there := streams(t)
			done := accept(t, there)
			config := clientConfig()
			weaken(config)
			client := tls.Client(here, config)
			if client.Handshake() == nil { // with TLS 1.3 a client does not wait for the server's opinion
				if m, err := wire.Read(client, nil, wire.ProofSize); err == nil {
					t.Errorf("the server continues with 0x%02x", m.Type)
				}
			}
			wantChannelError(t, done)
		})
	}
}

func TestWeakerServers(t *testing.T) {
	for name, weaken := range weaker {
		t.Run(name, func(t *testing.T) {
			here, there := streams(t)
			done := connect(t, here)
			config := serverConfig(certificate())
			weaken(config)
			server := tls.Server(there, config)
			if server.Handshake() == nil {
				p := proof(t, testkit.Identity("server").PublicDER(), testkit.Identity("server"), serverContext, nil)
				server.Write(wire.Append(nil, wire.TypeServer, 0, p.Marshal()))
				if m, err := wire.Read(server, nil, wire.ProofSize); err == nil {
					t.Errorf("the client continues with 0x%02x", m.Type)
				}
			}
			wantChannelError(t, done)
		})
	}
}

func wantChannelError(t *testing.T, done <-chan result) {
	t.Helper()
	r := <-done
	if r.conn != nil || !errors.Is(r.err, ErrChannel) {
		t.Errorf("%v, not %v", r.err, ErrChannel)
	}
	if r.err != nil && strings.ContainsRune(r.err.Error(), 0x1b) {
		t.Errorf("%q", r.err)
	}
}

// TestAssert looks at each thing that both sides check for themselves.
func TestAssert(t *testing.T) {
	good := tls.ConnectionState{Version: tls.VersionTLS13, CurveID: tls.X25519MLKEM768, NegotiatedProtocol: "pqenc/2"}
	if err := assert(&good); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(s *tls.ConnectionState){
		"version":     func(s *tls.ConnectionState) { s.Version = tls.VersionTLS12 },
		"group":       func(s *tls.ConnectionState) { s.CurveID = tls.X25519 },
		"no group":    func(s *tls.ConnectionState) { s.CurveID = 0 },
		"resumed":     func(s *tls.ConnectionState) { s.DidResume = true },
		"application": func(s *tls.ConnectionState) { s.NegotiatedProtocol = "" },
	} {
		bad := good
		spoil(&bad)
		if err := assert(&bad); !errors.Is(err, ErrChannel) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNoTickets has a client that would resume, and a server that would let one.
func TestNoTickets(t *testing.T) {
	cache := tls.NewLRUClientSessionCache(10)
	for range 2 {
		here, there := streams(t)
		done := accept(t, there)
		config := clientConfig()
		config.ServerName, config.SessionTicketsDisabled, config.ClientSessionCache = "pqenc", false, countingCache{cache, t}
		a := newAttacker(t, tls.Client(here, config)) // which asserts that it is not resumed
		a.read()
		here.Close()
		<-done
	}

	config := serverConfig(certificate())
	config.SessionTicketsDisabled = false
	for range 2 {
		here, there := streams(t)
		done := connect(t, here)
		a := newAttacker(t, tls.Server(there, config))
		server := testkit.Identity("server")
		a.send(wire.TypeServer, proof(t, server.PublicDER(), server, serverContext, a.binding, nameOf(server)).Marshal())
		if m := a.read(); m.Type != wire.TypeClient {
			t.Fatalf("0x%02x", m.Type)
		}
		if a.tls.ConnectionState().DidResume {
			t.Error("the client has resumed")
		}
		a.send(wire.TypeAccept, nil)
		if r := <-done; r.err != nil {
			t.Error(r.err)
		}
	}
}

// countingCache fails a test when there is a ticket to keep.
type countingCache struct {
	tls.ClientSessionCache
	t *testing.T
}

func (c countingCache) Put(key string, state *tls.ClientSessionState) {
	if state != nil {
		c.t.Error("the server gave a ticket")
	}
}

const downgraded = "PQENC_TEST_DOWNGRADED"

// TestDowngraded runs TestDowngradedProcess where GODEBUG has taken the hybrid key
// exchange out of the defaults of crypto/tls.
func TestDowngraded(t *testing.T) {
	for _, setting := range []string{"tlsmlkem=0", "tlsmlkem=0,tlssecpmlkem=0"} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDowngradedProcess$", "-test.v", "-test.timeout=1m")
		cmd.Env = append(os.Environ(), "GODEBUG="+setting, downgraded+"=1")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestDowngradedProcess") {
			t.Errorf("GODEBUG=%s: %v\n%s", setting, err, out)
		}
	}
}

// TestDowngradedProcess expects that both sides still use the hybrid key exchange, and
// refuse who is content with the defaults.
func TestDowngradedProcess(t *testing.T) {
	if os.Getenv(downgraded) == "" {
		t.Skip("is run by TestDowngraded")
	}
	anything := func(c *tls.Config) *tls.Config {
		c.CurvePreferences, c.MinVersion = nil, tls.VersionTLS12
		return c
	}
	refuses := func(name string, side func(net.Conn) <-chan result, other func(net.Conn)) {
		here, there := streams(t)
		done := side(there)
		go func() { defer here.Close(); other(here) }()
		if r := <-done; r.conn != nil || r.err == nil {
			t.Errorf("%s was let in", name)
		}
	}
	server := func(c net.Conn) <-chan result { return accept(t, c) }
	client := func(c net.Conn) <-chan result { return connect(t, c) }
	here, there := streams(t)
	accepted := server(there)
	if c, err := Connect(plain{here}, clientLogin()); err != nil {
		t.Error("a client like this one:", err)
	} else {
		c.Close()
	}
	<-accepted
	refuses("a client", server, func(c net.Conn) { tls.Client(c, anything(clientConfig())).Handshake() })
	refuses("a server", client, func(c net.Conn) { tls.Server(c, anything(serverConfig(certificate()))).Handshake() })

	// What the assertions are for: with other defaults the handshake succeeds.
	here, there = streams(t)
	go tls.Client(here, anything(clientConfig())).Handshake()
	conn := tls.Server(there, anything(serverConfig(certificate())))
	if _, err := handshake(conn); !errors.Is(err, ErrChannel) || conn.ConnectionState().CurveID == tls.X25519MLKEM768 {
		t.Errorf("%v, %v", conn.ConnectionState().CurveID, err)
	}
}
