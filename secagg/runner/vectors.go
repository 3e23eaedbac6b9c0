// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/signature"
)

// vectors are the masked vectors of a round, in one temporary file.
type vectors struct {
	file  *os.File
	name  string // of the file, if it still has one
	size  int64  // of each vector
	slots map[signature.Fingerprint]*slot
}

// open creates the file. Where that is possible, it loses its name at once: then nothing is left
// of it even if the process is killed.
func (v *vectors) open(folder string, size int64) (err error) {
	v.size, v.slots = size, make(map[signature.Fingerprint]*slot)
	if folder != "" {
		folder = filepath.Clean(folder)
	}
	if v.file, err = os.CreateTemp(folder, "pqenc-secagg-*"); err != nil { // with mode 0600
		return err
	}
	if os.Remove(v.file.Name()) != nil {
		v.name = v.file.Name()
	}
	return nil
}

func (v *vectors) close() {
	v.file.Close()
	if v.name != "" {
		os.Remove(v.name)
	}
}

// makeRoom takes the space for the vectors of so many clients. Their updates are spent when they
// have sent them: it would be too late then to find that the disk is full.
func (v *vectors) makeRoom(clients int) error {
	if err := durable.Reserve(v.file, int64(clients)*v.size); err != nil {
		return &fs.PathError{Op: "write", Path: v.file.Name(), Err: err}
	}
	return nil
}

// reserve returns the place of the vector of a client.
func (v *vectors) reserve(client signature.Fingerprint) *slot {
	s := v.slots[client]
	if s == nil {
		s = &slot{v.file, int64(len(v.slots)) * v.size, v.size}
		v.slots[client] = s
	}
	return s
}

// at returns the vector of a client.
func (v *vectors) at(client signature.Fingerprint) (io.ReaderAt, error) {
	s := v.slots[client]
	if s == nil {
		return nil, fmt.Errorf("client %s: its vector is not there", client)
	}
	return s.reader(), nil
}

// slot is the place of one vector in the file.
type slot struct {
	file   *os.File
	offset int64
	size   int64
}

func (s *slot) writer() io.Writer { return io.NewOffsetWriter(s.file, s.offset) }

func (s *slot) reader() *io.SectionReader { return io.NewSectionReader(s.file, s.offset, s.size) }
