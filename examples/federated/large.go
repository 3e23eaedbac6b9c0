// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	mathrand "math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pqenc/pqenc/examples/federated/internal/network"
	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/runner"
	"github.com/pqenc/pqenc/secagg/vector"
)

// A large round is one round of secure aggregation with updates that nobody has in memory. They
// are files, as a program leaves them that has trained a large model, and so is their mean.

// Files of a large round, of the clients and of the aggregator.
const (
	updateFile = "update.f32"
	sumFile    = "sum"
	meanFile   = "mean.f32"
)

// largeClients is how many take part, with weights from 1 on.
const largeClients = 4

// demonstrateLarge runs a large round, checks the mean, and reports what each process has used.
func demonstrateLarge(ctx context.Context, dir string, values int64) error {
	s := defaults
	s.Secure, s.Large, s.Rounds, s.Fewest, s.Corrupt, s.Dropped = true, values, 1, largeClients, 1, 0
	s.Wait = 10 * time.Minute
	f, err := newFederation(dir, s, largeClients)
	if err != nil {
		return err
	}
	f.Run = rand.Text()
	for i, id := range f.clients {
		if err := writeUpdate(f.party(id), i); err != nil {
			return err
		}
	}
	fmt.Printf("%d updates of %d MB, %d values each\n\n%-10s  %-14s  %8s  %8s  %s\n",
		largeClients, 4*values/1e6, values, "", "stage", "time", "CPU time", "most memory")
	begin, server := time.Now(), newStages(serverRole)
	f.onLine = func(who, line string) {
		fmt.Printf("%-10s  %s\n", who, line)
		if stage, _, _ := strings.Cut(line, " "); who == aggregatorRole && slices.Contains(serverStages, stage) {
			server.pid = strconv.Itoa(f.child(serverRole).cmd.Process.Pid)
			fmt.Printf("%-10s  %s\n", serverRole, server.ended(stage))
		}
	}
	if err := f.run(ctx, make([][]network.Sample, largeClients), nil); err != nil {
		return err
	}
	took := time.Since(begin)
	if err := checkLarge(f.party(f.manager)); err != nil {
		return err
	}
	fmt.Printf("\nThe mean is exact. The round has taken %.1f s.\n", took.Seconds())
	return nil
}

// Stages of a large round.
const (
	stageKeys   = "keys"    // until the secrets are dealt
	stageRecord = "record"  // the client notes the hash of its update
	stageMask   = "mask"    // the client masks its update and pushes it
	stagePull   = "vectors" // the aggregator waits for the masked updates, and pulls them
	stageShares = "shares"
	stageSum    = "sum"
	stageMean   = "mean"
)

// serverStages are those of the aggregator in which the server has something to do.
var serverStages = []string{stageKeys, stagePull, stageShares}

// stages are those that a process goes through.
type stages struct {
	pid   string // or "self"
	began time.Time
	cpu   float64 // seconds, until then
}

func newStages(pid string) *stages { return &stages{pid: pid, began: time.Now()} }

// ended describes what the stage has taken that ends now. The next one begins.
func (s *stages) ended(stage string) string {
	cpu, memory := usage(s.pid)
	line := fmt.Sprintf("%-14s  %6.1f s  %6.1f s  %8d MB", stage, time.Since(s.began).Seconds(), cpu-s.cpu, memory/1e6)
	s.began, s.cpu = time.Now(), cpu
	return line
}

// usage returns the CPU time of a process in seconds, and the most memory that was resident in
// bytes. Both are zero where there is no /proc as that of Linux.
func usage(pid string) (cpu float64, memory int64) {
	if stat, err := os.ReadFile("/proc/" + pid + "/stat"); err == nil {
		_, rest, _ := bytes.Cut(stat, []byte(") "))
		for _, ticks := range bytes.Fields(rest)[11:13] { // user and system, 100 a second
			n, _ := strconv.Atoi(string(ticks))
			cpu += float64(n) / 100
		}
	}
	if status, err := os.ReadFile("/proc/" + pid + "/status"); err == nil {
		_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
		fmt.Sscan(string(rest), &memory) // in KiB
	}
	return cpu, memory << 10
}

// largeValues are the values of a client: multiples of 2^-16, so that none is rounded.
type largeValues struct{ *mathrand.PCG }

func newLargeValues(client int) largeValues { return largeValues{mathrand.NewPCG(uint64(client), 0)} }

// next returns the next value, in units of 2^-16, with at most the amount of [clip].
func (v largeValues) next() int64 { return int64(int16(v.Uint64())) }

func putFloat(b []byte, x float64) []byte {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(x)))
}

// writeUpdate writes the update of a client into its folder.
func writeUpdate(f *folder, client int) error {
	if err := os.Mkdir(f.dir, 0o700); err != nil {
		return err
	}
	file, err := os.Create(f.file(updateFile))
	if err != nil {
		return err
	}
	defer file.Close()
	w, values := bufio.NewWriterSize(file, 1<<20), newLargeValues(client)
	for range f.Large {
		w.Write(putFloat(w.AvailableBuffer(), math.Ldexp(float64(values.next()), -fractionBits)))
	}
	return cmp.Or(w.Flush(), file.Close())
}

// checkLarge requires that the mean is the exact one, rounded to float32.
func checkLarge(f *folder) error {
	file, err := os.Open(f.file(meanFile))
	if err != nil {
		return err
	}
	defer file.Close()
	r, all := bufio.NewReaderSize(file, 1<<20), make([]largeValues, largeClients)
	weight := int64(0)
	for i := range all {
		all[i] = newLargeValues(i)
		weight += int64(weightOf(i))
	}
	var got, want [4]byte
	for n := range f.Large {
		sum := int64(0)
		for i, v := range all {
			sum += int64(weightOf(i)) * v.next()
		}
		putFloat(want[:0], float64(sum)/math.Ldexp(float64(weight), fractionBits))
		if _, err := io.ReadFull(r, got[:]); err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("value %d of the mean is wrong", n)
		}
	}
	if _, err := r.ReadByte(); err != io.EOF {
		return errors.New("the mean is too long")
	}
	return nil
}

// weightOf returns the weight of a client: another one for each.
func weightOf(client int) uint32 { return uint32(client + 1) }

// sendLarge is what a client does in a large round.
func (p *party) sendLarge(ctx context.Context) error {
	file, err := os.Open(p.file(updateFile))
	if err != nil {
		return err
	}
	defer file.Close()
	weight := uint32(0)
	for i, c := range p.clients {
		if c.Fingerprint() == p.id.Fingerprint() {
			weight = weightOf(i)
		}
	}
	t := p.connect()
	defer t.Close()
	c, s := p.secureClient(t, 1), newStages("self")
	c.Claim = func() error {
		fmt.Println(s.ended(stageKeys))
		err := p.claim(1, io.NewSectionReader(file, 0, 4*p.Large))
		fmt.Println(s.ended(stageRecord))
		return err
	}
	c.OnEvent = func(e runner.Event) {
		if e.Kind == runner.Sent && e.Bytes > 4*p.Large { // not the statement, of the same step
			fmt.Println(s.ended(stageMask))
		}
	}
	return c.Run(ctx, vector.NewUpdate(file, weight))
}

// aggregateLarge is what the aggregator does in a large round.
func (p *party) aggregateLarge(ctx context.Context) error {
	t := p.connect()
	defer t.Close()
	a := p.secureAggregator(t, 1)
	s := newStages("self")
	a.OnEvent = func(e runner.Event) {
		stage := map[secagg.Step]string{secagg.StepDeal: stageKeys, secagg.StepMasked: stagePull, secagg.StepReveal: stageShares}[e.Step]
		switch e.Kind {
		case runner.Ended:
			if stage != "" {
				fmt.Println(s.ended(stage))
			}
		case runner.Refused, runner.Dropped:
			fmt.Printf("%s of %s: %v\n", e.Step, p.nameOf(e.Client), e.Err)
		}
	}
	sum, err := os.Create(p.file(sumFile))
	if err != nil {
		return err
	}
	defer os.Remove(sum.Name())
	defer sum.Close()
	if _, err := a.Run(ctx, sum); err != nil {
		return err
	}
	fmt.Println(s.ended(stageSum))
	mean, err := os.Create(p.file(meanFile))
	if err != nil {
		return err
	}
	defer mean.Close()
	_, err = a.Encoding.Mean(mean, sum)
	fmt.Println(s.ended(stageMean))
	return cmp.Or(err, mean.Close())
}
