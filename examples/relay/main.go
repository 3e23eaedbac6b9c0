// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Command relay is an example of a program with a pqenc server inside it. The program decides
// who may store and fetch which object, learns of each one when it is stored, and answers with
// an object of its own: here with the mean of the vectors that its clients push.
//
// Nobody has trained these vectors, and the program reads each of them. Federated learning,
// with an aggregator that learns the sum alone, is in examples/federated.
//
//	relay -listen :8765 -dir store -key relay.key -size 1000000 alice.pub bob.pub ...
//
// In every round, from 1 on, each client pushes its vector, a million float32 in
// little-endian order here, and pulls the mean of all. So does alice in round 7:
//
//	pqenc push -i alice.key --sign alice.key --context "round 7" -r relay.pub update ws://HOST:8765/7/update-0.pqe
//	pqenc pull -i alice.key --from relay.pub --context "round 7" --follow ws://HOST:8765/7/mean.pqe -o mean
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/transfer/server"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8765", "`address` to listen at")
	dir := flag.String("dir", "store", "`folder` of the vectors and their means")
	key := flag.String("key", "relay.key", "`file` of the private key")
	size := flag.Int("size", 1_000_000, "float32 `values` in a vector")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *listen, *dir, *key, *size, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "relay:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, listen, dir, key string, size int, clients []string) error {
	id, err := keyfile.LoadIdentity(key, nil)
	if err != nil {
		return err
	}
	a := newAggregator(id, dir, size)
	for _, name := range clients {
		keys, err := keyfile.LoadPublic(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		a.clients = append(a.clients, keys...)
	}
	if len(a.clients) == 0 {
		return errors.New("no clients")
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	return serve(ctx, listener, a)
}

// serve runs the server as a handler of an HTTP server, which could have others, and the
// aggregator, until ctx is done.
func serve(ctx context.Context, listener net.Listener, a *aggregator) error {
	server, err := server.New(server.Config{
		Dir:        a.dir,
		Identity:   a.id,
		Authorizer: a,
		Limits:     server.Limits{ObjectSize: 2 << 30},
		Logger:     slog.Default(),
		OnCommit:   a.committed,
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/pqenc", server)
	web := &http.Server{Handler: mux, ConnState: server.ConnState, ReadHeaderTimeout: 10 * time.Second}
	go web.Serve(listener)
	defer web.Close()

	a.self.URL = "ws://" + listener.Addr().String() + "/pqenc"
	err = a.run(ctx)
	a.self.Close()

	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(err, server.Shutdown(grace))
}
