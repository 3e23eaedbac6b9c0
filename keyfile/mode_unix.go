// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !windows

package keyfile

import "io/fs"

func exposedMode(mode fs.FileMode) bool { return mode.Perm()&0o077 != 0 }
