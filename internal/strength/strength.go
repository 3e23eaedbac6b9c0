// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package strength estimates how hard passphrases are to guess, and makes random ones.
//
// It finds the patterns of zxcvbn (Wheeler, "zxcvbn: Low-Budget Password Strength
// Estimation", USENIX Security 2016) itself, and takes their scores from a library.
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

// weakGuesses is the largest number of guesses of a weak passphrase. A guess is a run
// of Argon2id over 256 MiB: with a thousand of them a second, which takes hundreds of
// cores, they take 30 years.
const weakGuesses = 1e12

// estimated is the largest number of bytes that are estimated. The work grows faster than
// the length, and further bytes only make a passphrase stronger.
const estimated = 40

// wordCount is the number of words of a new passphrase, from a list of 7776: more than 77
// bits.
const wordCount = 6

// NewPassphrase returns a random passphrase: six different words of the large list of the
// Electronic Frontier Foundation, with hyphens between them.
func NewPassphrase() ([]byte, error) {
	words, err := diceware.Generate(wordCount)
	return []byte(strings.Join(words, "-")), err
}

// Weak reports whether a passphrase can be guessed, according to zxcvbn.
func Weak(passphrase []byte) (weak bool) {
	// zxcvbn had indexes out of range before. A failed estimate must not prevent
	// encryption.
	defer func() { _ = recover() }()
	text := bytes.ToValidUTF8(passphrase[:min(len(passphrase), estimated)], []byte("?"))
	return guesses(string(text)) < weakGuesses
}

// guesses returns how many guesses a text takes, according to zxcvbn.
func guesses(text string) float64 {
	found := slices.Concat(inLists(text, ""), reversedInLists(text), disguisedInLists(text), onKeyboards(text),
		repeats(text), sequences(text), years(text), dates(text))
	return scoring.MostGuessableMatchSequence(text, found, false).Guesses
}
