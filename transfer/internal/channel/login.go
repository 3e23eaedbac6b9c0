// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package channel

import (
	"cmp"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"

	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// The contexts of the two signatures. They differ, so that a proof cannot be reflected.
const (
	serverContext = "pqenc/v1/server"
	clientContext = "pqenc/v1/client"
)

// encryptionSize is the size of the DER of an encryption key, which precedes that of the
// signing key.
const encryptionSize = wire.PublicSize - 2005

// Login has the parameters of a login.
type Login struct {
	Identity Identity
	// Check decides whether the other side has access, after it has authenticated. If not, a
	// server denies access with the text and the code of the error, if that is a
	// wire.Error.
	Check func(peer signature.Fingerprint) error
	Times Times
	// Traffic is how many bytes a connection may carry in each direction; 0 is 256 GiB. Tests
	// change it.
	Traffic int64
}

// Connect logs in as a client over s. It closes s if that fails.
func Connect(s Stream, l *Login) (*Conn, error) { return l.run(s, l.client) }

// Accept lets a client log in over s. It closes s if that fails. cert is from
// [NewCertificate].
func Accept(s Stream, cert *tls.Certificate, l *Login) (*Conn, error) {
	return l.run(s, func(low *carrier) (*Conn, error) { return l.server(low, cert) })
}

func (l *Login) run(s Stream, login func(*carrier) (*Conn, error)) (*Conn, error) {
	times := l.Times.withDefaults()
	low := newCarrier(s, times.Login)
	c, err := login(low)
	if err != nil {
		low.Close()
		return nil, err
	}
	c.times = times
	low.admit(times.Silence, cmp.Or(l.Traffic, maxTraffic))
	return c.start(), nil
}

// client authenticates the server first, and then itself.
func (l *Login) client(low *carrier) (*Conn, error) {
	t := tls.Client(low, clientConfig())
	binding, err := handshake(t)
	if err != nil {
		return nil, err
	}
	server, err := readProof(t, wire.TypeServer)
	if err != nil {
		return nil, err
	}
	theirs := sha256.Sum256(server.Public)
	if err := verify(server, serverContext, binding, theirs[:]); err != nil {
		return nil, err
	}
	if err := l.Check(theirs); err != nil {
		return nil, err
	}
	ours := sha256.Sum256(l.Identity.PublicDER())
	if err := l.prove(t, wire.TypeClient, clientContext, binding, theirs[:], ours[:]); err != nil {
		return nil, err
	}
	if _, err := expect(t, wire.TypeAccept); err != nil {
		return nil, err
	}
	return &Conn{tls: t, low: low, peer: theirs}, nil
}

func (l *Login) server(low *carrier, cert *tls.Certificate) (*Conn, error) {
	t := tls.Server(low, serverConfig(cert))
	binding, err := handshake(t)
	if err != nil {
		return nil, err
	}
	ours := sha256.Sum256(l.Identity.PublicDER())
	if err := l.prove(t, wire.TypeServer, serverContext, binding, ours[:]); err != nil {
		return nil, err
	}
	client, err := readProof(t, wire.TypeClient)
	if err != nil {
		return nil, err
	}
	theirs := sha256.Sum256(client.Public)
	if err := verify(client, clientContext, binding, ours[:], theirs[:]); err != nil {
		deny(t, err)
		return nil, err
	}
	if err := l.Check(theirs); err != nil {
		deny(t, err)
		return nil, err
	}
	if _, err := t.Write(wire.Append(nil, wire.TypeAccept, 0, nil)); err != nil {
		return nil, err
	}
	return &Conn{tls: t, low: low, peer: theirs}, nil
}

// prove sends the identity of this side, and its signature over all parts.
func (l *Login) prove(t *tls.Conn, as wire.Type, context string, parts ...[]byte) error {
	sig, err := l.Identity.SigningKey().Sign(context, slices.Concat(parts...))
	if err != nil {
		return err
	}
	p := wire.Proof{Public: l.Identity.PublicDER(), Signature: sig}
	_, err = t.Write(wire.Append(nil, as, 0, p.Marshal()))
	return err
}

// verify checks the signature of the other side. Its encryption key is a part of its
// identity, and is not parsed.
func verify(p *wire.Proof, context string, parts ...[]byte) error {
	key, err := signature.ParseSPKI(p.Public[encryptionSize:])
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	if err := key.Verify(context, slices.Concat(parts...), p.Signature); err != nil {
		return ErrProof
	}
	return nil
}

func readProof(t *tls.Conn, as wire.Type) (*wire.Proof, error) {
	m, err := expect(t, as)
	if err != nil {
		return nil, err
	}
	return wire.ParseProof(m.Body)
}

// expect reads one message, which must have type want.
func expect(t *tls.Conn, want wire.Type) (wire.Message, error) {
	m, err := wire.Read(t, nil, wire.ProofSize)
	switch {
	case err != nil:
		return m, explain(err)
	case m.Type == wire.TypeError && m.Request == 0:
		return m, peerError(m.Body)
	case m.Type != want:
		return m, fmt.Errorf("%w: message 0x%02x instead of 0x%02x", ErrChannel, m.Type, want)
	}
	return m, nil
}

// deny sends an error in place of ACCEPT. It is the same for an unknown key and for a wrong
// proof.
func deny(t *tls.Conn, reason error) {
	told := &wire.Error{Code: wire.CodeDenied, Text: "this key has no access"}
	errors.As(reason, &told)
	if _, err := t.Write(wire.Append(nil, wire.TypeError, 0, told.Marshal())); err != nil {
		return
	}
	// Wait for the other side to close: closing at once could make the system discard the
	// message.
	var end [1]byte
	t.Read(end[:])
}
