// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/recipient"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

var (
	alice = signature.Fingerprint{1}
	bob   = signature.Fingerprint{2}
	// replace allows everything.
	replace = Bounds{Overwrite: true}
)

// encrypted returns a new pqenc file with n bytes of contents.
func encrypted(t testing.TB, n int) []byte {
	t.Helper()
	id, err := recipient.GenerateHybrid()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := pqenc.Encrypt(&b, id.Recipient())
	if err == nil {
		_, err = w.Write(make([]byte, n))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// headerSize is the header size of files made by encrypted.
const headerSize = 4096

// named returns a name that must be valid.
func named(name string) wire.Name {
	n, err := wire.ParseName(name)
	if err != nil {
		panic(err)
	}
	return n
}

// under allows the names in a folder.
type under string

func (u under) Match(name string) bool { return strings.HasPrefix(name, string(u)) }
func (u under) Prefix() string         { return string(u) }

func idOf(client signature.Fingerprint, name string, file []byte) ID {
	return ID{Client: client, Name: named(name), Push: [16]byte{1}, Digest: sha256.Sum256(file[:headerSize]), Length: int64(len(file))}
}

func unknown(id ID) ID {
	id.Length = -1
	return id
}

func open(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// kill leaves a store as if its process was killed: nothing is synced or removed, and the
// locks are free.
func kill(t testing.TB, s *Store, partials ...*Partial) {
	t.Helper()
	for _, p := range partials {
		p.file.Abandon()
	}
	if err := s.lock.Close(); err != nil {
		t.Fatal(err)
	}
}

func begin(t testing.TB, s *Store, id ID, b Bounds) *Partial {
	t.Helper()
	p, err := s.Partial(id, b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func write(t testing.TB, p *Partial, b []byte) {
	t.Helper()
	if n, err := p.Write(b); n != len(b) || err != nil {
		t.Fatalf("write: %d of %d bytes, %v", n, len(b), err)
	}
}

func syncAll(t testing.TB, p *Partial) {
	t.Helper()
	if n, err := p.Sync(); n != p.Written() || err != nil {
		t.Fatalf("sync: %d of %d bytes, %v", n, p.Written(), err)
	}
}

func publish(t testing.TB, p *Partial) {
	t.Helper()
	if n, err := p.Publish(); n != p.Written() || err != nil {
		t.Fatalf("publish: %d of %d bytes, %v", n, p.Written(), err)
	}
}

func closeOK(t testing.TB, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// push pushes a whole file.
func push(t testing.TB, s *Store, client signature.Fingerprint, name string, file []byte) {
	t.Helper()
	id := idOf(client, name, file)
	rand.Read(id.Push[:])
	p := begin(t, s, id, replace)
	write(t, p, file[p.Written():])
	publish(t, p)
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("the error is %v, not %v", err, want)
	}
}

func wantObject(t testing.TB, s *Store, name string, want []byte) {
	t.Helper()
	o, err := s.Open(named(name))
	if err != nil {
		t.Errorf("%q: %v", name, err)
		return
	}
	defer o.Close()
	got, err := io.ReadAll(io.NewSectionReader(o, 0, o.Size))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%q: %d bytes, not the %d expected, %v", name, len(got), len(want), err)
	}
	if o.Digest != sha256.Sum256(want[:headerSize]) {
		t.Errorf("%q: the digest is wrong", name)
	}
}

// list returns all pages.
func list(s *Store, prefix string) (all []Entry) {
	for after, more := "", true; more; more = after != "" {
		var page []Entry
		page, after = s.Page(prefix, after, 3)
		all = append(all, page...)
	}
	return all
}

func wantNames(t testing.TB, s *Store, prefix string, want ...string) {
	t.Helper()
	var got []string
	for _, e := range list(s, prefix) {
		got = append(got, e.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("objects %q, not %q", got, want)
	}
}

// wantFiles checks the files on the disk except the lock and receipts, with shortened
// hashes of partials.
func wantFiles(t testing.TB, dir string, want ...string) {
	t.Helper()
	var got []string
	filepath.WalkDir(dir, func(name string, _ os.DirEntry, err error) error {
		if err != nil {
			t.Fatal(err)
		}
		name, _ = filepath.Rel(dir, name)
		if stem, ok := partialStem(filepath.ToSlash(name)); ok {
			if _, err := os.Stat(filepath.Join(dir, stem+durable.PartSuffix)); err != nil {
				return nil // a receipt
			}
			name = filepath.Join(filepath.Dir(name), "HASH"+filepath.Ext(name))
		}
		if name != "." && name != lockName {
			got = append(got, filepath.ToSlash(name))
		}
		return nil
	})
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("files %q, not %q", got, want)
	}
}

// wantUsage compares the index with the result of a scan.
func wantUsage(t testing.TB, s *Store) {
	t.Helper()
	found := newIndex()
	if _, err := s.scan(found); err != nil {
		t.Fatal(err)
	}
	if got := s.Usage(); got != found.total {
		t.Errorf("usage %+v, but on the disk is %+v", got, found.total)
	}
}

func put(t testing.TB, name string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// filesOf returns the names of the two files of a partial.
func filesOf(t testing.TB, dir string, id ID) (data, state string) {
	t.Helper()
	stem := filepath.Join(dir, filepath.Dir(id.Name.String()), stemOf(id.Client, id.Name.String()))
	if !strings.HasPrefix(filepath.Base(stem), ".") {
		t.Fatal("partials are not hidden")
	}
	return stem + durable.PartSuffix, stem + durable.JournalSuffix
}
