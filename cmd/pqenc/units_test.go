// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"encoding"
	"reflect"
	"testing"
	"time"
)

func TestUnits(t *testing.T) {
	for _, test := range []struct {
		into encoding.TextUnmarshaler
		text string
		want any // nil if it is none
	}{
		{new(byteSize), "0", byteSize(0)},
		{new(byteSize), "50GiB", byteSize(50 << 30)},
		{new(byteSize), "1gib", nil},
		{new(maximum), "1", maximum(1)},
		{new(maximum), "2147483647", maximum(1<<31 - 1)},
		{new(maximum), "2147483648", nil},
		{new(maximum), "0", nil},
		{new(maximum), "-1", nil},
		{new(maximum), "", nil},
		{new(timeout), "90s", timeout(90 * time.Second)},
		{new(timeout), "1h30m", timeout(90 * time.Minute)},
		{new(timeout), "7d", timeout(7 * 24 * time.Hour)},
		{new(timeout), "36500d", timeout(36500 * 24 * time.Hour)},
		{new(timeout), "99999d", nil},
		{new(timeout), "1y", timeout(365 * 24 * time.Hour)},
		{new(timeout), "100y", timeout(36500 * 24 * time.Hour)},
		{new(timeout), "101y", nil},
		{new(timeout), "1y1d", nil},
		{new(timeout), "0", nil},
		{new(timeout), "0d", nil},
		{new(timeout), "-1s", nil},
		{new(timeout), "30", nil},
		{new(timeout), "d", nil},
		{new(timeout), "", nil},
	} {
		err := test.into.UnmarshalText([]byte(test.text))
		got := reflect.ValueOf(test.into).Elem().Interface()
		if test.want == nil && err == nil || test.want != nil && (err != nil || got != test.want) {
			t.Errorf("%T %q: %v, %v", got, test.text, got, err)
		}
	}
}
