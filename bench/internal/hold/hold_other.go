// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix && !linux

package hold

import "errors"

// Run fails: only Linux has what it needs.
func Run(string) error { return errors.New("holding memory needs Linux") }
