// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// header is the state of the header of a partial.
type header struct {
	need int64       // bytes that are needed for the next check
	info *pqenc.Info // set when it is complete and valid
}

// prefixSize is the length of the fixed fields up to header_len, which is the u32
// at byte 12 (SPEC.md, section 3.1).
const prefixSize = 16

// CheckHeader checks the header as far as it was written, and reports whether it is complete.
// It is cheap if there is nothing new to check. The error wraps [wire.ErrNotPqenc], after 16
// bytes at the latest; [ErrDigest]; or [ErrLength] if no whole file with this header has the
// announced length. After an error Close removes the partial.
func (p *Partial) CheckHeader() (complete bool, err error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	if p.ended {
		return false, fs.ErrClosed
	}
	return p.check()
}

// check is CheckHeader with p.writing held.
func (p *Partial) check() (complete bool, err error) {
	written := p.file.Written()
	if p.header.info != nil {
		return true, nil
	}
	if written < max(prefixSize, p.header.need) {
		return false, nil
	}
	info, digest, err := readHeader(io.NewSectionReader(p.file, 0, written))
	if errors.Is(err, pqenc.ErrTruncated) {
		// Do not parse again, and allocate, for every byte.
		b := make([]byte, 4)
		_, err := p.file.ReadAt(b, 12)
		p.header.need = int64(binary.BigEndian.Uint32(b))
		return false, err
	}
	switch {
	case err != nil:
		err = notPqenc(err)
	case digest != p.id.Digest:
		err = ErrDigest
	case p.id.Length >= 0:
		err = checkSize(info, p.id.Length)
	}
	if err != nil {
		p.doomed = isFinal(err)
		return false, err
	}
	p.header.info = info
	return true, nil
}

func checkSize(info *pqenc.Info, size int64) error {
	if _, err := info.ContentSize(size); err != nil {
		return fmt.Errorf("%w: %w", ErrLength, err)
	}
	return nil
}

// isFinal reports whether an error is about the bytes, not about the disk.
func isFinal(err error) bool {
	return errors.Is(err, wire.ErrNotPqenc) || errors.Is(err, wire.ErrExists)
}

// Publish makes the partial an object, atomically and durably, closes the partial, and returns
// the length. A receipt stays. The error wraps those of CheckHeader; [ErrLength] if what was
// written is not a whole file; or [wire.ErrExists] if another push was faster. After these
// errors Close removes the partial, unless it is shorter than announced and can be resumed.
// If the object exists but may not be durable, the same push can store it again.
func (p *Partial) Publish() (size int64, err error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.syncing.Lock()
	defer p.syncing.Unlock()
	if p.ended {
		return 0, fs.ErrClosed
	}
	if err := p.whole(); err != nil {
		return 0, err
	}
	receipt := p.id.record()
	receipt.length = p.file.Written()
	if err := p.file.Prepare(receipt.marshal()); err != nil {
		return 0, noSpaceOr(err)
	}
	return p.publish(receipt, func() error { return p.store.syncFolder(path.Dir(p.slot.name)) })
}

// publish is Publish after the file was prepared, with p.writing and p.syncing held. sync
// makes the folder durable.
func (p *Partial) publish(receipt record, sync func() error) (size int64, err error) {
	old, err := p.place()
	if err != nil {
		p.doomed = isFinal(err)
		return 0, noSpaceOr(err)
	}
	p.ended = true
	err = p.file.FinishBy(sync)
	p.leave(&slot{stem: p.slot.stem, record: receipt, touched: time.Now(), receipt: true, unsure: err != nil}, true)
	return receipt.length, errors.Join(err, p.store.removeReceipts(old))
}

// whole checks that what was written is a whole object.
func (p *Partial) whole() error {
	written := p.file.Written()
	if p.id.Length >= 0 && written != p.id.Length {
		return fmt.Errorf("%w: %d of %d bytes", ErrLength, written, p.id.Length)
	}
	complete, err := p.check()
	if err != nil {
		return err
	}
	if complete {
		err = checkSize(p.header.info, written)
	} else {
		err = fmt.Errorf("%w: it ends in the header", ErrLength)
	}
	p.doomed = err != nil
	return err
}

// place gives the partial the name of the object. It claims and returns the receipts of the
// object that it replaces. A rename is enough, without a link, because all pushes and moves
// hold s.mu.
func (p *Partial) place() (receipts []*slot, err error) {
	s := p.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := p.inPlace(); err != nil {
		return nil, err
	}
	if err := p.file.Publish(); err != nil {
		return nil, err
	}
	p.slot.open = nil
	s.index.resizePartial(p.slot, 0)
	s.index.putObject(Entry{Name: p.slot.name, Size: p.file.Written(), ModTime: time.Now()})
	return s.claimReceipts(p.slot.name), nil
}

// errMoved reports that a folder was moved by hand.
var errMoved = errors.New("the folder of the object has been moved")

// inPlace checks, with s.mu held, that the folder of the partial is still that of the name,
// and that the name is free. Otherwise the object would be lost.
func (p *Partial) inPlace() error {
	folder, base, err := p.store.folder(p.slot.name, false)
	if isAbsence(err) {
		err = fmt.Errorf("%w: %w", errMoved, err)
	}
	if err != nil {
		return err
	}
	defer folder.Close()
	now, err := folder.Stat(".")
	if err != nil {
		return err
	}
	if !os.SameFile(now, p.folder) {
		return errMoved
	}
	return p.vacant(folder, base)
}

// Close closes the partial. If it can still be published, it is kept with all that was
// written, to be resumed. It is removed if the header is not complete: such partials cost a
// client almost nothing, and many of them would cost the server much. Close waits for a
// running Write or Sync, and later ones fail with [fs.ErrClosed].
func (p *Partial) Close() error { return p.end(true) }

// Remove closes the partial and removes it.
func (p *Partial) Remove() error { return p.end(false) }

func (p *Partial) end(keep bool) (err error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.syncing.Lock()
	defer p.syncing.Unlock()
	if p.ended {
		return nil
	}
	if keep && !p.doomed {
		complete, _ := p.check()
		if keep = complete; keep {
			err = p.sync(p.file.Written())
		}
	}
	p.ended = true
	if keep = keep && !p.doomed; keep {
		err = errors.Join(err, p.file.Close())
	} else {
		err = errors.Join(err, p.file.Remove())
	}
	left := &slot{stem: p.slot.stem, record: p.id.record(), touched: time.Now(), receipt: true, unsure: p.again}
	if size := p.file.Durable(); keep && size > 0 {
		left.size, left.receipt = size, false
	}
	p.leave(left, !left.receipt || left.unsure)
	return err
}

// leave replaces the slot of the partial in the index by left, or removes it, so that the
// partial can be opened again.
func (p *Partial) leave(left *slot, anything bool) {
	s := p.store
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index.dropPartial(p.slot.stem)
	if anything {
		s.index.putPartial(left)
	}
	s.prune(p.slot.name) // also after publishing: the object may have been deleted already
}
