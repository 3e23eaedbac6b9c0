// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
	"time"
)

// serverConfig has a throw-away certificate, which nobody checks here.
var serverConfig = sync.OnceValues(func() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	config := clientConfig()
	config.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	return config, nil
})

// clientConfig asks for whole 16 KiB records: small first ones are for
// browsers.
func clientConfig() *tls.Config {
	return &tls.Config{
		MinVersion:                  tls.VersionTLS13,
		CurvePreferences:            []tls.CurveID{tls.X25519MLKEM768},
		DynamicRecordSizingDisabled: true,
		SessionTicketsDisabled:      true,
		InsecureSkipVerify:          true, // a loopback to itself
	}
}

// secure runs TLS over the two ends of a connection.
func secure(client, server net.Conn) (net.Conn, net.Conn, error) {
	config, err := serverConfig()
	if err != nil {
		return nil, nil, err
	}
	a, b := tls.Client(client, clientConfig()), tls.Server(server, config)
	done := make(chan error, 1)
	go func() { done <- b.Handshake() }()
	if err := a.Handshake(); err != nil {
		return nil, nil, err
	}
	return a, b, <-done
}
