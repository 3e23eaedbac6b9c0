// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"testing"

	"github.com/pqenc/pqenc"
)

// TestCheckpointsOfOthers requires that checkpoints of downloads and of pulls are not
// mixed up, and that truncated ones are rejected.
func TestCheckpointsOfOthers(t *testing.T) {
	for name, c := range map[string]checkpoint{
		"raw":      {length: 0, header: []byte("header")},
		"contents": {length: 0, mark: new(pqenc.Mark), header: []byte("header")},
	} {
		pulled := c.marshal()
		if _, _, ok := cutVersion(pulled); ok {
			t.Errorf("%s: a pull is taken for a download", name)
		}
		c.version = `100 "r"`
		state := c.marshal()
		if readCheckpoint(state, 0) != nil {
			t.Errorf("%s: a download is taken for a pull", name)
		}
		version, rest, ok := cutVersion(state)
		if !ok || version != c.version || string(rest) != string(pulled) {
			t.Errorf("%s: %q, %q", name, version, rest)
		}
		for n := range 3 + len(c.version) {
			if _, _, ok := cutVersion(state[:n]); ok {
				t.Errorf("%s: %d bytes are enough", name, n)
			}
		}
	}
}
