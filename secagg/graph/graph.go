// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package graph chooses who holds the shares of whom in a round of secure
// aggregation, and computes how likely it is that this fails.
//
// Each client of a round draws k others, its holders, and is a holder itself. T
// shares restore a secret. [Plan] finds the smallest k, and a T, for a number of
// clients, of colluders and of drop-outs. Every client calls [Graph.Check] with
// the number of colluders that it reckons with, whatever the server says, and
// then [Graph.Draw].
//
// Probabilities are sums of exact integers, and whatever is rounded is rounded
// up, the same on every machine. docs/secagg-parameters.md derives the bounds
// and lists parameters.
package graph

import (
	"errors"
	"fmt"
)

// What Plan and Check find wrong, wrapped with the figures.
var (
	// ErrInvalid: no round can have these numbers.
	ErrInvalid = errors.New("graph: invalid numbers")
	// ErrNotPrivate: that many colluders could learn more than the sum.
	ErrNotPrivate = errors.New("graph: not private")
	// ErrTooMany: no graph both resists that many colluders and survives that many drop-outs.
	ErrTooMany = errors.New("graph: too many colluders and drop-outs")
)

const (
	// Sparse is the number of clients from which on a graph may be sparse. Fewer
	// clients have the complete graph.
	Sparse = 100
	// MaxClients is the most clients of a round.
	MaxClients = 1 << 14
	// MinHonest is the fewest honest clients in a sum. With two, each knows the
	// other's summand.
	MinHonest = 3
	// SecurityBits: privacy fails with a probability of at most 2^-SecurityBits.
	SecurityBits = 40
	// CompletionBits: Plan's graphs fail to survive the drop-outs with a
	// probability of at most 2^-CompletionBits.
	CompletionBits = 40
)

// Graph is the communication graph of a round, by its numbers.
type Graph struct {
	// Clients is n, those on the roster.
	Clients int
	// Neighbours is k, the others whom each client draws. n-1 is the complete graph.
	Neighbours int
	// Threshold is T, the shares that restore a secret. There are k+1 shares of
	// a self secret, one of them the client's own, and k of a mask secret.
	Threshold int
}

// String returns the graph for messages.
func (g Graph) String() string {
	return fmt.Sprintf("%d clients, %d neighbours, threshold %d", g.Clients, g.Neighbours, g.Threshold)
}

// Check returns nil if the round is private although up to corrupt clients, who
// were fixed before the draws, collude with the server: with a probability of
// all but 2^-40, nobody learns anything except one sum, over more than half of
// the honest clients and at least 3 of them. A server that ends rounds after the
// draws and starts others has a new chance of 2^-40 each time. It takes time,
// the more the larger the graph is, but less than a second.
func (g Graph) Check(corrupt int) error {
	if err := g.valid(corrupt); err != nil {
		return err
	}
	if least := bonawitz(g.Clients); g.complete() && g.Threshold < least {
		return fmt.Errorf("%w: %v: the complete graph needs a threshold of at least %d", ErrNotPrivate, g, least)
	}
	if !atMost(g.exposure(corrupt), SecurityBits) {
		return fmt.Errorf("%w: %v: %d colluders succeed with a probability of more than 2^-%d", ErrNotPrivate, g, corrupt, SecurityBits)
	}
	return nil
}

// Privacy returns the binary logarithm of a probability: an upper bound of the
// one that corrupt clients and the server learn more than one sum. It is
// negative infinity if they cannot, and can be above 0, where it says nothing.
// For numbers that no round can have it is positive infinity.
func (g Graph) Privacy(corrupt int) float64 {
	return log2(g.exposure(corrupt), g.valid(corrupt))
}

// Completion returns the binary logarithm of a probability: an upper bound of
// the one that a round cannot end after that many drop-outs, which do not depend
// on what the clients drew. It is negative infinity if the round can always end.
// For numbers that no round can have it is positive infinity.
func (g Graph) Completion(dropped int) float64 {
	return log2(g.breakdown(dropped), g.valid(0))
}

func (g Graph) complete() bool { return g.Neighbours == g.Clients-1 }

// valid checks the numbers themselves.
func (g Graph) valid(corrupt int) error {
	switch {
	case g.Clients < MinHonest || g.Clients > MaxClients:
		return fmt.Errorf("%w: %d clients: a round has %d to %d", ErrInvalid, g.Clients, MinHonest, MaxClients)
	case corrupt < 0 || corrupt > g.Clients-MinHonest:
		return fmt.Errorf("%w: of %d clients %d collude, and at least %d must be honest", ErrInvalid, g.Clients, corrupt, MinHonest)
	case g.Neighbours < 1 || g.Neighbours > g.Clients-1:
		return fmt.Errorf("%w: %d neighbours of %d clients", ErrInvalid, g.Neighbours, g.Clients)
	case g.Clients < Sparse && !g.complete():
		return fmt.Errorf("%w: %d neighbours of %d clients: fewer than %d clients have the complete graph", ErrInvalid, g.Neighbours, g.Clients, Sparse)
	case g.Threshold < 1 || g.Threshold > g.Neighbours+1:
		return fmt.Errorf("%w: threshold %d with %d neighbours", ErrInvalid, g.Threshold, g.Neighbours)
	}
	return nil
}

// bonawitz returns the least threshold of the complete graph in Bonawitz et
// al.'s protocol against a server that deviates from it: it resists any number
// of colluders below a third.
func bonawitz(clients int) int { return 2*clients/3 + 1 }
