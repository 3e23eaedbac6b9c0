// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const stem = ".0123"

// openIn opens a partial output of a server.
func openIn(t *testing.T, directory string) *Partial {
	t.Helper()
	root, err := os.OpenRoot(directory)
	want(t, err, nil)
	p, err := OpenPartialIn(root, "out", stem, Options{Private: true})
	want(t, err, nil)
	t.Cleanup(func() { p.Close() })
	return p
}

func wantRecord(t *testing.T, directory, state string, length int64, complete bool) {
	t.Helper()
	r, err := ReadRecord(rootOf(t, directory), stem)
	want(t, err, nil)
	if string(r.State) != state || r.Length != length || r.Complete != complete {
		t.Errorf("%q of %d bytes, complete: %v", r.State, r.Length, r.Complete)
	}
}

func TestReceipt(t *testing.T) {
	directory := t.TempDir()
	p := openIn(t, directory)
	want(t, p.Publish(), errNotPrepared)
	want(t, p.Begin(0), nil)
	_, err := ReadRecord(rootOf(t, directory), stem)
	want(t, err, fs.ErrNotExist)
	want(t, p.Save([]byte("begun"), 0), nil)
	wantRecord(t, directory, "begun", 0, false)
	writePartial(t, p, fresh)
	want(t, p.Publish(), errNotPrepared)
	longest := strings.Repeat("s", MaxStateIn)
	want(t, p.Save([]byte(longest+"s"), 0), errState)
	want(t, p.Prepare([]byte(longest+"s")), errState)
	want(t, p.Save([]byte(longest), 0), nil)
	wantRecord(t, directory, longest, 0, false)
	want(t, p.Prepare([]byte("receipt")), nil)
	if info, err := os.Stat(filepath.Join(directory, stem+JournalSuffix)); err != nil || info.Size() > 8<<10 {
		t.Errorf("the receipt is %v long, %v: there may be many", info.Size(), err)
	}
	wantRecord(t, directory, "receipt", int64(len(fresh)), true)
	if p.Committed() {
		t.Error("committed before Publish")
	}
	_, err = p.Write([]byte("x"))
	want(t, err, errCommitted)
	want(t, p.Save(nil, 1), errCommitted) // which would be no receipt
	want(t, p.Publish(), nil)
	want(t, p.Publish(), errCommitted)
	want(t, p.Close(), nil)
	want(t, p.Remove(), nil)
	want(t, p.Finish(), nil)
	wantContent(t, filepath.Join(directory, "out"), fresh)
	wantFiles(t, directory, stem+JournalSuffix, "out")

	p = openIn(t, directory)
	if !p.Committed() {
		t.Error("there is a receipt")
	}
	wantState(t, p, "receipt", int64(len(fresh)))
	want(t, p.Close(), nil)
	p = openIn(t, directory) // the receipt stays
	if !p.Committed() {
		t.Error("there is no receipt any more")
	}
	want(t, p.Begin(int64(len(fresh))), errLength)
	want(t, p.Begin(0), nil)
	if p.Committed() {
		t.Error("there is a receipt for what has just been begun")
	}
	wantState(t, p, "", 0)
	writePartial(t, p, old)
	want(t, p.Commit(), nil)
	wantContent(t, filepath.Join(directory, "out"), old)
	wantFiles(t, directory, "out")
	want(t, RemovePartial(rootOf(t, directory), stem), nil)
}

// TestPreparedIsNoReceipt ends the output between Prepare and Publish.
func TestPreparedIsNoReceipt(t *testing.T) {
	for what, end := range map[string]func(*Partial) error{
		"kill":   func(p *Partial) error { return errors.Join(p.file.Close(), p.journal.file.Close()) },
		"close":  (*Partial).Close,
		"remove": (*Partial).Remove,
		"publish fails": func(p *Partial) error {
			var failed *ReplaceError
			if err := p.Publish(); !errors.As(err, &failed) || failed.Kept == "" {
				return err
			}
			return p.Close()
		},
	} {
		t.Run(what, func(t *testing.T) {
			directory := t.TempDir()
			p := openIn(t, directory)
			want(t, p.Begin(0), nil)
			writePartial(t, p, fresh)
			want(t, p.Prepare([]byte("receipt")), nil)
			if what == "publish fails" {
				want(t, os.Mkdir(filepath.Join(directory, "out"), 0o755), nil)
			}
			want(t, end(p), nil)
			os.Remove(filepath.Join(directory, "out"))
			p = openIn(t, directory)
			if p.Committed() {
				t.Error("there is a receipt")
			}
			if what == "remove" {
				wantState(t, p, "", 0)
				return
			}
			wantState(t, p, "receipt", int64(len(fresh)))
			want(t, p.Begin(int64(len(fresh))), nil)
			want(t, p.Commit(), nil)
			wantContent(t, filepath.Join(directory, "out"), fresh)
		})
	}
}

func TestRemovePartial(t *testing.T) {
	directory := t.TempDir()
	p := openIn(t, directory)
	want(t, p.Begin(0), nil)
	writePartial(t, p, fresh)
	want(t, p.Save(nil, 3), nil)
	want(t, p.Close(), nil)
	put(t, filepath.Join(directory, "out"), old)
	root := rootOf(t, directory)
	for range 2 {
		want(t, RemovePartial(root, stem), nil)
		wantFiles(t, directory, "out")
	}
	want(t, Remove(root, "out"), nil)
	want(t, Remove(root, "out"), fs.ErrNotExist)
	want(t, SyncFolder(root), nil)
}

// TestFollow reads what is written, while it is written, saved and ended.
func TestFollow(t *testing.T) {
	directory := t.TempDir()
	p := openIn(t, directory)
	want(t, p.Begin(0), nil)
	content := strings.Repeat(fresh, 5000)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			var got []byte
			b := make([]byte, 1000)
			for len(got) < len(content) {
				n, err := p.ReadAt(b, int64(len(got)))
				got = append(got, b[:n]...)
				if err != nil && err != io.EOF {
					t.Error(err)
					return
				}
			}
			if string(got) != content {
				t.Error("what was read is not what was written")
			}
		})
	}
	for n := 0; n < len(content); n += 1000 {
		writePartial(t, p, content[n:n+1000])
		if n%10000 == 0 {
			want(t, p.Save(nil, p.Written()), nil)
			if p.Durable() != p.Written() {
				t.Errorf("%d of %d bytes are durable", p.Durable(), p.Written())
			}
		}
	}
	all.Wait()
	_, err := p.ReadAt(make([]byte, 1), -1)
	want(t, err, fs.ErrInvalid)
	want(t, p.Close(), nil)
	_, err = p.ReadAt(make([]byte, 1), 0)
	want(t, err, fs.ErrClosed)
	_, err = p.Write([]byte("x"))
	want(t, err, fs.ErrClosed)
}

// TestAbandon does not wait, and leaves what a kill would.
func TestAbandon(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	leave(t, name)
	p := resume(t, name)
	want(t, p.Begin(4), nil)
	want(t, p.Prepare(nil), nil)
	p.work.Lock() // as a Save does that never returns
	p.Abandon()
	p.work.Unlock()
	want(t, p.Publish(), ErrAborted)
	p.file.Close()
	p.journal.file.Close()
	p = resume(t, name)
	wantState(t, p, "four", 4)
	p.Abandon()
	wantNext(t, name, "four", 4)
}
