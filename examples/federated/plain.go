// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/transfer"
)

// In plain mode an update is an object: a file that the client has signed, and encrypted to the
// aggregator. It has the weight as a uint32 and the values as float32, all little-endian.

const updateFolder = "updates/"

func updateName(round int, client keyfile.Fingerprint) string {
	return fmt.Sprintf("%s%d/%s.pqe", updateFolder, round, hex.EncodeToString(client[:]))
}

// updateContext is what a client signs an update for. It has the round and the sender.
func (s *settings) updateContext(round int, client keyfile.Fingerprint) string {
	return fmt.Sprintf("pqenc/examples/federated %s: update of round %d by %s", s.Run, round, client)
}

// plainRules are the lines of the access list for plain mode.
func plainRules(aggregator keyfile.Fingerprint, clients []keyfile.Fingerprint) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s pull,list,delete %s**\n", aggregator, updateFolder)
	for _, c := range clients {
		fmt.Fprintf(&b, "%s push %s*/%s.pqe overwrite\n", c, updateFolder, hex.EncodeToString(c[:]))
	}
	return b.String()
}

// plainSender sends updates that the aggregator can read.
type plainSender struct {
	*party
	transfer *transfer.Client
}

func (s *plainSender) send(ctx context.Context, round int, update []float32, weight uint32) error {
	self := s.id.Fingerprint()
	return s.transfer.PushFunc(ctx, updateName(round, self), func(w io.Writer) error {
		file, err := pqenc.EncryptSigned(w, s.id, s.updateContext(round, self), s.aggregator)
		if err == nil {
			err = binary.Write(file, binary.LittleEndian, weight)
		}
		half := len(update) / 2
		if err == nil {
			err = writeFloats(file, update[:half])
		}
		s.at(ctx, round, "pushing")
		if err == nil {
			err = writeFloats(file, update[half:])
		}
		if err != nil {
			return err
		}
		return file.Close()
	}, transfer.PushOptions{Overwrite: true})
}

// plainCollector decrypts updates, and computes their mean.
type plainCollector struct {
	*party
	transfer *transfer.Client
	each     []*transfer.Client // one for each client, to wait for its update
}

func newPlainCollector(p *party, t *transfer.Client) *plainCollector {
	c := &plainCollector{party: p, transfer: t}
	for range p.clients {
		c.each = append(c.each, p.connect())
	}
	return c
}

func (c *plainCollector) close() {
	for _, t := range c.each {
		t.Close()
	}
}

// errLate is the reason why an update that is not there at the deadline does not count.
var errLate = errors.New("it has not come before the deadline")

// update is what a client has sent.
type update struct {
	weight uint32
	values []float32
	err    error
}

func (c *plainCollector) collect(ctx context.Context, round int) (*outcome, error) {
	if err := c.refuseLate(ctx, round); err != nil {
		return nil, err
	}
	soon, cancel := context.WithTimeoutCause(ctx, c.Deadline, errLate)
	defer cancel()
	updates := make([]update, len(c.clients))
	var all sync.WaitGroup
	for i := range c.clients {
		all.Go(func() { updates[i] = c.waitFor(soon, round, i) })
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	o := &outcome{mean: make([]float32, c.shape().Values()), refused: make(map[keyfile.Fingerprint]string)}
	for i, u := range updates {
		client := c.clients[i]
		if u.err != nil && !errors.As(u.err, new(refusal)) && !errors.Is(u.err, errLate) {
			return nil, fmt.Errorf("update of %s: %w", client.Name(), u.err)
		}
		if u.err != nil {
			o.refused[client.Fingerprint()] = u.err.Error()
			continue
		}
		o.counted = append(o.counted, client.Fingerprint())
		o.weight += uint64(u.weight)
		if err := c.transfer.Delete(ctx, updateName(round, client.Fingerprint())); err != nil && !errors.Is(err, transfer.ErrNotFound) {
			return nil, err
		}
	}
	if len(o.counted) < c.Fewest {
		return nil, missed{fmt.Errorf("there are updates of %d clients, fewer than %d", len(o.counted), c.Fewest)}
	}
	for _, u := range updates {
		if u.err == nil {
			addWeighted(o.mean, u.values, float64(u.weight)/float64(o.weight))
		}
	}
	return o, nil
}

func addWeighted(sum, values []float32, weight float64) {
	for i, value := range values {
		sum[i] += float32(weight * float64(value))
	}
}

// tries is how many files of one client the aggregator reads in a round, since somebody else
// may have stored the first ones in its name.
const tries = 3

// waitFor returns the first good update of a client.
func (c *plainCollector) waitFor(ctx context.Context, round, client int) (u update) {
	who := c.clients[client]
	name := updateName(round, who.Fingerprint())
	var refused error
	for range tries {
		u = c.read(ctx, c.each[client], round, who)
		switch {
		case errors.Is(u.err, transfer.ErrChanged): // the client has started again
			continue
		case errors.Is(u.err, errLate) && refused != nil:
			return update{err: refused}
		case u.err == nil || !errors.As(u.err, new(refusal)):
			return u
		}
		refused = u.err
		// This may hit a good update that replaces it at the same moment. Whoever can store
		// something in the name of a client can always keep its updates out.
		if err := c.each[client].Delete(ctx, name); err != nil && !errors.Is(err, transfer.ErrNotFound) {
			return update{err: err}
		}
		fmt.Printf("round %d: update of %s refused: %v\n", round, who.Name(), refused)
	}
	return u
}

// read waits for the update of a client, and reads it.
func (c *plainCollector) read(ctx context.Context, t *transfer.Client, round int, from *keyfile.Public) (u update) {
	purpose := c.updateContext(round, from.Fingerprint())
	policy := pqenc.Policy{From: []pqenc.Sender{from}, Context: &purpose}
	u.err = c.pull(ctx, t, updateName(round, from.Fingerprint()), policy, func(r io.Reader) (err error) {
		if err := binary.Read(r, binary.LittleEndian, &u.weight); err != nil {
			return err
		}
		if u.weight == 0 || u.weight > maxWeight {
			return fmt.Errorf("its weight is %d, not 1 to %d", u.weight, maxWeight)
		}
		u.values, err = readFloats(r, c.shape().Values())
		if err == nil {
			err = checkValues(u.values)
		}
		return err
	})
	return u
}

// checkValues returns an error for the first value that no update may have.
func checkValues(values []float32) error {
	for i, v := range values {
		if !(math.Abs(float64(v)) <= clip) { // also NaN
			return fmt.Errorf("value %d is %v, more than %v from 0", i, v, clip)
		}
	}
	return nil
}

// refuseLate deletes the updates of earlier rounds, which have come after their deadlines.
func (c *plainCollector) refuseLate(ctx context.Context, round int) error {
	var late []string
	for o, err := range c.transfer.List(ctx, updateFolder) {
		if err != nil {
			return err
		}
		var of int
		if _, err := fmt.Sscanf(o.Name, updateFolder+"%d/", &of); err == nil && of < round {
			late = append(late, o.Name)
			fmt.Printf("round %d: update of %s refused: it came after the deadline\n", of, c.ownerOf(of, o.Name))
		}
	}
	for _, name := range late {
		if err := c.transfer.Delete(ctx, name); err != nil && !errors.Is(err, transfer.ErrNotFound) {
			return err
		}
	}
	return nil
}

// ownerOf returns the name of the client that an object belongs to.
func (c *plainCollector) ownerOf(round int, name string) string {
	for _, client := range c.clients {
		if updateName(round, client.Fingerprint()) == name {
			return client.Name()
		}
	}
	return name
}
