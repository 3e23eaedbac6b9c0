// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !linux && !darwin && !freebsd && !windows

package store

import (
	"errors"
	"os"
	"syscall"
)

// lockFile takes no lock: two servers are not told from one here.
func lockFile(*os.File) error { return nil }

// freeSpace does not know: the disk will say when it is full.
func freeSpace(*os.File) int64 { return -1 }

func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) }

func isShort(error) bool { return false }
