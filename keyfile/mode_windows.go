// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

import "io/fs"

// exposedMode is always false: on Windows access lists decide, not modes.
func exposedMode(fs.FileMode) bool { return false }
