// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/pqenc/pqenc/internal/durable"
)

// ErrSent reports that an update was sent masked before. Two sums over different clients, of
// which both contain it, could show more than each of them.
var ErrSent = errors.New("this update was sent masked before")

// sentSuffix is appended to the digest of an update for the name of its record.
const sentSuffix = ".sent"

// Claim records in a folder that an update is about to be sent masked in that round. For an
// update that has a record there the error is an [ErrSent], also if two processes try at the same
// time. The record is durable when Claim returns nil. It is a file with the SHA-256 of the update
// in its name, readable only by its owner, and stays: whoever removes it allows the update to be
// sent once more.
func Claim(folder string, update io.Reader, round string) error {
	h := sha256.New()
	h.Write([]byte("pqenc/v1/secagg/runner/update\n"))
	if _, err := io.Copy(h, update); err != nil {
		return err
	}
	name := filepath.Join(folder, hex.EncodeToString(h.Sum(nil))+sentSuffix)
	err := durable.WriteNew(name, []byte(round+"\n"), 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s is its record", ErrSent, name)
	}
	return err
}
