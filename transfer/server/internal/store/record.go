// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path"
	"strings"

	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// A partial is two files beside the object's place, "." and 64 hexadecimal digits
// and one of these.
const (
	dataSuffix  = ".part"
	stateSuffix = ".state"
)

// stemOf returns the common name of the files of a partial, without the folder. It
// is a hash, because the names of clients can be long and there are many clients.
func stemOf(client signature.Fingerprint, name string) string {
	sum := sha256.Sum256(append(client[:], name...))
	return "." + hex.EncodeToString(sum[:])
}

// partialStem returns the stem, with its folder, if path is that of one of the files
// of a partial.
func partialStem(file string) (stem string, ok bool) {
	stem, ok = strings.CutSuffix(file, dataSuffix)
	if !ok {
		stem, ok = strings.CutSuffix(file, stateSuffix)
	}
	digits, hidden := strings.CutPrefix(path.Base(stem), ".")
	sum, err := hex.DecodeString(digits)
	return stem, ok && hidden && err == nil && len(sum) == sha256.Size && digits == strings.ToLower(digits)
}

// removePartial removes the files of a partial. The record goes first: one that is
// left alone by a crash would speak of the data of the next.
func removePartial(folder *os.Root, stem string) error {
	return errors.Join(
		ignoreMissing(folder.Remove(stem+stateSuffix)),
		ignoreMissing(folder.Remove(stem+dataSuffix)))
}

// record says what a partial is of, and how much of it is durable. In the file:
//
//	 0   8  magic, version
//	 8   8  length of the whole object, -1 if it is unknown
//	16   8  durable
//	24   8  durable, all bits inverted
//	32  16  id of the push
//	48  16  the same, all bits inverted
//	64  32  digest
//	96   2  length of the name
//	98 1024  name, zeros
//	1122 32  SHA-256 of everything except bytes 16 to 63
//
// Only these bytes are ever written again. They are within one sector of the disk.
type record struct {
	length, durable int64
	push            wire.PushID
	digest          [sha256.Size]byte
	name            string
}

const (
	recordMagic = "pqpart\x00\x02"
	durableAt   = 16
	pushAt      = 32
	fixedAt     = 64
	sumAt       = 98 + wire.MaxName
	recordSize  = sumAt + sha256.Size
)

var errRecord = errors.New("the record of a partial is damaged")

func (r *record) marshal() []byte {
	b := make([]byte, 0, recordSize)
	b = append(b, recordMagic...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.length))
	b = append(b, durableFields(r.durable)...)
	b = append(b, pushFields(r.push)...)
	b = append(b, r.digest[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.name)))
	b = append(b, r.name...)
	b = b[:sumAt] // zeros behind the name
	sum := recordSum(b)
	return append(b, sum[:]...)
}

func durableFields(n int64) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(n))
	return binary.BigEndian.AppendUint64(b, ^uint64(n))
}

func pushFields(id wire.PushID) []byte {
	b := id[:]
	for _, v := range id {
		b = append(b, ^v)
	}
	return b
}

func recordSum(b []byte) [sha256.Size]byte {
	return sha256.Sum256(append(bytes.Clone(b[:durableAt]), b[fixedAt:sumAt]...))
}

// readRecord reads a whole record. Any error means that there is none.
func readRecord(file io.ReaderAt) (record, error) {
	b := make([]byte, recordSize+1)
	if n, err := file.ReadAt(b, 0); n != recordSize || err != io.EOF {
		return record{}, errRecord
	}
	sum := recordSum(b)
	durable := int64(binary.BigEndian.Uint64(b[durableAt:]))
	nameSize := int(binary.BigEndian.Uint16(b[96:]))
	if string(b[:8]) != recordMagic || !bytes.Equal(sum[:], b[sumAt:recordSize]) || nameSize > wire.MaxName ||
		durable < 0 || !bytes.Equal(durableFields(durable), b[durableAt:pushAt]) {
		return record{}, errRecord
	}
	push := wire.PushID(b[pushAt:])
	if !bytes.Equal(pushFields(push), b[pushAt:fixedAt]) {
		push = wire.PushID{} // that of no push
	}
	return record{
		push:    push,
		length:  int64(binary.BigEndian.Uint64(b[8:])),
		durable: durable,
		digest:  [sha256.Size]byte(b[64:]),
		name:    string(b[98:][:nameSize]),
	}, nil
}

// writeDurable says in a record that n bytes are durable, durably.
func writeDurable(state *os.File, n int64) error {
	if _, err := state.WriteAt(durableFields(n), durableAt); err != nil {
		return err
	}
	return flush(state)
}
