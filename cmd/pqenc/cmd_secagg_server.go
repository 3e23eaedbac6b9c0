// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"syscall"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
)

type secaggServerCmd struct {
	Team memberFlags `embed:""`

	Output string `short:"o" required:"" type:"path" placeholder:"OUT" help:"Write the weighted mean of the updates to the file OUT: float32 values, little-endian."`

	Length       int64   `required:"" placeholder:"N" help:"The number of values of an update."`
	Clip         float64 `required:"" placeholder:"X" help:"Clip values to the range from -X to X."`
	FractionBits int     `default:"16" placeholder:"N" help:"Round values to N bits after the binary point (default: 16)."`
	Width        int     `enum:"32,64" default:"32" placeholder:"BITS" help:"Send 32 or 64 bits for each value (default: 32)."`
	MaxWeight    uint32  `default:"1" placeholder:"N" help:"Accept weights up to N (default: 1)."`

	Corrupt    *uint `placeholder:"N" help:"Stay private if N of the members help the server (default: a tenth, rounded up). Clients refuse a round with fewer than they insist on."`
	Dropped    *uint `placeholder:"N" help:"Finish although N of the clients that have joined drop out, or fewer if a round of so many clients cannot lose N (default: a tenth of the members, rounded up)."`
	MinClients uint  `default:"3" placeholder:"N" help:"End the round if fewer clients are left (default: 3)."`
}

func (secaggServerCmd) Help() string {
	return `Runs one round, and writes the mean of the updates of the clients that have stayed. It needs
no key.

A program carries the messages, and decides when a step ends without those that have not
answered: see docs/secagg-process.md. docs/secagg.md has an example of how to choose the flags.

Examples:

    pqenc secagg server --members team.pub --dropped 2 \
        --length 5000000 --clip 8 -o mean.f32
    pqenc secagg server --members team/ --corrupt 10 --dropped 20 \
        --length 5000000 --clip 4 --fraction-bits 20 \
        --width 64 --max-weight 100000 -o mean.f32`
}

func (c *secaggServerCmd) Run(a *app) error {
	s, err := c.aggregation(a)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.run(); err != nil {
		return s.fail(err)
	}
	return nil
}

// aggregation is the server in its round.
type aggregation struct {
	*secaggServerCmd
	*frames
	app      *app
	encoding vector.Encoding
	protocol *secagg.Server
	in       map[signature.Fingerprint]bool   // who has not dropped out
	vectors  map[signature.Fingerprint]*input // masked ones that were accepted
	sum      *os.File                         // temporary
	mean     *output                          // nil if it can only be opened when it is there
}

func (c *secaggServerCmd) aggregation(a *app) (*aggregation, error) {
	messages, err := openMessages(a)
	if err != nil {
		return nil, err
	}
	if isStdio(c.Output) {
		return nil, usageError("standard output carries the messages", "name a file with -o")
	}
	members, err := c.Team.list(a)
	if err != nil {
		return nil, err
	}
	s := &aggregation{secaggServerCmd: c, app: a, in: make(map[signature.Fingerprint]bool), vectors: make(map[signature.Fingerprint]*input)}
	s.encoding = vector.Encoding{Length: c.Length, Width: c.Width, Clip: c.Clip, FractionBits: c.FractionBits, MaxWeight: c.MaxWeight}
	if err := s.encoding.Check(len(members)); err != nil {
		return nil, usageError(err.Error(), encodingHint(s.encoding, len(members)))
	}
	s.protocol, err = secagg.NewServer(secagg.ServerConfig{Members: secaggMembers(members), Encoding: s.encoding,
		Clients: int(min(c.MinClients, math.MaxInt32)), Corrupt: corrupt(c.Corrupt), Dropped: tenth(c.Dropped, len(members))})
	if errors.Is(err, secagg.ErrThreshold) {
		return nil, &failure{err, exitRound, []string{"add members, or lower --corrupt (default: a tenth of them, rounded up) or --min-clients"}}
	}
	if err != nil {
		return nil, roundError(err)
	}
	for _, f := range members.Fingerprints() {
		s.in[f] = true
	}
	out, err := a.openOutput("", messages, durable.Options{})
	if err != nil {
		return nil, err
	}
	if err := s.openMean(); err != nil {
		s.close()
		return nil, err
	}
	s.frames = newFrames(messages.reader(), out)
	return s, nil
}

// encodingHint returns what to change in an encoding that is refused for that many members.
func encodingHint(e vector.Encoding, members int) string {
	if !errors.Is(e.Check(members), vector.ErrRange) {
		return `docs/secagg.md has an example under "Choose the terms"`
	}
	var ways []string
	largest := func(flag string, limit int, set func(e *vector.Encoding, n int)) {
		check := func(n int) error {
			changed := e
			set(&changed, n)
			return changed.Check(members)
		}
		n := sort.Search(limit, func(n int) bool { return errors.Is(check(n), vector.ErrRange) }) - 1
		if n >= 0 && check(n) == nil {
			ways = append(ways, fmt.Sprintf("%s %d", flag, n))
		}
	}
	largest("--fraction-bits", e.FractionBits, func(e *vector.Encoding, n int) { e.FractionBits = n })
	largest("--max-weight", int(min(e.MaxWeight, math.MaxInt32)), func(e *vector.Encoding, n int) { e.MaxWeight = uint32(n) })
	if e.Width = 64; e.Check(members) == nil {
		ways = append(ways, "--width 64")
	}
	if len(ways) == 0 {
		return "change several of --clip, --fraction-bits, --max-weight and --width"
	}
	return "use " + strings.Join(ways, ", or ")
}

// openMean opens the output before the round begins, and takes the space for it. If it cannot be
// written, it is too late for that when there is a sum: the updates of the clients are spent by
// then.
func (s *aggregation) openMean() (err error) {
	if info, err := os.Stat(s.Output); err == nil && info.IsDir() {
		return &fs.PathError{Op: "write", Path: s.Output, Err: syscall.EISDIR}
	}
	folder := ""
	if staged(s.Output) {
		folder = filepath.Dir(s.Output)
		if s.mean, err = s.app.openOutput(s.Output, &input{size: -1}, durable.Options{}); err != nil {
			return err
		}
	}
	if s.sum, err = os.CreateTemp(folder, ".*.pqenc-tmp"); err != nil { // with mode 0600
		return err
	}
	os.Remove(s.sum.Name())
	return s.takeSpace(cmp.Or(folder, os.TempDir()))
}

// takeSpace takes the space for the sum, which is in that folder, and for the mean.
func (s *aggregation) takeSpace(folder string) error {
	if err := durable.Reserve(s.sum, s.encoding.Size()); err != nil {
		return &fs.PathError{Op: "write to", Path: folder, Err: err}
	}
	if s.mean == nil {
		return nil
	}
	return s.mean.file.Reserve(4 * s.encoding.Length)
}

// errNoMean ends the output of a round without a result.
var errNoMean = errors.New("no mean")

func (s *aggregation) close() {
	for _, v := range s.vectors {
		v.Close()
	}
	if s.mean != nil {
		s.mean.finish(errNoMean)
	}
	if s.sum != nil {
		s.sum.Close()
		os.Remove(s.sum.Name()) // where an open file cannot be removed
	}
}

// Lines of the server.
type (
	delivery struct { // a message for a client
		To     string `json:"to"`
		Step   string `json:"step"`
		Length int    `json:"length"`
	}
	receipt struct { // a message was accepted
		From    string `json:"from"`
		Step    string `json:"step"`
		Waiting int    `json:"waiting"`
	}
	lossLine struct { // a client has dropped out
		Lost string `json:"lost"`
		Step string `json:"step"`
	}
	stepLine struct { // the next step begins
		Step    string `json:"step"`
		Waiting int    `json:"waiting"`
	}
	doneLine struct { // the mean is written
		Done    bool     `json:"done"`
		Counted []string `json:"counted"`
		Dropped []string `json:"dropped"`
		Weight  uint64   `json:"weight"`
	}
)

// run serves the program until the end of the round.
func (s *aggregation) run() error {
	invitations := make(map[signature.Fingerprint]secagg.Message)
	for f := range s.in {
		invitations[f] = s.protocol.Invitation()
	}
	if err := s.deliver(invitations); err != nil {
		return err
	}
	for {
		f, err := s.next()
		switch {
		case err == io.EOF:
			return errRoundEnded
		case err != nil:
			return err
		case f.Weight != nil || f.Advance == (f.Length != nil) || f.Advance && f.Vector != nil:
			return badFrame("a line is either a message or advance")
		case !f.Advance:
			err = s.receive(f)
		default:
			var done bool
			if done, err = s.advance(); done {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// receive takes a message. One that is refused does not end the round.
func (s *aggregation) receive(f *frame) error {
	step := s.protocol.Step().String()
	from, err := s.accept(f)
	if err != nil {
		err = s.put(refuse(err, false), nil)
	} else {
		err = s.put(receipt{from.String(), step, len(s.protocol.Waiting())}, nil)
	}
	return cmp.Or(err, s.flush())
}

func (s *aggregation) accept(f *frame) (from signature.Fingerprint, err error) {
	if f.Vector == nil {
		return s.protocol.Receive(f.message)
	}
	if isStdio(*f.Vector) {
		return from, usageError("standard input carries the messages, and no vector")
	}
	if err := regular(*f.Vector); err != nil { // opening a pipe would wait, and the round with it
		return from, err
	}
	src, err := s.app.openInput(*f.Vector)
	if err != nil {
		return from, err
	}
	if src.size != s.encoding.Size() {
		err = fmt.Errorf("%s: %w: it does not have %d bytes", src.name, secagg.ErrVector, s.encoding.Size())
	} else {
		from, err = s.protocol.ReceiveMasked(f.message, src.reader())
	}
	if err != nil || s.vectors[from] != nil {
		src.Close()
		return from, err
	}
	s.vectors[from] = src
	return from, nil
}

// advance ends a step. It reports whether the round has ended.
func (s *aggregation) advance() (done bool, err error) {
	step, late := s.protocol.Step(), s.protocol.Waiting()
	messages, err := s.protocol.Advance()
	if errors.Is(err, secagg.ErrThreshold) {
		for _, f := range late {
			err = cmp.Or(s.put(lossLine{f.String(), step.String()}, nil), err)
		}
	}
	if err != nil {
		return true, err
	}
	if step == secagg.StepReveal {
		return true, s.finish()
	}
	for _, f := range inOrderOf(s.in) {
		if _, ok := messages[f]; !ok {
			delete(s.in, f)
			if err := s.put(lossLine{f.String(), step.String()}, nil); err != nil {
				return true, err
			}
		}
	}
	return false, s.deliver(messages)
}

// deliver sends messages for clients to the program, and says what step is next.
func (s *aggregation) deliver(messages map[signature.Fingerprint]secagg.Message) error {
	for _, f := range inOrderOf(messages) {
		message := messages[f].Bytes()
		step, err := secagg.StepOf(message)
		if err == nil {
			err = s.put(delivery{f.String(), step.String(), len(message)}, message)
		}
		if err != nil {
			return err
		}
	}
	return cmp.Or(s.put(stepLine{s.protocol.Step().String(), len(s.protocol.Waiting())}, nil), s.flush())
}

// inOrderOf returns the keys of a map in the order of their texts.
func inOrderOf[V any](m map[signature.Fingerprint]V) []signature.Fingerprint {
	return slices.SortedFunc(maps.Keys(m), func(x, y signature.Fingerprint) int { return cmp.Compare(x.String(), y.String()) })
}

// finish writes the mean.
func (s *aggregation) finish() error {
	result, err := s.protocol.Sum(context.Background(), s.sum, func(f signature.Fingerprint) (io.ReaderAt, error) { return s.vectors[f].section(), nil })
	if err != nil {
		return err
	}
	for _, v := range s.vectors {
		if v.steady() != nil { // the sum may not be that of the vectors that were signed
			return fmt.Errorf("%s: %w: it has changed since it was accepted", v.name, secagg.ErrVector)
		}
	}
	if s.mean == nil {
		if s.mean, err = s.app.openOutput(s.Output, &input{size: -1}, durable.Options{}); err != nil {
			return err
		}
	}
	weight, err := s.encoding.Mean(s.mean, s.sum)
	err = s.mean.finish(err)
	s.mean = nil
	if errors.Is(err, durable.ErrNotDurable) {
		s.app.warn("%v", err)
		err = nil
	}
	if err != nil {
		return err
	}
	line := doneLine{Done: true, Counted: texts(result.Counted), Dropped: texts(result.Dropped), Weight: weight}
	return cmp.Or(s.put(line, nil), s.flush())
}

// texts returns fingerprints as they are printed.
func texts(all []signature.Fingerprint) []string {
	list := []string{}
	for _, f := range all {
		list = append(list, f.String())
	}
	return list
}
