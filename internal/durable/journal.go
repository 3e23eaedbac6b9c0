// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
)

// Record is an entry of the journal of a [Partial]. In a slot of the journal it is
//
//	magic || sequence u64 || length u64 || complete u32 || len(state) u32 || state || SHA-256 of all before
type Record struct {
	State    []byte
	Length   int64 // bytes of content that the state is about
	Complete bool  // set by Prepare: a receipt if there is no part

	sequence uint64 // from 0; its last bit is the slot
}

const (
	largeSlot    = 4 << 20 // has room for MaxState; no more than used is on the disk
	smallSlot    = 4 << 10 // has room for MaxStateIn
	recordMagic  = "pqenc\r\n\x02"
	recordHeader = len(recordMagic) + 8 + 8 + 4 + 4
	recordRoom   = smallSlot // bytes that each slot takes from the start
)

// journal keeps a record in a file. A new record overwrites the one before the newest:
// there are two slots, and a torn record is ignored.
type journal struct {
	dir       folder
	name      string
	slot      int64 // size of a slot in bytes
	file      *os.File
	newest    *Record // or nil
	confirmed bool    // this process has synced newest and everything before it
}

func (r *Record) marshal() []byte {
	b := make([]byte, 0, recordHeader+len(r.State)+sha256.Size)
	b = append(b, recordMagic...)
	b = binary.BigEndian.AppendUint64(b, r.sequence)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Length))
	complete := uint32(0)
	if r.Complete {
		complete = 1
	}
	b = binary.BigEndian.AppendUint32(b, complete)
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.State)))
	b = append(b, r.State...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// readRecord returns the record at the start of src, or nil if there is none. The error is
// that of a read.
func readRecord(src io.Reader) (*Record, error) {
	header := make([]byte, recordHeader)
	if _, err := io.ReadFull(src, header); err != nil {
		return nil, ignoreEnd(err)
	}
	fields := header[len(recordMagic):]
	size := binary.BigEndian.Uint32(fields[20:])
	if string(header[:len(recordMagic)]) != recordMagic || size > MaxState {
		return nil, nil
	}
	rest := make([]byte, int(size)+sha256.Size)
	if _, err := io.ReadFull(src, rest); err != nil {
		return nil, ignoreEnd(err)
	}
	r := &Record{
		State:    rest[:size:size],
		Length:   int64(binary.BigEndian.Uint64(fields[8:])),
		Complete: fields[19] == 1,
		sequence: binary.BigEndian.Uint64(fields),
	}
	if r.Length < 0 || !bytes.Equal(r.marshal(), append(header, rest...)) {
		return nil, nil
	}
	return r, nil
}

func ignoreEnd(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil
	}
	return err
}

// newestRecord returns the newest record in a journal with slots of that size, or nil.
func newestRecord(file io.ReaderAt, size int64) (newest *Record, err error) {
	for slot := range int64(2) {
		r, err := readRecord(io.NewSectionReader(file, slot*size, size))
		if err != nil {
			return nil, err
		}
		if r != nil && (newest == nil || r.sequence > newest.sequence) {
			newest = r
		}
	}
	return newest, nil
}

// ReadRecord returns the newest record in the journal of that stem, which
// [OpenPartialIn] has made, without opening the Partial. The error wraps [fs.ErrNotExist] if there is no journal, or none with
// a record.
func ReadRecord(folder *os.Root, stem string) (Record, error) {
	name := stem + JournalSuffix
	file, _, err := openRegular(folder, name, os.O_RDONLY)
	if err != nil {
		return Record{}, &fs.PathError{Op: "open", Path: name, Err: cause(err)}
	}
	defer file.Close()
	r, err := newestRecord(file, smallSlot)
	if err == nil && r == nil {
		err = fs.ErrNotExist
	}
	if err != nil {
		return Record{}, &fs.PathError{Op: "read", Path: name, Err: cause(err)}
	}
	return *r, nil
}

// length returns the length of the content up to the last mark, in bytes.
func (j *journal) length() int64 {
	if j.newest == nil {
		return 0
	}
	return j.newest.Length
}

// fits reports whether a record with that state has room in a slot.
func (j *journal) fits(state []byte) bool {
	return len(state) <= MaxState && int64(recordHeader+len(state)+sha256.Size) <= j.slot
}

// add makes a record durable.
func (j *journal) add(r Record) error {
	slot, err := j.write(&r)
	if err != nil {
		return err
	}
	return j.settle(&r, slot)
}

// write writes a record, which is not durable yet.
func (j *journal) write(r *Record) (slot int64, err error) {
	r.sequence = 0
	if j.newest != nil {
		r.sequence = j.newest.sequence + 1
	}
	slot = int64(r.sequence%2) * j.slot
	if _, err = j.file.WriteAt(r.marshal(), slot); err != nil {
		j.spoil(slot)
	}
	return slot, err
}

// settle makes durable what write has written.
func (j *journal) settle(r *Record, slot int64) error {
	if err := flush(j.file); err != nil {
		j.spoil(slot)
		return errSync(err)
	}
	j.newest, j.confirmed = r, true
	return nil
}

// spoil makes sure that the next process does not read from memory a record that may not be
// on the disk. If it is on the disk, it is harmless: the content that it is about is there.
func (j *journal) spoil(slot int64) {
	j.confirmed = false
	j.file.WriteAt(make([]byte, recordHeader), slot)
}

// confirm makes the newest record durable, unless this process has synced it.
func (j *journal) confirm() error {
	if j.newest == nil || j.confirmed {
		return nil
	}
	return j.add(*j.newest)
}

// reserve allocates space for records of the usual size, so that a mark can be set when the
// disk is full.
func (j *journal) reserve() error {
	for slot := range int64(2) {
		if _, err := j.file.WriteAt(make([]byte, recordRoom), slot*j.slot); err != nil {
			return err
		}
	}
	return nil
}

// clear forgets all records, durably.
func (j *journal) clear() error {
	if err := j.file.Truncate(0); err != nil {
		return err
	}
	j.newest = nil
	if err := flush(j.file); err != nil {
		return errSync(err)
	}
	return nil
}

// remove removes the file before it closes it, which unlocks it.
func (j *journal) remove() error {
	return errors.Join(IgnoreMissing(j.dir.Remove(j.name)), j.file.Close())
}
