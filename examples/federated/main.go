// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Command federated trains a network for the digits of MNIST by federated learning: eight
// clients have different digits, which they keep. In each round each of them trains the global model
// with its own, and an aggregator gets the weighted mean of the changes, 20 MB each. All go
// through a pqenc server, signed and encrypted.
//
//	go run .           the aggregator learns the sum of the updates and no single one
//	go run . -plain    the aggregator decrypts each update
//
// With -large, it runs a single round of secure aggregation instead, with four updates of that
// many megabytes, and reports what it takes.
//
// The server, the aggregator and the clients are processes of their own, with a folder each.
// README.md describes what this shows.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/pqenc/pqenc/examples/federated/internal/mnist"
	"github.com/pqenc/pqenc/examples/federated/internal/network"
)

func main() {
	err := runRole(os.Args[1:])
	if err == errNoRole {
		err = demonstrate()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "federated:", err)
		os.Exit(1)
	}
}

var errNoRole = errors.New("no role")

// runRole runs this process as a party if the arguments are those with which a federation
// starts one.
func runRole(args []string) error {
	if len(args) == 2 && (args[0] == aggregatorRole || args[0] == clientRole) {
		return serveRole(args[0], args[1])
	}
	return errNoRole
}

// clients of the demonstration, and how different their data is; see [mnist.Divide].
const (
	clients = 8
	alpha   = 0.5
)

// demonstrate runs a whole training, and reports it.
func demonstrate() error {
	plain := flag.Bool("plain", false, "let the aggregator decrypt each update")
	out := flag.String("out", "results", "`folder` for the table and the plot; empty for none")
	rounds := flag.Int("rounds", defaults.Rounds, "`number` of rounds")
	keep := flag.String("keep", "", "work in this new `folder`, and leave it there")
	large := flag.Int64("large", 0, "instead of a training, aggregate 4 updates of that many `megabytes` once, with 14 times as much on disk")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "federated: an argument that no flag takes: %q\n", flag.Arg(0))
		flag.Usage()
		os.Exit(2)
	}
	s := defaults
	s.Secure, s.Rounds = !*plain, *rounds
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := workFolder(*keep)
	if err != nil {
		return err
	}
	if *keep == "" {
		defer os.RemoveAll(dir)
	}
	if *large > 0 {
		return demonstrateLarge(ctx, dir, *large*1e6/4)
	}
	begin := time.Now()
	train, test, err := mnist.Load()
	if err != nil {
		return err
	}
	parts := mnist.Divide(train, clients, alpha, s.Seed)
	describeParts(parts)
	f, err := newFederation(dir, s, clients)
	if err != nil {
		return err
	}
	f.Run = rand.Text()
	f.onLine = func(who, line string) { fmt.Printf("%-10s  %s\n", who, line) }
	fmt.Printf("\n%d clients, a model of %d parameters, %s mode\n\n", clients, s.shape().Values(), mode(s.Secure))
	if err := f.run(ctx, parts, test); err != nil {
		return err
	}
	r, err := f.gather()
	if err != nil {
		return err
	}
	r.Took = time.Since(begin).Seconds()
	fmt.Printf("\n%s", r.table())
	if *out == "" {
		return nil
	}
	return r.save(*out)
}

// workFolder makes the folder of a run.
func workFolder(keep string) (string, error) {
	if keep == "" {
		return os.MkdirTemp("", "federated-")
	}
	dir, err := filepath.Abs(keep)
	if err != nil {
		return "", err
	}
	return dir, os.Mkdir(dir, 0o700)
}

// describeParts prints how many digits of each kind each client has.
func describeParts(parts [][]network.Sample) {
	fmt.Printf("%-10s %6s  of each digit, 0 to 9\n", "", "digits")
	for i, p := range parts {
		fmt.Printf("client-%-3d %6d ", i+1, len(p))
		for _, n := range mnist.Counts(p) {
			fmt.Printf(" %5d", n)
		}
		fmt.Println()
	}
}
