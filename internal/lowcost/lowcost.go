// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package lowcost lets tests encrypt with a passphrase in no time, where the cost
// of a real one is not what they test. Only tests call [Passphrases]; Go keeps
// other modules from it.
package lowcost

import "sync/atomic"

var on atomic.Bool

// Passphrases makes everything that this process encrypts with a passphrase from
// now on as easy to guess as the format allows. It is for TestMain.
func Passphrases() { on.Store(true) }

// On reports whether [Passphrases] was called.
func On() bool { return on.Load() }
