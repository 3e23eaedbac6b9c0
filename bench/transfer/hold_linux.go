// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"os"
	"syscall"
)

// hold keeps so many bytes of free memory in the machine, as long as this process
// runs. A virtual machine may give large blocks of free memory back to its host
// within a second, and taking them again can cost more than a transfer. A block is
// not free while a single page of it is in use: hold takes the memory page by page,
// and frees all but one page in every few hundred.
func hold(size int) error {
	const stride = 2 << 20
	page := os.Getpagesize()
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
	for at := 0; at < size; at += stride {
		if err := syscall.Madvise(memory[at+page:min(at+stride, size)], syscall.MADV_DONTNEED); err != nil {
			return err
		}
	}
	return nil
}
