// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package hold

import (
	"io"
	"os"
	"strconv"
	"syscall"
)

// Run keeps that many MiB of free memory in the machine until its standard input ends. A virtual machine may give large blocks of free memory back to its host
// within a second, and taking them again can cost more than a transfer. A block is
// not free while a single page of it is in use: Run takes the memory page by page,
// and frees all but one page in every few hundred.
func Run(mib string) error {
	n, err := strconv.Atoi(mib)
	if err != nil {
		return err
	}
	size, page := n&^1<<20, os.Getpagesize()
	memory, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		return err
	}
	if err := syscall.Madvise(memory, syscall.MADV_NOHUGEPAGE); err != nil {
		return err
	}
	for at := 0; at < size; at += page {
		memory[at] = 1
	}
	const stride = 2 << 20
	for at := 0; at < size; at += stride {
		if err := syscall.Madvise(memory[at+page:at+stride], syscall.MADV_DONTNEED); err != nil {
			return err
		}
	}
	os.Stdout.WriteString(held)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
