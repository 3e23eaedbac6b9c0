// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"bytes"
	"cmp"
)

// PrepareAll is Begin(0), Write and Prepare for content that is complete, such as that of
// small files. It sets no mark, and needs one sync of the journal and one of the content,
// and none of the folder. The output must not have begun. After an error only Remove is
// possible.
//
// The receipt is durable before the content, and may exist without it: whoever finds a
// receipt of such an output has to compare the target with the content.
func (p *Partial) PrepareAll(content, receipt []byte) error {
	p.work.Lock()
	defer p.work.Unlock()
	if err := cmp.Or(p.ended(), p.dead); err != nil {
		return err
	}
	if !p.journal.fits(receipt) {
		return p.explain("save", errState)
	}
	if err := p.prepareAll(content, receipt); err != nil {
		p.lost = p.explain("write", err)
		return p.fail(p.lost)
	}
	p.written.Store(int64(len(content)))
	p.durable.Store(int64(len(content)))
	p.lost = nil
	p.fail(nil)
	return p.advance(open, noStep)
}

// prepareAll makes sure that a record is never about other content. If there is a record,
// the new one is made durable before the content changes. Otherwise both can be made durable
// at once.
func (p *Partial) prepareAll(content, receipt []byte) (err error) {
	if p.file != nil {
		if err := p.begin(0); err != nil {
			return err
		}
	}
	fresh := p.journal.newest == nil
	record := &Record{State: bytes.Clone(receipt), Length: int64(len(content)), Complete: true}
	slot, err := p.journal.write(record)
	if err == nil && !fresh {
		err = p.journal.settle(record, slot)
	}
	if err == nil && p.file == nil {
		p.file, err = createPrivate(p.dir, p.part)
	}
	if err == nil {
		_, err = p.file.WriteAt(content, 0)
	}
	if err != nil {
		return err
	}
	synced := make(chan error, 1)
	go func() { synced <- flush(p.file) }()
	if fresh {
		err = p.journal.settle(record, slot)
	}
	if failed := <-synced; failed != nil {
		p.journal.spoil(slot)
		err = errSync(failed)
	}
	return err
}
