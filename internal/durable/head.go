// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

var (
	// ErrHeadChanged reports that a head was not overwritten because it is not the one
	// that the caller has read.
	ErrHeadChanged = errors.New("was changed meanwhile")

	// ErrNotInPlace reports that a head cannot be overwritten in place safely. It is
	// wrapped together with the reason.
	ErrNotInPlace = errors.New("cannot be changed in place")

	// ErrStrayRedo reports that a redo log stands where that of [OverwriteHead] is to go,
	// which [RepairHead] has not dealt with: that of another file, or of another state of
	// this one.
	ErrStrayRedo = errors.New("there is a redo log that is not about this file")

	// ErrTorn is wrapped by every [TornError].
	ErrTorn = errors.New("the header is torn")
)

// TornError reports that the head of a file on the disk may be a mixture of the old and the
// new one. [RepairHead] completes it from the log. Until then [ReadHead] reads it with the
// log.
type TornError struct {
	Name string // of the file, as the caller gave it
	Log  string // path of the redo log
	Err  error
}

func (e *TornError) Error() string {
	return fmt.Sprintf("%s: the header may be torn: %v: keep %s, which completes it", e.Name, e.Err, e.Log)
}

// Unwrap returns [ErrTorn] and the reason.
func (e *TornError) Unwrap() []error { return []error{ErrTorn, e.Err} }

// Related reports whether a file with the head old can have the head new later. Logs of
// other heads are ignored.
type Related func(old, new []byte) bool

// OverwriteHead replaces the first bytes of the file of that name, which are old, by as
// many new ones: a multiple of 4096 bytes, up to [MaxHead]. The rest of the file is not
// moved. A symbolic link is followed.
//
// After an interrupted write each block of 512 bytes is the old or the new one. So both
// heads are first written to a redo log, STEM.pqenc-redo next to the file, which is removed
// when the new head is on the disk. Meanwhile [ReadHead]
// finds both, and after a failure [RepairHead] completes the head: a [*TornError] means
// that it is needed. On any other error the file is unchanged. A log that was left before
// needs RepairHead first.
//
// The error wraps [ErrInUse] if another process does this at the moment, [ErrHeadChanged],
// [ErrNotInPlace] for a file of several names or of another user, [ErrStrayRedo], or
// [fs.ErrPermission] if the file is read-only, also for root.
func OverwriteHead(name string, old, new []byte) error {
	if !validHead(len(old)) || len(old) != len(new) {
		return &fs.PathError{Op: "overwrite", Path: name, Err: errLength}
	}
	h, err := openHead(name)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.exclusive(); err != nil {
		return err
	}
	found, err := h.read(len(old))
	if err != nil && err != io.EOF {
		return h.explain("read", err)
	}
	if err == io.EOF || !bytes.Equal(found, old) {
		return h.explain("overwrite", ErrHeadChanged)
	}
	if err := h.writeRedo(&redoLog{old, new}); err != nil {
		return err
	}
	return h.overwrite(new)
}

// Choose decides which head a file gets: the one on the disk, or one of those in the log.
// On an error nothing is changed.
type Choose func(disk, old, new []byte) ([]byte, error)

// RepairHead gives a file that [OverwriteHead] may have left torn a complete head, and
// removes the log. The head is the one that choose returns. If choose is nil, it is the one
// on the disk if that is completely old or new, and otherwise the new one. Only a choice
// that knows heads can distinguish a torn head from a good one for which somebody has made
// a log. A log that is ignored, or not about the file, is left alone.
//
// The head is written even if it is there already: after a failed sync that may be true of
// the memory but not of the disk. The errors are those of OverwriteHead, and of choose.
func RepairHead(name string, related Related, choose Choose) (repaired bool, err error) {
	if log, err := hasRedo(name); err != nil || !log {
		return false, err // most files, which stay unlocked
	}
	h, err := openHead(name)
	if err != nil {
		return false, err
	}
	defer h.close()
	sweep(h.dir) // a log that also has the name of a temporary file is ignored
	return h.repair(related, choose)
}

// hasRedo reports whether something has the name of the log of a file.
func hasRedo(name string) (bool, error) {
	path, _, err := resolve(name)
	if err != nil {
		return false, &fs.PathError{Op: "open", Path: name, Err: cause(err)}
	}
	directory, base := filepath.Split(path)
	_, err = os.Lstat(directory + redoName(base))
	return err == nil, IgnoreMissing(err)
}

// head is a file that is locked to have its head overwritten.
type head struct {
	*target          // its base and old are those of the file
	file    *os.File // open for reading and writing
}

// openHead opens a file and locks it, so that two processes cannot mix their heads.
func openHead(name string) (*head, error) {
	fail := func(err error) error { return &fs.PathError{Op: "overwrite", Path: name, Err: cause(err)} }
	path, info, err := resolve(name)
	switch {
	case err != nil:
		return nil, fail(err)
	case info == nil:
		return nil, fail(fs.ErrNotExist)
	case !info.Mode().IsRegular():
		return nil, fail(ErrNotRegular)
	case info.Mode().Perm()&0o222 == 0:
		return nil, fail(fs.ErrPermission) // also for root, although the system would allow it
	}
	dir, base, err := openParent(path)
	if err != nil {
		return nil, err
	}
	file, info, err := openRegular(dir, base, os.O_RDWR)
	if err != nil {
		dir.Close()
		return nil, fail(err)
	}
	h := &head{&target{name: name, dir: dir, base: base, old: info, failed: FailedSyncs()}, file}
	if err = Lock(file); errors.Is(err, ErrNoPartial) {
		err = fmt.Errorf("%w: %w", ErrNotInPlace, err)
	} else if err == nil && !stands(dir, base, file) {
		err = ErrChanged
	}
	if err != nil {
		h.close()
		return nil, fail(err)
	}
	return h, nil
}

// close unlocks the file.
func (h *head) close() {
	h.file.Close()
	h.dir.Close()
}

// exclusive refuses a file that has a path where its log would not be found, or whose log
// would not be trusted.
func (h *head) exclusive() error {
	info, err := h.file.Stat()
	switch {
	case err != nil:
		return h.explain("overwrite", err)
	case links(info) > 1:
		return h.explain("overwrite", fmt.Errorf("%w: it has several names (hard links), and the log would be beside one of them only", ErrNotInPlace))
	}
	h.old = info
	return nil
}

func (h *head) read(length int) ([]byte, error) {
	b := make([]byte, length)
	_, err := h.file.ReadAt(b, 0)
	return b, err
}

// repair writes the complete head, if there is a log about it.
func (h *head) repair(related Related, choose Choose) (bool, error) {
	log, err := readRedo(h.dir, h.base, h.old, related)
	if err != nil || log == nil {
		return false, err
	}
	found, err := h.read(len(log.old))
	if err == io.EOF {
		return false, nil // too short for this log
	}
	if err != nil {
		return false, h.explain("read", err)
	}
	whole := log.whole(found)
	if whole == nil {
		return false, nil
	}
	if choose != nil {
		if whole, err = choose(found, log.old, log.new); err != nil {
			return false, err
		}
	}
	return true, h.overwrite(whole)
}

// writeRedo makes the log durable. It has the readers of the file.
func (h *head) writeRedo(log *redoLog) error {
	name := redoName(h.base)
	t := &target{name: filepath.Join(h.dir.Name(), name), dir: h.dir, base: name, old: h.old, failed: FailedSyncs()}
	err := t.writeNew(log.marshal(), h.old.Mode().Perm()&0o044|0o600)
	if errors.Is(err, fs.ErrExist) {
		return h.explain("overwrite", errStray(t.name))
	}
	if err != nil {
		return err
	}
	info, err := h.dir.Lstat(name)
	if err == nil && !trusted(info, h.old) {
		err = fmt.Errorf("%w: the log beside it would not be safe: it needs the owner of the file, and permissions", ErrNotInPlace)
	}
	if err == nil {
		err = t.sync()
	}
	if err != nil {
		h.dir.Remove(name)
		return h.explain("overwrite", err)
	}
	return nil
}

// overwrite writes a head, each block of which is in the log, and removes the log. If
// anything fails, the log stays. It is harmless when the head is on the disk.
func (h *head) overwrite(whole []byte) error {
	name := redoName(h.base)
	_, err := h.file.WriteAt(whole, 0)
	if err == nil {
		if err = flush(h.file); err != nil {
			err = errSync(err)
		}
	}
	if err == nil {
		err = h.dir.Remove(name)
	}
	if err != nil {
		return &TornError{Name: h.name, Log: filepath.Join(h.dir.Name(), name), Err: cause(err)}
	}
	syncFolder(h.dir) // a log that comes back is about a complete head
	return nil
}

// ReadHead returns the first size bytes of an open file, while [OverwriteHead] may be
// replacing them. If the head is torn according to the log, completed is what [RepairHead]
// would make of it without a choice, otherwise nil. Callers that can verify a head must try
// the one on the disk first, and may use the completed one only if that is invalid: anybody
// who can write as the owner of the file can have made the log. ReadHead writes and locks
// nothing. The name is that by which the file was opened.
//
// A head that is completely old, because the program was stopped before it wrote, or
// completely new, is not torn. A log that is ignored, or not about these bytes, changes
// nothing.
//
// The head is nil if the file cannot have one of that size: size is not that of a head, the
// file is shorter or not a regular one, or the name means an open file, which has no folder
// to look into. The error is that of a log that may count but cannot be read, or of the
// file.
func ReadHead(file *os.File, name string, size int, related Related) (head, completed []byte, err error) {
	if _, ok := descriptor(name); ok {
		return nil, nil, nil
	}
	path, info, err := resolve(name)
	if err == nil && (info == nil || !info.Mode().IsRegular()) {
		return nil, nil, nil
	}
	var dir folder
	if err == nil {
		dir, err = openFolder(filepath.Dir(path))
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, nil, nil // it was opened before it was moved, or through /dev/stdin by somebody who may
	}
	if err != nil {
		return nil, nil, &fs.PathError{Op: "open", Path: name, Err: cause(err)}
	}
	defer dir.Close()
	return readHead(dir, filepath.Base(path), file, size, related)
}

// ReadHeadIn is ReadHead for a file of that single name in a folder. With size 0 the head
// is as long as that in the log, and nil if there is none.
func ReadHeadIn(folder *os.Root, name string, file *os.File, size int, related Related) (head, completed []byte, err error) {
	return readHead(folder, name, file, size, related)
}

// redoLength returns the length of the heads in the log of a file, or 0 if there is none.
func redoLength(dir folder, base string, info fs.FileInfo, related Related) (int, error) {
	log, err := readRedo(dir, base, info, related)
	if err != nil || log == nil {
		return 0, err
	}
	return len(log.old), nil
}

// readHead reads before and after it looks for the log: the head may be overwritten
// meanwhile, and the log may exist only between two looks.
func readHead(dir folder, base string, file *os.File, size int, related Related) (head, completed []byte, err error) {
	info, err := file.Stat()
	if err == nil && size == 0 {
		size, err = redoLength(dir, base, info, related)
	}
	if err != nil || !info.Mode().IsRegular() || !validHead(size) || info.Size() < int64(size) {
		return nil, nil, err
	}
	before, after := make([]byte, size), make([]byte, size)
	for try := range 100 {
		if _, err := file.ReadAt(before, 0); err != nil {
			return nil, nil, err
		}
		log, err := readRedo(dir, base, info, related)
		if err != nil {
			return nil, nil, err
		}
		if _, err := file.ReadAt(after, 0); err != nil {
			return nil, nil, err
		}
		if !bytes.Equal(before, after) {
			continue
		}
		if log == nil {
			return after, nil, nil
		}
		if whole := log.whole(after); whole != nil {
			if bytes.Equal(whole, after) {
				return after, nil, nil
			}
			return after, whole, nil
		}
		if try > 10 {
			return after, nil, nil
		}
		time.Sleep(time.Millisecond) // it may be written at this moment, when any block may be torn
	}
	return nil, nil, &fs.PathError{Op: "read", Path: file.Name(), Err: errRestless}
}
