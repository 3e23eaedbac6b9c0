// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPrepareAll publishes at once: without an output before it, after a receipt, and over a
// part of another output.
func TestPrepareAll(t *testing.T) {
	directory := t.TempDir()
	synced := 0
	all := func(content, receipt string) {
		t.Helper()
		p := openIn(t, directory)
		want(t, p.PrepareAll([]byte(content), []byte(strings.Repeat("s", MaxStateIn+1))), errState)
		want(t, p.PrepareAll([]byte(content), []byte(receipt)), nil)
		if n := int64(len(content)); p.Written() != n || p.Durable() != n {
			t.Errorf("%d bytes, of which %d are durable", p.Written(), p.Durable())
		}
		want(t, p.PrepareAll(nil, nil), errCommitted)
		want(t, p.Publish(), nil)
		want(t, p.FinishBy(func() error { synced++; return nil }), nil)
		wantContent(t, filepath.Join(directory, "out"), content)
		wantFiles(t, directory, stem+JournalSuffix, "out")
		wantRecord(t, directory, receipt, int64(len(content)), true)
		if info, err := os.Stat(filepath.Join(directory, "out")); err != nil || info.Mode() != 0o600 {
			t.Error(info, err)
		}
	}
	all(fresh, "first")
	all(old, "second")
	all("", "third")

	p := openIn(t, directory)
	want(t, p.Begin(0), nil)
	writePartial(t, p, strings.Repeat(old, 100))
	want(t, p.Save([]byte("mark"), p.Written()), nil)
	want(t, p.Close(), nil)
	all(fresh, "fourth")
	if synced != 4 {
		t.Errorf("%d syncs of the folder", synced)
	}
}

// TestFinishByFails: the error is that the output may not be durable, and no receipt is left.
func TestFinishByFails(t *testing.T) {
	directory := t.TempDir()
	p := openIn(t, directory)
	want(t, p.PrepareAll([]byte(fresh), []byte("receipt")), nil)
	want(t, p.Publish(), nil)
	failed := errors.New("failed")
	err := p.FinishBy(func() error { return failed })
	want(t, err, ErrNotDurable)
	want(t, err, failed)
	wantFiles(t, directory, "out")
}

// TestPrepareAllIsNoPartial ends the output between PrepareAll and Publish. After Close what
// is left is not a receipt, and after Remove nothing is left.
func TestPrepareAllIsNoPartial(t *testing.T) {
	directory := t.TempDir()
	p := openIn(t, directory)
	want(t, p.PrepareAll([]byte(fresh), []byte("receipt")), nil)
	want(t, errors.Join(p.file.Close(), p.journal.file.Close()), nil) // as a kill does
	p = openIn(t, directory)
	if p.Committed() {
		t.Error("there is a receipt")
	}
	want(t, p.PrepareAll([]byte(old), []byte("another")), nil)
	want(t, p.Remove(), nil)
	wantFiles(t, directory)
}

// TestPrepareAllFails takes the name of the part, so that there is no place for the
// content.
func TestPrepareAllFails(t *testing.T) {
	directory := t.TempDir()
	p := openIn(t, directory)
	want(t, os.Mkdir(filepath.Join(directory, stem+PartSuffix), 0o755), nil)
	want(t, p.PrepareAll([]byte(fresh), []byte("receipt")), fs.ErrExist)
	want(t, p.Publish(), errNotPrepared)
	want(t, p.Remove(), nil)
	wantFiles(t, directory, stem+PartSuffix)
}
