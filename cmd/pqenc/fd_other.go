// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !unix

package main

// inherited cannot tell more here than what can be no descriptor at all.
func inherited(fd int) bool { return fd >= 0 }

// keep does nothing: here a command inherits the standard streams only.
func keep(int) {}
