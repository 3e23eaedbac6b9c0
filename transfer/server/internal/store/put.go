// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// Put stores a whole object, durably, and returns its length. The Digest and Length of the id
// are ignored. Objects that are stored at about the same time share syncs of folders. A
// partial of that client and name is replaced. The error is one of [Store.Partial] or
// [Partial.Publish]. After an error nothing is kept.
func (s *Store) Put(id ID, b Bounds, object []byte) (size int64, err error) {
	id.Length = int64(len(object))
	info, err := id.describe(object)
	err = cmp.Or(s.checkLength(id.Length), err)
	if err != nil {
		return 0, errors.Join(err, s.forget(id))
	}
	if ok, err := s.holds(id, object); err != nil {
		return 0, err
	} else if ok {
		return 0, cmp.Or(s.syncUp(id.Name.String()), error(&StoredError{id.Length}))
	}
	p, err := s.open(id, b, (*Partial).openForAll)
	if errors.Is(err, wire.ErrExists) || errors.Is(err, wire.ErrQuota) {
		return 0, errors.Join(err, s.forget(id))
	}
	if err != nil {
		return 0, noSpaceOr(err)
	}
	size, err = p.put(object, info)
	return size, errors.Join(err, p.Remove())
}

// describe sets the digest of the header, and checks that the object is whole.
func (id *ID) describe(object []byte) (info *pqenc.Info, err error) {
	info, id.Digest, err = readHeader(bytes.NewReader(object))
	if err != nil {
		return nil, notPqenc(err)
	}
	return info, checkSize(info, id.Length)
}

// holds reports whether this push has stored the object already. The receipt alone is not
// enough, because it is written before the object.
func (s *Store) holds(id ID, object []byte) (bool, error) {
	if _, ok, err := s.stored(id); !ok || err != nil {
		return false, err
	}
	o, err := s.Open(id.Name)
	if err != nil {
		return false, nil // the push decides whether it replaces the file
	}
	defer o.Close()
	there := make([]byte, len(object))
	if _, err := o.ReadAt(there, 0); err != nil && err != io.EOF {
		return false, fmt.Errorf("%q: %w", id.Name, err)
	}
	return bytes.Equal(there, object), nil
}

// openForAll opens the files for a whole object.
func (p *Partial) openForAll(folder *os.Root) (err error) {
	p.file, err = p.openFiles(folder)
	p.proven = err == nil
	return err
}

// put publishes the object.
func (p *Partial) put(object []byte, info *pqenc.Info) (size int64, err error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.syncing.Lock()
	defer p.syncing.Unlock()
	p.header.info = info
	p.doomed = true // nobody would resume it
	p.reserved.take(int64(len(object)))
	receipt := p.id.record()
	if err := p.file.PrepareAll(object, receipt.marshal()); err != nil {
		return 0, noSpaceOr(err)
	}
	return p.publish(receipt, func() error { return p.store.syncUp(p.slot.name) })
}
