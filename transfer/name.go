// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import "github.com/pqenc/pqenc/transfer/internal/store"

// CheckName says whether an object can have that name: UTF-8 in 1 to 32 parts
// divided by "/", at most 1024 bytes, of which no part is longer than 200 bytes,
// begins with a dot, or is something else than a file's name on any system. The
// error is an [ErrName] with the reason.
func CheckName(name string) error { return store.CheckName(name) }
