// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"syscall"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/runner"
	"github.com/pqenc/pqenc/secagg/vector"
)

type secaggClientCmd struct {
	Identity string `short:"i" type:"path" complete:"own" placeholder:"KEY" help:"Sign with the private key KEY, a name in the keyring or a file. Default: your default identity."`

	Team memberFlags `embed:""`

	Update string  `required:"" type:"path" placeholder:"FILE" help:"The update: float32 values, little-endian."`
	Weight *uint32 `placeholder:"N" help:"How much the update counts in the mean, such as the number of examples (default: 1). Other users of this machine can see it: a program can also send it."`
	Masked string  `required:"" type:"path" placeholder:"OUT" help:"Write the masked update to the file OUT, for the server."`
	Sent   string  `type:"path" placeholder:"DIR" help:"Keep the records of the updates that were sent in the folder DIR, so that none is sent twice. Default: the folder of FILE."`

	Corrupt      *uint   `placeholder:"N" help:"Stay private against the server together with N of the members (default: a tenth, rounded up)."`
	MinClients   *uint   `placeholder:"N" help:"Refuse a round with fewer clients. Default: more than half of the members and of --corrupt together, so that a server cannot make two rounds of one."`
	MinThreshold uint    `placeholder:"N" help:"Refuse a round in which fewer than N shares restore a secret."`
	MinClip      float64 `placeholder:"X" help:"Refuse a round that clips values below X."`
	MinBits      uint    `placeholder:"N" help:"Refuse a round with fewer than N bits after the binary point."`

	Secret passphraseFlags `embed:""`
}

func (secaggClientCmd) Help() string {
	return `Takes part in one round with an update. The server gets the masked update, which alone
shows nothing, and learns the mean over all clients only.

A program carries the messages: see docs/secagg-process.md. The process ends when its input
does. If that is before the round has ended, the client has dropped out, and the others
continue. A client that is started again in the same round has dropped out, too.

--corrupt and the flags with --min are what this client insists on, whatever the server
says. The length must be that of the update.

Examples:

    pqenc secagg client -i alice.key --members team.pub \
        --update update.f32 --masked masked.bin
    pqenc secagg client --members team.pub --admin chief.pub --corrupt 2 \
        --min-clients 10 --update update.f32 --masked masked.bin`
}

func (c *secaggClientCmd) Run(a *app) error {
	p, err := c.participant(a)
	if err != nil {
		return err
	}
	defer p.close()
	if err := p.run(); err != nil {
		return p.fail(err)
	}
	return nil
}

// participant is a client in its round.
type participant struct {
	*secaggClientCmd
	*frames
	app      *app
	update   *input
	protocol *secagg.Client
	weight   uint32
	out      *output // for the masked update, until that is written
	masked   bool    // the masked update is written
	ended    bool    // it has revealed its shares
}

func (p *participant) close() {
	p.update.Close()
	p.protocol.Close()
	if p.out != nil {
		p.out.finish(errRoundEnded)
	}
}

// participant reads everything that the flags name.
func (c *secaggClientCmd) participant(a *app) (*participant, error) {
	messages, err := openMessages(a)
	if err != nil {
		return nil, err
	}
	if isStdio(c.Update) || isStdio(c.Masked) {
		return nil, usageError("standard input and output carry the messages", "name files for the update and the masked update")
	}
	if err := c.Secret.notFrom(messages); err != nil {
		return nil, err
	}
	signer := &signCmd{Identity: c.Identity, Secret: c.Secret}
	id, err := signer.signer(a)
	if err != nil {
		return nil, err
	}
	members, err := c.Team.list(a)
	if err != nil {
		return nil, err
	}
	p := &participant{secaggClientCmd: c, app: a, weight: 1}
	if c.Weight != nil {
		p.weight = *c.Weight
	}
	if p.update, err = a.openInput(c.Update); err != nil {
		return nil, err
	}
	length, err := lengthOf(p.update)
	if err == nil {
		p.protocol, err = secagg.NewClient(secagg.ClientConfig{Identity: id, Members: secaggMembers(members), Floors: c.floors(length)})
	}
	if err == nil {
		var out *output
		if out, err = a.openOutput("", messages, durable.Options{}); err == nil {
			p.frames = newFrames(messages.reader(), out)
			a.aim(c.Masked) // an interruption tells what became of it, not of the messages
		}
	}
	if errors.Is(err, secagg.ErrThreshold) {
		err = &failure{err, exitRound, []string{"add members, or lower --min-clients"}}
	}
	if err != nil {
		p.update.Close()
		return nil, roundError(err)
	}
	return p, nil
}

// floors returns what the flags insist on, for an update of that length.
func (c *secaggClientCmd) floors(length int64) secagg.Floors {
	f := secagg.Floors{Threshold: int(min(c.MinThreshold, math.MaxInt32)), Corrupt: corrupt(c.Corrupt), Length: length,
		Clip: c.MinClip, FractionBits: int(min(c.MinBits, math.MaxInt32))}
	if c.MinClients != nil {
		f.Clients = int(max(1, min(*c.MinClients, math.MaxInt32))) // zero would be the default
	}
	return f
}

// replyLine is the line before a message for the server.
type replyLine struct {
	Step   string `json:"step"`
	Length int    `json:"length"`
	Vector string `json:"vector,omitempty"` // the file of the masked update
}

// run answers messages until there are no more.
func (p *participant) run() error {
	for {
		f, err := p.next()
		if err == io.EOF && p.ended {
			return nil
		}
		if err == io.EOF {
			err = errRoundEnded
		}
		if err != nil {
			return err
		}
		switch {
		case f.Vector != nil || f.Advance || (f.Weight == nil) == (f.Length == nil):
			return badFrame("a client takes messages of the server, and a weight")
		case f.Weight == nil:
			err = p.handle(f.message)
		case p.masked:
			err = badFrame("the weight comes after the masked update")
		default:
			p.weight = *f.Weight
		}
		if err != nil {
			return err
		}
	}
}

// handle answers a message.
func (p *participant) handle(message []byte) error {
	reply, err := p.protocol.Handle(message)
	if err != nil {
		return err
	}
	if reply == nil {
		if reply, err = p.mask(); err != nil {
			return err
		}
	}
	step, err := secagg.StepOf(reply)
	if err == nil && step == secagg.StepAdvertisement {
		err = p.prepare()
	}
	if err != nil {
		return err
	}
	line := replyLine{Step: step.String(), Length: len(reply)}
	if step == secagg.StepMasked {
		line.Vector = p.Masked
		p.masked = true
	}
	p.ended = p.ended || step == secagg.StepReveal
	return cmp.Or(p.put(line, reply), p.flush())
}

// prepare does what can fail now, before others count on this client.
func (p *participant) prepare() error {
	err := p.check()
	if err == nil && staged(p.Masked) { // opening a pipe would wait for its reader
		err = p.openMasked()
	}
	return err
}

// check returns an error if the round does not allow the weight, or a value is not finite.
func (p *participant) check() error {
	words, err := vector.NewUpdate(p.update.reader(), p.weight).Encode(p.protocol.Terms().Encoding)
	if err == nil {
		_, err = io.Copy(io.Discard, words)
	}
	if err != nil {
		return fmt.Errorf("the update: %w", err)
	}
	return nil
}

// openMasked opens the output for the masked update, and takes the space for it.
func (p *participant) openMasked() (err error) {
	if p.out, err = p.app.openOutput(p.Masked, p.update, durable.Options{Private: true}); err == nil {
		err = p.out.file.Reserve(p.protocol.Terms().Encoding.Size())
	}
	return explainFull(err)
}

func explainFull(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return withHints(err, "free some space, or write to another disk with --masked and --sent")
	}
	return err
}

// mask writes the masked update, and returns the statement about it.
func (p *participant) mask() (statement []byte, err error) {
	update, terms := vector.NewUpdate(p.update.reader(), p.weight), p.protocol.Terms()
	if err := update.Check(terms.Encoding); err != nil { // another weight may have come
		return nil, fmt.Errorf("the update: %w", err)
	}
	if p.out == nil {
		if err := p.openMasked(); err != nil {
			return nil, err
		}
	}
	err = runner.Claim(cmp.Or(p.Sent, filepath.Dir(p.Update)), p.update.reader(), hex.EncodeToString(terms.Round[:]))
	if err == nil {
		statement, err = p.protocol.Mask(context.Background(), p.out, update)
	}
	if err == nil && p.update.steady() != nil {
		err = errUpdateChanged
	}
	err = p.out.finish(err)
	p.out = nil
	if errors.Is(err, durable.ErrNotDurable) {
		p.app.warn("%v", err)
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("the update: %w", err)
	}
	return statement, explainFull(err)
}

// lengthOf returns the number of values in an update.
func lengthOf(src *input) (int64, error) {
	if src.size < 0 || src.at == nil {
		return 0, usageError(src.name+" is not a regular file", "write the update to a file: it is read several times")
	}
	hints := []string{"an update is float32 values, 4 bytes each, little-endian, and no header"}
	switch {
	case src.size == 0:
		return 0, &failure{fmt.Errorf("%s: it has no values", src.name), exitRound, hints}
	case src.size%4 != 0:
		return 0, &failure{fmt.Errorf("%s: %d bytes are not a whole number of float32 values", src.name, src.size), exitRound, hints}
	}
	return src.size / 4, nil
}
