// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !linux

package durable

import "os"

// clone fails: the system has no such call, or it is not supported here.
func clone(*os.File, int64, *os.File, int64) error { return errCannotShare }

func copyFileRange(*os.File, *os.File, int64, int64) (int64, error) { return 0, errCannotShare }
