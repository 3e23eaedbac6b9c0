// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"fmt"

	"github.com/pqenc/pqenc/secagg/vector"
)

// Floors are what a client insists on, whatever the server says. If the terms of a round are
// weaker, it refuses them with [ErrFloor] and has sent nothing but its keys.
type Floors struct {
	// Clients is the fewest clients in the roster; at least 3. Zero is more than half of the number
	// of members and Corrupt together: that rules out that the server makes two rosters, and learns
	// a sum of each.
	Clients   int
	Threshold int // lowest threshold; zero leaves it to the check of the graph
	// Corrupt is how many of the members may collude with the server: of all members, not
	// only of those in the round, since the server decides who gets in. Zero is a tenth of
	// them, rounded up; a negative number is none.
	Corrupt int

	Length       int64   // exact number of values; zero for any
	Clip         float64 // smallest bound for values
	FractionBits int     // coarsest resolution, 2^-FractionBits
}

// leastClients: with two, each of them learns the vector of the other one.
const leastClients = 3

// complete sets what is left to the defaults, for so many members.
func (f *Floors) complete(members int) {
	f.Corrupt = colluders(f.Corrupt, members)
	if f.Clients == 0 {
		f.Clients = (members+f.Corrupt)/2 + 1
	}
	f.Clients = max(f.Clients, leastClients)
}

func (f *Floors) encoding(e vector.Encoding) error {
	switch {
	case f.Length != 0 && e.Length != f.Length:
		return fmt.Errorf("%w: updates have %d values, and this one has %d", ErrFloor, e.Length, f.Length)
	case !(e.Clip >= f.Clip): // also if the floor is not a number
		return fmt.Errorf("%w: values are clipped at %g, below %g", ErrFloor, e.Clip, f.Clip)
	case e.FractionBits < f.FractionBits:
		return fmt.Errorf("%w: values have %d bits after the point, fewer than %d", ErrFloor, e.FractionBits, f.FractionBits)
	}
	return e.Check(f.Clients)
}

func (f *Floors) roster(r *roster, e vector.Encoding) error {
	g := r.graph
	switch {
	case g.Clients < f.Clients:
		return fmt.Errorf("%w: %d clients, fewer than %d", ErrFloor, g.Clients, f.Clients)
	case g.Threshold < f.Threshold:
		return fmt.Errorf("%w: threshold %d, below %d", ErrFloor, g.Threshold, f.Threshold)
	}
	if err := g.Check(f.Corrupt); err != nil {
		return fmt.Errorf("%w: %w", ErrFloor, err)
	}
	return e.Check(g.Clients)
}

// colluders returns the number of members that are taken to collude with the server.
func colluders(corrupt, members int) int {
	if corrupt == 0 {
		return (members + 9) / 10
	}
	return max(corrupt, 0)
}
