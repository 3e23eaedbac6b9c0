// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"path"
	"strings"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/signature"
)

// stemOf returns the stem of a partial, without the folder. It is a hash, because names can be
// long and a name can have partials of many clients.
func stemOf(client signature.Fingerprint, name string) string {
	sum := sha256.Sum256(append(client[:], name...))
	return "." + hex.EncodeToString(sum[:])
}

// partialStem returns the stem with its folder, if file is one of the files of a partial.
func partialStem(file string) (stem string, ok bool) {
	stem, ok = strings.CutSuffix(file, durable.PartSuffix)
	if !ok {
		stem, ok = strings.CutSuffix(file, durable.JournalSuffix)
	}
	digits, hidden := strings.CutPrefix(path.Base(stem), ".")
	sum, err := hex.DecodeString(digits)
	return stem, ok && hidden && err == nil && len(sum) == sha256.Size && digits == strings.ToLower(digits)
}

// record identifies the push of a partial, or of a receipt. In the journal it is
//
//	length i64 || push id, 16 bytes || digest, 32 bytes || name
type record struct {
	length int64 // of the object, -1 if it is unknown
	push   [16]byte
	digest [sha256.Size]byte
	name   string
}

const recordSize = 8 + 16 + sha256.Size // without the name

func (r record) marshal() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(r.length))
	b = append(append(b, r.push[:]...), r.digest[:]...)
	return append(b, r.name...)
}

// parseRecord parses a record, and reports whether there is one.
func parseRecord(b []byte) (r record, ok bool) {
	if len(b) <= recordSize {
		return r, false
	}
	r = record{length: int64(binary.BigEndian.Uint64(b)), name: string(b[recordSize:])}
	copy(r.push[:], b[8:])
	copy(r.digest[:], b[24:])
	return r, true
}
