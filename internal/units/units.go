// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package units parses numbers of bytes with units, such as 500MB.
package units

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

var bytes = map[string]int64{
	"": 1, "B": 1,
	"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
}

// ErrBytes means that something is not a number of bytes.
var ErrBytes = errors.New("expected a number of bytes like 500MB or 50GiB")

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
