// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
)

// Aggregator runs rounds: it collects the messages of the clients, and gets the sum.
type Aggregator struct {
	// Transfer is the connection to the server. Its key must have the rights of [Rules].
	Transfer *transfer.Client
	// Identity is the private key of the aggregator.
	Identity Identity
	// Members are the clients that are invited.
	Members []Member
	// Round is the name of the round. Each name is used once.
	Round string

	// Encoding, Clients, Corrupt and Dropped are as in [secagg.ServerConfig].
	Encoding                  vector.Encoding
	Clients, Corrupt, Dropped int

	// Join is how long clients may take for their first message, such as until they have
	// finished training. Zero is Wait.
	Join time.Duration
	// Wait is how long a step takes without any progress, and Limit is how long it takes at most.
	// Zero is a minute, and ten times Wait. Bytes that clients send are progress if the server
	// tells the quotas of the aggregator, and bytes that the aggregator pulls always are.
	Wait, Limit time.Duration
	// Enough, if set, reports whether a step may end now although it waits for these clients, such
	// as when the program knows that they are gone. It is called at every look.
	Enough func(step secagg.Step, waiting []signature.Fingerprint) bool
	// Work is the folder of a temporary file with all masked vectors; empty is that of the
	// system. Only its owner can read it, and it is removed in the end.
	Work string
	// Wake, if not nil, makes the aggregator look for messages at once, whenever something
	// arrives. In the process of the server, OnCommit can send to it. Without it the aggregator
	// asks the server, up to 100 times a second at first, and once a second after a while.
	Wake <-chan struct{}
	// OnEvent, if set, is told what happens. It is not called concurrently.
	OnEvent func(Event)
}

const (
	defaultWait = time.Minute
	limitFactor = 10
	sendsAtOnce = 16
	cleanupTime = 10 * time.Second // for what is done after a round has ended or failed
)

// Run runs a round and writes the sum, of Encoding.Size bytes, to sum. The clients learn how the
// round has ended. Their vectors are deleted from the server; see [Remove] for the rest.
//
// If a client is to blame for an error, that wraps a [secagg.ClientError].
func (a *Aggregator) Run(ctx context.Context, sum io.Writer) (secagg.Result, error) {
	r, err := a.newRound()
	if err != nil {
		return secagg.Result{}, err
	}
	defer r.vectors.close()
	defer r.deleteVectors(ctx)
	result, err := r.run(ctx, sum)
	if err != nil {
		r.lastWords(ctx, err)
		return secagg.Result{}, err
	}
	r.sendAll(ctx, resultStep, 0, r.forAll(isDone, "")) // the sum is there, whoever learns that
	return result, nil
}

// round is a round that is being run.
type round struct {
	*Aggregator
	server  *secagg.Server
	mail    mail
	members map[signature.Fingerprint]Member
	in      map[signature.Fingerprint]bool // who has not dropped out
	next    secagg.Step                    // what those wait for; 0 for the result
	vectors vectors
	telling sync.Mutex // held during OnEvent
}

func (a *Aggregator) newRound() (*round, error) {
	if err := checkRound(a.Round); err != nil {
		return nil, err
	}
	r := &round{Aggregator: a, mail: mail{a.Transfer, a.Identity}, next: secagg.StepInvitation,
		members: make(map[signature.Fingerprint]Member), in: make(map[signature.Fingerprint]bool)}
	config := secagg.ServerConfig{Encoding: a.Encoding, Clients: a.Clients, Corrupt: a.Corrupt, Dropped: a.Dropped}
	for _, m := range a.Members {
		config.Members = append(config.Members, m)
		r.members[m.Fingerprint()], r.in[m.Fingerprint()] = m, true
	}
	var err error
	if r.server, err = secagg.NewServer(config); err != nil {
		return nil, err
	}
	return r, r.vectors.open(a.Work, a.Encoding.Size())
}

// run does all steps, and the sum.
func (r *round) run(ctx context.Context, sum io.Writer) (secagg.Result, error) {
	invitations := make(map[signature.Fingerprint][]byte)
	for client := range r.members {
		invitations[client] = r.server.Invitation()
	}
	if err := r.sendMessages(ctx, invitations); err != nil {
		return secagg.Result{}, err
	}
	for step := secagg.StepAdvertisement; step <= secagg.StepReveal; step += 2 {
		if err := r.step(ctx, step); err != nil {
			return secagg.Result{}, err
		}
	}
	return r.server.Sum(ctx, sum, r.vectors.at)
}

// step collects the answers of a step, and sends the next messages.
func (r *round) step(ctx context.Context, step secagg.Step) error {
	c := newCollector(r, step)
	if err := c.collect(ctx); err != nil {
		return err
	}
	messages, err := r.server.Advance()
	if err != nil {
		return err
	}
	r.tell(Event{Kind: Ended, Step: step, Took: time.Since(c.began)})
	if step == secagg.StepReveal {
		r.next = 0
		return nil
	}
	r.next = step + 1
	gone := make(map[signature.Fingerprint][]byte)
	for client := range r.in {
		if _, ok := messages[client]; ok {
			continue
		}
		delete(r.in, client)
		why := c.reason(client)
		gone[client] = append([]byte{isDropped}, why.Error()...)
		r.tell(Event{Kind: Dropped, Step: step, Client: client, Took: time.Since(c.began), Err: why})
	}
	return cmp.Or(r.sendMessages(ctx, messages), r.sendAll(ctx, r.next.String(), 0, gone))
}

// sendMessages sends messages of the protocol, all of the same step.
func (r *round) sendMessages(ctx context.Context, messages map[signature.Fingerprint][]byte) error {
	objects := make(map[signature.Fingerprint][]byte, len(messages))
	for client, m := range messages {
		objects[client] = append([]byte{isMessage}, m...)
	}
	return r.sendAll(ctx, r.next.String(), r.next, objects)
}

// forAll returns the same object for everybody who has not dropped out.
func (r *round) forAll(kind byte, text string) map[signature.Fingerprint][]byte {
	objects := make(map[signature.Fingerprint][]byte)
	for client := range r.in {
		objects[client] = append([]byte{kind}, text...)
	}
	return objects
}

// sendAll sends objects, several at once. It returns the first error. step is for the events, and
// 0 for none.
func (r *round) sendAll(ctx context.Context, name string, step secagg.Step, objects map[signature.Fingerprint][]byte) error {
	began, errs := time.Now(), make(chan error, len(objects))
	places := make(chan struct{}, sendsAtOnce)
	for client, b := range objects {
		places <- struct{}{}
		go func() {
			defer func() { <-places }()
			err := r.mail.send(ctx, object{r.Round, toClient, name, client}, b, r.members[client])
			if err == nil && step != 0 {
				r.tell(Event{Kind: Sent, Step: step, Client: client, Bytes: int64(len(b) - 1), Took: time.Since(began)})
			}
			errs <- err
		}()
	}
	var first error
	for range objects {
		first = cmp.Or(first, <-errs)
	}
	if errors.Is(first, transfer.ErrExists) {
		return fmt.Errorf("the round %s has run before: %w", r.Round, first)
	}
	return first
}

// lastWords tells everybody who waits for a message that the round has failed. Errors do not
// matter: the round has failed.
func (r *round) lastWords(ctx context.Context, err error) {
	text := "the aggregator has failed" // other errors are about its own machine
	var client *secagg.ClientError
	switch {
	case ctx.Err() != nil:
		text = "the aggregator was stopped"
	case errors.Is(err, secagg.ErrThreshold) || errors.As(err, &client):
		text = err.Error()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
	defer cancel()
	for { // if not all have got the last message, some wait for that, and some for the next one
		name := r.next.String()
		if r.next == 0 || r.next > secagg.StepConfirmed {
			name = resultStep
		}
		err := r.sendAll(ctx, name, 0, r.forAll(isFailed, text))
		if !errors.Is(err, transfer.ErrExists) || name == resultStep {
			return
		}
		r.next += 2
	}
}

// deleteVectors deletes the masked vectors from the server, if that allows it.
func (r *round) deleteVectors(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
	defer cancel()
	removeAll(ctx, r.Transfer, object{round: r.Round, side: fromClient, step: vectorStep}.folder())
}

// tell reports an event.
func (r *round) tell(e Event) {
	if r.OnEvent == nil {
		return
	}
	r.telling.Lock()
	defer r.telling.Unlock()
	r.OnEvent(e)
}

// Remove deletes all objects of a round. Do that only when the round has ended for all clients: a
// client that is started again could otherwise take part again.
func Remove(ctx context.Context, t *transfer.Client, round string) error {
	if err := checkRound(round); err != nil {
		return err
	}
	return removeAll(ctx, t, round+"/")
}

// removeAll deletes all objects whose names begin with a prefix.
func removeAll(ctx context.Context, t *transfer.Client, prefix string) error {
	var names []string
	for o, err := range t.List(ctx, prefix) {
		if err != nil {
			return err
		}
		names = append(names, o.Name)
	}
	for _, name := range names {
		if err := t.Delete(ctx, name); err != nil && !errors.Is(err, transfer.ErrNotFound) {
			return err
		}
	}
	return nil
}
