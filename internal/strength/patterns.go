// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package strength

import (
	"strconv"
	"strings"

	"github.com/trustelem/zxcvbn/adjacency"
	"github.com/trustelem/zxcvbn/match"
	"github.com/trustelem/zxcvbn/scoring"
)

// onKeyboards finds three or more neighbouring keys.
func onKeyboards(text string) (found []*match.Match) {
	for _, graph := range adjacency.Graphs {
		for i := 0; i < len(text); {
			m := walk(text, i, graph)
			if len(m.Token) > 2 {
				found = append(found, m)
			}
			i += len(m.Token)
		}
	}
	return found
}

// shifted are the characters that need the shift key. Keypads have none.
const shifted = `~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?`

// walk returns the longest run of neighbouring keys from text[i].
func walk(text string, i int, graph *adjacency.Graph) *match.Match {
	m := &match.Match{Pattern: "spatial", I: i, Graph: graph.Name}
	if !strings.HasSuffix(graph.Name, "keypad") && strings.Contains(shifted, text[i:i+1]) {
		m.ShiftedCount++
	}
	last, j := -1, i+1
	for ; j < len(text); j++ {
		way, place := neighbour(graph.Graph[text[j-1:j]], text[j:j+1])
		if way < 0 {
			break
		}
		m.ShiftedCount += place // 1 is the upper character of a key
		if way != last {
			m.Turns++
			last = way
		}
	}
	m.J, m.Token = j-1, text[i:j]
	return m
}

// neighbour returns in which direction a character is, and its place on that key; -1 if
// it is none of the neighbours.
func neighbour(keys []string, char string) (way, place int) {
	for way, key := range keys {
		if place := strings.Index(key, char); place >= 0 {
			return way, min(place, 1)
		}
	}
	return -1, 0
}

// repeats finds text that is repeated.
func repeats(text string) (found []*match.Match) {
	for i := 0; i < len(text); {
		unit, count := repeated(text[i:])
		if count < 2 {
			i++
			continue
		}
		m := &match.Match{Pattern: "repeat", I: i, J: i + len(unit)*count - 1, Token: text[i:][:len(unit)*count], BaseToken: unit, RepeatCount: count}
		if len(unit) == 1 { // which is no word here: all single letters are
			m.BaseGuesses = scoring.MostGuessableMatchSequence(unit, nil, false).Guesses
		} else {
			m.BaseGuesses = guesses(unit)
		}
		found = append(found, m)
		i = m.J + 1
	}
	return found
}

// repeated returns the shortest unit of the longer of two: what the shortest beginning
// of a text covers that is repeated, and what the longest does.
func repeated(text string) (unit string, count int) {
	for n := 1; n <= len(text)/2; n++ {
		times := 1
		for strings.HasPrefix(text[n*times:], text[:n]) {
			times++
		}
		if times > 1 && (unit == "" || n*times > len(unit)*count) {
			unit, count = text[:n], times
		}
	}
	return unit, count
}

// sequences finds characters at equal distances of at most 5, such as abc and 8642.
func sequences(text string) (found []*match.Match) {
	for i := 0; i < len(text)-1; {
		step := int(text[i+1]) - int(text[i])
		j := i + 1
		for j < len(text)-1 && int(text[j+1])-int(text[j]) == step {
			j++
		}
		if size := max(step, -step); size == 1 || size > 0 && size <= 5 && j-i > 1 {
			found = append(found, &match.Match{Pattern: "sequence", I: i, J: j, Token: text[i : j+1], Ascending: step > 0})
		}
		i = j
	}
	return found
}

// years finds the years from 1900 to 2019.
func years(text string) (found []*match.Match) {
	for i := 0; i+4 <= len(text); i++ {
		if token := text[i : i+4]; digits(token) && "1900" <= token && token < "2020" {
			found = append(found, &match.Match{Pattern: "regex", RegexName: "recent_year", I: i, J: i + 3, Token: token})
			i += 3
		}
	}
	return found
}

func digits(text string) bool {
	return strings.Trim(text, "0123456789") == "" && text != ""
}

// number returns the value of digits, or -1 if text is not a number.
func number(text string) int {
	if !digits(text) {
		return -1
	}
	n, _ := strconv.Atoi(text)
	return n
}
