// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package measure

import "golang.org/x/sys/unix"

// useOneCore limits this thread, and what it starts, to the first core that it may use.
func useOneCore() error {
	var may, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &may); err != nil {
		return err
	}
	for core := 0; one.Count() == 0; core++ {
		if may.IsSet(core) {
			one.Set(core)
		}
	}
	return unix.SchedSetaffinity(0, &one)
}
