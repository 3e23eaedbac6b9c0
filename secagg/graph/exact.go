// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package graph

import (
	"math"
	"math/big"
)

// exposure returns an upper bound of the probability that corrupt clients and
// the server learn more than one sum: a union bound over the honest clients
// with too many corrupt holders, and over the sets that could be split off. If
// it is at most 2^-40, that of fewer corrupt clients is not larger:
// docs/secagg-parameters.md proves it.
func (g Graph) exposure(corrupt int) *big.Float {
	if g.valid(corrupt) != nil {
		return nil
	}
	honest := g.Clients - corrupt
	sum := times(honest, newDraws(g.Clients-1, g.Neighbours, 2*g.Threshold-g.Neighbours-1).tail(corrupt))
	return add(sum, g.split(corrupt))
}

// split returns an upper bound of the probability that a set of honest clients
// can be cut off from the others: of at most half of them, or of fewer than
// MinHonest. In a set of s clients each has T-1 of its neighbours among the
// s-1 others and the corrupt ones, and the clients draw independently.
func (g Graph) split(corrupt int) *big.Float {
	honest := g.Clients - corrupt
	inside := newDraws(g.Clients-1, g.Neighbours, g.Threshold-1)
	sets := big.NewInt(1)
	sum := up()
	for s := 1; s <= max(honest/2, MinHonest-1); s++ {
		scale(sets, honest-s+1, s)
		term := power(inside.tail(s-1+corrupt), s)
		add(sum, term.Mul(term, up().SetInt(sets)))
	}
	return sum
}

// breakdown returns an upper bound of the probability that a round cannot end.
func (g Graph) breakdown(dropped int) *big.Float {
	if g.valid(0) != nil || dropped < 0 || dropped > g.Clients {
		return nil
	}
	return g.unable(dropped)
}

// unable adds up, over the clients, the probabilities that too few holders are
// left: of one that stays, which holds a share of its own, and of one that
// dropped out, with one drop-out fewer among the others.
func (g Graph) unable(dropped int) *big.Float {
	spare := g.Neighbours - g.Threshold
	sum := up()
	if staying := g.Clients - dropped; staying > 0 {
		add(sum, times(staying, newDraws(g.Clients-1, g.Neighbours, spare+2).tail(dropped)))
	}
	if dropped > 0 {
		add(sum, times(dropped, newDraws(g.Clients-1, g.Neighbours, spare+1).tail(dropped-1)))
	}
	return sum
}

// draws computes, for the number of marked among k draws without replacement
// from n, the probability that it is at least m: a hypergeometric tail.
//
// Mark one more, the (K+1)-th of the n. The draws with at least m marked become
// more by those that contain it, m-1 of the K marked before, and k-m of the
// n-K-1 others: C(K, m-1) C(n-K-1, k-m) of them. So the tails for all K are the
// partial sums of one sequence of integers, over C(n, k).
type draws struct {
	n, k, m int
	marked  int        // K
	term    *big.Int   // the draws that become more with the next marked
	sum     *big.Int   // the draws with at least m marked
	all     *big.Float // C(n, k), rounded down
}

func newDraws(n, k, m int) *draws {
	d := &draws{n: n, k: k, m: m, marked: max(m-1, 0), term: new(big.Int), sum: new(big.Int)}
	all := new(big.Int).Binomial(int64(n), int64(k))
	d.all = new(big.Float).SetPrec(precision).SetMode(big.ToZero).SetInt(all)
	switch {
	case m <= 0:
		d.sum.Set(all)
	case m <= k:
		d.term.Binomial(int64(n-m), int64(k-m))
	}
	return d
}

// tail returns the probability with so many marked, rounded up. From one call to
// the next their number does not decrease.
func (d *draws) tail(marked int) *big.Float {
	for ; d.marked < marked && d.term.Sign() > 0; d.marked++ {
		d.sum.Add(d.sum, d.term)
		others := d.n - d.marked - 1
		if others == 0 {
			d.term.SetInt64(0)
			break
		}
		scale(d.term, (d.marked+1)*(others-d.k+d.m), (d.marked+2-d.m)*others)
	}
	p := up().SetInt(d.sum)
	return p.Quo(p, d.all)
}

// precision is that of numbers that are rounded, in bits.
const precision = 64

// up returns zero, as a number that rounds up.
func up() *big.Float {
	return new(big.Float).SetPrec(precision).SetMode(big.ToPositiveInf)
}

func times(n int, p *big.Float) *big.Float {
	return p.Mul(p, up().SetInt64(int64(n)))
}

// least is the exponent of the smallest summand.
const least = -4096

// add adds a summand, and counts one below 2^least as 2^least: aligning numbers
// that are too far apart takes memory.
func add(sum, p *big.Float) *big.Float {
	if p.MantExp(nil) < least {
		p.SetMantExp(big.NewFloat(1), least)
	}
	return sum.Add(sum, p)
}

// power returns p^s, rounded up, for s of at least 1.
func power(p *big.Float, s int) *big.Float {
	result := up().SetInt64(1)
	for square := up().Set(p); s > 0; s >>= 1 {
		if s&1 == 1 {
			result.Mul(result, square)
		}
		square.Mul(square, square)
	}
	return result
}

// scale multiplies an integer by a fraction that leaves it an integer.
func scale(x *big.Int, by, over int) {
	x.Mul(x, big.NewInt(int64(by)))
	x.Quo(x, big.NewInt(int64(over)))
}

// atMost reports whether p is at most 2^-bits.
func atMost(p *big.Float, bits int) bool {
	return p.Cmp(new(big.Float).SetMantExp(big.NewFloat(1), -bits)) <= 0
}

// surely reports whether p is at most (1 - 2^-20) · 2^-SecurityBits: whoever
// computes it a little less exactly still finds it small enough.
func surely(p *big.Float) bool {
	return p.Cmp(new(big.Float).SetMantExp(big.NewFloat(1-0x1p-20), -SecurityBits)) <= 0
}

// log2 returns the binary logarithm, rounded up; without a number, +Inf.
func log2(p *big.Float, err error) float64 {
	switch {
	case err != nil || p == nil:
		return math.Inf(1)
	case p.Sign() == 0:
		return math.Inf(-1)
	}
	mantissa := new(big.Float)
	exponent := p.MantExp(mantissa)
	m, _ := mantissa.Float64()
	const rounding = 1e-9 // more than all that float64 loses below 2^16 bits
	return math.Log2(m) + float64(exponent) + rounding
}
