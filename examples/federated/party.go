// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/transfer"
)

// party is a process of the aggregator or of a client.
type party struct {
	*folder
	traffic traffic
	input   chan string // lines on stdin
	holds   []string    // points at which to hold, such as "3 trained"
	record  *os.File
}

// holdVariable is the environment variable with points, separated by commas, at which a process
// waits for a line on stdin: so tests can kill it there, or make it late. In round 3 the points of
// a client are "3 pulled" and "3 trained"; in plain mode also "3 pushing", in the middle of its
// update, and in secure mode the messages that it has got and not yet answered, such as "3 roster".
// The only one of the aggregator is "3 published".
const holdVariable = "FEDERATED_HOLD"

// serveRole runs a process as the party of that role, until it has done its part, or until its
// stdin ends, as when the process that started it has gone.
func serveRole(role, dir string) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	f, err := open(dir)
	if err != nil {
		return err
	}
	p := &party{folder: f, input: make(chan string), holds: strings.Split(os.Getenv(holdVariable), ",")}
	if p.record, err = os.OpenFile(f.file(recordFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return err
	}
	defer p.record.Close()
	go func() {
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			p.input <- lines.Text()
		}
		cancel(errors.New("stdin has ended"))
	}()
	switch {
	case role == aggregatorRole && p.Large > 0:
		return p.aggregateLarge(ctx)
	case role == aggregatorRole:
		return p.aggregate(ctx)
	case p.Large > 0:
		return p.sendLarge(ctx)
	}
	return p.learn(ctx)
}

// at is called at each point of a round. It holds if that was asked for.
func (p *party) at(ctx context.Context, round int, step string) {
	if !slices.Contains(p.holds, fmt.Sprintf("%d %s", round, step)) {
		return
	}
	fmt.Printf("round %d: held, %s\n", round, step)
	select {
	case <-p.input:
	case <-ctx.Done():
	}
}

// note appends a line to the record of the party.
func (p *party) note(v any) error { return json.NewEncoder(p.record).Encode(v) }

// connect returns a client of the server with connections of its own.
func (p *party) connect() *transfer.Client {
	return &transfer.Client{
		URL:      p.URL,
		Identity: p.id,
		CheckServer: func(server keyfile.Fingerprint) error {
			if server != p.server.Fingerprint() {
				return transfer.ErrUnknownServer
			}
			return nil
		},
		Dial: p.traffic.dial,
	}
}

// nameOf returns the name of a client.
func (f *folder) nameOf(client keyfile.Fingerprint) string {
	for _, c := range f.clients {
		if c.Fingerprint() == client {
			return c.Name()
		}
	}
	return client.String()
}

// traffic counts the bytes on all connections of a process, with all that TLS and the
// handshakes add.
type traffic struct{ in, out atomic.Int64 }

func (t *traffic) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &countedConn{conn, t}, nil
}

type countedConn struct {
	net.Conn
	traffic *traffic
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.traffic.in.Add(int64(n))
	return n, err
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.traffic.out.Add(int64(n))
	return n, err
}
