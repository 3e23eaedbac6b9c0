// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package testkit has helpers for the tests of several packages. Only tests import it. It
// panics on errors.
package testkit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
)

var (
	mu   sync.Mutex
	made = make(map[string]*keyfile.Identity)
)

// Identity returns the key of a name. It makes each key once in a process, since that
// takes a while.
func Identity(name string) *keyfile.Identity {
	mu.Lock()
	defer mu.Unlock()
	if made[name] == nil {
		id, err := keyfile.Generate()
		if err != nil {
			panic(err)
		}
		made[name] = id
	}
	return made[name]
}

// Long skips a test that takes a while, if the tests run with -short.
func Long(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes a while")
	}
}

// Brief reports whether a test that starts no goroutines should do less: with -short, and under
// the race detector, which finds nothing in it and makes it slow.
func Brief() bool { return testing.Short() || race }

// LongAlone skips a test that starts no goroutines, and takes a while.
func LongAlone(t testing.TB) {
	t.Helper()
	if Brief() {
		t.Skip("takes a while")
	}
}

// Contents returns n bytes that are always the same, and look random.
func Contents(n int) []byte {
	contents := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(contents)
	return contents
}

// Sealed returns a new pqenc file of Contents(n), for "alice".
func Sealed(n int) []byte {
	var file bytes.Buffer
	file.Grow(n + n/1000 + 8192)
	w, err := pqenc.Encrypt(&file, Identity("alice").Public())
	if err == nil {
		_, err = io.CopyN(w, rand.NewChaCha8([32]byte{1}), int64(n))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err)
	}
	return file.Bytes()
}

// HeaderFor returns a header of the same length for a file of alice's, for another
// recipient.
func HeaderFor(file []byte, who string) []byte {
	done, err := pqenc.Rewrap(bytes.NewReader(file), pqenc.Change{To: []pqenc.Recipient{Identity(who).Public()}}, Identity("alice"))
	if err != nil {
		panic(err)
	}
	return done.Header
}

// RedoLog returns the log of a header that is replaced in place, as
// docs/redo-log.md has it.
func RedoLog(old, new []byte) []byte {
	b := append([]byte("\x89PQREDO\n"), 0, 0, 0, 1)
	b = binary.BigEndian.AppendUint32(b, uint32(len(old)))
	oldSum, newSum := sha256.Sum256(old), sha256.Sum256(new)
	b = slices.Concat(b, oldSum[:], newSum[:], old, new)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// Log is a bytes.Buffer that may be used concurrently.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends p. It does not fail.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns all that was written so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
