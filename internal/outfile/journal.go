// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package outfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// MaxState is the length of the longest state of a [Partial], in bytes: with room
// for the header of a file.
const MaxState = 3 << 20

// journal keeps a record in a file. A new one never overwrites the newest but the
// one before: there are two slots, and a record that was torn is none.
type journal struct {
	file   *os.File
	newest *record // or nil
}

// record says what a state is about. In a slot it is
//
//	magic || sequence u64 || length u64 || len(state) u32 || state || SHA-256 of all before
type record struct {
	sequence uint64 // from 0; its last bit is the slot
	length   int64  // of the content
	state    []byte
}

const (
	slotSize     = 4 << 20 // no more than used is on the disk
	recordMagic  = "pqenc\r\n\x01"
	recordHeader = len(recordMagic) + 8 + 8 + 4
)

func (r *record) marshal() []byte {
	b := make([]byte, 0, recordHeader+len(r.state)+sha256.Size)
	b = append(b, recordMagic...)
	b = binary.BigEndian.AppendUint64(b, r.sequence)
	b = binary.BigEndian.AppendUint64(b, uint64(r.length))
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.state)))
	b = append(b, r.state...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// readRecord returns the record at the begin of src, or nil if there is none.
func readRecord(src io.Reader) *record {
	header := make([]byte, recordHeader)
	if _, err := io.ReadFull(src, header); err != nil || string(header[:len(recordMagic)]) != recordMagic {
		return nil
	}
	fields := header[len(recordMagic):]
	size := binary.BigEndian.Uint32(fields[16:])
	if size > MaxState {
		return nil
	}
	state := make([]byte, size)
	var sum [sha256.Size]byte
	if _, err := io.ReadFull(src, state); err != nil {
		return nil
	}
	if _, err := io.ReadFull(src, sum[:]); err != nil {
		return nil
	}
	r := &record{
		sequence: binary.BigEndian.Uint64(fields),
		length:   int64(binary.BigEndian.Uint64(fields[8:])),
		state:    state,
	}
	if !bytes.HasSuffix(r.marshal(), sum[:]) {
		return nil
	}
	return r
}

// load finds the newest record in file.
func (j *journal) load(file *os.File) {
	j.file = file
	for slot := range int64(2) {
		r := readRecord(io.NewSectionReader(file, slot*slotSize, slotSize))
		if r != nil && (j.newest == nil || r.sequence > j.newest.sequence) {
			j.newest = r
		}
	}
}

// limit drops the newest record if it is about more content than there is.
func (j *journal) limit(content int64) {
	if j.newest != nil && (j.newest.length < 0 || j.newest.length > content) {
		j.newest = nil
	}
}

// add makes a record of the state durable.
func (j *journal) add(state []byte, length int64) error {
	r := &record{length: length, state: bytes.Clone(state)}
	if j.newest != nil {
		r.sequence = j.newest.sequence + 1
	}
	if _, err := j.file.WriteAt(r.marshal(), int64(r.sequence%2)*slotSize); err != nil {
		return err
	}
	if err := flush(j.file); err != nil {
		return err
	}
	j.newest = r
	return nil
}

// clear forgets all records, durably.
func (j *journal) clear() error {
	if err := j.file.Truncate(0); err != nil {
		return err
	}
	j.newest = nil
	return flush(j.file)
}

// close leaves no file without a record.
func (j *journal) close() error {
	if j.newest == nil {
		return j.remove()
	}
	return j.file.Close()
}

// remove removes the file before it is closed, and with that unlocked.
func (j *journal) remove() error {
	return errors.Join(os.Remove(j.file.Name()), j.file.Close())
}
