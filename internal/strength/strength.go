// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package strength estimates the passphrases that people choose, and makes
// better ones.
//
// It finds the patterns of zxcvbn (Wheeler, "zxcvbn: Low-Budget Password Strength
// Estimation", USENIX Security 2016) by itself, and takes their scores from a library.
// The matchers of that library make tables of all words when the process starts: 4 MB
// and 2 ms in every process, though only those that choose a passphrase need them.
package strength

import (
	"bytes"
	"slices"
	"strings"

	"github.com/sethvargo/go-diceware/diceware"
	"github.com/trustelem/zxcvbn/scoring"
)

// weakGuesses is how many guesses a weak passphrase takes at most. A guess is a run
// of Argon2id over 256 MiB: with a thousand of them a second, which takes hundreds of
// cores, these are 30 years.
const weakGuesses = 1e12

// estimated is how many bytes are estimated at most. The work grows faster than the
// length, and more than that only makes a passphrase stronger.
const estimated = 40

// wordCount is how many words a new passphrase has, of 7776: more than 77 bits.
const wordCount = 6

// NewPassphrase returns a random passphrase: six different words of the large list of the
// Electronic Frontier Foundation, with hyphens between them.
func NewPassphrase() ([]byte, error) {
	words, err := diceware.Generate(wordCount)
	return []byte(strings.Join(words, "-")), err
}

// Weak reports whether a passphrase can be guessed, as far as zxcvbn can tell.
func Weak(passphrase []byte) (weak bool) {
	// Indexes out of range were found in zxcvbn before. An estimate is not worth that
	// nobody can encrypt.
	defer func() { _ = recover() }()
	text := bytes.ToValidUTF8(passphrase[:min(len(passphrase), estimated)], []byte("?"))
	return guesses(string(text)) < weakGuesses
}

// guesses returns how many guesses zxcvbn takes for a text.
func guesses(text string) float64 {
	found := slices.Concat(inLists(text, ""), reversedInLists(text), disguisedInLists(text), onKeyboards(text),
		repeats(text), sequences(text), years(text), dates(text))
	return scoring.MostGuessableMatchSequence(text, found, false).Guesses
}
