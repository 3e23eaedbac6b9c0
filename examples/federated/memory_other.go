// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !linux

package main

import "os"

// mostMemory returns the most resident memory that a process has had, where that is known.
func mostMemory(*os.ProcessState) string { return "?" }
