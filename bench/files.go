// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
)

// makePlain registers the file of random bytes of that size.
func (b *bench) makePlain(n int64) {
	name := plainName(n)
	b.makers[name] = func(context.Context) error {
		f, err := os.Create(filepath.Join(b.dir, name))
		if err != nil {
			return err
		}
		_, err = io.CopyN(f, rand.NewChaCha8([32]byte{}), n)
		return errors.Join(err, f.Close())
	}
}

// knows reports whether the help of a command of this pqenc contains a word.
func (b *bench) knows(command, word string) bool {
	help, err := b.command(context.Background(), "./pqenc", command, "--help")
	return err == nil && strings.Contains(help, word)
}

const reading = "range of 1 MiB"

// rangeCases reads a part out of the middle of files.
func (b *bench) rangeCases(t tool) (g group) {
	large := b.large()
	sealed := sealedName(t.name, large)
	read := func(n int64, sealed string, args ...string) *testCase {
		return &testCase{what: what{reading, toNull, n, false, t.name}, input: sealed, args: append(args, sealed)}
	}
	switch t.name {
	case pqencPlain:
		if !b.knows("decrypt", "--range") {
			b.note("Left out: ranges, as this pqenc has no --range.")
			return nil
		}
		for _, f := range []struct {
			size int64
			name string
		}{{large, sealed}, {b.huge(), stubName}} {
			g = append(g, read(f.size, f.name, "./pqenc", "-d", "-i", "p.key", "--range", fmt.Sprintf("%d:%d", middle(f.size), piece)))
		}
	case rcloneCrypt:
		c := read(large, sealed, "./rclone", "cat", "--offset", fmt.Sprint(middle(large)), "--count", fmt.Sprint(piece))
		c.args[len(c.args)-1] = "sealed:" + sealed
		g = append(g, c)
	}
	return g
}

// middle is where the range begins, within a chunk.
func middle(n int64) int64 { return n/2 + 12345 }

const (
	holesName = "holes" // a huge file without contents, which takes no space
	stubName  = "stub"  // what is left of it, encrypted
)

// hugeCases encrypts a huge file of holes, and decrypts it from a pipe, once, to measure
// the memory.
func (b *bench) hugeCases() group {
	n := b.huge()
	b.makers[holesName] = func(context.Context) error {
		name := filepath.Join(b.dir, holesName)
		if err := os.WriteFile(name, nil, 0o666); err != nil {
			return err
		}
		return os.Truncate(name, n)
	}
	b.makers[stubName] = func(context.Context) error { return b.makeStub(n) }
	encrypt := []string{"./pqenc", "-r", "p.pub", holesName}
	sign := []string{"./pqenc", "-r", "p.pub", "--sign", "p.key", holesName}
	return group{
		{what: what{"encrypt", toNull, n, false, pqencPlain}, args: encrypt, input: holesName, runs: 1},
		{what: what{"encrypt", toNull, n, false, pqencSigned}, args: sign, input: holesName, runs: 1},
		{what: what{"decrypt", pipeToPipe, n, false, pqencPlain}, args: []string{"./pqenc", "-d", "-i", "p.key"}, feed: encrypt, drain: true, input: holesName, runs: 1},
	}
}

// makeStub encrypts n zero bytes and keeps what reading the range in the middle
// needs: the header, the chunks around it, and the last one. The rest are holes.
func (b *bench) makeStub(n int64) error {
	to, err := keyfile.LoadPublic(filepath.Join(b.dir, "p.pub"))
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(b.dir, stubName))
	if err != nil {
		return err
	}
	const around = 16 << 20
	s := &stub{f: f, keep: [][2]int64{{0, 1 << 20}, {n/2 - around, n/2 + around}, {n - around, n + around}}}
	w, err := pqenc.Encrypt(s, to[0])
	if err == nil {
		_, err = io.CopyN(w, zeros{}, n)
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = f.Truncate(s.size)
	}
	return errors.Join(err, f.Close())
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// stub writes parts of its input to a file, each at its offset.
type stub struct {
	f    *os.File
	size int64
	keep [][2]int64 // from, to
}

func (s *stub) Write(p []byte) (int, error) {
	end := s.size + int64(len(p))
	for _, part := range s.keep {
		from, to := max(s.size, part[0]), min(end, part[1])
		if from >= to {
			continue
		}
		if _, err := s.f.WriteAt(p[from-s.size:to-s.size], from); err != nil {
			return 0, err
		}
	}
	s.size = end
	return len(p), nil
}
