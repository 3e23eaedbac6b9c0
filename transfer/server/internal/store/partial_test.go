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
	"os"
	"strings"
	"testing"

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
		kill(t, s)

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

// TestResumeOther comes back with something else: nothing of the old is used.
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
			t.Errorf("%s: goes on at %d", what, p.Durable())
		}
		if changed.Client == id.Client && changed.Name == id.Name {
			wantFiles(t, dir, "x", "x/HASH.part", "x/HASH.state")
		} else {
			wantFiles(t, dir, "x", "x/HASH.part", "x/HASH.state", "x/HASH.part", "x/HASH.state")
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

// TestDamagedRecord pushes on after something happened to the two files.
func TestDamagedRecord(t *testing.T) {
	file := encrypted(t, 5000)
	id := idOf(alice, "a", file)
	for _, c := range []struct {
		what   string
		damage func(data, state string) error
		want   int64
	}{
		{"nothing", func(string, string) error { return nil }, 4500},
		{"no record", func(_, state string) error { return os.Remove(state) }, 0},
		{"empty record", func(_, state string) error { return os.Truncate(state, 0) }, 0},
		{"torn record", func(_, state string) error { return os.Truncate(state, recordSize-1) }, 0},
		{"long record", func(_, state string) error { return os.Truncate(state, recordSize+1) }, 0},
		{"zeros", func(_, state string) error { return os.WriteFile(state, make([]byte, recordSize), 0o600) }, 0},
		{"no data", func(data, _ string) error { return os.Remove(data) }, 0},
		{"less data", func(data, _ string) error { return os.Truncate(data, 4200) }, 4200},
		{"more data", func(data, _ string) error { return os.Truncate(data, 1<<30) }, 4500},
		{"less in the record", setDurable(4100), 4100},
		{"more in the record", setDurable(1 << 40), 4500},
		{"negative", setDurable(-1), 0},
	} {
		dir := t.TempDir()
		s := open(t, dir, Options{})
		p := begin(t, s, id, replace)
		write(t, p, file[:4500])
		closeOK(t, p)
		closeOK(t, s)
		if err := c.damage(filesOf(t, dir, id)); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir, Options{})
		p = begin(t, s, id, replace)
		if p.Durable() != c.want || p.Written() != c.want {
			t.Errorf("%s: goes on at %d, %d", c.what, p.Durable(), p.Written())
		}
		data, state := filesOf(t, dir, id)
		if info, err := os.Stat(data); err != nil || info.Size() != c.want {
			t.Errorf("%s: the file was not cut: %v, %v", c.what, info.Size(), err)
		}
		if b, err := os.ReadFile(state); err != nil || int64(binary.BigEndian.Uint64(b[durableAt:])) != c.want {
			t.Errorf("%s: the record claims more than there is, %v", c.what, err)
		}
		write(t, p, file[c.want:])
		publish(t, p)
		wantObject(t, s, "a", file)
		wantFiles(t, dir, "a")
		wantUsage(t, s)
	}
}

func setDurable(n int64) func(data, state string) error {
	return func(_, state string) error {
		file, err := os.OpenFile(state, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		return errors.Join(writeDurable(file, n), file.Close())
	}
}

// TestRecordBits flips each bit of a record: it is never taken for another one. At most it
// is that of no push any more.
func TestRecordBits(t *testing.T) {
	r := record{length: 1 << 40, durable: 12345, push: wire.PushID{1, 15: 2}, digest: sha256.Sum256(nil), name: strings.Repeat("n", wire.MaxName)}
	b := r.marshal()
	if got, err := readRecord(bytes.NewReader(b)); err != nil || got != r {
		t.Errorf("%+v, %v", got, err)
	}
	for i := range len(b) * 8 {
		b[i/8] ^= 1 << (i % 8)
		if got, err := readRecord(bytes.NewReader(b)); err == nil && (got.push != wire.PushID{} || i < pushAt*8 || i >= fixedAt*8) {
			t.Errorf("bit %d: %+v", i, got)
		}
		b[i/8] ^= 1 << (i % 8)
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
	closeOK(t, older) // once more, which is nothing
	write(t, newer, file[4500:])
	publish(t, newer)
}

// TestNotPqenc pushes other bytes than were announced: they are not kept.
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

// TestHeaderInPieces checks after every byte, as a slow client makes it.
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
			wantFiles(t, dir, "HASH.part", "HASH.state")
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

func TestStored(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	file, other := encrypted(t, 1000), encrypted(t, 1000)
	id := idOf(alice, "a", file)
	push(t, s, alice, "a", file)
	for _, again := range []ID{id, unknown(id)} {
		for _, b := range []Bounds{{}, replace} {
			_, err := s.Partial(again, b)
			var stored *StoredError
			if !errors.As(err, &stored) || stored.Size != int64(len(file)) || !errors.Is(err, ErrStored) {
				t.Errorf("%+v: %v", again, err)
			}
		}
	}
	another := id
	another.Push[0]++
	for _, different := range []ID{another, idOf(alice, "a", other), idOf(bob, "a", file)} {
		_, err := s.Partial(different, Bounds{})
		wantError(t, err, wire.ErrExists)
	}
	push(t, s, alice, "a", other)
	wantObject(t, s, "a", other)
	wantUsage(t, s)
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
	// One that was only begun is not kept.
	closeOK(t, begin(t, s, idOf(alice, "x/y/a", file), replace))
	wantFiles(t, dir)
}

// TestSyncFails cannot write the record: what it says is what can be trusted.
func TestSyncFails(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 5000)
	id := idOf(alice, "a", file)
	p := begin(t, s, id, replace)
	write(t, p, file[:4500])
	syncAll(t, p)
	write(t, p, file[4500:5000])
	good := p.state
	_, state := filesOf(t, dir, id)
	broken, err := os.Open(state) // for reading only
	if err != nil {
		t.Fatal(err)
	}
	p.state = broken
	_, first := p.Sync()
	p.state = good
	broken.Close()
	if first == nil {
		t.Fatal("a record was written to a file that is for reading")
	}
	if n, err := p.Sync(); n != 4500 || !errors.Is(err, first) {
		t.Errorf("sync again: %d, %v", n, err)
	}
	_, err = p.Write(file[5000:])
	wantError(t, err, first)
	_, err = p.Publish()
	wantError(t, err, first)
	wantError(t, p.Close(), first)
	p = begin(t, s, id, replace)
	if p.Durable() != 4500 {
		t.Errorf("goes on at %d", p.Durable())
	}
	write(t, p, file[4500:])
	publish(t, p)
	wantObject(t, s, "a", file)
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
			t.Fatalf("time %d: goes on at %d", i, p.Durable())
		}
		write(t, p, file[i*tenth:min((i+1)*tenth, len(file))])
		syncAll(t, p)
		write(t, p, file[p.Written():min(int(p.Written())+100, len(file))])
		wantNames(t, s, "")
		kill(t, s)
	}
	s := open(t, dir, Options{})
	p := begin(t, s, id, replace)
	publish(t, p)
	wantObject(t, s, "a", file)
}

// TestCrashAfterRename leaves what a crash in the middle of Publish leaves.
func TestCrashAfterRename(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	file := encrypted(t, 1000)
	id := idOf(alice, "a", file)
	p := begin(t, s, id, replace)
	write(t, p, file)
	syncAll(t, p)
	data, _ := filesOf(t, dir, id)
	if err := os.Rename(data, dir+"/a"); err != nil {
		t.Fatal(err)
	}
	kill(t, s)
	s = open(t, dir, Options{})
	_, err := s.Partial(id, Bounds{})
	wantError(t, err, wire.ErrExists)
	wantFiles(t, dir, "a")
	if err := s.Delete(named("a")); err != nil {
		t.Fatal(err)
	}
	if p := begin(t, s, id, replace); p.Durable() != 0 {
		t.Errorf("goes on at %d, without data", p.Durable())
	}
}

// TestNoHeader closes partials that end in the header: they are not kept.
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
		t.Errorf("goes on at %d", p.Durable())
	}
}

// TestForgotten refuses to go on with a partial, in every way that leaves no use for
// it: it is gone, and what it had of a quota is free.
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
