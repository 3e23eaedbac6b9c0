// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/transfer"
)

// The global model of each round is one object: a file that the aggregator has signed, and
// encrypted to all clients. It begins with news in JSON, with the length of that before it, and
// the parameters follow as float32, little-endian.

const modelFolder = "models/"

func modelName(round int) string { return modelFolder + strconv.Itoa(round) + ".pqe" }

// modelContext is what the aggregator signs a model for.
func (s *settings) modelContext(round int) string {
	return fmt.Sprintf("pqenc/examples/federated %s: model of round %d", s.Run, round)
}

// news is what the aggregator tells the clients with a model.
type news struct {
	Round   int
	Last    bool              // the training has ended
	Counted []string          // fingerprints of those whose updates of the round before are in the model
	Refused map[string]string // whose updates do not count, and why
}

const maxNews = 1 << 20 // bytes

// writeModel writes the contents of a model file.
func writeModel(w io.Writer, n news, values []float32) error {
	head, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if err := binary.Write(w, binary.LittleEndian, uint32(len(head))); err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	return writeFloats(w, values)
}

// readModel reads all of it.
func readModel(r io.Reader, size int) (n news, values []float32, err error) {
	var length uint32
	if err := binary.Read(r, binary.LittleEndian, &length); err != nil {
		return n, nil, err
	}
	if length > maxNews {
		return n, nil, fmt.Errorf("the news of the model have %d bytes, more than %d", length, maxNews)
	}
	head := make([]byte, length)
	if _, err := io.ReadFull(r, head); err != nil {
		return n, nil, err
	}
	if err := json.Unmarshal(head, &n); err != nil {
		return n, nil, err
	}
	values, err = readFloats(r, size)
	return n, values, err
}

// publish pushes the model of a round.
func (p *party) publish(ctx context.Context, t *transfer.Client, n news, values []float32) error {
	return t.PushFunc(ctx, modelName(n.Round), func(w io.Writer) error {
		file, err := pqenc.EncryptSigned(w, p.id, p.modelContext(n.Round), p.clients.Recipients()...)
		if err == nil {
			err = writeModel(file, n, values)
		}
		if err != nil {
			return err
		}
		return file.Close()
	}, transfer.PushOptions{})
}

// latest returns the last round, from on, for which there is a model, or from.
func latest(ctx context.Context, t *transfer.Client, from int) (int, error) {
	for o, err := range t.List(ctx, modelFolder) {
		if err != nil {
			return 0, err
		}
		text := strings.TrimSuffix(strings.TrimPrefix(o.Name, modelFolder), ".pqe")
		if round, err := strconv.Atoi(text); err == nil {
			from = max(from, round)
		}
	}
	return from, nil
}

// fetch returns the latest model, from a round on. It waits until there is one.
func (p *party) fetch(ctx context.Context, t *transfer.Client, from int) (n news, values []float32, err error) {
	round, err := latest(ctx, t, from)
	if err != nil {
		return n, nil, err
	}
	purpose := p.modelContext(round)
	policy := pqenc.Policy{From: []pqenc.Sender{p.aggregator}, Context: &purpose}
	err = p.pull(ctx, t, modelName(round), policy, func(r io.Reader) (err error) {
		n, values, err = readModel(r, p.shape().Values())
		return err
	})
	if err == nil && n.Round != round {
		err = fmt.Errorf("the model is of round %d", n.Round)
	}
	if err != nil {
		return n, nil, fmt.Errorf("model of round %d: %w", round, err)
	}
	return n, values, nil
}
