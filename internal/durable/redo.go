// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// RedoSuffix ends the name of the redo log of [OverwriteHead], after the stem.
const RedoSuffix = ".pqenc-redo"

// MaxHead is the length in bytes of the longest head that [OverwriteHead] replaces.
const MaxHead = 2 << 20

const (
	headUnit  = 4096 // divides the length of a head
	tearUnit  = 512  // what a disk writes atomically
	redoMagic = "\x89PQREDO\n"
	redoFixed = len(redoMagic) + 4 + 4 + 2*sha256.Size
)

// redoLog has what is needed to complete a head that was overwritten in part. Its file
// (SPEC.md, section 3.6) is
//
//	magic || version u32 || length u32 || SHA-256 of old || SHA-256 of new || old || new || SHA-256 of all before
type redoLog struct{ old, new []byte }

func (r *redoLog) marshal() []byte {
	b := make([]byte, 0, redoSize(len(r.old)))
	b = append(b, redoMagic...)
	b = binary.BigEndian.AppendUint32(b, 1)
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.old)))
	for _, head := range [][]byte{r.old, r.new} {
		sum := sha256.Sum256(head)
		b = append(b, sum[:]...)
	}
	b = append(append(b, r.old...), r.new...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

func redoSize(length int) int { return redoFixed + 2*length + sha256.Size }

func validHead(length int) bool { return length > 0 && length <= MaxHead && length%headUnit == 0 }

// parseRedo parses a log. It returns nil if b is not one.
func parseRedo(b []byte) *redoLog {
	if len(b) < redoFixed {
		return nil
	}
	length := binary.BigEndian.Uint32(b[len(redoMagic)+4:])
	if length > MaxHead || !validHead(int(length)) || len(b) != redoSize(int(length)) {
		return nil
	}
	heads := b[redoFixed:]
	r := &redoLog{old: heads[:length:length], new: heads[length : 2*length : 2*length]}
	if !bytes.Equal(r.marshal(), b) {
		return nil
	}
	return r
}

// whole returns the complete head for one on the disk: the old or the new one if it is that,
// or the new one if it is torn. The result is nil if the log is about another file, or about
// another state of this one.
func (r *redoLog) whole(head []byte) []byte {
	if len(head) != len(r.old) {
		return nil
	}
	isOld := true
	for i := 0; i < len(head); i += tearUnit {
		block := head[i : i+tearUnit]
		old := bytes.Equal(block, r.old[i:i+tearUnit])
		if !old && !bytes.Equal(block, r.new[i:i+tearUnit]) {
			return nil
		}
		isOld = isOld && old
	}
	if isOld {
		return r.old
	}
	return r.new
}

// readRedo reads the log next to the file that info describes. It returns nil if there is
// none that counts. Others who can write to the folder must not be able to affect the file,
// or reading it. So a log counts only if it belongs to the owner of the file, is complete,
// and has heads of one file.
func readRedo(dir folder, base string, info fs.FileInfo, related Related) (*redoLog, error) {
	name := redoName(base)
	file, log, err := openRegular(dir, name, os.O_RDONLY)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, ErrNotRegular):
		return nil, nil
	case errors.Is(err, fs.ErrPermission):
		if log, err := dir.Lstat(name); err == nil && !trusted(log, info) {
			return nil, nil
		}
	}
	if err != nil {
		return nil, describe(dir, name, false, err)
	}
	defer file.Close()
	if !trusted(log, info) || log.Size() > int64(redoSize(MaxHead)) {
		return nil, nil
	}
	b := make([]byte, log.Size())
	if _, err := io.ReadFull(file, b); ignoreEnd(err) != nil {
		return nil, describe(dir, name, false, err)
	}
	r := parseRedo(b)
	if r == nil || !related(r.old, r.new) {
		return nil, nil
	}
	return r, nil
}

func redoName(base string) string { return stemOf(base) + RedoSuffix }

// errStray is for a log that has the name of the log to be written. It may be about a file
// that was moved away without its log.
func errStray(name string) error {
	return fmt.Errorf("%w: %s: if a file was moved from here, give the log its new name beside it, else remove the log", ErrStrayRedo, name)
}
