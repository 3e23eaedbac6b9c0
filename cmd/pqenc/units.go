// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/pqenc/pqenc/internal/units"
)

// byteSize is a number of bytes. On the command line it can have a unit.
type byteSize int64

// UnmarshalText parses a number and an optional unit, without a space.
func (s *byteSize) UnmarshalText(text []byte) error {
	n, err := units.ParseBytes(string(text))
	*s = byteSize(n)
	return err
}

// byteRate is a number of bytes per second. On the command line it can have a unit, and
// /s.
type byteRate int64

// leastRate is the lowest rate. A login takes 9 KB each way, and a server waits for it 10 s:
// four connections at once can do that.
const leastRate = 4000

// UnmarshalText parses a number and an optional unit, without a space.
func (r *byteRate) UnmarshalText(text []byte) error {
	n, err := units.ParseBytes(strings.TrimSuffix(string(text), "/s"))
	if err != nil {
		return errors.New("expected a number of bytes per second like 10MB or 500KiB")
	}
	if n < leastRate {
		return errors.New("expected at least 4KB per second")
	}
	*r = byteRate(n)
	return nil
}

// maximum is a number of at least 1.
type maximum int

// UnmarshalText parses such a number.
func (m *maximum) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 10, 31)
	if err != nil || n == 0 {
		return errors.New("expected a number of at least 1")
	}
	*m = maximum(n)
	return nil
}

// timeout is a positive duration. On the command line it can be in days, or in years of
// 365 days.
type timeout time.Duration

// UnmarshalText parses a number of days or years, or what time.ParseDuration accepts.
func (t *timeout) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	for unit, days := range map[string]time.Duration{"d": 1, "y": 365} {
		if number, ok := strings.CutSuffix(string(text), unit); ok {
			var n uint64
			n, err = strconv.ParseUint(number, 10, 16)
			d = time.Duration(n) * days * 24 * time.Hour
			if n > 100*365/uint64(days) {
				err = strconv.ErrRange
			}
		}
	}
	if err != nil || d <= 0 {
		return errors.New("expected a time like 30s, 10m, 7d or 1y")
	}
	*t = timeout(d)
	return nil
}

// after returns the time t after now in whole seconds, or the zero time if t is 0.
func (t timeout) after(now time.Time) time.Time {
	if t == 0 {
		return time.Time{}
	}
	return now.Add(time.Duration(t)).Truncate(time.Second)
}
