// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package network trains a neural network of one hidden layer by stochastic gradient
// descent. It uses one core, so that clients on the same machine share it fairly, and its
// results are the same in every run on the same machine.
package network

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/blas/blas32"
)

// Shape is the number of units in each layer.
type Shape struct{ Inputs, Hidden, Classes int }

// Values is the number of parameters.
func (s Shape) Values() int {
	return s.Inputs*s.Hidden + s.Hidden + s.Classes*s.Hidden + s.Classes
}

// Network is a network with ReLU units in the hidden layer and softmax at the end. It is
// not safe for concurrent use.
type Network struct {
	Shape
	// Values are all parameters, one layer after the other, in the order that the clients
	// and the aggregator agree on.
	Values []float32

	// Views of Values. The hidden layer has a row for each input, not for each unit: inputs
	// that are 0 cost nothing then, and most pixels of a digit are.
	hidden     []float32 // Inputs rows of Hidden
	hiddenBias []float32
	output     []float32 // Classes rows of Hidden
	outputBias []float32

	active [][]float32 // of each sample in a batch: the units of the hidden layer
	delta  [][]float32 // of each sample: the gradient at the hidden layer, of one tile
	logits [][]float32
	uses   [][]use // of each input: the samples in which it is not 0
}

// use is a sample in which an input is not 0.
type use struct {
	sample int
	value  float32
}

// Sample is a vector of inputs, and the class that it belongs to.
type Sample struct {
	Inputs []uint8 // divided by 255
	Class  uint8
}

// batch is how many samples are processed together, and tile how many hidden units: the
// rows of one tile fit into the cache of a core.
const (
	batch = 32
	tile  = 1600
)

// New returns a network with these parameters, which it uses and changes.
func New(s Shape, values []float32) *Network {
	n := &Network{Shape: s, Values: values, uses: make([][]use, s.Inputs)}
	cut := func(length int) (part []float32) {
		part, values = values[:length:length], values[length:]
		return part
	}
	n.hidden, n.hiddenBias = cut(s.Inputs*s.Hidden), cut(s.Hidden)
	n.output, n.outputBias = cut(s.Classes*s.Hidden), cut(s.Classes)
	for range batch {
		n.active = append(n.active, make([]float32, s.Hidden))
		n.delta = append(n.delta, make([]float32, min(tile, s.Hidden)))
		n.logits = append(n.logits, make([]float32, s.Classes))
	}
	return n
}

// Init returns random parameters to start with, which depend on the seed alone.
func Init(s Shape, seed uint64) []float32 {
	random := rand.New(rand.NewPCG(seed, 0))
	values := make([]float32, s.Values())
	n := New(s, values)
	for i := range n.hidden {
		n.hidden[i] = float32(random.NormFloat64() * math.Sqrt(2/float64(s.Inputs)))
	}
	for i := range n.output {
		n.output[i] = float32(random.NormFloat64() * math.Sqrt(1/float64(s.Hidden)))
	}
	return values
}

// Train does one step of gradient descent for each batch of the samples.
func (n *Network) Train(samples []Sample, rate float32) {
	for len(samples) > 0 {
		some := samples[:min(batch, len(samples))]
		samples = samples[len(some):]
		n.forward(some)
		for s, sample := range some {
			softmax(n.logits[s])
			n.logits[s][sample.Class]--
		}
		n.backward(some, rate/float32(len(some)))
	}
}

// Correct returns how many of the samples the network classifies correctly.
func (n *Network) Correct(samples []Sample) (correct int) {
	for len(samples) > 0 {
		some := samples[:min(batch, len(samples))]
		samples = samples[len(some):]
		n.forward(some)
		for s, sample := range some {
			best := 0
			for c, value := range n.logits[s] {
				if value > n.logits[s][best] {
					best = c
				}
			}
			if best == int(sample.Class) {
				correct++
			}
		}
	}
	return correct
}

// tiles calls do for each tile of the hidden units.
func (n *Network) tiles(do func(from, to int)) {
	for from := 0; from < n.Hidden; from += tile {
		do(from, min(from+tile, n.Hidden))
	}
}

// row returns a part of a row of a matrix with a column for each hidden unit.
func (n *Network) row(matrix []float32, row, from, to int) []float32 {
	return matrix[row*n.Hidden+from : row*n.Hidden+to]
}

// forward computes active and logits for up to a batch of samples.
func (n *Network) forward(samples []Sample) {
	n.index(samples)
	for s := range samples {
		copy(n.active[s], n.hiddenBias)
		copy(n.logits[s], n.outputBias)
	}
	n.tiles(func(from, to int) {
		for input, uses := range n.uses {
			row := n.row(n.hidden, input, from, to)
			for _, u := range uses {
				add(n.active[u.sample][from:to], u.value, row)
			}
		}
		for s := range samples {
			units := n.active[s][from:to]
			for i, value := range units {
				units[i] = max(value, 0)
			}
			for c := range n.logits[s] {
				n.logits[s][c] += dot(n.row(n.output, c, from, to), units)
			}
		}
	})
}

// backward changes the parameters by -rate times the gradient. logits has the gradient
// of each sample at the output.
func (n *Network) backward(samples []Sample, rate float32) {
	n.tiles(func(from, to int) {
		for s := range samples {
			delta, units := n.delta[s][:to-from], n.active[s][from:to]
			clear(delta)
			for c, gradient := range n.logits[s] {
				add(delta, gradient, n.row(n.output, c, from, to))
			}
			for i, value := range units {
				if value == 0 {
					delta[i] = 0
				}
			}
			add(n.hiddenBias[from:to], -rate, delta)
		}
		for s := range samples { // when delta is done with the old ones
			for c, gradient := range n.logits[s] {
				add(n.row(n.output, c, from, to), -rate*gradient, n.active[s][from:to])
			}
		}
		for input, uses := range n.uses {
			row := n.row(n.hidden, input, from, to)
			for _, u := range uses {
				add(row, -rate*u.value, n.delta[u.sample][:to-from])
			}
		}
	})
	for s := range samples {
		add(n.outputBias, -rate, n.logits[s])
	}
}

// index fills uses.
func (n *Network) index(samples []Sample) {
	for input := range n.uses {
		n.uses[input] = n.uses[input][:0]
	}
	for s, sample := range samples {
		for input, value := range sample.Inputs {
			if value != 0 {
				n.uses[input] = append(n.uses[input], use{s, float32(value) / 255})
			}
		}
	}
}

// softmax replaces logits by probabilities.
func softmax(logits []float32) {
	highest := logits[0]
	for _, value := range logits {
		highest = max(highest, value)
	}
	sum := float32(0)
	for i, value := range logits {
		logits[i] = float32(math.Exp(float64(value - highest)))
		sum += logits[i]
	}
	for i := range logits {
		logits[i] /= sum
	}
}

// add adds factor times src to dst.
func add(dst []float32, factor float32, src []float32) {
	blas32.Axpy(factor, vector(src), vector(dst))
}

func dot(a, b []float32) float32 { return blas32.Dot(vector(a), vector(b)) }

func vector(values []float32) blas32.Vector {
	return blas32.Vector{N: len(values), Inc: 1, Data: values}
}
