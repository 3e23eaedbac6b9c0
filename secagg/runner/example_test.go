// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/runner"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
)

// The access list of a server for the rounds fl/1, fl/2 and so on.
func ExampleRules() {
	aggregator, _ := signature.ParseFingerprint("SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU")
	alice, _ := signature.ParseFingerprint("SHA256:ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs")
	rules, err := runner.Rules("fl", aggregator, []signature.Fingerprint{alice})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(rules)
	// Output:
	// SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU  push,pull,list,delete  fl/**
	// SHA256:ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs  push  fl/*/from/*/ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb.pqe
	// SHA256:ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs  pull  fl/*/to/*/ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb.pqe
}

// The aggregator runs a round, and writes the mean to a file.
func ExampleAggregator_Run() {
	run := func(ctx context.Context, connection *transfer.Client, id *keyfile.Identity, members keyfile.Publics) error {
		a := &runner.Aggregator{
			Transfer: connection, Identity: id, Round: "fl/7",
			Encoding: vector.Encoding{Length: 5_000_000, Width: 32, Clip: 8, FractionBits: 16, MaxWeight: 1},
			Clients:  10, Dropped: 2,
			Join: 30 * time.Minute, // for training
			OnEvent: func(e runner.Event) {
				if e.Kind == runner.Dropped {
					log.Printf("%v: %v has dropped out: %v", e.Step, e.Client, e.Err)
				}
			},
		}
		for _, m := range members {
			a.Members = append(a.Members, m)
		}
		sum, err := os.Create("sum")
		if err != nil {
			return err
		}
		defer sum.Close()
		if _, err := a.Run(ctx, sum); err != nil {
			return err
		}
		mean, err := os.Create("mean")
		if err != nil {
			return err
		}
		if _, err := a.Encoding.Mean(mean, sum); err != nil {
			return err
		}
		return mean.Close()
	}
	_ = run
}

// A client takes part with an update in a file, which is never sent masked twice.
func ExampleClient_Run() {
	run := func(ctx context.Context, connection *transfer.Client, id *keyfile.Identity, aggregator *keyfile.Public, members keyfile.Publics) error {
		update, err := os.Open("update")
		if err != nil {
			return err
		}
		defer update.Close()
		c := &runner.Client{
			Transfer: connection, Identity: id, Aggregator: aggregator, Round: "fl/7", Wait: time.Hour,
			Floors: secagg.Floors{Clients: 10, Length: 5_000_000, Clip: 8, FractionBits: 16},
			Claim: func() error {
				if err := runner.Claim("sent", update, "fl/7"); err != nil {
					return err
				}
				_, err := update.Seek(0, 0)
				return err
			},
		}
		for _, m := range members {
			c.Members = append(c.Members, m)
		}
		return c.Run(ctx, vector.NewUpdate(update, 1))
	}
	_ = run
}
