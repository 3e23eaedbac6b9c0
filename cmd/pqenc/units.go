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

// byteSize is a number of bytes. On the command line it may have a unit.
type byteSize int64

// UnmarshalText takes a number and perhaps a unit, without a blank.
func (s *byteSize) UnmarshalText(text []byte) error {
	n, err := units.ParseBytes(string(text))
	*s = byteSize(n)
	return err
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
