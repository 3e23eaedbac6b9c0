// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package graph

import (
	"fmt"
	"math"
)

// Plan returns the smallest graph that keeps a round of so many clients private
// although corrupt of them collude with the server, and lets it end although
// dropped of them drop out, each except with a probability of 2^-40. Privacy has
// a margin, so that no client that rounds in another way refuses the graph. Of a
// sparse graph the threshold is the highest that survives the drop-outs, of the
// complete graph the lowest that is private.
func Plan(clients, corrupt, dropped int) (Graph, error) {
	complete := Graph{Clients: clients, Neighbours: clients - 1, Threshold: 1}
	if err := complete.valid(corrupt); err != nil {
		return Graph{}, err
	}
	if dropped < 0 || dropped > clients {
		return Graph{}, fmt.Errorf("%w: %d drop-outs of %d clients", ErrInvalid, dropped, clients)
	}
	if clients >= Sparse {
		if g, ok := planSparse(clients, corrupt, dropped); ok {
			return g, nil
		}
	}
	complete.Threshold = max(bonawitz(clients), (clients+corrupt)/2+1, corrupt+MinHonest)
	if left := clients - dropped; left < complete.Threshold {
		return Graph{}, fmt.Errorf("%w: against %d colluders %d clients need a threshold of %d, and %d drop-outs leave %d",
			ErrTooMany, corrupt, clients, complete.Threshold, dropped, left)
	}
	return complete, nil
}

// planSparse tries all k in turn. What one more neighbour changes, by 0 or 1, is
// how many of them may be corrupt, and the highest threshold that survives the
// drop-outs. So estimates find both at once, and only a graph with room between
// them is computed exactly.
func planSparse(clients, corrupt, dropped int) (Graph, bool) {
	g := Graph{Clients: clients}
	fewest := 0 // corrupt holders that no client has
	for g.Neighbours = 1; g.Neighbours < clients-1; g.Neighbours++ {
		for logTimes(clients-corrupt, clients-1, corrupt, g.Neighbours, fewest) > -SecurityBits {
			fewest++
		}
		for g.Threshold <= g.Neighbours && g.mayEnd(g.Threshold+1, dropped) {
			g.Threshold++
		}
		lowest := (g.Neighbours + 1 + fewest + 1) / 2
		if g.Threshold >= lowest && g.will(corrupt, dropped) {
			return g, true
		}
	}
	return Graph{}, false
}

// will reports whether the graph is private and survives the drop-outs, exactly.
func (g Graph) will(corrupt, dropped int) bool {
	return g.logHalves(corrupt) <= -SecurityBits && // most that fail, fail here, and soon
		surely(g.exposure(corrupt)) && atMost(g.breakdown(dropped), CompletionBits)
}

// mayEnd estimates whether the graph survives the drop-outs with a threshold.
func (g Graph) mayEnd(threshold, dropped int) bool {
	spare := g.Neighbours - threshold
	staying := logTimes(g.Clients-dropped, g.Clients-1, dropped, g.Neighbours, spare+2)
	left := logTimes(dropped, g.Clients-1, dropped-1, g.Neighbours, spare+1)
	return math.Exp2(staying)+math.Exp2(left) <= math.Exp2(-CompletionBits)
}

// logHalves estimates the share of the largest sets in what split computes.
func (g Graph) logHalves(corrupt int) float64 {
	honest := g.Clients - corrupt
	s := honest / 2
	return logBinomial(honest, s) + float64(s)*logTimes(1, g.Clients-1, s-1+corrupt, g.Neighbours, g.Threshold-1)
}

// logTimes estimates the binary logarithm of times · P, where P is the
// probability that draws computes exactly. It adds up the same sequence, from
// its largest and last term down.
func logTimes(times, n, marked, k, m int) float64 {
	switch {
	case times == 0 || m > min(marked, k):
		return math.Inf(-1)
	case m <= 0 || marked >= n:
		return math.Log2(float64(times))
	}
	last := marked - 1
	sum, term := 0.0, 1.0
	for K := last; K >= m-1 && term > sum*1e-18; K-- {
		sum += term
		term *= float64(K-m+1) * float64(n-K) / (float64(K) * float64(n-K-k+m))
	}
	return math.Log2(float64(times)*sum) + logBinomial(last, m-1) + logBinomial(n-last-1, k-m) - logBinomial(n, k)
}

func logBinomial(n, k int) float64 {
	if k < 0 || k > n {
		return math.Inf(-1)
	}
	return (logFactorial(n) - logFactorial(k) - logFactorial(n-k)) / math.Ln2
}

func logFactorial(n int) float64 {
	l, _ := math.Lgamma(float64(n + 1))
	return l
}
