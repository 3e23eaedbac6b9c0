// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

import (
	"errors"
	"fmt"
	"strings"
)

// MaxNameSize is the length of the longest name of an identity in bytes.
const MaxNameSize = 64

// ErrName means that a text cannot name an identity.
var ErrName = errors.New("not a name for a key")

// ValidName returns nil if a text can name an identity: 1 to [MaxNameSize] of the
// characters a to z, 0 to 9, dot, dash and underscore, without a dot or a dash in
// front. So a name is neither a path nor a flag, and is the same on every file system.
// A text that ends in .pub or .key, or begins with age1, is not a name either: this
// distinguishes names from key files and from keys of age. The error wraps [ErrName].
func ValidName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", ErrName)
	case len(name) > MaxNameSize:
		return fmt.Errorf("%w: it has more than %d characters", ErrName, MaxNameSize)
	case strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("._-", c)
	}):
		return fmt.Errorf("%w: only a to z, 0 to 9, dot, dash and underscore can be in it", ErrName)
	case strings.HasPrefix(name, ".") || strings.HasPrefix(name, "-"):
		return fmt.Errorf("%w: it begins with a dot or a dash", ErrName)
	case strings.HasSuffix(name, ".pub") || strings.HasSuffix(name, ".key"):
		return fmt.Errorf("%w: it ends like a key file", ErrName)
	case strings.HasPrefix(name, "age1"):
		return fmt.Errorf("%w: it begins like a key of age", ErrName)
	}
	return nil
}
