// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
)

// ClientConfig configures a [Client].
type ClientConfig struct {
	// Identity signs the messages. It must be one of the members.
	Identity Signer
	// Members are those who may take part, this client among them. They must come from the
	// client's own configuration, or from somebody whom it trusts, and never from the server,
	// who could invent clients.
	Members []Member
	// Floors are what the client insists on.
	Floors Floors
}

// Client is a client in one round. It is not safe for concurrent use.
type Client struct {
	id      Signer
	members members
	floors  Floors

	next    Step            // of the server's message that is expected
	answers map[Step]answer // by the step of the question
	err     error           // why the round has ended

	terms   Terms
	binding digest // digest of the terms
	keys    *keys
	roster  *roster
	self    int   // index in the roster
	holders []int // that this client has drawn
	own     share // of its self secret: a client is a holder of its own

	dealings map[int]dealing // by dealer
	edges    map[int][32]byte
	masked   []int // those with whom this client has masked
	counted  []int // dealers that this client counts
}

// answer is what a client has said to a message.
type answer struct {
	question digest
	message  []byte
}

// NewClient returns a client for one round. The error is an [ErrRoster] if a member is listed
// twice, an [ErrNotMember] if the client itself is none, and an [ErrThreshold] if there are fewer
// members than Floors.Clients.
func NewClient(c ClientConfig) (*Client, error) {
	members, err := membersOf(c.Members)
	if err != nil {
		return nil, err
	}
	if members[c.Identity.Fingerprint()] == nil {
		return nil, blame(c.Identity.Fingerprint(), ErrNotMember)
	}
	c.Floors.complete(len(members))
	if len(members) < c.Floors.Clients {
		return nil, fmt.Errorf("%w: %d members, and %d are needed", ErrThreshold, len(members), c.Floors.Clients)
	}
	return &Client{id: c.Identity, members: members, floors: c.Floors, next: StepInvitation,
		answers: make(map[Step]answer)}, nil
}

// Handle takes a message of the server and returns the answer. The answer to [StepDealt] is nil:
// [Client.Mask] comes next. The same message again has the same answer, byte for byte; after Mask,
// that to StepDealt is the statement, and the caller must have kept the masked vector.
//
// After an error the round has ended for this client: it forgets its secrets, and Handle returns
// the same error from then on. The error wraps one of those of this package, or of package
// vector for terms that are not valid; it is a [ClientError] if another client is to blame.
func (c *Client) Handle(message []byte) ([]byte, error) {
	if c.err != nil {
		return nil, c.err
	}
	reply, err := c.handle(bytes.Clone(message))
	if err != nil {
		return nil, c.end(err)
	}
	return reply, nil
}

// Close ends the round for this client, which then has dropped out, and forgets its secrets.
func (c *Client) Close() { c.end(ErrEnded) }

// Terms returns the terms of the round. They are zero before the invitation.
func (c *Client) Terms() Terms { return c.terms }

func (c *Client) end(err error) error {
	if c.err == nil {
		c.err = err
	}
	c.forget()
	return err
}

// forget drops all that others must not learn.
func (c *Client) forget() {
	if c.keys != nil {
		c.keys.wipe()
	}
	clear(c.own[:])
	clear(c.dealings)
	clear(c.edges)
	if c.err != nil {
		clear(c.answers)
	}
}

func (c *Client) handle(message []byte) ([]byte, error) {
	step, binding, body, err := parseServer(message)
	if err != nil {
		return nil, err
	}
	question := digest(sha256.Sum256(message))
	if given, done := c.answers[step]; done {
		if given.question != question {
			return nil, fmt.Errorf("%w: %v", ErrSecond, step)
		}
		return given.message, nil
	}
	if step != c.next {
		return nil, fmt.Errorf("%w: %v, where %v is expected", ErrStep, step, c.next)
	}
	reply, err := c.answer(step, binding, body)
	if err != nil {
		return nil, err
	}
	c.answers[step] = answer{question, reply}
	c.next += 2
	if step == StepDealt {
		c.next = stepMask
	}
	return reply, nil
}

// stepMask is when the client expects its own vector, and no message.
const stepMask Step = 0

// answer checks what the message belongs to, and takes the step.
func (c *Client) answer(step Step, binding digest, body []byte) ([]byte, error) {
	if step == StepRoster && binding != c.binding || step > StepRoster && binding != c.roster.digest {
		return nil, ErrRound
	}
	switch step {
	case StepInvitation:
		return c.advertise(binding, body)
	case StepRoster:
		return c.draw(body)
	case StepPeers:
		return c.deal(body)
	case StepDealt:
		return nil, c.accept(body)
	case StepCounted:
		return c.confirm(body)
	default: // StepConfirmed
		return c.reveal(body)
	}
}

func (c *Client) sign(step Step, body []byte) ([]byte, error) {
	return sign(c.id, step, c.roster.digest, body)
}

// cut returns the message at the start of b after it has verified it, the index of its signer,
// which comes after last in the roster, and what follows.
func (c *Client) cut(b []byte, step Step, last int) (m signed, index int, rest []byte, err error) {
	if m, rest, err = cutSigned(b); err != nil {
		return m, 0, nil, err
	}
	if err = c.verify(&m, step, c.roster.digest); err != nil {
		return m, 0, nil, err
	}
	index = c.roster.index(m.signer)
	switch {
	case index == c.self:
		err = passedOn(&m, forAnother)
	case index <= last:
		err = passedOn(&m, "it comes twice, or not in the order of the roster")
	}
	return m, index, rest, err
}

// verify checks a message that the server has passed on. If it is of another step or round, that is
// not the fault of the client that has signed it.
func (c *Client) verify(m *signed, step Step, binding digest) error {
	err := c.members.verify(m, step, binding)
	if errors.Is(err, ErrStep) || errors.Is(err, ErrRound) {
		return fmt.Errorf("the server has passed on a message of %s: %w", m.signer, errors.Unwrap(err))
	}
	return err
}

// forAnother is why a client refuses a list with a message of its own. The program that carries the
// messages has probably mixed up two clients.
const forAnother = "that is this client, so the list is for another one"

// passedOn returns the error for a message that the server has passed on wrongly: the client that
// has signed it is not to blame.
func passedOn(m *signed, why string) error {
	return fmt.Errorf("%w: the server has passed on the %v message of %s: %s", ErrMessage, m.step, m.signer, why)
}
