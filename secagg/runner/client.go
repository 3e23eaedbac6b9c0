// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/transfer"
)

// Client takes part in one round.
type Client struct {
	// Transfer is the connection to the server. Its key must have the rights of [Rules].
	Transfer *transfer.Client
	// Identity is the private key of the client.
	Identity Identity
	// Aggregator is the public key of the aggregator.
	Aggregator Member
	// Members are the clients that may take part, from the client's own configuration or from a
	// list that an administrator has signed.
	Members []secagg.Member
	// Floors are what the client insists on, whatever the aggregator says.
	Floors secagg.Floors
	// Round is the name of the round.
	Round string
	// Claim, if set, is called before the update is sent masked, and its error ends the round.
	// See the function [Claim].
	Claim func() error
	// Wait is how long the client waits for a message of the aggregator, so that it does not wait
	// without end for one that was killed. Zero is an hour, and a negative number is without a
	// limit. It should be more than [Aggregator.Join] and [Aggregator.Limit], since others may
	// take as long in a step, and for the first message more than the time until the round
	// begins.
	Wait time.Duration
	// OnEvent, if set, is told what has been sent and received.
	OnEvent func(Event)

	mail  mail
	began time.Time // of waiting for the next message
}

const defaultClientWait = time.Hour

// Run takes part with an update, and returns nil when the round has ended with a sum that counts
// it. After an error the update may have been sent masked, and the sum may count it: it must not be
// used in another round unless the error came before the call of Claim.
func (c *Client) Run(ctx context.Context, u *vector.Update) error {
	if err := checkRound(c.Round); err != nil {
		return err
	}
	protocol, err := secagg.NewClient(secagg.ClientConfig{Identity: c.Identity, Members: c.Members, Floors: c.Floors})
	if err != nil {
		return err
	}
	defer protocol.Close()
	c.mail = mail{c.Transfer, c.Identity}
	for step := secagg.StepInvitation; step <= secagg.StepConfirmed; step += 2 {
		message, err := c.next(ctx, step.String(), step)
		if err != nil {
			return err
		}
		answer, err := protocol.Handle(message)
		if err != nil {
			c.report(ctx, step+1, err)
			return err
		}
		switch step {
		case secagg.StepInvitation: // before others count on this client, and before Claim
			err = u.Check(protocol.Terms().Encoding)
		case secagg.StepDealt:
			answer, err = c.mask(ctx, protocol, u)
		}
		if err == nil {
			err = c.answer(ctx, step+1, answer)
		}
		if err != nil {
			return err
		}
	}
	_, err = c.next(ctx, resultStep, 0)
	return err
}

// next waits for the next object of the aggregator, and returns the message in it.
func (c *Client) next(ctx context.Context, name string, step secagg.Step) ([]byte, error) {
	c.began = time.Now()
	if wait := cmp.Or(c.Wait, defaultClientWait); wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, wait, fmt.Errorf("%w: %s has not come for %v", ErrNoMessage, name, wait))
		defer cancel()
	}
	b, err := c.mail.receive(ctx, c.object(toClient, name), c.Aggregator, maxMessage, transfer.PullOptions{Follow: true})
	if err != nil {
		return nil, err
	}
	switch {
	case len(b) == 0:
		return nil, fmt.Errorf("%w: it is empty", secagg.ErrMessage)
	case b[0] == isMessage && step != 0:
		c.tell(Received, step, int64(len(b)-1))
		return b[1:], nil
	case b[0] == isDone && step == 0:
		return nil, nil
	}
	return nil, notice(b[0], b[1:])
}

// answer sends an answer. The first one also claims the round for this process.
func (c *Client) answer(ctx context.Context, step secagg.Step, answer []byte) error {
	err := c.mail.send(ctx, c.object(fromClient, step.String()), c.Aggregator, answer)
	if err == nil {
		c.tell(Sent, step, int64(len(answer)))
	}
	return restarted(err)
}

// report tells the aggregator, in the place of an answer, that another client has ended the round for
// this one: for the aggregator, this one is only late. Errors do not matter: the round has ended.
func (c *Client) report(ctx context.Context, step secagg.Step, err error) {
	if errors.As(err, new(*secagg.ClientError)) {
		ctx, cancel := context.WithTimeout(ctx, cleanupTime)
		defer cancel()
		c.mail.send(ctx, c.object(fromClient, step.String()), c.Aggregator, []byte{isReport}, []byte(err.Error()))
	}
}

// mask sends the masked vector, and returns the statement about it.
func (c *Client) mask(ctx context.Context, protocol *secagg.Client, u *vector.Update) (statement []byte, err error) {
	if c.Claim != nil {
		if err := c.Claim(); err != nil {
			return nil, err
		}
	}
	err = c.mail.stream(ctx, c.object(fromClient, vectorStep), c.Aggregator, func(ctx context.Context, w io.Writer) (err error) {
		statement, err = protocol.Mask(ctx, w, u)
		return err
	})
	if err != nil {
		return nil, restarted(err)
	}
	c.tell(Sent, secagg.StepMasked, protocol.Terms().Encoding.Size())
	return bytes.Clone(statement), nil
}

// restarted explains that a name is taken, under which this process has stored nothing.
func restarted(err error) error {
	if errors.Is(err, transfer.ErrExists) || errors.Is(err, transfer.ErrTakenOver) {
		return fmt.Errorf("%w: %w", ErrRestarted, err)
	}
	return err
}

func (c *Client) object(side side, step string) object {
	return object{c.Round, side, step, c.Identity.Fingerprint()}
}

func (c *Client) tell(kind Kind, step secagg.Step, bytes int64) {
	if c.OnEvent != nil {
		c.OnEvent(Event{Kind: kind, Step: step, Client: c.Identity.Fingerprint(), Bytes: bytes, Took: time.Since(c.began)})
	}
}
