// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// inherited reports whether fd was open when the process began. What Go opens,
// files and for itself, is all marked to be closed by exec; what came through
// exec cannot be.
func inherited(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil && flags&unix.FD_CLOEXEC == 0
}

// keep has no command inherit fd: it is a secret.
func keep(fd int) { unix.CloseOnExec(fd) }

// closedAtStart reports whether a standard stream may have been closed when the
// process began: then the Go runtime has opened /dev/null in its place, for reading
// and writing. A shell opens it for one of the two only ("> /dev/null").
//
// Some programs open it for both and pass it on, Python's subprocess.DEVNULL and
// "ignore" of Node.js. That cannot be told apart. So this counts only for what would
// be lost with it, the contents of files, and not for reports: who throws these away
// wants the exit code.
func closedAtStart(f *os.File) bool {
	var is, null unix.Stat_t
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_ACCMODE == unix.O_RDWR &&
		unix.Fstat(int(f.Fd()), &is) == nil && unix.Stat(os.DevNull, &null) == nil &&
		is.Mode&unix.S_IFMT == unix.S_IFCHR && null.Mode&unix.S_IFMT == unix.S_IFCHR && is.Rdev == null.Rdev
}

// sameDevice reports whether both are the same block device, by whatever names.
func sameDevice(f, g fs.FileInfo) bool {
	const kind = fs.ModeType
	one, ok := f.Sys().(*syscall.Stat_t)
	two, too := g.Sys().(*syscall.Stat_t)
	return ok && too && f.Mode()&kind == fs.ModeDevice && g.Mode()&kind == fs.ModeDevice && one.Rdev == two.Rdev
}
