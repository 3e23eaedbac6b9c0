// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package durable

import (
	"fmt"
	"os"
	"syscall"
)

// Lock locks a file without waiting, until it is closed or the process ends. The error
// wraps [ErrInUse] or, where there is no such lock, [ErrNoPartial].
func Lock(file *os.File) error {
	for {
		switch err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err {
		case nil:
			return nil
		case syscall.EINTR:
		case syscall.EWOULDBLOCK:
			return ErrInUse
		default:
			return fmt.Errorf("%w (%w)", ErrNoPartial, err)
		}
	}
}
