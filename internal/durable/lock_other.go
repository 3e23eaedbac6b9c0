// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package durable

import "os"

// Lock fails: the system has no lock that ends with the process.
func Lock(*os.File) error { return ErrNoPartial }
