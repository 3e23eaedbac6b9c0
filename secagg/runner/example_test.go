// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/runner"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// A round of five clients and an aggregator over a server. All of them are in one process here.
func Example() {
	dir, err := os.MkdirTemp("", "round")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	relay, aggregator := newKey(), newKey()
	own := make([]*keyfile.Identity, 5)
	team := make(keyfile.Publics, len(own))
	for i := range own {
		own[i] = newKey()
		team[i] = own[i].Public()
	}

	rules, err := runner.Rules("fl", aggregator.Fingerprint(), team.Fingerprints())
	if err != nil {
		log.Fatal(err)
	}
	connect, end := serve(filepath.Join(dir, "store"), relay, rules)
	defer end()

	var clients sync.WaitGroup
	for i, id := range own {
		update := filepath.Join(dir, fmt.Sprint("update-", i))
		if err := os.WriteFile(update, floats(float32(i), 0.5, -1), 0o600); err != nil {
			log.Fatal(err)
		}
		clients.Go(func() {
			if err := takePart(connect(id), id, aggregator.Public(), team, update); err != nil {
				log.Print(err)
			}
		})
	}
	mean := filepath.Join(dir, "mean")
	if err := aggregate(connect(aggregator), aggregator, team, mean); err != nil {
		log.Fatal(err)
	}
	clients.Wait()
	fmt.Println(readFloats(mean))
	// Output: [2 0.5 -1]
}

// takePart sends the update in a file into round fl/7.
func takePart(connection *transfer.Client, id *keyfile.Identity, aggregator *keyfile.Public, team keyfile.Publics, update string) error {
	defer connection.Close()
	file, err := os.Open(update)
	if err != nil {
		return err
	}
	defer file.Close()
	client := &runner.Client{
		Transfer: connection, Identity: id, Aggregator: aggregator, Round: "fl/7",
		Floors: secagg.Floors{Clients: 4, Length: 3, Clip: 8, FractionBits: 16},
		Claim: func() error { // no update is ever sent masked twice
			if err := runner.Claim(filepath.Dir(update), file, "fl/7"); err != nil {
				return err
			}
			_, err := file.Seek(0, io.SeekStart)
			return err
		},
	}
	for _, public := range team {
		client.Members = append(client.Members, public)
	}
	return client.Run(context.Background(), vector.NewUpdate(file, 1))
}

// aggregate runs round fl/7, and writes the mean to a file.
func aggregate(connection *transfer.Client, id *keyfile.Identity, team keyfile.Publics, mean string) error {
	defer connection.Close()
	aggregator := &runner.Aggregator{
		Transfer: connection, Identity: id, Round: "fl/7", Clients: 4,
		Encoding: vector.Encoding{Length: 3, Width: 32, Clip: 8, FractionBits: 16, MaxWeight: 1},
		Join:     30 * time.Minute, // for training
		OnEvent: func(e runner.Event) {
			if e.Kind == runner.Dropped {
				log.Printf("%v: %v has dropped out: %v", e.Step, e.Client, e.Err)
			}
		},
	}
	for _, public := range team {
		aggregator.Members = append(aggregator.Members, public)
	}
	sum, err := os.Create(mean + ".sum")
	if err != nil {
		return err
	}
	defer sum.Close()
	if _, err := aggregator.Run(context.Background(), sum); err != nil {
		return err
	}
	out, err := os.Create(mean)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := aggregator.Encoding.Mean(out, sum); err != nil {
		return err
	}
	return out.Close()
}

// serve serves a folder with an access list. It returns what connects to the server as somebody.
func serve(dir string, id *keyfile.Identity, rules string) (connect func(*keyfile.Identity) *transfer.Client, end func()) {
	allow, err := server.ParseAllow(strings.NewReader(rules), nil)
	if err != nil {
		log.Fatal(err)
	}
	relay, err := server.New(server.Config{Dir: dir, Identity: id, Authorizer: allow})
	if err != nil {
		log.Fatal(err)
	}
	front := httptest.NewServer(relay) // or "pqenc serve"
	connect = func(who *keyfile.Identity) *transfer.Client {
		return &transfer.Client{
			URL:      "ws" + strings.TrimPrefix(front.URL, "http"),
			Identity: who,
			CheckServer: func(got signature.Fingerprint) error {
				if got != id.Fingerprint() {
					return transfer.ErrUnknownServer
				}
				return nil
			},
		}
	}
	return connect, func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		relay.Shutdown(ctx)
		front.CloseClientConnections()
		front.Close()
	}
}

func newKey() *keyfile.Identity {
	id, err := keyfile.Generate() // or keyfile.LoadIdentity
	if err != nil {
		log.Fatal(err)
	}
	return id
}

// floats encodes values as an update has them.
func floats(values ...float32) []byte {
	data, _ := io.ReadAll(vector.Floats(values)) // it reads from memory
	return data
}

func readFloats(name string) []float32 {
	data, err := os.ReadFile(name)
	if err != nil {
		log.Fatal(err)
	}
	values := make([]float32, len(data)/4)
	if _, err := binary.Decode(data, binary.LittleEndian, values); err != nil {
		log.Fatal(err)
	}
	return values
}
