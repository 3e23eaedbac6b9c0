// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package graph

import (
	"crypto/rand"
	"fmt"
	"io"
	"math/big"
)

// Draw returns the neighbours of a client, in order: k distinct clients other
// than itself, each set of them as likely as any other. The randomness comes from
// the operating system, so nobody can steer or foresee a draw.
//
// It panics if the graph has no such client, or fewer clients than neighbours.
func (g Graph) Draw(self int) []int { return g.draw(rand.Reader, self) }

func (g Graph) draw(random io.Reader, self int) []int {
	others := g.Clients - 1
	if self < 0 || self >= g.Clients || g.Neighbours < 0 || g.Neighbours > others {
		panic(fmt.Sprintf("graph: client %d draws: %v", self, g))
	}
	// Floyd's way: step j draws from the first j+1, and takes the last of them
	// for one that is taken.
	taken := make([]bool, others)
	for j := others - g.Neighbours; j < others; j++ {
		if i := below(random, j+1); taken[i] {
			taken[j] = true
		} else {
			taken[i] = true
		}
	}
	drawn := make([]int, 0, g.Neighbours)
	for i, is := range taken {
		if !is {
			continue
		}
		if i >= self {
			i++
		}
		drawn = append(drawn, i)
	}
	return drawn
}

// below returns a random number from 0 to n-1.
func below(random io.Reader, n int) int {
	i, err := rand.Int(random, big.NewInt(int64(n)))
	if err != nil {
		panic("graph: internal error: " + err.Error())
	}
	return int(i.Int64())
}
