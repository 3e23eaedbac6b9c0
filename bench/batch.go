// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import "errors"

const (
	batchReads = "1000 reads of 64 KiB"
	overPipes  = "cat --batch"
)

func (b *bench) batchCases() group {
	if !b.knows("cat", "--batch") {
		b.note("Left out: reads through a process, as this pqenc has no cat --batch.")
		return nil
	}
	return nil
}

func runBatch([]string) error { return errors.New("not there") }
