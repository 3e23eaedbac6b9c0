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
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// header is what is known of the header of a partial.
type header struct {
	need int64       // bytes without which nothing new can be said
	info *pqenc.Info // once it is complete and good
}

// prefixSize is the length of the fixed fields up to header_len, which is the u32
// at byte 12 (SPEC.md, section 3.1).
const prefixSize = 16

// CheckHeader checks the header as far as it was written, which costs nothing when there
// is nothing new to check, and returns whether it is complete. The error wraps
// [wire.ErrNotPqenc], at the latest when 16 bytes of something else are there; [ErrDigest];
// or [ErrLength] if no whole file with this header has the announced length. Then
// Close will remove the partial.
func (p *Partial) CheckHeader() (complete bool, err error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	if err := p.usable(); err != nil {
		return false, err
	}
	return p.check()
}

// check is CheckHeader with p.writing held.
func (p *Partial) check() (complete bool, err error) {
	written := p.written.Load()
	if p.header.info != nil {
		return true, nil
	}
	if written < max(prefixSize, p.header.need) {
		return false, nil
	}
	info, digest, err := readHeader(io.NewSectionReader(p.data, 0, written))
	if errors.Is(err, pqenc.ErrTruncated) {
		// Not to be tried, and its memory taken, again for every byte.
		b := make([]byte, 4)
		_, err := p.data.ReadAt(b, 12)
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

// isFinal tells what is wrong with the bytes from what is wrong with the disk.
func isFinal(err error) bool {
	for _, kind := range []error{wire.ErrNotPqenc, ErrDigest, ErrLength, wire.ErrExists} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// Publish makes an object of the partial, durably and as a whole, closes the
// partial, and returns the length. The error wraps those of CheckHeader; [ErrLength]
// if what was written is not a whole file; [wire.ErrExists] if somebody else was faster.
// Then Close will remove the partial, except that one which is shorter than
// announced can be resumed.
func (p *Partial) Publish() (size int64, err error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.syncing.Lock()
	defer p.syncing.Unlock()
	if err := p.usable(); err != nil {
		return 0, err
	}
	if err := p.whole(); err != nil {
		return 0, err
	}
	if err := p.sync(); err != nil {
		return 0, err
	}
	if err := p.place(); err != nil {
		p.doomed = isFinal(err)
		return 0, err
	}
	removePartial(p.folder, p.stem) // the record: if it stays it says nothing
	err = errors.Join(p.close(), p.folder.Close(), p.store.syncUp(p.id.Name.String()))
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	p.store.index.dropPartial(p.slot.stem)
	p.store.prune(p.slot.name) // others may have deleted the object already
	return p.written.Load(), err
}

// whole checks that what was written is a whole object.
func (p *Partial) whole() error {
	written := p.written.Load()
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

// place gives the partial the name of the object. No link is needed to find out
// whether somebody was faster: everybody who publishes comes this way.
func (p *Partial) place() error {
	s := p.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := p.inPlace(); err != nil {
		return err
	}
	if err := p.vacant(); err != nil {
		return err
	}
	// Letting go of a large file takes the system a while, and it does so when
	// nobody has it open any more: not under the lock, nor while the client waits.
	if old, err := openRegular(p.folder, p.base, os.O_RDONLY); err == nil {
		defer func() { go old.Close() }()
	}
	if err := p.folder.Rename(p.stem+dataSuffix, p.base); err != nil {
		return noSpaceOr(err)
	}
	p.slot.open = nil
	s.index.resizePartial(p.slot, 0)
	s.index.putObject(Entry{Name: p.id.Name.String(), Size: p.written.Load(), ModTime: time.Now()})
	return nil
}

// errMoved says that a folder is not where it was: somebody has moved it by hand.
var errMoved = errors.New("the folder of the object has been moved")

// inPlace checks that the folder of the partial is still that of the name, with s.mu
// held: otherwise the object would not be there for anybody.
func (p *Partial) inPlace() error {
	folder, _, err := p.store.folder(p.id.Name.String(), false)
	if err != nil {
		return fmt.Errorf("%w: %w", errMoved, err)
	}
	defer folder.Close()
	now, err := folder.Stat(".")
	if err != nil {
		return err
	}
	then, err := p.folder.Stat(".")
	if err == nil && !os.SameFile(now, then) {
		err = errMoved
	}
	return err
}

// Close ends the use of the partial. If it was not published and can still be, it is
// kept with all that was written, to be resumed. It is removed if not even the header
// is there: that costs a client next to nothing, and a store of such would cost the
// server much. Close waits for a Write or Sync that is going on, and those that come
// later get [fs.ErrClosed].
func (p *Partial) Close() error { return p.end(true) }

// Remove is Close for a partial that shall not be kept.
func (p *Partial) Remove() error { return p.end(false) }

func (p *Partial) end(keep bool) error {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.syncing.Lock()
	defer p.syncing.Unlock()
	if p.ended {
		return nil
	}
	var err error
	if keep = keep && !p.doomed && p.resumable(); keep {
		err = p.settle()
	}
	return errors.Join(err, p.close(), p.leave(keep), p.folder.Close())
}

// resumable says whether the header is there, and good.
func (p *Partial) resumable() bool {
	complete, err := p.check()
	return complete && err == nil
}

// close closes the files, and not yet their folder. Readers may still be trying them:
// they stay set.
func (p *Partial) close() error {
	p.ended = true
	closed := fs.ErrClosed
	p.failure.Store(&closed)
	return errors.Join(p.data.Close(), p.state.Close())
}

// settle makes all that was written durable. When that fails, now or before, what
// was not durable is cut off, and is not to be trusted any more.
func (p *Partial) settle() error {
	if err := p.sync(); err != nil {
		return errors.Join(err, p.data.Truncate(p.durable.Load()))
	}
	return nil
}

// leave lets others open the partial, or removes it. The system may take its time to
// remove a large file: that is not done under the lock.
func (p *Partial) leave(keep bool) (err error) {
	if !keep {
		err = removePartial(p.folder, p.stem)
	}
	s := p.store
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index.dropPartial(p.slot.stem)
	if keep {
		s.index.putPartial(&slot{stem: p.slot.stem, name: p.slot.name, digest: p.id.Digest, size: p.durable.Load(), touched: time.Now()})
	} else {
		s.prune(p.slot.name)
	}
	return err
}
