// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import "io/fs"

// Links returns how many names (hard links) a file has, or 1 if the system does not
// report it.
func Links(info fs.FileInfo) int { return int(links(info)) }

// CanOverwriteHead makes the checks of [OverwriteHead] that do not need the heads, and
// changes nothing.
func CanOverwriteHead(name string) error {
	h, err := openHead(name)
	if err != nil {
		return err
	}
	defer h.close()
	return h.exclusive()
}
