// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import "golang.org/x/sys/unix"

// inherited says whether fd was open when the process began. What Go opens,
// files and for itself, is all marked to be closed by exec; what came through
// exec cannot be.
func inherited(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil && flags&unix.FD_CLOEXEC == 0
}

// keep has no command inherit fd: it is a secret.
func keep(fd int) { unix.CloseOnExec(fd) }
