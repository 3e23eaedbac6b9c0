// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/pqenc/pqenc/examples/federated/internal/mnist"
	"github.com/pqenc/pqenc/examples/federated/internal/network"
	"github.com/pqenc/pqenc/keyfile"
)

// settings are what an administrator gives to each party, beside its keys and its data.
type settings struct {
	Run    string // the name of the run, which no other run has
	URL    string // of the server
	Secure bool   // the aggregator learns sums alone

	Rounds int
	Hidden int     // units of the hidden layer
	Seed   uint64  // of the first model and of how the data is divided
	Rate   float32 // of learning
	Parts  int     // how many rounds it takes until a client has used all of its data

	Fewest   int           // clients in a round, or it does not count. More than (all + Corrupt) / 2, so that there is no second round of others
	Deadline time.Duration // of a round: until the updates are there, or, in secure mode, until the clients have trained
	Wait     time.Duration // for progress in each further step of secure mode
	Corrupt  int           // clients that may collude with the aggregator in secure mode
	Dropped  int           // clients that may drop out of a round in secure mode

	Large int64 // values of an update, if this is a large round instead of a training: see large.go
}

// defaults are the settings of the demonstration.
var defaults = settings{
	Rounds: 10, Hidden: 6400, Seed: 1, Rate: 0.4, Parts: 4,
	Fewest: 6, Deadline: time.Minute, Wait: 20 * time.Second, Corrupt: 2, Dropped: 2,
}

// Bounds of an update in both modes. They are so that the sum of 8 updates fits into words of
// 32 bits with 16 fraction bits, in which a value is off by less than 2^-16.
const (
	clip      = 0.5  // largest change of a parameter
	maxWeight = 4000 // largest number of samples
)

func (s *settings) shape() network.Shape {
	return network.Shape{Inputs: mnist.Inputs, Hidden: s.Hidden, Classes: mnist.Classes}
}

// Files in the folder of a party.
const (
	settingsFile   = "settings.json"
	keyFile        = "own.key"
	serverFile     = "server.pub"
	aggregatorFile = "aggregator.pub"
	clientsFile    = "clients.pub"
	dataFile       = "data" // a client's own samples, or those that the aggregator tests with
	recordFile     = "record.json"
)

// folder is the folder of a party. What is in it is all that the party knows at the start.
type folder struct {
	settings
	dir        string
	id         *keyfile.Identity
	server     *keyfile.Public
	aggregator *keyfile.Public
	clients    keyfile.Publics // all of them
}

// open reads a folder.
func open(dir string) (*folder, error) {
	f := &folder{dir: dir}
	data, err := os.ReadFile(f.file(settingsFile))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &f.settings); err != nil {
		return nil, err
	}
	if f.id, err = keyfile.LoadIdentity(f.file(keyFile), nil); err != nil {
		return nil, err
	}
	if f.clients, err = keyfile.LoadPublic(f.file(clientsFile)); err != nil {
		return nil, err
	}
	if f.server, err = loadOne(f.file(serverFile)); err != nil {
		return nil, err
	}
	f.aggregator, err = loadOne(f.file(aggregatorFile))
	return f, err
}

func (f *folder) file(name string) string { return filepath.Join(f.dir, name) }

func loadOne(file string) (*keyfile.Public, error) {
	keys, err := keyfile.LoadPublic(file)
	if err != nil {
		return nil, err
	}
	if len(keys) != 1 {
		return nil, keyfile.ErrSeveral
	}
	return keys[0], nil
}

// write writes a folder for a party, with its samples.
func (f *folder) write(samples []network.Sample) error {
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return err
	}
	data, err := json.MarshalIndent(f.settings, "", "\t")
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		settingsFile:   data,
		keyFile:        f.id.Marshal(),
		serverFile:     f.server.Marshal(),
		aggregatorFile: f.aggregator.Marshal(),
		clientsFile:    marshalAll(f.clients),
		dataFile:       marshalSamples(samples),
	} {
		if err := os.WriteFile(f.file(name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func marshalAll(keys keyfile.Publics) (all []byte) {
	for _, k := range keys {
		all = append(all, k.Marshal()...)
	}
	return all
}

// samples reads the samples in the folder.
func (f *folder) samples() ([]network.Sample, error) {
	data, err := os.ReadFile(f.file(dataFile))
	if err != nil {
		return nil, err
	}
	var all []network.Sample
	for ; len(data) > mnist.Inputs; data = data[mnist.Inputs+1:] {
		all = append(all, network.Sample{Class: data[0], Inputs: data[1 : mnist.Inputs+1]})
	}
	return all, nil
}

func marshalSamples(all []network.Sample) (data []byte) {
	for _, s := range all {
		data = append(append(data, s.Class), s.Inputs...)
	}
	return data
}
