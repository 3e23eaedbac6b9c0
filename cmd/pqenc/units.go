// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// byteSize is a number of bytes. On the command line it may have a unit.
type byteSize int64

// byteUnits are those of access lists, too.
var byteUnits = map[string]int64{
	"": 1, "B": 1,
	"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
}

// UnmarshalText takes a number and perhaps a unit, without a blank.
func (s *byteSize) UnmarshalText(text []byte) error {
	digits := strings.TrimRight(string(text), "BKMGTi")
	unit, known := byteUnits[string(text[len(digits):])]
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || !known || n > uint64(math.MaxInt64/unit) {
		return errors.New("expected a size like 500MB or 50GiB")
	}
	*s = byteSize(int64(n) * unit)
	return nil
}

// maximum is a number from 1 on.
type maximum int

// UnmarshalText takes such a number.
func (m *maximum) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 10, 31)
	if err != nil || n == 0 {
		return errors.New("expected a number from 1 on")
	}
	*m = maximum(n)
	return nil
}

// timeout is a time longer than none. On the command line it may be in days.
type timeout time.Duration

// UnmarshalText takes a number of days, or what time.ParseDuration does.
func (t *timeout) UnmarshalText(text []byte) error {
	var d time.Duration
	var err error
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16)
		d = time.Duration(n) * 24 * time.Hour
	} else {
		d, err = time.ParseDuration(string(text))
	}
	if err != nil || d <= 0 {
		return errors.New("expected a time like 30s, 10m or 7d")
	}
	*t = timeout(d)
	return nil
}
