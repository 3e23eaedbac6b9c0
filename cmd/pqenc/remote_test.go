// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pqenc/pqenc/internal/testkit"
)

// running is a running server.
type running struct {
	*exec.Cmd
	host string
}

// startServer starts a server for the objects in dir, and waits until it listens.
func startServer(dir, allow, listen string, env []string) (*running, error) {
	key := filepath.Join(dir, "server.key")
	if err := testkit.Identity("server").Save(filepath.Join(dir, "server")); err != nil && !exists(err) { // it may have been rotated
		return nil, err
	}
	cmd := exec.Command("pqenc", "serve", "--dir", filepath.Join(dir, "objects"), "--listen", listen,
		"-i", key, "--allow", allow, "--keep-free", "0", "--grace", "100ms")
	cmd.Env = env
	s, _, err := startListening(cmd)
	return s, err
}

// startListening starts a server, and returns its output until it listens.
func startListening(cmd *exec.Cmd) (s *running, said string, err error) {
	s = &running{Cmd: cmd}
	log, err := s.StderrPipe()
	if err != nil {
		return nil, "", err
	}
	if err := s.Start(); err != nil {
		return nil, "", err
	}
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		said += lines.Text() + "\n"
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			s.host = m[1]
			go io.Copy(io.Discard, log)
			return s, said, nil
		}
	}
	s.Wait()
	return nil, said, fmt.Errorf("the server does not start: %s", said)
}

var listening = regexp.MustCompile(`msg=listening address=(\S+)`)

func (s *running) kill() {
	s.Process.Kill()
	s.Wait()
}

// servers of the running scripts, by folder.
var scriptServers sync.Map

// serverCommand is the script command
//
//	server start [FILE]
//	server kill
//
// that starts a server with the access list in FILE, or "allow", kills it with
// signal 9, and starts it again with the same objects at the same $HOST. Its URL is
// $URL, its fingerprint $SERVER, and it is known.
func serverCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: server start|kill")
	}
	work := ts.Getenv("WORK")
	if args[0] == "kill" {
		s, _ := scriptServers.LoadAndDelete(work)
		s.(*running).kill()
		return
	}
	dir, listen := ts.Getenv("STORE"), ts.Getenv("HOST")
	if dir == "" {
		// Not in $WORK, where no file may change.
		var err error
		dir, err = os.MkdirTemp("", "pqenc-store-")
		ts.Check(err)
		ts.Defer(func() { os.RemoveAll(dir) })
		ts.Setenv("STORE", dir)
		ts.Setenv("PQENC_HOME", filepath.Join(dir, "home"))
		ts.Setenv("SERVER", testkit.Identity("server").Fingerprint().String())
		listen = "127.0.0.1:0"
	}
	allow := "allow"
	if len(args) > 1 {
		allow = args[1]
	}
	s, err := startServer(dir, ts.MkAbs(allow), listen, append(os.Environ(), "GORACE="+noNap))
	ts.Check(err)
	scriptServers.Store(work, s)
	ts.Defer(s.kill)
	ts.Setenv("HOST", s.host)
	ts.Setenv("URL", "ws://"+s.host)
	if listen != s.host {
		ts.Check(remember(filepath.Join(dir, "home", "known_servers"), s.host, testkit.Identity("server").Fingerprint()))
	}
}

// proxies of the running scripts, by folder.
var scriptProxies sync.Map

// proxy is the script command
//
//	proxy BYTES CONNECTIONS
//
// that puts a proxy at $PROXY in front of the server, which cuts every connection
// after so many bytes, and lets in only so many of them. It is known as the server.
func proxy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: proxy BYTES CONNECTIONS")
	}
	host := startCutter(ts, "HOST", args)
	ts.Setenv("PROXY", "ws://"+host)
	ts.Check(remember(filepath.Join(ts.Getenv("PQENC_HOME"), "known_servers"), host, testkit.Identity("server").Fingerprint()))
}

// startCutter starts a cutter before the host in a variable, for the script arguments
// BYTES and CONNECTIONS, and returns its address.
func startCutter(ts *testscript.TestScript, variable string, args []string) string {
	p := &cutter{to: ts.Getenv(variable)}
	var err error
	p.limit, err = strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	p.connections, err = strconv.Atoi(args[1])
	ts.Check(err)
	host, err := p.start()
	ts.Check(err)
	ts.Defer(func() { p.listener.Close() })
	scriptProxies.Store(ts.Getenv("WORK"), p)
	return host
}

// carried is the script command
//
//	carried MIN MAX
//
// that requires the number of bytes that went through the proxy.
func carried(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: carried MIN MAX")
	}
	p, _ := scriptProxies.Load(ts.Getenv("WORK"))
	low, err := strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	high, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	if n := p.(*cutter).carried.Load(); n < low || n > high {
		ts.Fatalf("%d bytes went through the proxy, not %d to %d", n, low, high)
	}
}

// cutter is a proxy that cuts connections.
type cutter struct {
	to          string
	limit       int64 // bytes of a connection
	connections int
	listener    net.Listener
	carried     atomic.Int64
}

func (c *cutter) start() (host string, err error) {
	if c.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return "", err
	}
	go func() {
		for range c.connections {
			conn, err := c.listener.Accept()
			if err != nil {
				return
			}
			go c.carry(conn)
		}
		c.listener.Close()
	}()
	return c.listener.Addr().String(), nil
}

func (c *cutter) carry(client net.Conn) {
	server, err := net.Dial("tcp", c.to)
	if err != nil {
		client.Close()
		return
	}
	var left atomic.Int64
	left.Store(c.limit)
	copyTo := func(dst, src net.Conn) {
		b := make([]byte, 32<<10)
		for {
			n, err := src.Read(b)
			if left.Add(-int64(n)) < 0 || err != nil {
				break
			}
			c.carried.Add(int64(n))
			if _, err := dst.Write(b[:n]); err != nil {
				break
			}
		}
		client.Close()
		server.Close()
	}
	go copyTo(server, client)
	copyTo(client, server)
}

// TestParseURL parses URLs as users write them.
func TestParseURL(t *testing.T) {
	for text, want := range map[string]location{
		"ws://host/a":                  {"ws", "host:80", "a"},
		"wss://HOST/a/b.pqe":           {"wss", "host:443", "a/b.pqe"},
		"ws://host:8765":               {"ws", "host:8765", ""},
		"ws://host:8765/":              {"ws", "host:8765", ""},
		"ws://[::1]:8765/a/":           {"ws", "[::1]:8765", "a/"},
		"ws://[::1]/a":                 {"ws", "[::1]:80", "a"},
		"ws://host/a%20b%23%2Fc%C3%A4": {"ws", "host:80", "a b#/cä"},
		"ws://host//a":                 {"ws", "host:80", "/a"},
		"ws://host/../a":               {"ws", "host:80", "../a"},
	} {
		got, err := parseURL(text)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
		if again, err := parseURL(got.String()); err != nil || again != got {
			t.Errorf("%s: %s is %v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{
		"", "host/a", "http://host/a", "ws:host/a", "ws:///a", "ws://:80/a", "ws://host:port/a", "ws://host/%zz",
		"ws://alice@host/a", "ws://alice:secret@host/a", "ws://host/a?b", "ws://host/a?", "ws://host/a#b", "ws://host/a#", "ws://ho st/",
	} {
		if got, err := parseURL(text); !isUsage(err) || strings.Contains(fmt.Sprint(err), "secret") {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func isUsage(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.code == exitUsage
}
