// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package mnist_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/pqenc/pqenc/examples/federated/internal/mnist"
	"github.com/pqenc/pqenc/examples/federated/internal/network"
)

// TestLoad checks the numbers of digits that MNIST is known for.
func TestLoad(t *testing.T) {
	train, test, err := mnist.Load()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := mnist.Counts(train), [mnist.Classes]int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}; got != want {
		t.Errorf("to train with: %v, want %v", got, want)
	}
	if got, want := mnist.Counts(test), [mnist.Classes]int{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}; got != want {
		t.Errorf("to test with: %v, want %v", got, want)
	}
	for _, s := range slices.Concat(train, test) {
		if len(s.Inputs) != mnist.Inputs {
			t.Fatalf("a digit has %d pixels", len(s.Inputs))
		}
	}
}

// numbered returns samples that differ.
func numbered(n int) (all []network.Sample) {
	for i := range n {
		all = append(all, network.Sample{Inputs: []uint8{uint8(i), uint8(i >> 8)}, Class: uint8(i % mnist.Classes)})
	}
	return all
}

// TestDivide checks that each sample is in one part, and that the parts differ as they should.
func TestDivide(t *testing.T) {
	all := numbered(20_000)
	parts := mnist.Divide(all, 8, 0.5, 1)
	seen := make(map[string]bool)
	for _, p := range parts {
		for _, s := range p {
			seen[string(s.Inputs)] = true
		}
	}
	if joined := slices.Concat(parts...); len(joined) != len(all) || len(seen) != len(all) {
		t.Errorf("the parts have %d samples, %d different ones, of %d", len(joined), len(seen), len(all))
	}
	if !reflect.DeepEqual(parts, mnist.Divide(all, 8, 0.5, 1)) {
		t.Error("the same seed divides in another way")
	}
	if reflect.DeepEqual(parts, mnist.Divide(all, 8, 0.5, 2)) {
		t.Error("another seed divides in the same way")
	}
	// The three classes that a client has most of are 30 % of all if the classes are the same
	// everywhere, and more the smaller alpha is.
	if even, skewed := topThree(mnist.Divide(all, 8, 1000, 1)), topThree(parts); even > 0.35 || skewed < 0.5 {
		t.Errorf("the three largest classes are %.2f of a part with a large alpha, and %.2f with 0.5", even, skewed)
	}
}

// topThree returns which part of its samples is in the three largest classes of a client, on
// average.
func topThree(parts [][]network.Sample) (share float64) {
	for _, p := range parts {
		counts := mnist.Counts(p)
		slices.Sort(counts[:])
		share += float64(counts[7]+counts[8]+counts[9]) / float64(len(p)) / float64(len(parts))
	}
	return share
}
