// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"errors"
	"io"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/fips"
)

// header is an authenticated header that meets the policy of the reader.
type header struct {
	*format.Header
	fileKey *FileKey
	keys    *format.Keys
	sig     *signed // nil if the file is not signed
}

// openHeader reads the header at the start of src, and nothing after it. All ways to
// read a file use it.
func openHeader(src io.Reader, policy Policy, identities []Identity) (*header, error) {
	h, err := format.Parse(src)
	if err != nil {
		return nil, err
	}
	if err := fips.Check(); err != nil {
		return nil, err
	}
	fileKey, keys, err := unlock(h, identities)
	if err != nil {
		return nil, err
	}
	sig, err := policy.check(h, keys, identities)
	if err != nil {
		return nil, err
	}
	return &header{h, fileKey, keys, sig}, nil
}

// trailerSize returns how many bytes follow the body.
func (h *header) trailerSize() int {
	if h.sig == nil {
		return 0
	}
	return trailerSize
}

// unlock finds the file key and authenticates the header with it.
func unlock(h *format.Header, identities []Identity) (*FileKey, *format.Keys, error) {
	result := error(ErrNoMatch)
	for _, id := range identities {
		for _, s := range h.Stanzas {
			if !s.Type.WrapsKey() {
				continue
			}
			fileKey, err := id.Unwrap(s, h.Binding())
			if errors.Is(err, ErrNoMatch) {
				if result == ErrNoMatch {
					result = err // may have details, such as for a wrong passphrase
				}
				continue
			}
			if err != nil {
				return nil, nil, err
			}
			keys := h.DeriveKeys(fileKey)
			if !h.Committed(keys) {
				// A forged stanza must not hide a good one: continue.
				result = &format.Error{Field: "commit", Reason: "is not that of the file key", Kind: ErrHeader}
				continue
			}
			return fileKey, keys, h.Authenticate(keys)
		}
	}
	return nil, nil, result
}
