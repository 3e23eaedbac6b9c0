// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile_test

import (
	"bytes"
	"encoding/pem"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
)

// rotated returns an identity of n generations.
func rotated(t testing.TB, n int) *keyfile.Identity {
	t.Helper()
	id, err := keyfile.GenerateWith(keyfile.Details{Name: "lab"})
	for ; n > 1 && err == nil; n-- {
		id, err = id.Rotate(keyfile.Details{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// encrypted returns a file for the key.
func encrypted(t testing.TB, to *keyfile.Public) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := pqenc.Encrypt(&file, to)
	if err == nil {
		_, err = io.WriteString(w, "contents")
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func opens(t testing.TB, id *keyfile.Identity, file []byte) bool {
	t.Helper()
	r, err := pqenc.Decrypt(bytes.NewReader(file), id)
	if errors.Is(err, pqenc.ErrNoMatch) {
		return false
	}
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return true
}

// TestGenerations: every generation reads what was for it and for those before, and
// nothing that is for later ones.
func TestGenerations(t *testing.T) {
	newest := rotated(t, 4)
	again, err := keyfile.ParseIdentity(newest.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Marshal(), newest.Marshal()) || !bytes.Equal(again.Public().Marshal(), newest.Public().Marshal()) {
		t.Error("the files change when they are read")
	}
	for _, id := range []*keyfile.Identity{newest, again} {
		all := id.Generations()
		if len(all) != 4 || !slices.Equal(id.Fingerprints(), id.Public().Fingerprints()) {
			t.Fatalf("%d generations", len(all))
		}
		for i, g := range all {
			p := g.Public()
			if p.Generation() != 4-i || p.Name() != "lab" || p.Fingerprint() != g.Fingerprint() {
				t.Errorf("generation %d is %d of %q", 4-i, p.Generation(), p.Name())
			}
			if retired := !p.Retired().IsZero(); retired != (i > 0) || retired != errors.Is(p.Usable(time.Now()), keyfile.ErrRetired) {
				t.Errorf("generation %d: retired %t, usable %v", 4-i, retired, p.Usable(time.Now()))
			}
			file := encrypted(t, p)
			for j, reader := range all {
				if opens(t, reader, file) != (j <= i) {
					t.Errorf("generation %d and a file for generation %d", 4-j, 4-i)
				}
			}
		}
	}
}

// TestAddressed: a file that was signed for an old generation is for its reader.
func TestAddressed(t *testing.T) {
	old := rotated(t, 1)
	var file bytes.Buffer
	w, err := pqenc.EncryptSigned(&file, alice(), "", old.Public())
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	id, err := old.Rotate(keyfile.Details{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := pqenc.DecryptSigned(&file, pqenc.Policy{From: keyfile.Publics{alice().Public()}.Senders()}, id)
	if err != nil || !r.Signature().Addressed {
		t.Fatalf("forwarded: %v", err)
	}
}

// TestSendersOfAllGenerations: what an old generation signed before it was succeeded
// is accepted, also where the file of public keys has a stale copy of it as well.
func TestSendersOfAllGenerations(t *testing.T) {
	old := rotated(t, 1)
	signed := func(by *keyfile.Identity) io.Reader {
		var file bytes.Buffer
		w, err := pqenc.EncryptSigned(&file, by, "", mallory().Public())
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return &file
	}
	before := signed(old)
	newest, err := old.Rotate(keyfile.Details{})
	if err != nil {
		t.Fatal(err)
	}
	senders := keyfile.Publics{old.Public(), newest.Public()}.Senders()
	for what, file := range map[string]io.Reader{"old": before, "new": signed(newest)} {
		if _, err := pqenc.DecryptSigned(file, pqenc.Policy{From: senders}, mallory()); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	time.Sleep(time.Until(newest.Public().Created().Add(1100 * time.Millisecond)))
	if _, err := pqenc.DecryptSigned(signed(old), pqenc.Policy{From: senders}, mallory()); !errors.Is(err, pqenc.ErrRetired) {
		t.Errorf("signed after the key was succeeded: %v", err)
	}
}

func TestDetails(t *testing.T) {
	soon := time.Now().Add(time.Hour)
	id, err := keyfile.GenerateWith(keyfile.Details{Name: "a", Expires: soon})
	if err != nil {
		t.Fatal(err)
	}
	if p := id.Public(); p.Expires().Unix() != soon.Unix() || p.Usable(time.Now()) != nil || !errors.Is(p.Usable(soon), keyfile.ErrExpired) {
		t.Errorf("expires %v, usable %v", p.Expires(), p.Usable(soon))
	}
	if _, err := keyfile.GenerateWith(keyfile.Details{Expires: time.Now().Add(-time.Hour)}); err == nil {
		t.Error("a key that has expired already")
	}
	for _, bad := range []string{"A", "ä", "a b", "a/b", "..", ".a", "-a", "a.pub", "a.key", "age1", "a\n", strings.Repeat("a", 65), "a\x00"} {
		if _, err := keyfile.GenerateWith(keyfile.Details{Name: bad}); !errors.Is(err, keyfile.ErrName) {
			t.Errorf("name %q: %v", bad, err)
		}
	}
	for _, good := range []string{"a", "0", "_", "a.b-c_d", strings.Repeat("a", 64), "pub", "key", "age"} {
		if err := keyfile.ValidName(good); err != nil {
			t.Errorf("name %q: %v", good, err)
		}
	}
}

func TestRetire(t *testing.T) {
	file := encrypted(t, rotatedOnce(t).Public())
	id, err := rotatedOnce(t).Retire()
	if err != nil {
		t.Fatal(err)
	}
	again, err := keyfile.ParseIdentity(id.Marshal())
	if err != nil || !bytes.Equal(again.Marshal(), id.Marshal()) {
		t.Fatalf("the file changes: %v", err)
	}
	if !opens(t, again, file) {
		t.Error("a retired key reads no more")
	}
	if _, err := again.Retire(); !errors.Is(err, keyfile.ErrRetired) {
		t.Errorf("retired twice: %v", err)
	}
	if _, err := again.Rotate(keyfile.Details{}); !errors.Is(err, keyfile.ErrRetired) {
		t.Errorf("rotated after that: %v", err)
	}
	keys, err := keyfile.ParsePublic(again.Public().Marshal())
	if err != nil || !errors.Is(keys[0].Usable(time.Now()), keyfile.ErrRetired) {
		t.Errorf("the public key: %v", err)
	}
}

var rotatedKey *keyfile.Identity

func rotatedOnce(t *testing.T) *keyfile.Identity {
	if rotatedKey == nil {
		rotatedKey = rotated(t, 2)
	}
	return rotatedKey
}

// TestSucceeds has all that can be said of a key that is known and of another one.
func TestSucceeds(t *testing.T) {
	one := rotated(t, 1)
	next := func(id *keyfile.Identity) *keyfile.Identity {
		n, err := id.Rotate(keyfile.Details{})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	end := func(id *keyfile.Identity) *keyfile.Identity {
		n, err := id.Retire()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	two, fork := next(one), next(one)
	three, ended := next(two), end(two)
	for _, c := range []struct {
		what      string
		old, new  *keyfile.Public
		want      error
		known     int // generations of the result
		isRetired bool
	}{
		{"itself", one.Public(), one.Public(), nil, 1, false},
		{"the next", one.Public(), two.Public(), nil, 2, false},
		{"two rotations on", one.Public(), three.Public(), nil, 3, false},
		{"only the newest pair", two.Public(), newestOnly(t, three), nil, 3, false},
		{"only the newest pair, and one is missing", one.Public(), newestOnly(t, three), keyfile.ErrUnrelated, 0, false},
		{"itself without the others", two.Public(), newestOnly(t, two), nil, 2, false},
		{"another person", one.Public(), alice().Public(), keyfile.ErrUnrelated, 0, false},
		{"an earlier one", two.Public(), one.Public(), keyfile.ErrOutdated, 0, false},
		{"a second successor", two.Public(), fork.Public(), keyfile.ErrSecondSuccessor, 0, false},
		{"a second successor, later", three.Public(), fork.Public(), keyfile.ErrSecondSuccessor, 0, false},
		{"a second successor, one on", two.Public(), next(fork).Public(), keyfile.ErrSecondSuccessor, 0, false},
		{"a second successor alone", two.Public(), newestOnly(t, fork), keyfile.ErrSecondSuccessor, 0, false},
		{"retired", two.Public(), ended.Public(), nil, 2, true},
		{"retired, one on", one.Public(), ended.Public(), nil, 2, true},
		{"still retired", ended.Public(), two.Public(), nil, 2, true},
		{"an earlier one that was retired", two.Public(), end(one).Public(), keyfile.ErrSecondSuccessor, 0, false},
		{"an earlier one that was retired, later", three.Public(), ended.Public(), keyfile.ErrSecondSuccessor, 0, false},
		{"a successor of a retired one", ended.Public(), three.Public(), keyfile.ErrSecondSuccessor, 0, false},
	} {
		got, err := c.new.Succeeds(c.old)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
			continue
		}
		if err != nil {
			continue
		}
		if len(got.Generations()) != c.known || !got.Retired().IsZero() != c.isRetired || got.Fingerprint() != c.new.Fingerprint() {
			t.Errorf("%s: %d generations, retired %v", c.what, len(got.Generations()), got.Retired())
		}
		if again, err := keyfile.ParsePublic(got.Marshal()); err != nil || len(again) != 1 || !bytes.Equal(again[0].Marshal(), got.Marshal()) {
			t.Errorf("%s: what is written is not what is read: %v", c.what, err)
		}
	}
}

// newestOnly returns the public key without those before it.
func newestOnly(t *testing.T, id *keyfile.Identity) *keyfile.Public {
	_, b := blocks(id.Public().Marshal())
	keys, err := keyfile.ParsePublic([]byte(b[0] + b[1] + b[2]))
	if err != nil {
		t.Fatal(err)
	}
	return keys[0]
}

// TestBytesOfAStatement changes each byte of a statement: the file is refused.
func TestBytesOfAStatement(t *testing.T) {
	_, b := blocks(rotatedOnce(t).Public().Marshal())
	statement, _ := pem.Decode([]byte(b[2]))
	step := 13
	if testing.Short() {
		step = 97
	}
	for i := 0; i < len(statement.Bytes); i += step {
		changed := pem.Block{Type: statement.Type, Bytes: bytes.Clone(statement.Bytes)}
		changed.Bytes[i] ^= 0x20
		file := b[0] + b[1] + string(pem.EncodeToMemory(&changed)) + b[3] + b[4] + b[5]
		if _, err := keyfile.ParsePublic([]byte(file)); !errors.Is(err, keyfile.ErrStatement) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
}

func TestSeveral(t *testing.T) {
	file := append(rotatedOnce(t).Marshal(), alice().Marshal()...)
	ids, err := keyfile.ParseIdentities(file)
	if err != nil || len(ids) != 2 || len(ids[0].Generations()) != 2 || len(ids[1].Generations()) != 1 {
		t.Fatalf("%d identities, error %v", len(ids), err)
	}
	if _, err := keyfile.ParseIdentity(file); !errors.Is(err, keyfile.ErrSeveral) {
		t.Errorf("one of two: %v", err)
	}
}
