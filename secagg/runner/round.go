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
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
)

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

// wait is how long a step takes without progress.
func (r *round) wait() time.Duration { return cmp.Or(r.Wait, defaultWait) }

// claim sends the first invitation, alone. A name can be stored once: so of two aggregators that
// run the same round one continues, and the other one leaves it alone.
func (r *round) claim(ctx context.Context) error {
	return r.invite(ctx, r.server.Waiting()[:1]) // the lowest of at least 3 members
}

func (r *round) invite(ctx context.Context, members []signature.Fingerprint) error {
	invitations := make(map[signature.Fingerprint]secagg.Message)
	for _, client := range members {
		invitations[client] = r.server.Invitation()
	}
	return r.sendMessages(ctx, invitations)
}

// run does all steps after the claim, and the sum.
func (r *round) run(ctx context.Context, sum io.Writer) (secagg.Result, error) {
	if err := r.invite(ctx, r.server.Waiting()[1:]); err != nil {
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
	if r.next == secagg.StepDealt { // the last message before the vectors
		if err := r.vectors.makeRoom(len(messages)); err != nil {
			return err
		}
	}
	gone := make(map[signature.Fingerprint]secagg.Message)
	for client := range r.in {
		if _, ok := messages[client]; ok {
			continue
		}
		delete(r.in, client)
		why := c.reason(client)
		gone[client] = secagg.Message{{isDropped}, []byte(why.Error())}
		r.tell(Event{Kind: Dropped, Step: step, Client: client, Took: time.Since(c.began), Err: why})
	}
	return cmp.Or(r.sendMessages(ctx, messages), r.sendAll(ctx, r.next.String(), 0, gone))
}

// sendMessages sends messages of the protocol, all of the same step.
func (r *round) sendMessages(ctx context.Context, messages map[signature.Fingerprint]secagg.Message) error {
	objects := make(map[signature.Fingerprint]secagg.Message, len(messages))
	for client, m := range messages {
		objects[client] = append(secagg.Message{{isMessage}}, m...)
	}
	return r.sendAll(ctx, r.next.String(), r.next, objects)
}

// forAll returns the same object for everybody who has not dropped out.
func (r *round) forAll(kind byte, text string) map[signature.Fingerprint]secagg.Message {
	objects := make(map[signature.Fingerprint]secagg.Message)
	for client := range r.in {
		objects[client] = secagg.Message{{kind}, []byte(text)}
	}
	return objects
}

// sendsAtOnce is how many objects are sent at the same time.
const sendsAtOnce = 16

// sendAll sends objects, several at once. It returns the first error. step is for the events, and
// 0 for none.
func (r *round) sendAll(ctx context.Context, name string, step secagg.Step, objects map[signature.Fingerprint]secagg.Message) error {
	began, errs := time.Now(), make(chan error, len(objects))
	places := make(chan struct{}, sendsAtOnce)
	for client, m := range objects {
		places <- struct{}{}
		go func() {
			defer func() { <-places }()
			err := r.mail.send(ctx, object{r.Round, toClient, name, client}, r.members[client], m...)
			if err == nil && step != 0 {
				r.tell(Event{Kind: Sent, Step: step, Client: client, Bytes: int64(m.Len() - 1), Took: time.Since(began)})
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

// cleanupTime is how long the work takes at most that is left when a round has failed, or when its
// context has ended.
const cleanupTime = 10 * time.Second

// end tells everybody how the round has ended, also if the aggregator is stopped now, and deletes
// what is left of the masked vectors from the server. Errors do not matter: the round has ended,
// whoever learns that.
func (r *round) end(ctx context.Context, err error) {
	limit := r.wait()
	if err != nil {
		limit = cleanupTime
	}
	longer, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(cleanupTime, cancel) })()
	var client *secagg.ClientError
	switch {
	case err == nil:
		r.sendAll(longer, resultStep, 0, r.forAll(isDone, ""))
	case ctx.Err() != nil:
		r.lastWords(longer, "the aggregator was stopped")
	case errors.Is(err, secagg.ErrThreshold) || errors.As(err, &client):
		r.lastWords(longer, err.Error())
	default: // it is about the aggregator's own machine
		r.lastWords(longer, "the aggregator has failed")
	}
	removeAll(longer, r.Transfer, object{round: r.Round, side: fromClient, step: vectorStep}.folder())
}

// lastWords tells everybody who waits for a message that the round has failed, and why.
func (r *round) lastWords(ctx context.Context, why string) {
	for { // if not all have got the last message, some wait for that, and some for the next one
		name := r.next.String()
		if r.next == 0 || r.next > secagg.StepConfirmed {
			name = resultStep
		}
		err := r.sendAll(ctx, name, 0, r.forAll(isFailed, why))
		if !errors.Is(err, transfer.ErrExists) || name == resultStep {
			return
		}
		r.next += 2
	}
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
