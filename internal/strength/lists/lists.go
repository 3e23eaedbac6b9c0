// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package lists keeps the word lists of zxcvbn out of the start of the process.
//
// zxcvbn's package matching makes maps of all lists when it is initialized. That
// would take 20 ms and 11 MB in every process, though only those that choose a
// passphrase need it. So this package takes the lists away before: packages are
// initialized in the order of their import paths, those that they import first (The
// Go Programming Language Specification, "Program initialization"). It comes as soon
// as frequency is there, because it imports nothing else, and before
// github.com/trustelem/zxcvbn/matching. With another order the lists would still be
// right, and the start slower.
package lists

import "github.com/trustelem/zxcvbn/frequency"

// All are the lists, most frequent word first, by name.
var All = take()

func take() map[string][]string {
	all := frequency.FrequencyLists
	frequency.FrequencyLists = nil
	return all
}
