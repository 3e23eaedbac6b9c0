// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// Object is a stored object, open for reading. It does not change when its name is replaced,
// moved or deleted.
type Object struct {
	Entry
	Digest [sha256.Size]byte // SHA-256 of the header
	file   *os.File
}

// ReadAt implements [io.ReaderAt].
func (o *Object) ReadAt(b []byte, off int64) (int, error) { return o.file.ReadAt(b, off) }

// Close closes the object.
func (o *Object) Close() error { return o.file.Close() }

// Stat returns the entry of an object in lists. The error wraps [wire.ErrNotFound] if there is
// none.
func (s *Store) Stat(name wire.Name) (Entry, error) {
	info, err := s.lstat(name.String())
	if err != nil {
		return Entry{}, s.missing(name.String(), err)
	}
	return s.seen(name.String(), info), nil
}

// lstat returns the file of an object. If there is none, isAbsence reports true for the
// error.
func (s *Store) lstat(name string) (fs.FileInfo, error) {
	folder, base, err := s.folder(name, false)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	info, err := folder.Lstat(base)
	if err == nil && !info.Mode().IsRegular() {
		err = durable.ErrNotRegular
	}
	return info, err
}

// Open opens an object. The error wraps [wire.ErrNotFound] if there is none, and
// [wire.ErrNotPqenc], [ErrLength] or [ErrTorn] for a file that was put there by hand and is
// not a whole pqenc file.
func (s *Store) Open(name wire.Name) (*Object, error) {
	folder, base, err := s.folder(name.String(), false)
	if err != nil {
		return nil, s.missing(name.String(), err)
	}
	defer folder.Close()
	file, err := durable.OpenRegular(folder, base)
	if err != nil {
		return nil, s.missing(name.String(), err)
	}
	var o *Object
	// Without a key, a header with a log may be torn.
	_, completed, err := durable.ReadHeadIn(folder, base, file, 0, format.SameFile)
	if completed != nil {
		err = ErrTorn
	}
	if err == nil {
		o, err = s.inspect(name.String(), file)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return o, nil
}

// Torn returns the names of the objects that the last scan found with a log of their header,
// and that need the log to be read. They are not served until somebody repairs them: the
// store does not change files that were put there by hand.
func (s *Store) Torn() (names []string) {
	s.mu.Lock()
	logged := s.logged
	s.mu.Unlock()
	for _, name := range logged {
		o, err := s.Open(name)
		if err == nil {
			o.Close()
		} else if errors.Is(err, ErrTorn) {
			names = append(names, name.String())
		}
	}
	return names
}

func (s *Store) inspect(name string, file *os.File) (*Object, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	e := s.seen(name, info)
	header, digest, err := readHeader(io.NewSectionReader(file, 0, info.Size()))
	if err != nil {
		return nil, notPqenc(err)
	}
	if _, err := header.ContentSize(info.Size()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLength, err)
	}
	return &Object{Entry: e, Digest: digest, file: file}, nil
}

// readHeader reads the header at the start of r, and returns it with its SHA-256.
func readHeader(r io.Reader) (*pqenc.Info, [sha256.Size]byte, error) {
	hash := sha256.New()
	info, err := pqenc.Inspect(io.TeeReader(r, hash)) // Inspect reads the header only
	return info, [sha256.Size]byte(hash.Sum(nil)), err
}

// notPqenc wraps errors of files that are not pqenc files in [wire.ErrNotPqenc]. Errors of
// reading stay as they are.
func notPqenc(err error) error {
	for _, kind := range []error{pqenc.ErrNotPqenc, pqenc.ErrUnsupported, pqenc.ErrHeader, pqenc.ErrTruncated} {
		if errors.Is(err, kind) {
			return fmt.Errorf("%w: %w", wire.ErrNotPqenc, err)
		}
	}
	return err
}

// missing returns [wire.ErrNotFound] if err says that there is no object, and err otherwise.
func (s *Store) missing(name string, err error) error {
	if !isAbsence(err) {
		return err
	}
	s.reconcile(name, false, 0)
	return wire.ErrNotFound
}

// isAbsence reports whether err says that there is no object. Other errors leave that open.
func isAbsence(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, durable.ErrNotRegular) || errors.Is(err, errNotFolder)
}

// seen returns the entry of an object that was found on the disk.
func (s *Store) seen(name string, info fs.FileInfo) Entry {
	s.reconcile(name, true, info.Size())
	return Entry{Name: name, Size: info.Size(), ModTime: info.ModTime()}
}

// reconcile corrects the index if it differs from what was seen on the disk, because a file
// was added or removed by hand. It looks at the disk again, because a push may have completed
// meanwhile.
func (s *Store) reconcile(name string, exists bool, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, known := s.index.object(name); known == exists && e.Size == size {
		return
	}
	info, err := s.lstat(name)
	if err == nil {
		s.index.putObject(Entry{Name: name, Size: info.Size(), ModTime: info.ModTime()})
	} else if isAbsence(err) {
		s.index.dropObject(name)
	}
}

// Pending reports whether there are partials with that name and a header that matches.
func (s *Store) Pending(name wire.Name, match func(digest [sha256.Size]byte) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.index.partials(name.String()), func(p *slot) bool { return !p.receipt && match(p.digest) })
}

// Page returns objects whose names start with prefix and come after the name after, in the
// order of the bytes of the names. It visits up to limit names, some of which may not be
// objects. next is the name to continue after, and empty at the end.
func (s *Store) Page(prefix, after string, limit int) (objects []Entry, next string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index.page(prefix, after, limit)
}

// Delete removes an object and the folders that become empty, durably. The error wraps
// [wire.ErrNotFound] if there is none.
func (s *Store) Delete(name wire.Name) error {
	receipts, err := s.remove(name.String())
	if err != nil {
		return s.missing(name.String(), err)
	}
	if err := s.removeReceipts(receipts); err != nil {
		return err
	}
	return s.leaveFolder(name.String())
}

// leaveFolder removes the empty folders of a name that is gone, and makes that durable.
func (s *Store) leaveFolder(name string) error {
	s.mu.Lock()
	s.prune(name)
	s.mu.Unlock()
	return s.syncUp(name)
}

// remove removes an object. It claims and returns the receipts of its name.
func (s *Store) remove(name string) (receipts []*slot, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	folder, base, err := s.folder(name, false)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	if _, err := s.lstat(name); err != nil {
		return nil, err
	}
	if err := durable.Remove(folder, base); err != nil {
		return nil, err
	}
	s.index.dropObject(name)
	return s.claimReceipts(name), nil
}
