// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"cmp"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// with calls what with the descriptors of two files, and keeps both files open meanwhile.
func with(dst, src *os.File, what func(dst, src int) error) (err error) {
	d, err := dst.SyscallConn()
	if err != nil {
		return err
	}
	s, err := src.SyscallConn()
	if err != nil {
		return err
	}
	var closed error // of src
	if err := d.Control(func(d uintptr) {
		closed = s.Control(func(s uintptr) { err = what(int(d), int(s)) })
	}); err != nil || closed != nil {
		return cmp.Or(err, closed)
	}
	for _, cannot := range []error{unix.EOPNOTSUPP, unix.EXDEV, unix.EINVAL, unix.ENOSYS, unix.ENOTTY, unix.EPERM, unix.ETXTBSY} {
		if errors.Is(err, cannot) {
			return errCannotShare
		}
	}
	return err
}

// clone makes dst from an offset on share the blocks of src from an offset to its end. The
// error is errCannotShare if that is impossible.
func clone(dst *os.File, at int64, src *os.File, offset int64) error {
	return with(dst, src, func(d, s int) error {
		return unix.IoctlFileCloneRange(d, &unix.FileCloneRange{Src_fd: int64(s), Src_offset: uint64(offset), Dest_offset: uint64(at)})
	})
}

// copyFileRange lets the system copy up to n bytes of src from an offset to the file offset
// of dst, which advances. The error is errCannotShare if the system cannot.
func copyFileRange(dst, src *os.File, offset, n int64) (copied int64, err error) {
	err = with(dst, src, func(d, s int) error {
		for {
			n, err := unix.CopyFileRange(s, &offset, d, nil, int(n), 0)
			copied = int64(n)
			if err != unix.EINTR {
				return err
			}
		}
	})
	return copied, err
}
