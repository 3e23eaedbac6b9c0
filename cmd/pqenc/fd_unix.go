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

// inherited reports whether fd was open when the process started. Descriptors that Go
// opens, for files and for itself, are all close-on-exec; inherited ones cannot be.
func inherited(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil && flags&unix.FD_CLOEXEC == 0
}

// keep prevents commands from inheriting fd, which carries a secret.
func keep(fd int) { unix.CloseOnExec(fd) }

// closedAtStart reports whether a standard stream may have been closed when the process
// started. The Go runtime then opens /dev/null in its place for reading and writing,
// whereas a shell opens it only for one of the two ("> /dev/null").
//
// Some programs pass on a /dev/null that is open for both, such as subprocess.DEVNULL of
// Python and "ignore" of Node.js, which looks the same. This is therefore used only where
// contents of files would be lost, and not for reports: a parent that discards these
// wants the exit code.
func closedAtStart(f *os.File) bool {
	var is, null unix.Stat_t
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_ACCMODE == unix.O_RDWR &&
		unix.Fstat(int(f.Fd()), &is) == nil && unix.Stat(os.DevNull, &null) == nil &&
		is.Mode&unix.S_IFMT == unix.S_IFCHR && null.Mode&unix.S_IFMT == unix.S_IFCHR && is.Rdev == null.Rdev
}

// sameDevice reports whether both are the same block device, under any name.
func sameDevice(f, g fs.FileInfo) bool {
	const kind = fs.ModeType
	one, ok := f.Sys().(*syscall.Stat_t)
	two, too := g.Sys().(*syscall.Stat_t)
	return ok && too && f.Mode()&kind == fs.ModeDevice && g.Mode()&kind == fs.ModeDevice && one.Rdev == two.Rdev
}
