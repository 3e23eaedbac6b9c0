// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package channel

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"io"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

func TestLogin(t *testing.T) {
	c, s := pair(t, Times{}, Times{})
	if c.Peer() != testkit.Identity("server").Fingerprint() || s.Peer() != testkit.Identity("alice").Fingerprint() {
		t.Error("somebody else is at the other end")
	}
	if err := c.Send(wire.TypeList, 1, []byte("a")); err != nil {
		t.Fatal(err)
	}
	if m, err := s.Next(); err != nil || m.Type != wire.TypeList || string(m.Body) != "a" {
		t.Errorf("0x%02x %q, %v", m.Type, m.Body, err)
	}
}

// TestForgedClients logs in with proofs that are not for this connection, or not
// of the one who is named. The server says the same to all, and lets none in.
func TestForgedClients(t *testing.T) {
	alice, mallory, server := testkit.Identity("alice"), testkit.Identity("mallory"), testkit.Identity("server")
	stranger := bytes.Clone(alice.PublicDER()[:encryptionSize])
	stranger = append(stranger, mallory.PublicDER()[encryptionSize:]...)

	here, there := streams(t)
	done := accept(t, there)
	other, otherServer := attackServer(t, here)
	recorded := proof(t, alice.PublicDER(), alice, clientContext, other.binding, nameOf(server), nameOf(alice))
	other.send(wire.TypeClient, recorded.Marshal()) // which is good, once
	if m := other.read(); m.Type != wire.TypeAccept {
		t.Fatalf("0x%02x for a good proof", m.Type)
	}
	if r := <-done; r.err != nil {
		t.Fatal(r.err)
	}

	var first []byte
	for name, forge := range map[string]func(binding []byte, server *wire.Proof) (*wire.Proof, error){
		"unknown key": func(b []byte, _ *wire.Proof) (*wire.Proof, error) {
			return proof(t, mallory.PublicDER(), mallory, clientContext, b, nameOf(server), nameOf(mallory)), errStranger
		},
		"replayed": func([]byte, *wire.Proof) (*wire.Proof, error) { return recorded, ErrProof },
		"reflected": func(_ []byte, s *wire.Proof) (*wire.Proof, error) {
			return s, ErrProof
		},
		"reflected from another connection": func([]byte, *wire.Proof) (*wire.Proof, error) { return otherServer, ErrProof },
		"for another server": func(b []byte, _ *wire.Proof) (*wire.Proof, error) {
			return proof(t, alice.PublicDER(), alice, clientContext, b, nameOf(mallory), nameOf(alice)), ErrProof
		},
		"of somebody else": func(b []byte, _ *wire.Proof) (*wire.Proof, error) {
			return proof(t, alice.PublicDER(), mallory, clientContext, b, nameOf(server), nameOf(alice)), ErrProof
		},
		"for somebody else": func(b []byte, _ *wire.Proof) (*wire.Proof, error) {
			return proof(t, alice.PublicDER(), alice, clientContext, b, nameOf(server), nameOf(mallory)), ErrProof
		},
		"as a server": func(b []byte, _ *wire.Proof) (*wire.Proof, error) {
			return proof(t, alice.PublicDER(), alice, serverContext, b, nameOf(server), nameOf(alice)), ErrProof
		},
		"what servers sign": func(b []byte, _ *wire.Proof) (*wire.Proof, error) {
			return proof(t, alice.PublicDER(), alice, clientContext, b, nameOf(alice)), ErrProof
		},
		"half an identity": func(b []byte, _ *wire.Proof) (*wire.Proof, error) {
			name := sha256.Sum256(stranger)
			return proof(t, stranger, mallory, clientContext, b, nameOf(server), name[:]), errStranger
		},
		"nothing": func([]byte, *wire.Proof) (*wire.Proof, error) {
			return &wire.Proof{Public: make([]byte, wire.PublicSize), Signature: make([]byte, wire.ProofSize-wire.PublicSize)}, ErrProof
		},
		"a bit": func(b []byte, _ *wire.Proof) (*wire.Proof, error) {
			p := proof(t, alice.PublicDER(), alice, clientContext, b, nameOf(server), nameOf(alice))
			p.Signature[len(p.Signature)-1] ^= 1
			return p, ErrProof
		},
	} {
		t.Run(name, func(t *testing.T) {
			here, there := streams(t)
			done := accept(t, there)
			a, theirs := attackServer(t, here)
			forged, want := forge(a.binding, theirs)
			a.send(wire.TypeClient, forged.Marshal())
			m := a.read()
			if m.Type != wire.TypeError {
				t.Fatalf("the server answers 0x%02x", m.Type)
			}
			if first == nil {
				first = bytes.Clone(m.Body)
			}
			if !bytes.Equal(m.Body, first) {
				t.Errorf("it says %q to one and %q to another", first, m.Body)
			}
			here.Close()
			if r := <-done; r.conn != nil || !errors.Is(r.err, want) {
				t.Errorf("the server: %v, not %v", r.err, want)
			}
		})
	}
}

// TestForgedServers has servers that cannot prove who they are. No client tells
// them who it is.
func TestForgedServers(t *testing.T) {
	server, mallory := testkit.Identity("server"), testkit.Identity("mallory")
	here, there := streams(t)
	done := accept(t, there)
	other, recorded := attackServer(t, here)
	here.Close()
	<-done

	for name, attack := range map[string]struct {
		proof func(binding []byte) *wire.Proof
		want  error
	}{
		"unknown key": {func(b []byte) *wire.Proof {
			return proof(t, mallory.PublicDER(), mallory, serverContext, b, nameOf(mallory))
		}, errStranger},
		"replayed": {func([]byte) *wire.Proof { return recorded }, ErrProof},
		"for another connection": {func([]byte) *wire.Proof {
			return proof(t, server.PublicDER(), server, serverContext, other.binding, nameOf(server))
		}, ErrProof},
		"of somebody else": {func(b []byte) *wire.Proof {
			return proof(t, server.PublicDER(), mallory, serverContext, b, nameOf(server))
		}, ErrProof},
		"as a client": {func(b []byte) *wire.Proof {
			return proof(t, server.PublicDER(), server, clientContext, b, nameOf(server))
		}, ErrProof},
		"nothing": {func([]byte) *wire.Proof {
			return &wire.Proof{Public: make([]byte, wire.PublicSize), Signature: make([]byte, wire.ProofSize-wire.PublicSize)}
		}, ErrProof},
	} {
		t.Run(name, func(t *testing.T) {
			here, there := streams(t)
			done := connect(t, here)
			a := attackClient(t, there)
			a.send(wire.TypeServer, attack.proof(a.binding).Marshal())
			a.send(wire.TypeAccept, nil)
			if n, _ := io.Copy(io.Discard, a.tls); n > 0 {
				t.Errorf("the client sent %d bytes", n)
			}
			if r := <-done; r.conn != nil || !errors.Is(r.err, attack.want) {
				t.Errorf("the client: %v, not %v", r.err, attack.want)
			}
		})
	}
}

// TestRelayed is a man in the middle who ends the TLS of both sides and passes on
// all that they say. Certificates do not stop him; the channel binding does.
func TestRelayed(t *testing.T) {
	clientSide, toClient := streams(t)
	toServer, serverSide := streams(t)
	server, client := accept(t, serverSide), connect(t, clientSide)

	behind := attackClient(t, toClient)
	before, genuine := attackServer(t, toServer)
	behind.send(wire.TypeServer, genuine.Marshal())
	if n, _ := io.Copy(before.tls, behind.tls); n > 0 {
		t.Errorf("the client told the man in the middle %d bytes", n)
	}
	if r := <-client; r.conn != nil || !errors.Is(r.err, ErrProof) {
		t.Errorf("the client: %v", r.err)
	}
	toServer.Close()
	if r := <-server; r.conn != nil || r.err == nil {
		t.Error("the server let somebody in")
	}
}

// TestLoginOrder has everything but a proof where one has to be.
func TestLoginOrder(t *testing.T) {
	for name, typ := range map[string]wire.Type{
		"server": wire.TypeServer, "accept": wire.TypeAccept, "beat": wire.TypeBeat, "error": wire.TypeError,
		"push": wire.TypePush, "data": wire.TypeData, "list": wire.TypeList, "unknown": 0x77,
	} {
		t.Run(name, func(t *testing.T) {
			here, there := streams(t)
			done := accept(t, there)
			a, theirs := attackServer(t, here)
			name, err := wire.ParseName("a")
			if err != nil {
				t.Fatal(err)
			}
			body := map[wire.Type][]byte{
				wire.TypeServer: theirs.Marshal(),
				wire.TypeError:  (&wire.Error{Code: 1, Text: "\x1b[2Jno"}).Marshal(),
				wire.TypePush:   (&wire.Push{Name: name}).Marshal(),
				wire.TypeData:   make([]byte, wire.MaxData),
			}[typ]
			request := uint32(0)
			if typ > wire.TypeBeat {
				request = 1
			}
			a.tls.Write(wire.Append(nil, typ, request, body)) // which may fail: data is more than is read
			var reason *wire.Error
			if r := <-done; r.conn != nil || r.err == nil {
				t.Error("it was let in")
			} else if errors.As(r.err, &reason) != (typ == wire.TypeError) || bytes.ContainsRune([]byte(r.err.Error()), 0x1b) {
				t.Errorf("%q", r.err)
			}
		})
	}
}

// TestServerOrder has servers that say something else than is their turn.
func TestServerOrder(t *testing.T) {
	server := testkit.Identity("server")
	good := func(b []byte) []byte {
		return proof(t, server.PublicDER(), server, serverContext, b, nameOf(server)).Marshal()
	}
	for name, attack := range map[string]func(a *attacker){
		"accept without proof": func(a *attacker) { a.send(wire.TypeAccept, nil) },
		"client's message":     func(a *attacker) { a.send(wire.TypeClient, good(a.binding)) },
		"proof twice": func(a *attacker) {
			a.send(wire.TypeServer, good(a.binding))
			a.read()
			a.send(wire.TypeServer, good(a.binding))
		},
		"ready without accept": func(a *attacker) {
			a.send(wire.TypeServer, good(a.binding))
			a.read()
			a.send(wire.TypeReady, wire.Size(0))
		},
		"accept with a body": func(a *attacker) {
			a.send(wire.TypeServer, good(a.binding))
			a.read()
			a.send(wire.TypeAccept, []byte{1})
		},
	} {
		t.Run(name, func(t *testing.T) {
			here, there := streams(t)
			done := connect(t, here)
			attack(attackClient(t, there))
			if r := <-done; r.conn != nil || !errors.Is(r.err, ErrChannel) && !errors.Is(r.err, wire.ErrMalformed) {
				t.Errorf("the client: %v", r.err)
			}
		})
	}
}

// TestSecondLogin checks that a proof after the login is a message like others, for
// the session to refuse, and changes nobody's name.
func TestSecondLogin(t *testing.T) {
	c, s := pair(t, Times{}, Times{})
	mallory := testkit.Identity("mallory")
	p := proof(t, mallory.PublicDER(), mallory, clientContext, nameOf(mallory))
	if err := c.Send(wire.TypeClient, 0, p.Marshal()); err != nil {
		t.Fatal(err)
	}
	if m, err := s.Next(); err != nil || m.Type != wire.TypeClient || s.Peer() != testkit.Identity("alice").Fingerprint() {
		t.Errorf("0x%02x, %v", m.Type, err)
	}
}

// TestBusy checks that a server's own reason reaches a client that has proven
// who it is.
func TestBusy(t *testing.T) {
	here, there := streams(t)
	login := serverLogin()
	login.Check = func(signature.Fingerprint) error {
		return &wire.Error{Code: wire.CodeOf(wire.ErrBusy), Text: "full"}
	}
	done := inBackground(t, func() (*Conn, error) { return Accept(plain{there}, certificate(), login) })
	_, err := Connect(plain{here}, clientLogin())
	var reason *wire.Error
	if !errors.As(err, &reason) || reason.Code != wire.CodeOf(wire.ErrBusy) || reason.Text != "full" {
		t.Errorf("the client: %v", err)
	}
	<-done
}

// TestLoginIsBounded sends more than a login can need, in the handshake and
// after it.
func TestLoginIsBounded(t *testing.T) {
	record := append([]byte{22, 3, 1, 0x40, 0}, make([]byte, 1<<14)...)
	copy(record[5:], []byte{1, 0, 0xFF, 0xFF}) // a client's hello of 65535 bytes
	here, there := streams(t)
	done := accept(t, there)
	for range 10 {
		if _, err := here.Write(record); err != nil {
			break
		}
		copy(record[5:], make([]byte, 4))
	}
	if r := <-done; !errors.Is(r.err, ErrChannel) {
		t.Errorf("the handshake: %v", r.err)
	}

	here, there = streams(t)
	done = accept(t, there)
	a, _ := attackServer(t, here)
	for range 10 {
		if _, err := a.tls.Write(wire.Append(nil, wire.TypeClient, 0, nil)); err != nil {
			break
		}
	}
	if r := <-done; !errors.Is(r.err, wire.ErrMalformed) {
		t.Errorf("the login: %v", r.err)
	}
}

// TestSlowLogin has clients that stop at every stage, or send one byte after the other.
func TestSlowLogin(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	login := serverLogin()
	login.Times.Login = patience / 100
	for name, stall := range map[string]func(a *tls.Conn, raw io.Writer){
		"nothing": func(*tls.Conn, io.Writer) {},
		"a byte":  func(_ *tls.Conn, raw io.Writer) { raw.Write([]byte{22}) },
		"dribble": func(_ *tls.Conn, raw io.Writer) {
			for {
				if _, err := raw.Write([]byte{22, 3, 1, 0, 1, 1}); err != nil {
					return
				}
			}
		},
		"handshake": func(a *tls.Conn, _ io.Writer) { a.Handshake() },
		"half a proof": func(a *tls.Conn, _ io.Writer) {
			header := wire.Header(wire.TypeClient, 0, wire.ProofSize)
			a.Write(append(header[:], make([]byte, 1000)...))
		},
	} {
		t.Run(name, func(t *testing.T) {
			here, there := streams(t)
			done := inBackground(t, func() (*Conn, error) { return Accept(plain{there}, certificate(), login) })
			go stall(tls.Client(here, clientConfig()), here)
			if r := <-done; r.conn != nil || r.err == nil {
				t.Error("it was let in")
			}
		})
	}
}
