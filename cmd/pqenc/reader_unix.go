// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import "golang.org/x/sys/unix"

// awaitNoReader waits until a pipe or socket has no reader, and reports whether that is
// so. For a file it waits until the process ends.
func awaitNoReader(fd uintptr) bool {
	fds := []unix.PollFd{{Fd: int32(fd)}}
	for {
		_, err := unix.Poll(fds, -1)
		if err != nil && err != unix.EINTR {
			return false
		}
		if events := fds[0].Revents; err == nil && events != 0 {
			return events&unix.POLLNVAL == 0
		}
	}
}
