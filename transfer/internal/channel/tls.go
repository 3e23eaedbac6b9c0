// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package channel

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"time"
)

// protocol is the ALPN protocol (RFC 7301).
const protocol = "pqenc/2"

// bindingLabel and bindingSize are the parameters of tls-exporter (RFC 9266).
const (
	bindingLabel = "EXPORTER-Channel-Binding"
	bindingSize  = 32
)

// NewCertificate returns a new certificate for a server. TLS requires one; clients ignore
// it.
func NewCertificate() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(100, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

func config() *tls.Config {
	return &tls.Config{
		MinVersion:       tls.VersionTLS13,
		CurvePreferences: []tls.CurveID{tls.X25519MLKEM768},
		NextProtos:       []string{protocol},
		// A resumed session would have no new key exchange.
		SessionTicketsDisabled: true,
		// Small records at the start are for browsers.
		DynamicRecordSizingDisabled: true,
	}
}

func clientConfig() *tls.Config {
	c := config()
	c.InsecureSkipVerify = true // the login authenticates the server
	return c
}

func serverConfig(cert *tls.Certificate) *tls.Config {
	c := config()
	c.Certificates = []tls.Certificate{*cert}
	return c
}

// handshake does the handshake and returns the channel binding (RFC 9266).
func handshake(t *tls.Conn) ([]byte, error) {
	if err := t.Handshake(); err != nil {
		if lost(err) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", ErrChannel, err)
	}
	state := t.ConnectionState()
	if err := assert(&state); err != nil {
		return nil, err
	}
	return state.ExportKeyingMaterial(bindingLabel, nil, bindingSize)
}

// lost reports whether a handshake failed because of the connection. The alerts of crypto/tls
// look like errors of the network, except for their operation.
func lost(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op != "remote error" && op.Op != "local error"
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, os.ErrDeadlineExceeded)
}

// assert checks what was negotiated. The configuration asks for all of it, but crypto/tls
// intersects that with defaults, which GODEBUG can change.
func assert(s *tls.ConnectionState) error {
	for _, a := range []struct {
		what string
		good bool
	}{
		{"TLS 1.3", s.Version == tls.VersionTLS13},
		{"X25519MLKEM768", s.CurveID == tls.X25519MLKEM768},
		{"a full handshake", !s.DidResume},
		{protocol, s.NegotiatedProtocol == protocol},
	} {
		if !a.good {
			return fmt.Errorf("%w: it is not %s", ErrChannel, a.what)
		}
	}
	return nil
}
