// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package recipient

import (
	"testing"

	"github.com/pqenc/pqenc/internal/lowcost"
)

// realCost is what programs write with, and tests only look at.
var realCost = WriterCost()

func TestMain(m *testing.M) {
	lowcost.Passphrases()
	m.Run()
}
