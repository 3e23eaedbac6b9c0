// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import "io/fs"

// Links returns how many names (hard links) a file has, or 1 where the system does not
// tell.
func Links(info fs.FileInfo) int { return int(links(info)) }

// CanOverwriteHead returns the error that [OverwriteHead] would fail with before it looks
// at the heads, and changes nothing.
func CanOverwriteHead(name string) error {
	h, err := openHead(name)
	if err != nil {
		return err
	}
	defer h.close()
	return h.exclusive()
}
