// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"encoding/pem"
	"io"
	"log"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// wssCommand is the script command
//
//	wss
//
// that puts a proxy with TLS in front of the server, at $WSS, with a certificate of the
// authority in wss.pem.
func wssCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: wss")
	}
	p := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: ts.Getenv("HOST")})
	p.ErrorLog = log.New(io.Discard, "", 0)
	s := httptest.NewUnstartedServer(p)
	s.Config.ErrorLog = p.ErrorLog
	s.StartTLS()
	ts.Defer(func() {
		s.CloseClientConnections()
		s.Close()
	})
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	ts.Check(os.WriteFile(ts.MkAbs("wss.pem"), cert, 0o644))
	ts.Setenv("WSS", strings.Replace(s.URL, "https", "wss", 1))
}
