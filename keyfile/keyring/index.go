// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyring

import (
	"os"
	"sync"
	"time"

	"github.com/pqenc/pqenc/keyfile"
)

// indexSettled is how old the last change of a folder must be for its time to show
// another change: some file systems have a resolution of two seconds.
const indexSettled = 3 * time.Second

// Index maps fingerprints to names, for frequent lookups. It reads the keyring again
// when a file in it was added, removed or replaced, which is how this package makes
// changes.
type Index struct {
	ring *Ring

	mu      sync.Mutex
	names   map[keyfile.Fingerprint]string
	changed time.Time // the folder, when it was read
	read    time.Time
}

// NewIndex returns an index of a keyring, which is read when it is asked.
func NewIndex(r *Ring) *Index { return &Index{ring: r} }

// Name returns the name of the key that has that fingerprint in any of its generations,
// or "". A keyring that cannot be read has no names.
func (x *Index) Name(f keyfile.Fingerprint) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	info, err := os.Stat(x.ring.dir)
	if err != nil {
		return ""
	}
	if changed := info.ModTime(); !changed.Equal(x.changed) || x.read.Sub(changed) < indexSettled {
		x.changed, x.read, x.names = changed, time.Now(), make(map[keyfile.Fingerprint]string)
		all, err := x.ring.List()
		if err != nil {
			x.changed = time.Time{}
			return ""
		}
		for _, i := range all {
			for _, g := range i.Generations {
				x.names[g.Fingerprint] = i.Name
			}
		}
	}
	name, found := x.names[f]
	if !found {
		return ""
	}
	// Find verifies that the generations of the key are one identity.
	if e, err := x.ring.Find(name); err != nil || !e.has(f) {
		return ""
	}
	return name
}
