// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package strength

import (
	_ "embed" // the lists
	"slices"
	"strings"
	"sync"

	"github.com/trustelem/zxcvbn/match"
)

// words.txt has the lists of zxcvbn, a word a line, with the most frequent one first in
// each, and an empty line between lists. No word is in two of them.
//
//go:embed words.txt
var wordsText string

// ranks returns the place of each word in its list, from 1. It takes 10 ms and 10 MB.
var ranks = sync.OnceValue(func() map[string]int {
	all := make(map[string]int, strings.Count(wordsText, "\n"))
	rank := 0
	for word := range strings.Lines(wordsText) {
		rank++
		if word == "\n" {
			rank = 0
			continue
		}
		all[word[:len(word)-1]] = rank
	}
	return all
})

// inLists finds words in plain, which has the same length as text and replaces it, or in
// text itself if plain is empty.
func inLists(text, plain string) (found []*match.Match) {
	if plain == "" {
		plain = text
	}
	lower := lowered(plain)
	for i := range len(lower) {
		for j := i + 1; j <= len(lower); j++ {
			if rank := ranks()[lower[i:j]]; rank > 0 {
				found = append(found, &match.Match{Pattern: "dictionary", I: i, J: j - 1, Token: text[i:j], MatchedWord: lower[i:j], Rank: rank})
			}
		}
	}
	return found
}

// lowered returns a text with the letters from A to Z in lower case. Its length is the
// same. The words of the lists have no other letters.
func lowered(text string) string {
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

// reversedInLists finds words that were written backwards.
func reversedInLists(text string) []*match.Match {
	found := inLists(backwards(text), "")
	for _, m := range found {
		m.Token, m.Reversed = backwards(m.Token), true
		m.I, m.J = len(text)-1-m.J, len(text)-1-m.I
	}
	return found
}

func backwards(text string) string {
	b := []byte(text)
	slices.Reverse(b)
	return string(b)
}

// disguises are the signs that people write instead of a letter.
var disguises = []struct{ letter, signs string }{
	{"a", "4@"}, {"b", "8"}, {"c", "({[<"}, {"e", "3"}, {"g", "69"}, {"i", "1!|"},
	{"l", "1|7"}, {"o", "0"}, {"s", "$5"}, {"t", "+7"}, {"x", "%"}, {"z", "2"},
}

// disguisedInLists finds words with signs instead of letters.
func disguisedInLists(text string) (found []*match.Match) {
	for _, reading := range readings(text) {
		plain := strings.NewReplacer(reading...).Replace(text)
		for _, m := range inLists(text, plain) {
			if len(m.Token) == 1 || lowered(m.Token) == m.MatchedWord {
				continue // any digit is some letter; and nothing is disguised
			}
			m.L33t, m.Sub = true, make(map[string]string)
			for i := 0; i < len(reading); i += 2 {
				if strings.Contains(m.Token, reading[i]) {
					m.Sub[reading[i]] = reading[i+1]
				}
			}
			found = append(found, m)
		}
	}
	return found
}

// readings returns the ways to read the signs in a text, each as pairs of a sign and its
// letter. In each of them a letter has at most one sign, and a sign one letter.
func readings(text string) (all [][]string) {
	all = [][]string{nil}
	for _, d := range disguises {
		var next [][]string
		for _, sign := range d.signs {
			if !strings.ContainsRune(text, sign) {
				continue
			}
			for _, reading := range all {
				taken := -1
				for i := 0; i < len(reading); i += 2 {
					if reading[i] == string(sign) {
						taken = i
					}
				}
				if taken < 0 {
					next = append(next, append(slices.Clip(reading), string(sign), d.letter))
					continue
				}
				other := slices.Delete(slices.Clone(reading), taken, taken+2)
				next = append(next, reading, append(other, string(sign), d.letter))
			}
		}
		if next != nil {
			all = next
		}
	}
	return all
}
