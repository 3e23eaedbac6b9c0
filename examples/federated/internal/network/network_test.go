// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package network_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pqenc/pqenc/examples/federated/internal/network"
)

// shape has more hidden units than a tile.
var shape = network.Shape{Inputs: 6, Hidden: 1700, Classes: 3}

func samples(n int) (all []network.Sample) {
	random := rand.New(rand.NewPCG(1, 2))
	for range n {
		s := network.Sample{Inputs: make([]uint8, shape.Inputs), Class: uint8(random.IntN(shape.Classes))}
		for i := range s.Inputs {
			s.Inputs[i] = uint8(random.IntN(2) * random.IntN(256)) // half of them are 0
		}
		s.Inputs[s.Class] = 255 // so that there is something to learn
		all = append(all, s)
	}
	return all
}

// loss is the mean loss of the samples, computed in a simple way and in float64.
func loss(values []float32, all []network.Sample) (sum float64) {
	hidden := values[:shape.Inputs*shape.Hidden]
	bias := values[len(hidden):][:shape.Hidden]
	output := values[len(hidden)+len(bias):][:shape.Classes*shape.Hidden]
	outputBias := values[len(hidden)+len(bias)+len(output):]
	for _, s := range all {
		var logits [3]float64
		for c := range logits {
			logits[c] = float64(outputBias[c])
		}
		for h := range shape.Hidden {
			unit := float64(bias[h])
			for i, x := range s.Inputs {
				unit += float64(hidden[i*shape.Hidden+h]) * float64(x) / 255
			}
			for c := range logits {
				logits[c] += float64(output[c*shape.Hidden+h]) * max(unit, 0)
			}
		}
		total := 0.0
		for _, l := range logits {
			total += math.Exp(l - logits[s.Class])
		}
		sum += math.Log(total)
	}
	return sum / float64(len(all))
}

// TestGradient compares a step of Train with differences of the loss, for some parameters of
// each layer. The first and the last hidden unit are in two tiles.
func TestGradient(t *testing.T) {
	all := samples(20) // one batch
	start := network.Init(shape, 7)
	const rate = 0.01
	trained := slices.Clone(start)
	network.New(shape, trained).Train(all, rate)
	last := shape.Hidden - 1
	bias, output := shape.Inputs*shape.Hidden, shape.Inputs*shape.Hidden+shape.Hidden
	for _, i := range []int{0, last, 2*shape.Hidden + 5, bias, bias + last, output, output + last, output + shape.Hidden + 3, len(start) - 3, len(start) - 1} {
		const step = 1.0 / 256
		up, down := slices.Clone(start), slices.Clone(start)
		up[i] += step
		down[i] -= step
		want := -rate * (loss(up, all) - loss(down, all)) / float64(up[i]-down[i])
		got := float64(trained[i]) - float64(start[i])
		if math.Abs(got-want) > 0.02*math.Abs(want)+1e-6 {
			t.Errorf("parameter %d changes by %v, want %v", i, got, want)
		}
	}
}

// TestLearn trains to the end, with batches that are not full, twice with the same result.
func TestLearn(t *testing.T) {
	all := samples(77)
	var results [][]float32
	for range 2 {
		values := network.Init(shape, 7)
		n := network.New(shape, values)
		before := n.Correct(all)
		for range 60 {
			n.Train(all, 0.05)
		}
		if after := n.Correct(all); after != len(all) || before == after {
			t.Errorf("%d of %d are correct, %d before", after, len(all), before)
		}
		results = append(results, values)
	}
	if !slices.Equal(results[0], results[1]) {
		t.Error("the second time it is another network")
	}
}

// BenchmarkTrain is one batch of the network of the demonstration. Most inputs are 0, as the
// pixels of digits are.
func BenchmarkTrain(b *testing.B) {
	s := network.Shape{Inputs: 784, Hidden: 6400, Classes: 10}
	random := rand.New(rand.NewPCG(3, 4))
	var all []network.Sample
	for range 32 {
		inputs := make([]uint8, s.Inputs)
		for i := range inputs {
			if random.IntN(5) == 0 {
				inputs[i] = 200
			}
		}
		all = append(all, network.Sample{Inputs: inputs, Class: uint8(random.IntN(10))})
	}
	n := network.New(s, network.Init(s, 1))
	for b.Loop() {
		n.Train(all, 0.01)
	}
}
