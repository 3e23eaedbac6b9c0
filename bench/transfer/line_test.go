// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"testing"
	"time"
)

func TestParseLine(t *testing.T) {
	for text, want := range map[string]line{
		"1Gbit/100ms": {1e9, 100 * time.Millisecond},
		"50Mbit/0s":   {50e6, 0},
		"1200/1s":     {1200, time.Second},
	} {
		if got, err := parseLine(text); got != want || err != nil {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1Gbit", "/1s", "1Gbit/", "0Gbit/1s", "-1Gbit/1s", "1Gbit/-1s", "1GB/1s", "9999999999Gbit/1s"} {
		if got, err := parseLine(text); err == nil {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// TestLine echoes data over a line. It arrives complete, and not too early.
func TestLine(t *testing.T) {
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
		all, _ := io.ReadAll(conn)
		conn.Write(all)
	}()
	l := line{100e6, 40 * time.Millisecond}
	name := filepath.Join(t.TempDir(), "line")
	go l.serve(listener.Addr().String(), name)
	b := &bench{dir: filepath.Dir(name)}
	addr, err := b.await("line")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	content := make([]byte, 1<<20)
	rand.NewChaCha8([32]byte{}).Read(content)
	begin := time.Now()
	go func() {
		conn.Write(content)
		conn.(*net.TCPConn).CloseWrite()
	}()
	if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes came back: %v", len(got), err)
	}
	if took, least := time.Since(begin), l.rtt+2*l.lasts(len(content)); took < least {
		t.Errorf("it took %v, less than %v", took, least)
	}
}
