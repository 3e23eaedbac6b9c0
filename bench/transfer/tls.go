// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// piece is the number of bytes of a read or write, the same as in pqenc.
const piece = 256 << 10

func config() *tls.Config {
	return &tls.Config{
		MinVersion:                  tls.VersionTLS13,
		CurvePreferences:            []tls.CurveID{tls.X25519MLKEM768},
		DynamicRecordSizingDisabled: true,
		InsecureSkipVerify:          true, // nobody else is there
	}
}

// startTLS starts two servers. The first receives a file on each connection, and writes it
// to "copy". The second sends the file of that name. They run in this process, which is
// idle otherwise.
func (b *bench) startTLS(name string) (taking, giving string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return "", "", err
	}
	c := config()
	c.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	taking, err = listenTLS(c, func(conn *tls.Conn) error {
		if err := receive(conn, filepath.Join(b.dir, "copy")); err != nil {
			return err
		}
		_, err := conn.Write([]byte{1})
		return err
	})
	if err == nil {
		giving, err = listenTLS(c, func(conn *tls.Conn) error { return give(conn, filepath.Join(b.dir, name)) })
	}
	return taking, giving, err
}

// listenTLS serves connections, one at a time.
func listenTLS(c *tls.Config, serve func(*tls.Conn) error) (addr string, err error) {
	listener, err := tls.Listen("tcp", "127.0.0.1:0", c)
	if err != nil {
		return "", err
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serve(conn.(*tls.Conn)) // the other side notices if it fails
			conn.Close()
		}
	}()
	return listener.Addr().String(), nil
}

// receive writes a connection to a file, in large pieces.
func receive(conn io.Reader, name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	buf := make([]byte, piece)
	for err == nil {
		var n int
		n, err = io.ReadFull(conn, buf)
		if _, failed := f.Write(buf[:n]); failed != nil {
			err = failed
		}
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// give sends all of a file.
func give(conn *tls.Conn, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.CopyBuffer(struct{ io.Writer }{conn}, struct{ io.Reader }{f}, make([]byte, piece)); err != nil {
		return err
	}
	return conn.CloseWrite()
}

// send sends a file, and waits until it has been written.
func send(addr, name string) error {
	conn, err := tls.Dial("tcp", addr, config())
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := give(conn, name); err != nil {
		return err
	}
	_, err = io.ReadFull(conn, make([]byte, 1))
	return err
}

// fetch gets a file.
func fetch(addr, name string) error {
	conn, err := tls.Dial("tcp", addr, config())
	if err != nil {
		return err
	}
	defer conn.Close()
	return receive(conn, name)
}
