// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package strength

import (
	"slices"
	"strings"

	"github.com/trustelem/zxcvbn/match"
	"github.com/trustelem/zxcvbn/scoring"
)

// dates finds days of years, with separators between the numbers or without, that are not
// part of a longer one.
func dates(text string) (found []*match.Match) {
	for i := range len(text) {
		for j := i + 4; j <= min(i+10, len(text)); j++ {
			year, separator := date(text[i:j])
			if year != 0 {
				found = append(found, &match.Match{Pattern: "date", I: i, J: j - 1, Token: text[i:j], Year: year, Separator: separator})
			}
		}
	}
	all := slices.Clone(found)
	return slices.DeleteFunc(found, func(m *match.Match) bool {
		return slices.ContainsFunc(all, func(o *match.Match) bool { return o != m && o.I <= m.I && m.J <= o.J })
	})
}

// date returns the year of a date, 0 if the text is none. If several years are
// possible, it is the one closest to this year.
func date(text string) (year int, separator string) {
	if !digits(text) {
		return separatedDate(text)
	}
	for _, cut := range cuts[len(text)] {
		y := yearOf(number(text[:cut[0]]), number(text[cut[0]:cut[1]]), number(text[cut[1]:]))
		if y != 0 && (year == 0 || fromNow(y) < fromNow(year)) {
			year = y
		}
	}
	return year, ""
}

// cuts are where digits without separators are cut, by their number.
var cuts = map[int][][2]int{
	4: {{1, 2}, {2, 3}},
	5: {{1, 3}, {2, 3}},
	6: {{1, 2}, {2, 4}, {4, 5}},
	7: {{1, 3}, {2, 3}, {4, 5}, {4, 6}},
	8: {{2, 4}, {4, 6}},
}

func separatedDate(text string) (year int, separator string) {
	i := strings.IndexAny(text, " \t\n\v\f\r/\\_.-")
	if i < 0 {
		return 0, ""
	}
	separator = text[i : i+1]
	parts := strings.Split(text, separator)
	if len(parts) != 3 || len(parts[0]) > 4 || len(parts[1]) > 2 || len(parts[2]) > 4 {
		return 0, ""
	}
	return yearOf(number(parts[0]), number(parts[1]), number(parts[2])), separator
}

func fromNow(year int) int { return max(year-scoring.ReferenceYear, scoring.ReferenceYear-year) }

// yearOf returns the year of a date of three numbers, of which the first or the last is
// the year, or 0. Years have two digits, or are from 1000 to 2050.
func yearOf(a, b, c int) int {
	const first, last = 1000, 2050
	over31, over12, zeros := 0, 0, 0
	for _, n := range []int{a, b, c} {
		if n < 0 || n > 99 && n < first || n > last {
			return 0
		}
		over31 += toInt(n > 31)
		over12 += toInt(n > 12)
		zeros += toInt(n == 0)
	}
	if b == 0 || b > 31 || over31 > 1 || over12 == 3 || zeros > 1 {
		return 0
	}
	switch {
	case c >= first:
		return ifDay(c, a, b)
	case a >= first:
		return ifDay(a, b, c)
	case ifDay(1, a, b) != 0:
		return century(c)
	case ifDay(1, b, c) != 0:
		return century(a)
	}
	return 0
}

func toInt(is bool) int {
	if is {
		return 1
	}
	return 0
}

// ifDay returns the year if the numbers are a day and a month, in either order.
func ifDay(year, a, b int) int {
	if a <= 31 && b <= 12 || b <= 31 && a <= 12 {
		return year
	}
	return 0
}

// century returns the year of which these are the last two digits.
func century(year int) int {
	if year > 50 {
		return 1900 + year
	}
	return 2000 + year
}
