// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package runner_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/runner"
	"github.com/pqenc/pqenc/transfer"
)

// job is what a process of its own does: it takes part in round fl/1, or runs it, until an event.
type job struct {
	URL        string
	Own        []byte // its private key
	Aggregator []byte // the public key, or nothing for the aggregator itself
	Members    []byte
	Work       string
	Until      string // the event, such as "received draw"
}

// jobVariable has the job of a process of [TestJob].
const jobVariable = "PQENC_RUNNER_JOB"

// TestJob is the process that [house.killed] kills. By itself it does nothing.
func TestJob(t *testing.T) {
	text, set := os.LookupEnv(jobVariable)
	if !set {
		return
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(3) // whoever should kill it is gone
	}()
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		t.Fatal(err)
	}
	fmt.Println("ended:", j.run())
}

func (j *job) run() error {
	id, err := keyfile.ParseIdentity(j.Own)
	if err != nil {
		return err
	}
	members, err := keyfile.ReadPublic(bytes.NewReader(j.Members))
	if err != nil {
		return err
	}
	connection := &transfer.Client{URL: j.URL, Identity: id, CheckServer: func(keyfile.Fingerprint) error { return nil }}
	until := func(e runner.Event) {
		if fmt.Sprint(e.Kind, " ", e.Step) == j.Until {
			fmt.Println("there")
			select {}
		}
	}
	if len(j.Aggregator) == 0 {
		a := runner.Aggregator{Transfer: connection, Identity: id, Round: "fl/1", Encoding: encoding, Corrupt: -1, Work: j.Work, OnEvent: until}
		for _, m := range members {
			a.Members = append(a.Members, m)
		}
		_, err := a.Run(context.Background(), io.Discard)
		return err
	}
	aggregator, err := keyfile.ReadPublic(bytes.NewReader(j.Aggregator))
	if err != nil {
		return err
	}
	c := runner.Client{Transfer: connection, Identity: id, Aggregator: aggregator[0], Round: "fl/1",
		Floors: secagg.Floors{Clients: 3, Corrupt: -1}, OnEvent: until}
	for _, m := range members {
		c.Members = append(c.Members, m)
	}
	return c.Run(context.Background(), update(2))
}

// killed runs a process with that key, and kills it when the event has happened there.
func (h *house) killed(id *keyfile.Identity, j job) error {
	j.URL, j.Own = h.url, id.Marshal()
	for _, m := range h.members {
		j.Members = append(j.Members, m.Public().Marshal()...)
	}
	text, err := json.Marshal(j)
	if err != nil {
		return err
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestJob$")
	cmd.Env = append(os.Environ(), jobVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	cmd.Process.Kill()
	cmd.Wait()
	if line != "there\n" {
		return fmt.Errorf("the process: %q, %w", line, err)
	}
	return errLeft
}

// TestKilledClient kills the process of a client in each of its steps, and between its masked
// vector and the statement about that. The round ends without it if it has not sent the statement.
func TestKilledClient(t *testing.T) {
	testkit.Long(t)
	for _, until := range []string{"received invitation", "sent advertisement", "received roster", "received peers", "received dealt",
		"sent masked", "received counted", "received confirmed", "sent reveal"} {
		t.Run(until, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 5)
			all := h.honest("fl/1")
			all[2] = func(context.Context) error {
				return h.killed(h.members[2], job{Until: until, Aggregator: testkit.Identity("aggregator").Public().Marshal()})
			}
			o := h.run(h.aggregator("fl/1"), all)
			if !errors.Is(o.clients[2], errLeft) {
				t.Fatal(o.clients[2])
			}
			o.clients[2] = nil
			if err := errors.Join(append(o.clients, o.err)...); err != nil {
				t.Fatal(err)
			}
			want := []int{0, 1, 3, 4}
			if strings.HasPrefix(until, "received con") || strings.HasSuffix(until, "counted") || until == "sent reveal" {
				want = []int{0, 1, 2, 3, 4}
			}
			checkMean(t, encoding, o.sum.Bytes(), want...)
		})
	}
}

// TestKilledAggregator kills the process of the aggregator in several steps. All clients end with an
// error, and nothing is left of the vectors. Another aggregator does not continue the round.
func TestKilledAggregator(t *testing.T) {
	testkit.Long(t)
	t.Parallel()
	var together sync.WaitGroup // they mostly wait
	defer together.Wait()
	for _, until := range []string{"sent invitation", "ended draw", "received masked", "ended confirmation"} {
		together.Go(func() {
			t.Run(until, func(t *testing.T) {
				h := newHouse(t, 4)
				work := t.TempDir()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				errs := make(chan error, len(h.members))
				for i := range h.members {
					c := h.client(i, "fl/1")
					c.Wait = 5 * time.Second
					go func() { errs <- c.Run(ctx, update(i)) }()
				}
				if err := h.killed(testkit.Identity("aggregator"), job{Until: until, Work: work}); !errors.Is(err, errLeft) {
					t.Fatal(err)
				}
				if _, err := h.aggregator("fl/1").Run(t.Context(), io.Discard); !errors.Is(err, transfer.ErrExists) {
					t.Errorf("the second aggregator: %v", err)
				}
				for range h.members {
					if err := <-errs; !errors.Is(err, runner.ErrNoMessage) {
						t.Errorf("a client: %v", err)
					}
				}
				if names := left(t, work); len(names) > 0 {
					t.Errorf("it left %v", names)
				}
			})
		})
	}
}
