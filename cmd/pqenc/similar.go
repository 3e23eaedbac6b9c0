// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import "strings"

// similarName returns the name in the keyring that the user may have meant, or "".
func similarName(arg string) string {
	r, err := ring()
	if err != nil {
		return ""
	}
	all, err := r.List()
	if err != nil {
		return ""
	}
	var names []string
	for _, item := range all {
		names = append(names, item.Name)
	}
	return near(arg, names)
}

// meant returns a hint for a word that is not a command after path.
func meant(path, word string, commands []string) string {
	if command := near(word, commands); command != "" {
		return `did you mean "` + path + " " + command + `"?`
	}
	return `see "` + path + ` --help"`
}

// near returns the word that the user probably meant, or "": the one with the fewest
// typos, of which short words may have one and very short ones none, or the one that the
// input is a prefix of.
func near(word string, words []string) (nearest string) {
	word = strings.ToLower(word)
	limit := min(max(len(word)/3, 0), 2)
	for _, w := range words {
		distance := typos(word, w)
		if rest, ok := strings.CutPrefix(w, word); ok && len(word) > 3 && !strings.Contains(rest, "-") {
			distance = min(distance, 1)
		}
		if distance == 0 {
			return w
		}
		if distance <= limit {
			nearest, limit = w, distance-1
		}
	}
	return nearest
}

// typos returns the optimal string alignment distance of two words: the number of
// missing, extra and wrong characters, and of swapped neighbors.
func typos(a, b string) int {
	var before, last []int // rows of the table for the previous two characters of a
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+change)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
