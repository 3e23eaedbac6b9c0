// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package faults has tests of push and pull under everything that can go wrong
// between two computers: lines that are slow, cut, reset or silent, processes
// that are killed, disks that are full, proxies that get in the way. They use the
// loopback interface only, and end by themselves:
//
//	go test -count=1 ./...
//
// since they build the program themselves, of which go test knows nothing.
// Those that need a program or a right that is not there are skipped, unless
// PQENC_FAULTS_STRICT is set. It is a module of its own so that users of pqenc do
// not get what it needs.
package faults
