// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !linux

package main

// processMetrics are those that the system has of the process. Here they are not read.
func processMetrics() []metric { return nil }
