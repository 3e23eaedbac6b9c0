// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pqenc/pqenc/transfer/internal/wire"
)

func TestResume(t *testing.T) {
	dir := t.TempDir()
	file := encrypted(t, 20000)
	for name, id := range map[string]ID{
		"lab/known":   idOf(alice, "lab/known", file),
		"lab/unknown": unknown(idOf(alice, "lab/unknown", file)),
	} {
		s := open(t, dir, Options{})
		p := begin(t, s, id, Bounds{})
		write(t, p, file[:5000])
		syncAll(t, p)
		write(t, p, file[5000:7000])
		if p.Durable() != 5000 || p.Written() != 7000 {
			t.Errorf("%s: %d of %d bytes are durable", name, p.Durable(), p.Written())
		}
		kill(t, s, p)

		s = open(t, dir, Options{})
		p = begin(t, s, id, Bounds{})
		if p.Durable() != 5000 || p.Written() != 5000 {
			t.Errorf("%s: killed: %d of %d bytes", name, p.Durable(), p.Written())
		}
		write(t, p, file[5000:9000])
		closeOK(t, p)
		p = begin(t, s, id, Bounds{})
		if p.Durable() != 9000 || p.Written() != 9000 {
			t.Errorf("%s: closed: %d of %d bytes", name, p.Durable(), p.Written())
		}
		if complete, err := p.CheckHeader(); !complete || err != nil {
			t.Errorf("%s: header: %t, %v", name, complete, err)
		}
		write(t, p, file[9000:])
		publish(t, p)
		wantObject(t, s, name, file)
		wantUsage(t, s)
		closeOK(t, s)
	}
	wantFiles(t, dir, "lab", "lab/known", "lab/unknown")
}

// TestResumeOther resumes with another file: nothing of the old one is used.
func TestResumeOther(t *testing.T) {
	file, other := encrypted(t, 5000), encrypted(t, 5000)
	id := idOf(alice, "x/a", file)
	changes := map[string]func(*ID){
		"digest":            func(id *ID) { id.Digest[0]++ },
		"length":            func(id *ID) { id.Length++ },
		"length is unknown": func(id *ID) { id.Length = -1 },
		"client":            func(id *ID) { id.Client = bob },
		"name":              func(id *ID) { id.Name = named("x/b") },
	}
	for what, change := range changes {
		dir := t.TempDir()
		s := open(t, dir, Options{})
		p := begin(t, s, id, replace)
		write(t, p, file[:4500])
		closeOK(t, p)
		changed := id
		change(&changed)
		p = begin(t, s, changed, replace)
		if p.Durable() != 0 || p.Written() != 0 {
			t.Errorf("%s: resumes at %d", what, p.Durable())
		}
		if changed.Client == id.Client && changed.Name == id.Name {
			wantFiles(t, dir, "x", "x/HASH.pqenc-part", "x/HASH.pqenc-state")
		} else {
			wantFiles(t, dir, "x", "x/HASH.pqenc-part", "x/HASH.pqenc-state", "x/HASH.pqenc-part", "x/HASH.pqenc-state")
		}
		closeOK(t, p)
		wantUsage(t, s)

		p = begin(t, s, idOf(alice, "x/a", other), replace)
		write(t, p, other)
		publish(t, p)
		wantObject(t, s, "x/a", other)
		wantUsage(t, s)
	}
}

// TestOtherPush resumes with another push ID: the client must prove that it has the
// partial, which then belongs to the new push.
func TestOtherPush(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 5000)
	id := idOf(alice, "a", file)
	p := begin(t, s, id, replace)
	if !p.Proven() {
		t.Error("a new partial is not that of its push")
	}
	write(t, p, file[:4500])
	closeOK(t, p)
	other := id
	other.Push = [16]byte{2}
	reopen := func(id ID, proven bool) *Partial {
		t.Helper()
		p, err := s.Partial(id, replace)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		if p.Proven() != proven || p.Durable() != 4500 || p.Written() != 4500 {
			t.Errorf("proven: %t, at %d", p.Proven(), p.Durable())
		}
		return p
	}
	// A push that does not resume changes nothing.
	p = reopen(other, false)
	if got, err := io.ReadAll(io.NewSectionReader(p, 0, 5000)); err != nil || !bytes.Equal(got, file[:4500]) {
		t.Errorf("what is to be compared: %d bytes, %v", len(got), err)
	}
	_, err := p.Write(file[4500:])
	wantError(t, err, wire.ErrOrder)
	wantError(t, p.Begin(4400), wire.ErrOrder)
	closeOK(t, p)
	closeOK(t, reopen(id, true))

	p = reopen(other, false)
	wantError(t, p.Begin(4500), nil)
	kill(t, s)
	p.file.Abandon()
	s = open(t, dir, Options{})
	closeOK(t, reopen(id, false))
	p = reopen(other, true)
	wantError(t, p.Begin(4500), nil)
	write(t, p, file[4500:])
	publish(t, p)
	wantObject(t, s, "a", file)

	// Or it starts over.
	p = begin(t, s, idOf(bob, "b", file), replace)
	write(t, p, file[:4500])
	closeOK(t, p)
	other = idOf(bob, "b", file)
	other.Push = [16]byte{3}
	p = reopen(other, false)
	wantError(t, p.Begin(0), nil)
	if p.Written() != 0 || p.Durable() != 0 {
		t.Errorf("starts over at %d", p.Written())
	}
	write(t, p, file)
	publish(t, p)
	wantObject(t, s, "b", file)
	wantUsage(t, s)
}

// TestDamagedFiles resumes after the two files of a partial were changed.
func TestDamagedFiles(t *testing.T) {
	file := encrypted(t, 5000)
	id := idOf(alice, "a", file)
	for _, c := range []struct {
		what   string
		damage func(data, state string) error
		want   int64
	}{
		{"nothing", func(string, string) error { return nil }, 4500},
		{"no journal", func(_, state string) error { return os.Remove(state) }, 0},
		{"empty journal", func(_, state string) error { return os.Truncate(state, 0) }, 0},
		{"torn journal", func(_, state string) error { return os.Truncate(state, 100) }, 0},
		{"zeros", func(_, state string) error { return os.WriteFile(state, make([]byte, 1000), 0o600) }, 0},
		{"no data", func(data, _ string) error { return os.Remove(data) }, 0},
		{"less data", func(data, _ string) error { return os.Truncate(data, 4200) }, 0},
		{"more data", func(data, _ string) error { return os.Truncate(data, 1<<30) }, 4500},
	} {
		dir := t.TempDir()
		s := open(t, dir, Options{})
		p := begin(t, s, id, replace)
		write(t, p, file[:4500])
		closeOK(t, p)
		closeOK(t, s)
		data, state := filesOf(t, dir, id)
		if err := c.damage(data, state); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir, Options{})
		p = begin(t, s, id, replace)
		if p.Durable() != c.want || p.Written() != c.want {
			t.Errorf("%s: resumes at %d, %d", c.what, p.Durable(), p.Written())
		}
		if info, err := os.Stat(data); err != nil || info.Size() != c.want {
			t.Errorf("%s: the file was not cut: %v, %v", c.what, info.Size(), err)
		}
		write(t, p, file[c.want:])
		publish(t, p)
		wantObject(t, s, "a", file)
		wantFiles(t, dir, "a")
		wantUsage(t, s)
	}
}

func TestRecord(t *testing.T) {
	r := record{length: -1, push: [16]byte{1, 15: 2}, digest: sha256.Sum256(nil), name: strings.Repeat("n", wire.MaxName)}
	if got, ok := parseRecord(r.marshal()); !ok || got != r {
		t.Errorf("%+v, %t", got, ok)
	}
	for _, n := range []int{0, 1, recordSize} {
		if r, ok := parseRecord(r.marshal()[:n]); ok {
			t.Errorf("%d bytes: %+v", n, r)
		}
	}
}

func TestBusy(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	file := encrypted(t, 1000)
	id := idOf(alice, "a", file)
	older := begin(t, s, id, replace)
	write(t, older, file[:4500])
	for _, other := range []ID{id, unknown(id)} {
		_, err := s.Partial(other, replace)
		wantError(t, err, wire.ErrBusy)
	}
	begin(t, s, idOf(bob, "a", file), replace)
	closeOK(t, older)
	newer := begin(t, s, id, replace)
	if newer.Durable() != 4500 {
		t.Errorf("%d bytes were handed over", newer.Durable())
	}
	closeOK(t, older) // a second Close does nothing
	write(t, newer, file[4500:])
	publish(t, newer)
}

// TestNotPqenc pushes other bytes than announced, which are not kept.
func TestNotPqenc(t *testing.T) {
	file := encrypted(t, 1000)
	id := idOf(alice, "x/a", file)
	changed := func(at int) []byte {
		b := bytes.Clone(file)
		b[at]++
		return b
	}
	huge := changed(0)
	huge[0]--
	binary.BigEndian.PutUint32(huge[12:], 1<<31)
	for _, c := range []struct {
		what string
		id   ID
		b    []byte
		want error
	}{
		{"text", id, []byte("0123456789abcdef"), wire.ErrNotPqenc},
		{"magic", id, changed(7)[:16], wire.ErrNotPqenc},
		{"version", id, changed(8)[:16], wire.ErrNotPqenc},
		{"flags", id, changed(11)[:headerSize], wire.ErrNotPqenc},
		{"header_len", id, changed(15)[:16], wire.ErrNotPqenc},
		{"huge header", id, huge[:16], wire.ErrNotPqenc},
		{"padding", id, changed(4000)[:headerSize], wire.ErrNotPqenc},
		{"salt", id, changed(16)[:headerSize], ErrDigest},
		{"other header", unknown(id), encrypted(t, 1000), ErrDigest},
		{"length", ID{alice, id.Name, id.Push, id.Digest, headerSize + 15}, file[:headerSize], ErrLength},
	} {
		dir := t.TempDir()
		s := open(t, dir, Options{})
		p := begin(t, s, c.id, replace)
		write(t, p, c.b)
		complete, err := p.CheckHeader()
		if complete || !errors.Is(err, c.want) {
			t.Errorf("%s: %t, %v", c.what, complete, err)
		}
		closeOK(t, p)
		wantFiles(t, dir)
		wantUsage(t, s)
	}
}

// TestHeaderInPieces checks the header after every byte, as with a slow client.
func TestHeaderInPieces(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	file := encrypted(t, 1)
	p := begin(t, s, idOf(alice, "a", file), replace)
	for i := range headerSize {
		write(t, p, file[i:i+1])
		if complete, err := p.CheckHeader(); complete != (i == headerSize-1) || err != nil {
			t.Fatalf("%d bytes: %t, %v", i+1, complete, err)
		}
	}
}

func TestLength(t *testing.T) {
	file := encrypted(t, 1000)
	id := idOf(alice, "a", file)
	for _, c := range []struct {
		what string
		id   ID
		size int
		keep bool
	}{
		{"shorter than announced", id, len(file) - 1, true},
		{"nothing", id, 0, false},
		{"nothing, unknown", unknown(id), 0, false},
		{"half a header", unknown(id), headerSize / 2, false},
		{"no chunk", unknown(id), headerSize, false},
		{"impossible", unknown(id), headerSize + 15, false},
	} {
		dir := t.TempDir()
		s := open(t, dir, Options{})
		p := begin(t, s, c.id, replace)
		write(t, p, file[:c.size])
		_, err := p.Publish()
		wantError(t, err, ErrLength)
		closeOK(t, p)
		if c.keep {
			wantFiles(t, dir, "HASH.pqenc-part", "HASH.pqenc-state")
		} else {
			wantFiles(t, dir)
		}
		wantUsage(t, s)
	}
	s := open(t, t.TempDir(), Options{})
	p := begin(t, s, id, replace)
	n, err := p.Write(append(bytes.Clone(file), 0))
	if n != 0 || !errors.Is(err, ErrLength) {
		t.Errorf("longer than announced: %d, %v", n, err)
	}
	_, err = s.Partial(ID{alice, named("b"), id.Push, id.Digest, -2}, replace)
	wantError(t, err, ErrLength)
}

// TestStored repeats the same push, and runs others of the same object.
func TestStored(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file, other := encrypted(t, 1000), encrypted(t, 1000)
	id := idOf(alice, "a", file)
	store := func(id ID, file []byte) {
		t.Helper()
		p := begin(t, s, id, replace)
		write(t, p, file)
		publish(t, p)
	}
	store(id, file)
	for range 2 {
		for _, again := range []ID{id, unknown(id)} {
			for _, b := range []Bounds{{}, replace} {
				_, err := s.Partial(again, b)
				var stored *StoredError
				if !errors.As(err, &stored) || stored.Size != int64(len(file)) || !errors.Is(err, ErrStored) {
					t.Errorf("%+v: %v", again, err)
				}
			}
		}
		otherPush, otherHeader := id, idOf(alice, "a", other)
		otherPush.Push = [16]byte{2}
		for _, different := range []ID{otherPush, otherHeader, idOf(bob, "a", file)} {
			_, err := s.Partial(different, Bounds{})
			wantError(t, err, wire.ErrExists)
		}
		wantUsage(t, s)
		closeOK(t, s)
		s = open(t, dir, Options{}) // reads the receipt
	}
	_, err := s.Partial(id, Bounds{})
	wantError(t, err, ErrStored)
	id.Push = [16]byte{2}
	store(id, file) // the same object
	wantObject(t, s, "a", file)
	wantUsage(t, s)

	// A receipt is removed with the object.
	if err := s.Delete(named("a")); err != nil {
		t.Fatal(err)
	}
	wantNothing(t, dir)
	store(id, file)
	store(idOf(bob, "a", other), other)
	if _, state := filesOf(t, dir, id); exists(state) {
		t.Error("the receipt of an object that was replaced stays")
	}
	_, err = s.Partial(idOf(bob, "a", other), Bounds{})
	wantError(t, err, ErrStored)
	if err := os.Remove(filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	store(idOf(bob, "a", other), other) // it no longer exists
	wantObject(t, s, "a", other)
	wantUsage(t, s)

	_, state := filesOf(t, dir, idOf(bob, "a", other))
	past := time.Now().Add(-2 * receiptAge)
	if err := errors.Join(os.Chtimes(state, past, past), s.Rescan()); err != nil {
		t.Fatal(err)
	}
	if n, size, err := s.Collect(1 << 40); n != 0 || size != 0 || err != nil || exists(state) {
		t.Errorf("collected %d, %d bytes, %v", n, size, err)
	}
	wantObject(t, s, "a", other)
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// wantNothing requires an empty store, except for the lock.
func wantNothing(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestNameInTheWay(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	file := encrypted(t, 10)
	push(t, s, alice, "a", file)
	push(t, s, alice, "b/c", file)
	for _, name := range []string{"a/b", "a/b/c", "b"} {
		_, err := s.Partial(idOf(alice, name, file), replace)
		wantError(t, err, wire.ErrExists)
	}
	wantNames(t, s, "", "a", "b/c")
	wantUsage(t, s)
}

// TestTwoPushers lets two clients push the same name at the same time.
func TestTwoPushers(t *testing.T) {
	for _, overwrite := range []bool{false, true} {
		dir := t.TempDir()
		s := open(t, dir, Options{})
		first, second := encrypted(t, 1000), encrypted(t, 2000)
		a := begin(t, s, idOf(alice, "x", first), Bounds{Overwrite: overwrite})
		b := begin(t, s, idOf(bob, "x", second), Bounds{Overwrite: overwrite})
		write(t, a, first)
		write(t, b, second)
		publish(t, a)
		wantObject(t, s, "x", first)
		_, err := b.Publish()
		if overwrite {
			wantError(t, err, nil)
			wantObject(t, s, "x", second)
		} else {
			wantError(t, err, wire.ErrExists)
			wantObject(t, s, "x", first)
		}
		closeOK(t, b)
		wantFiles(t, dir, "x")
		wantUsage(t, s)
	}
}

func TestRemove(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 1000)
	p := begin(t, s, idOf(alice, "x/y/a", file), replace)
	write(t, p, file)
	if err := p.Remove(); err != nil {
		t.Error(err)
	}
	closeOK(t, p)
	wantFiles(t, dir)
	wantUsage(t, s)
	// One that has only started is not kept.
	closeOK(t, begin(t, s, idOf(alice, "x/y/a", file), replace))
	wantFiles(t, dir)
}

// TestAtEachTenth kills the server at each tenth of a push.
func TestAtEachTenth(t *testing.T) {
	file := encrypted(t, 1<<20)
	dir := t.TempDir()
	id := idOf(alice, "a", file)
	tenth := len(file)/10 + 1
	for i := range 10 {
		s := open(t, dir, Options{})
		p := begin(t, s, id, replace)
		if p.Durable() != int64(i*tenth) {
			t.Fatalf("time %d: resumes at %d", i, p.Durable())
		}
		write(t, p, file[i*tenth:min((i+1)*tenth, len(file))])
		syncAll(t, p)
		write(t, p, file[p.Written():min(int(p.Written())+100, len(file))])
		wantNames(t, s, "")
		kill(t, s, p)
	}
	s := open(t, dir, Options{})
	p := begin(t, s, id, replace)
	publish(t, p)
	wantObject(t, s, "a", file)
}

// TestCrashAfterRename has the state after a crash in the middle of Publish.
func TestCrashAfterRename(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 1000)
	id := idOf(alice, "a", file)
	for _, renamed := range []bool{false, true} {
		p := begin(t, s, id, replace)
		write(t, p, file[p.Written():])
		receipt := id.record()
		if err := p.file.Prepare(receipt.marshal()); err != nil {
			t.Fatal(err)
		}
		if renamed {
			if err := p.file.Publish(); err != nil {
				t.Fatal(err)
			}
		}
		kill(t, s, p)
		s = open(t, dir, Options{})
		wantUsage(t, s)
	}
	_, err := s.Partial(id, replace)
	wantError(t, err, ErrStored)
	wantFiles(t, dir, "a")
	if err := s.Delete(named("a")); err != nil {
		t.Fatal(err)
	}
	if p := begin(t, s, id, replace); p.Durable() != 0 {
		t.Errorf("resumes at %d, without data", p.Durable())
	}
}

// TestNoHeader closes partials with an incomplete header, which are not kept.
func TestNoHeader(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 1000)
	for _, n := range []int{0, 1, 15, 16, headerSize - 1} {
		for _, id := range []ID{idOf(alice, "x/a", file), unknown(idOf(alice, "x/b", file))} {
			p := begin(t, s, id, replace)
			write(t, p, file[:n])
			closeOK(t, p)
		}
	}
	wantFiles(t, dir)
	wantUsage(t, s)
	p := begin(t, s, idOf(alice, "x/a", file), replace)
	write(t, p, file[:headerSize])
	closeOK(t, p)
	if p := begin(t, s, idOf(alice, "x/a", file), replace); p.Durable() != headerSize {
		t.Errorf("resumes at %d", p.Durable())
	}
}

// TestForgotten requires that a partial that can no longer be resumed is removed, and its
// part of the quota freed.
func TestForgotten(t *testing.T) {
	file, other := encrypted(t, 1000), encrypted(t, 1000)
	large := idOf(alice, "a", file)
	large.Length = 1 << 30
	for name, test := range map[string]struct {
		id   ID
		b    Bounds
		want error
	}{
		"exists":    {idOf(alice, "a", file), Bounds{}, wire.ErrExists},
		"quota":     {large, Bounds{Overwrite: true, Quota: 1 << 20}, wire.ErrQuota},
		"too large": {ID{Client: alice, Name: named("a"), Length: maxLength}, replace, wire.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, Options{MaxObject: 1 << 40})
			p := begin(t, s, idOf(alice, "a", file), replace)
			write(t, p, file[:4500])
			closeOK(t, p)
			push(t, s, bob, "a", other)
			_, err := s.Partial(test.id, test.b)
			wantError(t, err, test.want)
			wantFiles(t, dir, "a")
			wantUsage(t, s)
		})
	}
}

func ExampleStoredError() {
	fmt.Println(&StoredError{4113})
	// Output: the object is stored already, 4113 bytes
}
