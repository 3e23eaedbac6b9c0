// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/recipient"
)

// small is a file with chunks of 4 KiB, for tests that need many.
func small(t testing.TB, contents []byte) (file []byte, id *recipient.HybridIdentity) {
	id, err := recipient.GenerateHybrid()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := encrypt(&b, format.MinChunkLog2, nil, []Recipient{id.Recipient()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(contents); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), id
}

// read opens and reads a file as a stream and at random, and requires that both
// release nothing but contents.
func read(t *testing.T, file, contents []byte, id Identity) (stream, random error) {
	t.Helper()
	var out []byte
	r, stream := Decrypt(bytes.NewReader(file), id)
	if stream == nil {
		out, stream = io.ReadAll(r)
	}
	if !bytes.HasPrefix(contents, out) {
		t.Fatal("the stream released something else than the contents")
	}
	out = nil
	f, random := Open(bytes.NewReader(file), int64(len(file)), id)
	if random == nil {
		out, random = io.ReadAll(f)
	}
	if !bytes.HasPrefix(contents, out) {
		t.Fatal("random access released something else than the contents")
	}
	return stream, random
}

// remembering is an identity that unwraps a stanza once: most changes are not in
// one, and to unwrap takes longer than all the rest.
type remembering struct {
	Identity
	seen map[string]unwrapped
}

type unwrapped struct {
	key *FileKey
	err error
}

func (r remembering) Unwrap(s Stanza, b *Binding) (*FileKey, error) {
	input := fmt.Sprintf("%d %x %x", s.Type, *b, s.Body)
	u, ok := r.seen[input]
	if !ok {
		u.key, u.err = r.Identity.Unwrap(s, b)
		r.seen[input] = u
	}
	if u.err != nil {
		return nil, u.err
	}
	key := *u.key // which the caller may erase
	return &key, nil
}

// TestCorruption changes single bytes, everywhere and at random: each change is detected,
// with the error for its part of the file.
func TestCorruption(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	contents := bytes.Repeat([]byte("contents"), 1300) // two full chunks and a part
	file, id := small(t, contents)
	lazy := remembering{id, make(map[string]unwrapped)}
	for range rounds(10_000) {
		at := rnd.IntN(len(file))
		change := byte(1 + rnd.IntN(255))
		file[at] ^= change
		stream, random := read(t, file, contents, lazy)
		file[at] ^= change

		kinds := []error{ErrHeader, ErrNoMatch, ErrUnsupported, ErrNotPqenc}
		switch {
		case at >= format.Alignment:
			kinds = []error{ErrBody}
		case at >= 12 && at < 16: // header_len
			kinds = append(kinds, ErrTruncated)
		}
		for _, err := range []error{stream, random} {
			if !isOne(err, kinds) {
				t.Fatalf("byte %d changed by %#02x: %v", at, change, err)
			}
		}
	}
	if stream, random := read(t, file, contents, id); stream != nil || random != nil {
		t.Fatal("the unchanged file does not open:", stream, random)
	}
}

// rounds returns the number of random trials: n, or fewer in short mode.
func rounds(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// TestTruncation cuts files at random places: each cut is detected.
func TestTruncation(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	const sealed = 1<<format.MinChunkLog2 + 16
	contents := bytes.Repeat([]byte("contents"), 1300)
	file, id := small(t, contents)
	lazy := remembering{id, make(map[string]unwrapped)}
	for range rounds(1_000) {
		cut := rnd.IntN(len(file))
		want := ErrTruncated
		// What is left of a chunk looks like a last one that was changed, if it
		// is long enough for a tag.
		if body := cut - format.Alignment; body >= 0 && body%sealed >= 16 {
			want = ErrBody
		}
		stream, random := read(t, file[:cut], contents, lazy)
		if !errors.Is(stream, want) || !errors.Is(random, want) {
			t.Fatalf("cut after %d bytes: %v; %v", cut, stream, random)
		}
	}
}

func isOne(err error, kinds []error) bool {
	for _, k := range kinds {
		if errors.Is(err, k) {
			return true
		}
	}
	return false
}

// TestMaxRecipients opens a file with as many recipients as there can be, by
// the last of them.
func TestMaxRecipients(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	id, err := recipient.GenerateHybrid()
	if err != nil {
		t.Fatal(err)
	}
	other, err := recipient.GenerateHybrid()
	if err != nil {
		t.Fatal(err)
	}
	var to []Recipient
	for range format.MaxKeyStanzas - 1 {
		to = append(to, other.Recipient())
	}
	to = append(to, id.Recipient())
	var file bytes.Buffer
	w, err := Encrypt(&file, to...)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Decrypt(bytes.NewReader(file.Bytes()), id)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.WriteTo(io.Discard); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	file.Reset()
	if _, err := Encrypt(&file, append(to, id.Recipient())...); !errors.Is(err, ErrTooMany) || file.Len() > 0 {
		t.Fatalf("one more than there can be: %v, %d bytes written", err, file.Len())
	}
}

func TestPassphraseIsAlone(t *testing.T) {
	id, err := recipient.GenerateHybrid()
	if err != nil {
		t.Fatal(err)
	}
	pass, err := recipient.NewPassphrase([]byte("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Encrypt(io.Discard, pass, id.Recipient()); !errors.Is(err, ErrPassphraseAlone) {
		t.Fatal(err)
	}
}

// TestWrongPassphrase is told apart from having no key at all.
func TestWrongPassphrase(t *testing.T) {
	pass := func(secret string) *recipient.Passphrase {
		p, err := recipient.NewPassphrase([]byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	var file bytes.Buffer
	w, err := Encrypt(&file, pass("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	key, err := recipient.GenerateHybrid()
	if err != nil {
		t.Fatal(err)
	}
	_, err = Decrypt(bytes.NewReader(file.Bytes()), key, pass("battery staple"), key)
	if !errors.Is(err, recipient.ErrWrongPassphrase) || !errors.Is(err, ErrNoMatch) {
		t.Error(err)
	}
	_, err = Decrypt(bytes.NewReader(file.Bytes()), key)
	if errors.Is(err, recipient.ErrWrongPassphrase) || !errors.Is(err, ErrNoMatch) {
		t.Error("without a passphrase:", err)
	}
}

func TestNoRecipients(t *testing.T) {
	if _, err := Encrypt(io.Discard); !errors.Is(err, ErrNoRecipients) {
		t.Fatal(err)
	}
}

// failing is an identity that returns an error.
type failing struct{ err error }

func (f failing) Unwrap(Stanza, *Binding) (*FileKey, error) { return nil, f.err }

func TestIdentityErrors(t *testing.T) {
	file, id := small(t, nil)
	broken := errors.New("no smart card")
	if _, err := Decrypt(bytes.NewReader(file), failing{ErrNoMatch}, failing{broken}, id); !errors.Is(err, broken) {
		t.Fatal("the error of an identity is lost:", err)
	}
	if _, err := Decrypt(bytes.NewReader(file), failing{ErrNoMatch}, id); err != nil {
		t.Fatal(err)
	}
	if _, err := Decrypt(bytes.NewReader(file)); !errors.Is(err, ErrNoMatch) {
		t.Fatal("no identities:", err)
	}
}
