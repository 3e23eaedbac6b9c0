// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// openNameless creates a file without a name. The error wraps errors.ErrUnsupported if the
// file system has none, or if such a file cannot get a name later.
func openNameless(dir folder, perm fs.FileMode) (*os.File, error) {
	if !procHere() {
		return nil, errors.ErrUnsupported
	}
	file, err := dir.OpenFile(".", unix.O_TMPFILE|os.O_RDWR|noWait, perm)
	for _, none := range []error{unix.EOPNOTSUPP, unix.EISDIR, unix.EINVAL, unix.ENOENT, unix.ELOOP} {
		if errors.Is(err, none) {
			return nil, errors.ErrUnsupported
		}
	}
	return file, err
}

// procHere reports whether there are the names by which link links.
var procHere = sync.OnceValue(func() bool {
	_, err := os.Stat("/proc/self/fd")
	return err == nil
})

func procName(file *os.File) string { return fmt.Sprint("/proc/self/fd/", file.Fd()) }

// link gives a nameless file a name, which must be free.
func link(file *os.File, dir folder, name string) error {
	list, err := openList(dir)
	if err != nil {
		return err
	}
	defer list.Close()
	return unix.Linkat(unix.AT_FDCWD, procName(file), int(list.Fd()), name, unix.AT_SYMLINK_FOLLOW)
}

var (
	errMount     = errors.New("is a mount point")
	errImmutable = errors.New("is immutable")
	errAppend    = errors.New("can only be appended to")
	errSticky    = errors.New("belongs to somebody else, and in this folder only they can replace it")
)

// obstacle returns the reason why a file of a folder cannot be replaced, as far as that is
// known before trying.
func obstacle(dir folder, name string, old fs.FileInfo) error {
	list, err := openList(dir)
	if err != nil {
		return nil
	}
	defer list.Close()
	if err := attributes(int(list.Fd()), "", unix.AT_EMPTY_PATH); err != nil && err != errMount {
		return fmt.Errorf("its folder %w", err)
	}
	if old == nil {
		return nil
	}
	if err := attributes(int(list.Fd()), name, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	if folder, err := list.Stat(); err == nil && sticky(folder, old) {
		return errSticky
	}
	return nil
}

// sticky reports whether a folder lets only owners replace a file, and this user is not an
// owner.
func sticky(folder, old fs.FileInfo) bool {
	user := uint32(os.Geteuid())
	return folder.Mode()&fs.ModeSticky != 0 && folder.Sys().(*syscall.Stat_t).Uid != user &&
		old.Sys().(*syscall.Stat_t).Uid != user && !capable(unix.CAP_FOWNER)
}

func attributes(folder int, name string, flags int) error {
	var st unix.Statx_t
	if unix.Statx(folder, name, flags, unix.STATX_BASIC_STATS, &st) != nil {
		return nil
	}
	switch has := st.Attributes & st.Attributes_mask; {
	case has&unix.STATX_ATTR_IMMUTABLE != 0:
		return errImmutable
	case has&unix.STATX_ATTR_APPEND != 0:
		return errAppend
	case has&unix.STATX_ATTR_MOUNT_ROOT != 0:
		return errMount
	}
	return nil
}

// reserve takes the space of the first size bytes of a file on its disk. An error is one that
// writing them would return. A file system that cannot reserve space is left alone.
func reserve(file *os.File, size int64) error {
	for {
		err := unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, size)
		switch err {
		case unix.EINTR:
			continue
		case unix.ENOSPC, unix.EDQUOT, unix.EFBIG:
			return err
		}
		return nil
	}
}

// capable reports whether this process has a capability among the first 32.
func capable(which uint) bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective&(1<<which) != 0
}
