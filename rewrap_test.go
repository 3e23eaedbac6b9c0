// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

// rewrapped returns the file after the change.
func rewrapped(t testing.TB, file []byte, c pqenc.Change, ids ...pqenc.Identity) ([]byte, *pqenc.Rewrapped) {
	t.Helper()
	r, err := pqenc.Rewrap(bytes.NewReader(file), c, ids...)
	if err != nil {
		t.Fatal(err)
	}
	rest, ok := bytes.CutPrefix(file, r.Old)
	if !ok {
		t.Fatal("Old is not what the file begins with")
	}
	return slices.Concat(r.Header, rest), r
}

// stanzasOf returns the types of the stanzas.
func stanzasOf(t testing.TB, file []byte) (types []format.StanzaType) {
	t.Helper()
	info, err := pqenc.Inspect(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return info.Stanzas
}

// openers returns the names of those who can read all of the file.
func openers(t testing.TB, file, contents []byte, among ...*keyfile.Identity) (open []pqenc.Fingerprint) {
	t.Helper()
	for _, id := range among {
		r, err := pqenc.Decrypt(bytes.NewReader(file), id)
		if errors.Is(err, pqenc.ErrNoMatch) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, contents) {
			t.Fatalf("%s reads %d bytes: %v", id.Fingerprint(), len(got), err)
		}
		open = append(open, id.Fingerprint())
	}
	return open
}

func fingerprints(ids ...*keyfile.Identity) (all []pqenc.Fingerprint) {
	for _, id := range ids {
		all = append(all, id.Fingerprint())
	}
	return all
}

// requireOpeners requires that of all people exactly these read the contents.
func requireOpeners(t testing.TB, what string, file, contents []byte, want ...*keyfile.Identity) {
	t.Helper()
	if got := openers(t, file, contents, alice, bob, carol, mallory); !slices.Equal(got, fingerprints(want...)) {
		t.Errorf("%s: %d people open the file, want %d: %v", what, len(got), len(want), got)
	}
}

type to = []pqenc.Recipient

func cheap(t testing.TB, passphrase string) *recipient.Passphrase {
	t.Helper()
	p, err := recipient.NewPassphrase([]byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRewrap(t *testing.T) {
	contents := pattern(2*smallChunk+100, 1)
	file := encryptSigned(t, contents, "round 17", bob.Public(), carol.Public())
	for _, test := range []struct {
		name   string
		change pqenc.Change
		by     *keyfile.Identity
		want   []*keyfile.Identity // who opens it, in the order of the alphabet
	}{
		{"replace", pqenc.Change{To: to{mallory.Public()}}, bob, []*keyfile.Identity{mallory}},
		{"replace by oneself and another", pqenc.Change{To: to{alice.Public(), bob.Public()}}, bob, []*keyfile.Identity{alice, bob}},
		{"add", pqenc.Change{To: to{mallory.Public()}, Keep: true}, carol, []*keyfile.Identity{bob, carol, mallory}},
		{"to current", pqenc.Change{To: to{alice.Public()}, Keep: true, Except: []pqenc.Identity{bob}}, bob, []*keyfile.Identity{alice, carol}},
		{"to current, by somebody else", pqenc.Change{To: to{alice.Public()}, Keep: true, Except: []pqenc.Identity{bob}}, carol, []*keyfile.Identity{alice, carol}},
	} {
		after, r := rewrapped(t, file, test.change, test.by)
		requireOpeners(t, test.name, after, contents, test.want...)
		if len(r.Header) != len(r.Old) {
			t.Errorf("%s: the header has %d bytes, not %d", test.name, len(r.Header), len(r.Old))
		}
		// What the signature covers is what it was.
		if !bytes.Equal(after[:80], file[:80]) || !bytes.Equal(after[82:82+4+3000], file[82:82+4+3000]) {
			t.Errorf("%s: P, salt, commit or the signer stanza changed", test.name)
		}
		if s := r.Signature; s == nil || s.Level != pqenc.Unverified || s.Signer != alice.Fingerprint() || len(s.Readers) != 2 {
			t.Errorf("%s: signature %+v", test.name, s)
		}
		// Nobody lost what they had: the old file is what it was.
		requireOpeners(t, test.name+", before", file, contents, bob, carol)
	}
}

// TestRewrapForwarded has those who are added to a signed file meet that it was not
// signed for them, and all others notice nothing.
func TestRewrapForwarded(t *testing.T) {
	contents := pattern(smallChunk, 1)
	file := encryptSigned(t, contents, "", bob.Public())
	after, r := rewrapped(t, file, pqenc.Change{To: to{carol.Public(), bob.Public()}}, bob)
	if len(r.Forwarded) != 1 || r.Forwarded[0] != pqenc.Recipient(carol.Public()) {
		t.Errorf("forwarded to %v", r.Forwarded)
	}
	if _, err := pqenc.DecryptSigned(bytes.NewReader(after), fromAlice, carol); !errors.Is(err, pqenc.ErrForwarded) {
		t.Error("carol:", err)
	}
	f := openFile(t, after, fromAlice, bob)
	if err := f.Verify(); err != nil {
		t.Error("bob:", err)
	}
	testContents(t, f, contents)

	// A passphrase is the reader of a file that is signed for one, and of no other.
	after, r = rewrapped(t, file, pqenc.Change{To: to{cheap(t, "secret")}}, bob)
	if len(r.Forwarded) != 1 {
		t.Errorf("a passphrase for bob's file: forwarded to %v", r.Forwarded)
	}
	if _, err := pqenc.DecryptSigned(bytes.NewReader(after), fromAlice, cheap(t, "secret")); !errors.Is(err, pqenc.ErrForwarded) {
		t.Error("a passphrase for bob's file:", err)
	}
	file = encryptSigned(t, contents, "", cheap(t, "old"))
	after, r = rewrapped(t, file, pqenc.Change{To: to{cheap(t, "new")}}, cheap(t, "old"))
	if len(r.Forwarded) != 0 {
		t.Errorf("another passphrase: forwarded to %v", r.Forwarded)
	}
	if _, err := pqenc.DecryptSigned(bytes.NewReader(after), fromAlice, cheap(t, "new")); err != nil {
		t.Error("another passphrase:", err)
	}
	if _, err := pqenc.Decrypt(bytes.NewReader(after), cheap(t, "old")); !errors.Is(err, pqenc.ErrNoMatch) {
		t.Error("the old passphrase:", err)
	}
}

// TestRewrapPassphrase takes a file from keys to a passphrase, to another one, and back.
func TestRewrapPassphrase(t *testing.T) {
	contents := pattern(smallChunk, 1)
	file := encrypted(t, contents, bob.Public(), carol.Public())
	file, _ = rewrapped(t, file, pqenc.Change{To: to{cheap(t, "first")}}, bob)
	requireOpeners(t, "to a passphrase", file, contents)
	file, _ = rewrapped(t, file, pqenc.Change{To: to{cheap(t, "second")}}, cheap(t, "first"))
	if _, err := pqenc.Rewrap(bytes.NewReader(file), pqenc.Change{To: to{bob.Public()}}, cheap(t, "first")); !errors.Is(err, pqenc.ErrNoMatch) {
		t.Error("with the first passphrase:", err)
	}
	file, _ = rewrapped(t, file, pqenc.Change{To: to{alice.Public(), carol.Public()}}, cheap(t, "second"))
	requireOpeners(t, "back to keys", file, contents, alice, carol)
}

// TestRewrapNothingToDo requires ErrUnchanged.
func TestRewrapNothingToDo(t *testing.T) {
	file := encrypted(t, nil, bob.Public(), carol.Public())
	for name, c := range map[string]pqenc.Change{
		"nobody added":            {Keep: true},
		"no older keys":           {To: to{bob.Public()}, Keep: true, Except: []pqenc.Identity{}},
		"older keys open nothing": {To: to{bob.Public()}, Keep: true, Except: []pqenc.Identity{alice, mallory}},
		"room that is there":      {To: to{pqenc.Reserve(1)}, Keep: true},
	} {
		if _, err := pqenc.Rewrap(bytes.NewReader(file), c, bob); !errors.Is(err, pqenc.ErrUnchanged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRewrapToCurrent gives somebody one stanza, also if they had several, and
// one for the newest key among them.
func TestRewrapToCurrent(t *testing.T) {
	file := encrypted(t, []byte("contents"), alice.Public(), carol.Public(), bob.Public(), alice.Public())
	change := pqenc.Change{To: to{mallory.Public()}, Keep: true, Except: []pqenc.Identity{alice, bob}}
	after, _ := rewrapped(t, file, change, mallory, alice)
	requireOpeners(t, "two older keys", after, []byte("contents"), carol, mallory)
	if n := len(stanzasOf(t, after)); n != 2 {
		t.Errorf("%d stanzas, want 2", n)
	}

	file, _ = rewrapped(t, file, pqenc.Change{To: to{mallory.Public()}, Keep: true}, alice)
	after, _ = rewrapped(t, file, change, mallory)
	requireOpeners(t, "the newest was there", after, []byte("contents"), carol, mallory)
	if n := len(stanzasOf(t, after)); n != 2 {
		t.Errorf("%d stanzas, want 2", n)
	}
	if _, err := pqenc.Rewrap(bytes.NewReader(after), change, mallory); !errors.Is(err, pqenc.ErrUnchanged) {
		t.Error("once more:", err)
	}
}

// TestRewrapForgedStanza keeps a stanza that opens to another file key than the one
// that is committed to: it is none of one's own.
func TestRewrapForgedStanza(t *testing.T) {
	file := encryptSigned(t, nil, "", bob.Public())
	p := takeApart(t, file, bob)
	forged, err := carol.Public().Wrap(&pqenc.FileKey{}, p.header.Binding())
	if err != nil {
		t.Fatal(err)
	}
	p.header.Stanzas = slices.Insert(p.header.Stanzas, 1, forged)
	p.header.Size = 0
	file = p.file(t)
	change := pqenc.Change{To: to{alice.Public()}, Keep: true, Except: []pqenc.Identity{carol}}
	if _, err := pqenc.Rewrap(bytes.NewReader(file), change, bob); !errors.Is(err, pqenc.ErrUnchanged) {
		t.Error(err)
	}
	if _, err := pqenc.Rewrap(bytes.NewReader(file), pqenc.Change{To: to{alice.Public()}}, carol); !errors.Is(err, pqenc.ErrHeader) {
		t.Error("opened with the forged one:", err)
	}
}

// counting fails if a key is wrapped although it is known that there are too many.
type counting struct{ wraps int }

func (c *counting) Wrap(k *pqenc.FileKey, b *pqenc.Binding) (pqenc.Stanza, error) {
	c.wraps++
	return bob.Public().Wrap(k, b)
}

// TestRewrapRefused has changes that are refused before any work.
func TestRewrapRefused(t *testing.T) {
	work := &counting{}
	keys := encrypted(t, nil, bob.Public(), carol.Public())
	secret := encrypted(t, nil, cheap(t, "secret"))
	long := encryptSigned(t, nil, "", bob.Public())
	p := takeApart(t, long, bob)
	for range 31 {
		p.header.Stanzas = append(p.header.Stanzas, pqenc.Stanza{Type: 0x9000, Body: make([]byte, 65000)})
	}
	p.header.Size = 0
	long = p.file(t)
	many := slices.Repeat(to{work}, format.MaxKeyStanzas)
	for _, test := range []struct {
		name   string
		file   []byte
		change pqenc.Change
		id     pqenc.Identity
		want   error
	}{
		{"nobody", keys, pqenc.Change{}, bob, pqenc.ErrNoRecipients},
		{"room for nobody", keys, pqenc.Change{To: to{pqenc.Reserve(2)}}, bob, pqenc.ErrNoRecipients},
		{"somebody who has no key", keys, pqenc.Change{To: to{work}}, alice, pqenc.ErrNoMatch},
		{"a key beside a passphrase", secret, pqenc.Change{To: to{work}, Keep: true}, cheap(t, "secret"), pqenc.ErrPassphraseAlone},
		{"a passphrase beside keys", keys, pqenc.Change{To: to{cheap(t, "x")}, Keep: true}, bob, pqenc.ErrPassphraseAlone},
		{"a passphrase beside what is left", keys, pqenc.Change{To: to{cheap(t, "x")}, Keep: true, Except: []pqenc.Identity{bob}}, bob, pqenc.ErrPassphraseAlone},
		{"a passphrase and a key", keys, pqenc.Change{To: to{work, cheap(t, "x")}}, bob, pqenc.ErrPassphraseAlone},
		{"two passphrases", keys, pqenc.Change{To: to{cheap(t, "y"), cheap(t, "x")}}, bob, pqenc.ErrPassphraseAlone},
		{"1025", keys, pqenc.Change{To: append(many, work)}, bob, pqenc.ErrTooMany},
		{"1026 with those that stay", keys, pqenc.Change{To: many, Keep: true}, bob, pqenc.ErrTooMany},
		{"1025 with room", keys, pqenc.Change{To: to{work, pqenc.Reserve(format.MaxKeyStanzas)}}, bob, pqenc.ErrTooMany},
		{"room without end", keys, pqenc.Change{To: to{work, pqenc.Reserve(math.MaxInt), pqenc.Reserve(math.MaxInt)}}, bob, pqenc.ErrTooMany},
		{"too long", long, pqenc.Change{To: many[:100], Keep: true}, bob, pqenc.ErrTooMany},
		{"cut", keys[:4000], pqenc.Change{To: to{work}}, bob, pqenc.ErrTruncated},
		{"not a pqenc file", []byte("something else"), pqenc.Change{To: to{work}}, bob, pqenc.ErrNotPqenc},
		{"damaged", flipped(keys, 4095), pqenc.Change{To: to{work}}, bob, pqenc.ErrHeader},
	} {
		r, err := pqenc.Rewrap(bytes.NewReader(test.file), test.change, test.id)
		if r != nil || !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	if work.wraps > 0 {
		t.Errorf("%d stanzas were made for nothing", work.wraps)
	}
	if len(stanzasOf(t, long)) != 33 {
		t.Error("the long file is not one")
	}
}

func flipped(file []byte, i int) []byte {
	file = bytes.Clone(file)
	file[i] ^= 1
	return file
}

// TestRewrapReadsHeaderOnly has a source that fails at the body.
func TestRewrapReadsHeaderOnly(t *testing.T) {
	file := encrypted(t, pattern(smallChunk, 1), bob.Public())
	src := &headerOnly{file, format.Alignment}
	if _, err := pqenc.Rewrap(src, pqenc.Change{To: to{carol.Public()}}, bob); err != nil {
		t.Error(err)
	}
}

type headerOnly struct {
	file []byte
	end  int64
}

func (h *headerOnly) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > h.end {
		return 0, errors.New("the body was read")
	}
	return bytes.NewReader(h.file).ReadAt(p, off)
}

// TestReserve requires room for exactly that many recipients: the header keeps its length for
// them.
func TestReserve(t *testing.T) {
	for room := range 9 {
		for _, sign := range []bool{false, true} {
			var file bytes.Buffer
			recipients := to{bob.Public(), pqenc.Reserve(room)}
			encrypt := func() (*pqenc.Writer, error) { return pqenc.Encrypt(&file, recipients...) }
			if sign {
				encrypt = func() (*pqenc.Writer, error) { return pqenc.EncryptSigned(&file, alice, "", recipients...) }
			}
			w, err := encrypt()
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			keys := len(stanzasOf(t, file.Bytes()))
			size := len(file.Bytes())
			after := file.Bytes()
			for range room {
				after, _ = rewrapped(t, after, pqenc.Change{To: to{carol.Public()}, Keep: true}, bob)
			}
			if len(after) != size || len(stanzasOf(t, after)) != keys+room {
				t.Errorf("room for %d, signed %v: %d bytes grew to %d", room, sign, size, len(after))
			}
			// There is no more than needed: the file without it is as long, or too short.
			plain, _ := rewrapped(t, encrypted(t, nil, bob.Public()), pqenc.Change{To: append(slices.Repeat(to{&counting{}}, room), bob.Public())}, bob)
			if !sign && len(plain) != size {
				t.Errorf("room for %d: %d bytes, want %d", room, size, len(plain))
			}
		}
	}
	// It is nobody.
	if _, err := pqenc.Encrypt(io.Discard, pqenc.Reserve(3)); !errors.Is(err, pqenc.ErrNoRecipients) {
		t.Error("encrypted to nobody:", err)
	}
	if _, err := pqenc.Reserve(3).Wrap(nil, nil); err == nil {
		t.Error("wrapped for nobody")
	}
	// Rewrap makes room as well, and never less than there was.
	file := encrypted(t, nil, bob.Public())
	longer, _ := rewrapped(t, file, pqenc.Change{To: to{pqenc.Reserve(10)}, Keep: true}, bob)
	if want := len(file) + 3*format.Alignment; len(longer) != want {
		t.Errorf("%d bytes with room for 10, want %d", len(longer), want)
	}
	same, _ := rewrapped(t, longer, pqenc.Change{To: to{bob.Public()}}, bob)
	if len(same) != len(longer) {
		t.Errorf("%d bytes with fewer recipients, want %d", len(same), len(longer))
	}
}

// TestRewrapAtRandom makes changes after changes to files with all kinds of stanzas.
// The body and all that is not a key stanza stay what they were, and exactly those
// open the file who should.
func TestRewrapAtRandom(t *testing.T) {
	people := []*keyfile.Identity{alice, bob, carol, mallory}
	rnd := rand.New(rand.NewPCG(15, 1))
	for range pqenc.Rounds(300) {
		contents := pattern(rnd.IntN(2*smallChunk), 1)
		owner := rnd.IntN(len(people))
		first := people[owner].Public()
		file := encrypted(t, contents, first)
		if rnd.IntN(2) == 0 {
			file = encryptSigned(t, contents, "", first)
		}
		file = withOthers(t, rnd, file, people[owner])
		body, others := bodyOf(t, file), othersOf(t, file)
		can := map[int]bool{owner: true}
		for step := range 6 {
			change, who := randomChange(rnd, people, can)
			by := slices.IndexFunc(people, func(id *keyfile.Identity) bool {
				return slices.Contains(openers(t, file, contents, id), id.Fingerprint())
			})
			r, err := pqenc.Rewrap(bytes.NewReader(file), change, people[by])
			if err == nil {
				file = slices.Concat(r.Header, body)
				can = who
			} else if !errors.Is(err, pqenc.ErrUnchanged) {
				t.Fatal(err)
			}
			if !bytes.Equal(bodyOf(t, file), body) || !slices.Equal(othersOf(t, file), others) {
				t.Fatalf("step %d: what must stay did not", step)
			}
			var want []*keyfile.Identity
			for i, id := range people {
				if can[i] {
					want = append(want, id)
				}
			}
			requireOpeners(t, fmt.Sprintf("step %d", step), file, contents, want...)
			if t.Failed() {
				return
			}
		}
	}
}

// randomChange returns a change, and who opens the file after it.
func randomChange(rnd *rand.Rand, people []*keyfile.Identity, can map[int]bool) (pqenc.Change, map[int]bool) {
	var c pqenc.Change
	after := make(map[int]bool)
	if c.Keep = rnd.IntN(3) > 0; c.Keep {
		for i := range can {
			after[i] = true
		}
	}
	for range 1 + rnd.IntN(3) {
		i := rnd.IntN(len(people))
		c.To = append(c.To, people[i].Public())
	}
	if c.Keep && rnd.IntN(2) == 0 {
		i := rnd.IntN(len(people))
		c.Except = []pqenc.Identity{people[i]}
		if !can[i] {
			return c, after // there is nothing to do
		}
		delete(after, i)
	}
	for _, r := range c.To {
		after[slices.IndexFunc(people, func(id *keyfile.Identity) bool { return id.Public() == r })] = true
	}
	if rnd.IntN(4) == 0 {
		c.To = append(c.To, pqenc.Reserve(rnd.IntN(5)))
	}
	return c, after
}

// withOthers puts stanzas of unknown types, and padding, into a file.
func withOthers(t *testing.T, rnd *rand.Rand, file []byte, id pqenc.Identity) []byte {
	h, err := format.Parse(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	body := file[h.Size:]
	fileKey, err := id.Unwrap(h.Stanzas[len(h.Stanzas)-1], h.Binding())
	if err != nil {
		t.Fatal(err)
	}
	for range rnd.IntN(4) {
		kind := format.StanzaType(0x7000 + rnd.IntN(0x2000))
		at := rnd.IntN(len(h.Stanzas) + 1)
		if h.Signed {
			at = max(at, 1)
		}
		h.Stanzas = slices.Insert(h.Stanzas, at, pqenc.Stanza{Type: kind, Body: pattern(rnd.IntN(3000), byte(at))})
	}
	h.Size = h.MinSize() + format.Alignment*rnd.IntN(2)
	sealed, err := h.Seal(h.DeriveKeys(fileKey))
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(sealed, body)
}

func bodyOf(t *testing.T, file []byte) []byte {
	h, err := format.Parse(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return file[h.Size:]
}

// othersOf returns all of the header that a change must not change.
func othersOf(t *testing.T, file []byte) (all []string) {
	h, err := format.Parse(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, string(h.ID()[:]))
	for _, s := range h.Stanzas {
		if !s.Type.WrapsKey() {
			all = append(all, fmt.Sprint(s.Type, s.Body))
		}
	}
	return all
}

// encrypted returns a file that nobody signed, with chunks of 4 KiB.
func encrypted(t testing.TB, contents []byte, to ...pqenc.Recipient) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := pqenc.EncryptSmall(&file, to...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(contents); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}
