// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package units parses and formats numbers of bytes with units, such as 500MB.
package units

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

var bytes = map[string]int64{
	"": 1, "B": 1,
	"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
}

// Known are the units that a number of bytes may have, for people.
const Known = "B, KB, MB, GB, TB, KiB, MiB, GiB, TiB"

// ErrBytes means that something is not a number of bytes.
var ErrBytes = errors.New("expected a number of bytes like 500MB or 50GiB; the units are " + Known)

// ParseBytes parses a number of bytes: digits and an optional unit, without a space.
// The error is [ErrBytes], also for a number above 2^63 - 1.
func ParseBytes(s string) (int64, error) {
	digits := strings.TrimRight(s, "BKMGTi")
	unit, known := bytes[s[len(digits):]]
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || !known || n > uint64(math.MaxInt64/unit) {
		return 0, ErrBytes
	}
	return int64(n) * unit, nil
}

// binary are the units that numbers of bytes are written with.
var binary = []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}

// FormatBytes returns a number of bytes with a binary unit, such as "97 B", "3.1 GiB" or
// "250 MiB".
func FormatBytes(n int64) string {
	value, unit := scale(n)
	return number(value, unit) + " " + binary[unit]
}

// FormatPart returns how much of a whole there is, such as "3.1/10 GiB".
func FormatPart(n, whole int64) string {
	value, unit := scale(whole)
	part, digits := float64(n)/math.Pow(1024, float64(unit)), min(unit, 1)
	return fmt.Sprintf("%.*f/%s %s", digits, part, number(value, unit), binary[unit])
}

// scale returns n in the largest unit in which it is 1 or more, as it is rounded.
func scale(n int64) (value float64, unit int) {
	value = float64(n)
	for value >= 1023.5 && unit < len(binary)-1 {
		value /= 1024
		unit++
	}
	return value, unit
}

// number returns a value with two digits or more.
func number(value float64, unit int) string {
	if unit == 0 || value >= 99.95 {
		return fmt.Sprintf("%.0f", value)
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", value), ".0")
}
