// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package faults tests push and pull under faults: lines that are slow, cut, reset or
// silent, processes that are killed, full disks, and proxies. The tests use the loopback
// interface only:
//
//	go test -count=1 ./...
//
// because they build the program themselves, which the cache of go test does not see.
// Tests that need a missing program or right are skipped, unless PQENC_FAULTS_STRICT is
// set. It is a module of its own so that users of pqenc do
// not get what it needs.
package faults
