// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package mask

// ApplyFrom is Apply for an initial counter block that no vector has, as published test
// vectors have it.
var ApplyFrom = apply
