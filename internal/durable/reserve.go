// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import "os"

// Reserve takes the space of the first size bytes of a regular file, so that writing them cannot
// fail because the disk is full. The length of the file stays. Now is when that fails: the error
// is the one of the system, such as ENOSPC, without the name of the file.
//
// Only Linux can do that, and there not all file systems: elsewhere Reserve does nothing.
func Reserve(file *os.File, size int64) error {
	if size <= 0 {
		return nil
	}
	return reserve(file, size)
}
