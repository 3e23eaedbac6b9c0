// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

// Alice signs, for bob and others; mallory is one of those when there is an
// attack.
var alice, bob, carol, mallory = testkit.Identity("alice"), testkit.Identity("bob"), testkit.Identity("carol"), testkit.Identity("mallory")

var fromAlice = pqenc.Policy{From: []pqenc.Sender{alice.Public()}}

const smallChunk = 1 << format.MinChunkLog2

// pattern returns n bytes that differ for every seed, and in every chunk.
func pattern(n int, seed byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = seed + byte(i) + byte(i>>12)
	}
	return b
}

// encryptSigned returns a file by alice with chunks of 4 KiB.
func encryptSigned(t testing.TB, contents []byte, context string, to ...pqenc.Recipient) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := pqenc.EncryptSignedSmall(&file, alice, context, to...)
	if err != nil {
		t.Fatal(err)
	}
	// Some by Write, the rest by ReadFrom.
	if _, err := w.Write(contents[:len(contents)/3]); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ReadFrom(bytes.NewReader(contents[len(contents)/3:])); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func openFile(t testing.TB, file []byte, p pqenc.Policy, ids ...pqenc.Identity) *pqenc.File {
	t.Helper()
	f, err := pqenc.OpenSigned(bytes.NewReader(file), int64(len(file)), p, ids...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func decryptStream(t testing.TB, src io.Reader, p pqenc.Policy, ids ...pqenc.Identity) *pqenc.Reader {
	t.Helper()
	r, err := pqenc.DecryptSigned(src, p, ids...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func requireLevel(t testing.TB, when string, s *pqenc.Signature, want pqenc.Level) {
	t.Helper()
	if s == nil || s.Level != want {
		t.Fatalf("%s: %+v, want level %s", when, s, want)
	}
}

// meetings are lengths of contents: where the last chunk and the trailer meet
// the size of a chunk, and where chunks end.
func meetings() (lengths []int) {
	for _, whole := range []int{0, smallChunk, 2 * smallChunk} {
		for n := smallChunk - pqenc.TrailerSize - 18; n <= smallChunk-pqenc.TrailerSize+18; n++ {
			lengths = append(lengths, whole+n)
		}
		for _, n := range []int{0, 1, 15, 16, 17, smallChunk - 17, smallChunk - 16, smallChunk - 1} {
			lengths = append(lengths, whole+n)
		}
	}
	return lengths
}

// sources are kinds of sources of a stream, and consumers ways to read it.
var (
	sources = map[string]func(io.Reader) io.Reader{
		"at once":       func(r io.Reader) io.Reader { return r },
		"one byte":      iotest.OneByteReader,
		"data with EOF": iotest.DataErrReader,
	}
	consumers = map[string]func(*pqenc.Reader) ([]byte, error){
		"Read": readAll,
		"WriteTo": func(r *pqenc.Reader) ([]byte, error) {
			var b bytes.Buffer
			n, err := r.WriteTo(&b)
			if n != int64(b.Len()) {
				return nil, errors.New("WriteTo counts wrongly")
			}
			return b.Bytes(), err
		},
		"Read and WriteTo": func(r *pqenc.Reader) ([]byte, error) {
			var b bytes.Buffer
			if _, err := io.CopyN(&b, struct{ io.Reader }{r}, 1); err != nil {
				return b.Bytes(), ignoreEOF(err)
			}
			_, err := r.WriteTo(&b)
			return b.Bytes(), err
		},
	}
)

func ignoreEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

func TestSignedRoundTrip(t *testing.T) {
	for i, n := range meetings() {
		if testing.Short() && i%8 > 0 {
			continue
		}
		contents := pattern(n, 1)
		file := encryptSigned(t, contents, "", bob.Public())
		for source, wrap := range sources {
			for consumer, read := range consumers {
				r := decryptStream(t, wrap(bytes.NewReader(file)), fromAlice, bob)
				got, err := read(r)
				if err != nil || !bytes.Equal(got, contents) {
					t.Fatalf("%d bytes, %s, %s: %d bytes, %v", n, source, consumer, len(got), err)
				}
				requireLevel(t, consumer, r.Signature(), pqenc.Verified)
			}
		}
		f := openFile(t, file, fromAlice, bob)
		for _, verified := range []bool{false, true} {
			if verified {
				if err := f.Verify(); err != nil {
					t.Fatalf("%d bytes: %v", n, err)
				}
				requireLevel(t, "Verify", f.Signature(), pqenc.Verified)
			}
			testContents(t, f, contents)
		}
	}
}

// testContents reads f in all ways.
func testContents(t *testing.T, f *pqenc.File, contents []byte) {
	t.Helper()
	if f.Size() != int64(len(contents)) {
		t.Fatalf("a size of %d, want %d", f.Size(), len(contents))
	}
	var b bytes.Buffer
	if n, err := f.DecryptTo(&b); err != nil || n != f.Size() || !bytes.Equal(b.Bytes(), contents) {
		t.Fatalf("DecryptTo: %d of %d bytes, %v", n, f.Size(), err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, contents) {
		t.Fatalf("Read: %d of %d bytes, %v", len(got), len(contents), err)
	}
	for off := max(0, len(contents)-1); off >= 0; off -= 1000 { // backwards
		p := make([]byte, 1500)
		n, err := f.ReadAt(p, int64(off))
		if ignoreEOF(err) != nil || !bytes.Equal(p[:n], contents[off:min(off+1500, len(contents))]) {
			t.Fatalf("ReadAt %d: %d bytes, %v", off, n, err)
		}
	}
}

// TestStreamLevels has a signature that is claimed up to the very end.
func TestStreamLevels(t *testing.T) {
	contents := pattern(2*smallChunk+5, 1)
	file := encryptSigned(t, contents, "", bob.Public())
	r := decryptStream(t, bytes.NewReader(file), fromAlice, bob)
	requireLevel(t, "at first", r.Signature(), pqenc.Claimed)
	if _, err := io.ReadFull(r, make([]byte, len(contents))); err != nil {
		t.Fatal(err)
	}
	requireLevel(t, "after all contents", r.Signature(), pqenc.Claimed)
	for range 2 {
		if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Fatal(n, err)
		}
		requireLevel(t, "after io.EOF", r.Signature(), pqenc.Verified)
	}

	r = decryptStream(t, bytes.NewReader(file), fromAlice, bob)
	full := errors.New("disk full")
	if _, err := r.WriteTo(&failingWriter{smallChunk, full}); err != full {
		t.Fatal(err)
	}
	requireLevel(t, "after a failed write", r.Signature(), pqenc.Claimed)

	r = decryptStream(t, bytes.NewReader(file), pqenc.Policy{}, bob)
	requireLevel(t, "without senders", r.Signature(), pqenc.Unverified)
	if _, err := r.WriteTo(io.Discard); err != nil {
		t.Fatal(err)
	}
	requireLevel(t, "without senders, at the end", r.Signature(), pqenc.Unverified)
}

// failingWriter fails once it has taken n bytes.
type failingWriter struct {
	n   int
	err error
}

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.n -= len(p); w.n < 0 {
		return 0, w.err
	}
	return len(p), nil
}

func TestFileLevels(t *testing.T) {
	contents := pattern(2*smallChunk+5, 1)
	file := encryptSigned(t, contents, "", bob.Public())
	f := openFile(t, file, fromAlice, bob)
	requireLevel(t, "at first", f.Signature(), pqenc.Claimed)
	testContents(t, f, contents)
	requireLevel(t, "after all contents", f.Signature(), pqenc.Claimed)
	for range 2 {
		if err := f.Verify(); err != nil {
			t.Fatal(err)
		}
		requireLevel(t, "after Verify", f.Signature(), pqenc.Verified)
	}

	f = openFile(t, file, pqenc.Policy{}, bob)
	requireLevel(t, "without senders", f.Signature(), pqenc.Unverified)
	if err := f.Verify(); err != nil {
		t.Fatal(err)
	}
	requireLevel(t, "without senders, after Verify", f.Signature(), pqenc.Unverified)
	testContents(t, f, contents)
}

func TestLevelNames(t *testing.T) {
	for level, want := range map[pqenc.Level]string{pqenc.Unverified: "unverified", pqenc.Claimed: "claimed", pqenc.Verified: "verified"} {
		if level.String() != want {
			t.Errorf("%d is %s", level, level)
		}
	}
}

func TestUnsigned(t *testing.T) {
	id, file := makeFile("contents")
	r, err := pqenc.Decrypt(bytes.NewReader(file), id)
	if err != nil || r.Signature() != nil {
		t.Error("a stream has a signature:", r, err)
	}
	f := openFile(t, file, pqenc.Policy{AllowForwarded: true}, id)
	if err := f.Verify(); err != pqenc.ErrNotSigned || f.Signature() != nil {
		t.Error("a file has a signature:", err)
	}
	context := ""
	for _, p := range []pqenc.Policy{fromAlice, {From: fromAlice.From, Context: &context}} {
		if _, err := pqenc.DecryptSigned(bytes.NewReader(file), p, id); !errors.Is(err, pqenc.ErrNotSigned) {
			t.Error("stream:", err)
		}
		if _, err := pqenc.OpenSigned(bytes.NewReader(file), int64(len(file)), p, id); !errors.Is(err, pqenc.ErrNotSigned) {
			t.Error("random access:", err)
		}
	}
}

func TestSignatureSays(t *testing.T) {
	before := time.Now().Truncate(time.Second)
	file := encryptSigned(t, nil, "round 17", bob.Public(), carol.Public(), bob.Public())
	after := time.Now()
	readers := pqenc.SortedReaders([]pqenc.Fingerprint{bob.Fingerprint(), carol.Fingerprint()})

	r := decryptStream(t, bytes.NewReader(file), fromAlice, bob)
	s := r.Signature()
	if s.Signer != alice.Fingerprint() || s.Context != "round 17" || !slices.Equal(s.Readers, readers) {
		t.Errorf("%+v", s)
	}
	if s.Time.Before(before) || s.Time.After(after) {
		t.Errorf("signed at %s, not between %s and %s", s.Time, before, after)
	}

	// Changes of the result by the caller have no effect.
	s.Level, s.Context, s.Readers[0] = pqenc.Verified, "", pqenc.Fingerprint{}
	s = r.Signature()
	if s.Level != pqenc.Claimed || s.Context != "round 17" || !slices.Equal(s.Readers, readers) {
		t.Errorf("after a change: %+v", s)
	}
	if _, err := r.WriteTo(io.Discard); err != nil {
		t.Error(err)
	}
}

// spoken is a passphrase without the work: its stanza has the file key as it is.
type spoken struct{}

func (spoken) Wrap(k *pqenc.FileKey, _ *pqenc.Binding) (pqenc.Stanza, error) {
	return pqenc.Stanza{Type: format.TypePassphrase, Body: append(k[:], make([]byte, format.PassphraseSize-len(k))...)}, nil
}

func (spoken) Unwrap(s pqenc.Stanza, _ *pqenc.Binding) (*pqenc.FileKey, error) {
	if s.Type != format.TypePassphrase {
		return nil, pqenc.ErrNoMatch
	}
	return (*pqenc.FileKey)(s.Body), nil
}

// nameless has the encryption key of an identity, without its name.
type nameless struct{ pqenc.Identity }

func TestAddressed(t *testing.T) {
	type to = []pqenc.Recipient
	type ids = []pqenc.Identity
	b, c := bob.Public(), carol.Public()
	for _, test := range []struct {
		name       string
		signedFor  to
		wrappedFor to // signedFor, if nil
		ids        ids
		addressed  bool
	}{
		{"one reader", to{b}, nil, ids{bob}, true},
		{"one reader, named twice", to{b, b}, nil, ids{bob}, true},
		{"one of two", to{b, c}, nil, ids{carol}, true},
		{"both of two", to{b, c}, nil, ids{bob, carol}, true},
		{"one of two identities is listed", to{b}, nil, ids{carol, bob}, true},
		{"one of two identities is listed, among others", to{b, alice.Public()}, nil, ids{carol, bob}, true},
		{"an identity without a name", to{b}, nil, ids{nameless{bob}}, false},
		{"passphrase", to{spoken{}}, nil, ids{spoken{}}, true},
		{"passphrase, and an identity", to{spoken{}}, nil, ids{bob, spoken{}}, true},
		{"passed on", to{b}, to{c}, ids{carol}, false},
		{"passed on, between own identities", to{b}, to{c}, ids{carol, bob}, true},
		{"passed on under a passphrase", to{b}, to{spoken{}}, ids{spoken{}}, false},
		{"passed on under a passphrase to oneself", to{b}, to{spoken{}}, ids{spoken{}, bob}, true},
		{"passphrase, passed on to a key", to{spoken{}}, to{b}, ids{bob}, false},
	} {
		file := encryptSigned(t, []byte("contents"), "", test.signedFor...)
		if test.wrappedFor != nil {
			file = rewrap(t, file, test.wrappedFor, bob, spoken{})
		}
		s := openFile(t, file, pqenc.Policy{}, test.ids...).Signature()
		if s.Addressed != test.addressed {
			t.Errorf("%s: addressed %v", test.name, s.Addressed)
		}
		_, err := pqenc.DecryptSigned(bytes.NewReader(file), fromAlice, test.ids...)
		if test.addressed != (err == nil) || err != nil && !errors.Is(err, pqenc.ErrForwarded) {
			t.Errorf("%s: %v", test.name, err)
		}
		allow := fromAlice
		allow.AllowForwarded = true
		r := decryptStream(t, bytes.NewReader(file), allow, test.ids...)
		if _, err := r.WriteTo(io.Discard); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		requireLevel(t, test.name, r.Signature(), pqenc.Verified)
	}
}

// TestContext requires a context: it must be exactly that one.
func TestContext(t *testing.T) {
	longest := strings.Repeat("x", pqenc.MaxContextSize)
	contexts := []string{"", "round 1", "round 17", longest, longest[1:]}
	for _, signed := range contexts {
		file := encryptSigned(t, nil, signed, bob.Public())
		for _, required := range contexts {
			p := pqenc.Policy{From: fromAlice.From, Context: &required}
			_, err := pqenc.DecryptSigned(bytes.NewReader(file), p, bob)
			if (err == nil) != (signed == required) || err != nil && !errors.Is(err, pqenc.ErrContext) {
				t.Errorf("%.9q signed, %.9q required: %v", signed, required, err)
			}
		}
	}
}

// TestContextNeedsSenders: nobody has verified a context without a sender, so that it
// cannot be required, of a signed file or any other.
func TestContextNeedsSenders(t *testing.T) {
	context := "round 17"
	for _, file := range [][]byte{encryptSigned(t, nil, context, bob.Public()), encryptSmall(t, []byte("contents"))} {
		if _, err := pqenc.DecryptSigned(bytes.NewReader(file), pqenc.Policy{Context: &context}, bob); err == nil || !strings.Contains(err.Error(), "Policy.From") {
			t.Error(err)
		}
	}
}

// TestCannotSign requires that nothing is written after a failure to sign.
func TestCannotSign(t *testing.T) {
	bare, err := recipient.GenerateHybrid()
	if err != nil {
		t.Fatal(err)
	}
	type to = []pqenc.Recipient
	for _, test := range []struct {
		name    string
		context string
		to      to
		want    error
	}{
		{"nobody", "", nil, pqenc.ErrNoRecipients},
		{"without a name", "", to{bare.Recipient()}, pqenc.ErrAnonymous},
		{"one without a name", "", to{bob.Public(), bare.Recipient()}, pqenc.ErrAnonymous},
		{"passphrase and key", "", to{spoken{}, bob.Public()}, pqenc.ErrHeader},
		{"context too long", strings.Repeat("x", pqenc.MaxContextSize+1), to{bob.Public()}, pqenc.ErrHeader},
	} {
		var file bytes.Buffer
		w, err := pqenc.EncryptSigned(&file, alice, test.context, test.to...)
		if w != nil || !errors.Is(err, test.want) || file.Len() > 0 {
			t.Errorf("%s: %v, %d bytes written", test.name, err, file.Len())
		}
	}
}

// TestTrailerNotWritten has a destination that is full when only the trailer is
// missing.
func TestTrailerNotWritten(t *testing.T) {
	size := len(encryptSigned(t, []byte("contents"), "", bob.Public()))
	full := errors.New("disk full")
	w, err := pqenc.EncryptSignedSmall(&failingWriter{size - 1, full}, alice, "", bob.Public())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("contents")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != full {
		t.Errorf("Close: %v", err)
	}
	if err := w.Close(); err == nil {
		t.Error("the second Close succeeds")
	}
}

// TestNothingVisible searches the bytes of a file for the contents of its signature.
func TestNothingVisible(t *testing.T) {
	const context = "a context that is nobody's business"
	file := encryptSigned(t, pattern(100, 1), context, bob.Public(), carol.Public())
	secrets := map[string][]byte{"context": []byte(context), "signing key": alice.Public().VerificationKey().Bytes()[:32]}
	for name, id := range map[string]*keyfile.Identity{"signer": alice, "first reader": bob, "second reader": carol} {
		f := id.Fingerprint()
		secrets[name] = f[:]
		secrets[name+" in text"] = []byte(f.String())
	}
	for name, secret := range secrets {
		if bytes.Contains(file, secret[:16]) {
			t.Errorf("the file shows the %s", name)
		}
	}
	// Nor is anything the same in the next file but the frame.
	next := encryptSigned(t, pattern(100, 1), context, bob.Public(), carol.Public())
	frame := bytes.Clone(file)
	for i := range frame {
		frame[i] ^= next[i]
	}
	signer := frame[82+4 : 82+4+500]
	if zeros := bytes.Count(signer, []byte{0}); zeros > 50 {
		t.Errorf("%d of %d bytes of the signer stanza are the same in two files", zeros, len(signer))
	}
}
