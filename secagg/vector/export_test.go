// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vector

// Shift is how products are rounded.
var Shift = shift
