// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pqenc/pqenc"
)

// encryptSmall returns a file for bob that is not signed, with chunks of 4 KiB.
func encryptSmall(t testing.TB, contents []byte) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := pqenc.EncryptSmall(&file, bob.Public())
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

// kinds of files for bob, and how he reads them.
var kinds = []struct {
	name   string
	make   func(t testing.TB, contents []byte) []byte
	policy pqenc.Policy
	level  pqenc.Level // at the end; -1 without a signature
}{
	{"unsigned", encryptSmall, pqenc.Policy{}, -1},
	{"signed by anybody", signedSmall, pqenc.Policy{}, pqenc.Unverified},
	{"signed by alice", signedSmall, fromAlice, pqenc.Verified},
}

func signedSmall(t testing.TB, contents []byte) []byte {
	t.Helper()
	return encryptSigned(t, contents, "", bob.Public(), mallory.Public())
}

// pass is a mark that went through its encoding, as from one process to the
// next.
func pass(t testing.TB, m *pqenc.Mark) *pqenc.Mark {
	t.Helper()
	b, err := m.MarshalBinary()
	if err != nil || len(b) != 150 {
		t.Fatal(len(b), err)
	}
	got := new(pqenc.Mark)
	if err := got.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	return got
}

// headerOf returns the header of a file, and how long it is.
func headerOf(t testing.TB, file []byte) []byte {
	t.Helper()
	info, err := pqenc.Inspect(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return file[:info.HeaderSize]
}

// rest is what Resume reads of a file.
func rest(t testing.TB, file []byte, m *pqenc.Mark) io.Reader {
	t.Helper()
	rest := file[min(m.Offset(), int64(len(file))):]
	return io.MultiReader(bytes.NewReader(headerOf(t, file)), bytes.NewReader(rest))
}

func resume(t testing.TB, file []byte, m *pqenc.Mark, p pqenc.Policy) *pqenc.Reader {
	t.Helper()
	r, err := pqenc.Resume(m, rest(t, file, m), p, bob)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// marking takes a mark within every Write, and fails after a number of bytes.
type marking struct {
	bytes.Buffer
	r     *pqenc.Reader
	left  int
	marks []*pqenc.Mark
}

var errCut = errors.New("cut")

func (w *marking) Write(p []byte) (int, error) {
	w.marks = append(w.marks, w.r.Mark())
	if len(p) > w.left {
		n, _ := w.Buffer.Write(p[:w.left])
		return n, errCut
	}
	w.left -= len(p)
	return w.Buffer.Write(p)
}

// marksOf reads a file to the end, and returns its marks: one at each chunk.
func marksOf(t testing.TB, file []byte, p pqenc.Policy) []*pqenc.Mark {
	t.Helper()
	r := decryptStream(t, bytes.NewReader(file), p, bob)
	w := &marking{r: r, left: len(file), marks: []*pqenc.Mark{r.Mark()}}
	if _, err := r.WriteTo(w); err != nil {
		t.Fatal(err)
	}
	return append(w.marks, r.Mark())
}

// TestResume resumes from every mark of a file, and requires the contents, the
// level and the marks that reading without an interruption gives.
func TestResume(t *testing.T) {
	for _, kind := range kinds {
		for _, n := range []int{0, 1, smallChunk - 1, smallChunk, 2*smallChunk - pqenc.TrailerSize, 3*smallChunk + 100} {
			contents := pattern(n, 1)
			file := kind.make(t, contents)
			marks := marksOf(t, file, kind.policy)
			for i, m := range marks {
				if want := min(i, n/smallChunk) * smallChunk; m.Content() != int64(want) {
					t.Fatalf("%s, %d bytes: mark %d is at %d, want %d", kind.name, n, i, m.Content(), want)
				}
				for consumer, read := range consumers {
					r := resume(t, file, pass(t, m), kind.policy)
					got, err := read(r)
					if err != nil || !bytes.Equal(got, contents[m.Content():]) {
						t.Fatalf("%s, %d bytes from %d, %s: %d bytes, %v", kind.name, n, m.Content(), consumer, len(got), err)
					}
					if kind.level >= 0 {
						requireLevel(t, consumer, r.Signature(), kind.level)
					}
					requireMark(t, r.Mark(), marks[len(marks)-1])
				}
			}
		}
	}
}

func requireMark(t testing.TB, got, want *pqenc.Mark) {
	t.Helper()
	if *got != *want {
		t.Fatalf("mark at %d, want %d: %x, not %x", got.Content(), want.Content(), *got, *want)
	}
}

// TestMarkBetweenReads has marks while chunks are released in parts: those of
// the chunk before, until a chunk is whole.
func TestMarkBetweenReads(t *testing.T) {
	for _, kind := range kinds {
		contents := pattern(3*smallChunk+100, 1)
		file := kind.make(t, contents)
		marks := marksOf(t, file, kind.policy)
		r := decryptStream(t, bytes.NewReader(file), kind.policy, bob)
		for n := 0; ; {
			requireMark(t, r.Mark(), marks[n/smallChunk])
			m, err := r.Read(make([]byte, 1000))
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			n += m
		}
		requireMark(t, r.Mark(), marks[3])
	}
}

// TestResumeAgain cuts the reading of a file at random places, again and again,
// by its source or by its destination.
func TestResumeAgain(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for i := range pqenc.Rounds(60) {
		kind := kinds[i%len(kinds)]
		contents := pattern(rnd.IntN(12*smallChunk), byte(i))
		file := kind.make(t, contents)
		mark := decryptStream(t, bytes.NewReader(file), kind.policy, bob).Mark()
		var out []byte
		for cuts := 0; ; cuts++ {
			out = out[:mark.Content()]
			r, err := pqenc.Resume(mark, rest(t, file[:cutAt(rnd, file, mark, cuts)], mark), kind.policy, bob)
			if err != nil {
				t.Fatal(err)
			}
			w := &marking{r: r, left: len(file)}
			if rnd.IntN(2) == 0 && cuts < 20 {
				w.left = rnd.IntN(3 * smallChunk)
			}
			_, err = r.WriteTo(w)
			out = append(out, w.Bytes()...)
			if !bytes.HasPrefix(contents, out) {
				t.Fatalf("%s: other contents after %d cuts", kind.name, cuts)
			}
			if err == nil {
				if kind.level >= 0 {
					requireLevel(t, kind.name, r.Signature(), kind.level)
				}
				break
			}
			if !errors.Is(err, errCut) && !errors.Is(err, pqenc.ErrTruncated) && !errors.Is(err, pqenc.ErrBody) {
				t.Fatalf("%s: %v", kind.name, err)
			}
			mark = pass(t, r.Mark())
		}
		if len(out) != len(contents) {
			t.Fatalf("%s: %d of %d bytes", kind.name, len(out), len(contents))
		}
	}
}

// cutAt returns where a file ends that is cut after the mark, or not any more
// after a number of interruptions.
func cutAt(rnd *rand.Rand, file []byte, m *pqenc.Mark, cuts int) int {
	left := len(file) - int(m.Offset())
	if cuts >= 20 {
		return len(file)
	}
	return len(file) - left + rnd.IntN(left+1)
}

// TestResumeReplaced lets a co-recipient put other contents after the mark, or
// reads other contents up to it.
func TestResumeReplaced(t *testing.T) {
	contents := pattern(3*smallChunk+100, 1)
	file := signedSmall(t, contents)
	p := takeApart(t, file, mallory)
	p.replace(t, pattern(len(contents), 2))
	forged := p.file(t)
	for _, pair := range [][2][]byte{{file, forged}, {forged, file}} {
		marks := marksUntil(t, pair[0])
		for _, m := range marks {
			r := resume(t, pair[1], m, fromAlice)
			_, err := r.WriteTo(io.Discard)
			same := m.Content() == 0 && &pair[1][0] == &file[0]
			if same && err != nil || !same && !errors.Is(err, pqenc.ErrReplaced) {
				t.Errorf("from %d: %v", m.Content(), err)
			}
			if !same {
				requireLevel(t, "replaced", r.Signature(), pqenc.Claimed)
			}
		}
	}
}

// marksUntil returns the marks at all chunks of a file by alice that may have
// been replaced.
func marksUntil(t testing.TB, file []byte) []*pqenc.Mark {
	t.Helper()
	r := decryptStream(t, bytes.NewReader(file), fromAlice, bob)
	w := &marking{r: r, left: len(file), marks: []*pqenc.Mark{r.Mark()}}
	if _, err := r.WriteTo(w); err != nil && !errors.Is(err, pqenc.ErrReplaced) {
		t.Fatal(err)
	}
	return w.marks
}

// TestResumeDamaged has files that are damaged after the mark.
func TestResumeDamaged(t *testing.T) {
	for _, kind := range kinds {
		contents := pattern(2*smallChunk+100, 1)
		file := kind.make(t, contents)
		for _, m := range marksOf(t, file, kind.policy) {
			at := int(m.Offset())
			for name, test := range map[string]struct {
				file []byte
				want error
			}{
				"changed":   {flip(file, at), pqenc.ErrBody},
				"cut":       {file[:at], pqenc.ErrTruncated},
				"cut short": {file[:at+10], pqenc.ErrTruncated},
				"longer":    {append(bytes.Clone(file), 0), pqenc.ErrBody},
			} {
				r := resume(t, test.file, m, kind.policy)
				if _, err := r.WriteTo(io.Discard); !errors.Is(err, test.want) {
					t.Errorf("%s, %s from %d: %v", kind.name, name, m.Content(), err)
				}
			}
			if r, err := pqenc.Resume(m, bytes.NewReader(file), kind.policy, bob); at > len(headerOf(t, file)) {
				if err == nil {
					_, err = r.WriteTo(io.Discard)
				}
				if !errors.Is(err, pqenc.ErrBody) {
					t.Errorf("%s, from %d with what was before: %v", kind.name, m.Content(), err)
				}
			}
		}
	}
}

// flip returns a copy of a file with one byte changed.
func flip(file []byte, at int) []byte {
	changed := bytes.Clone(file)
	changed[at] ^= 1
	return changed
}

// TestResumeChecksHeader repeats what DecryptSigned checks.
func TestResumeChecksHeader(t *testing.T) {
	file := signedSmall(t, pattern(2*smallChunk, 1))
	m := marksOf(t, file, fromAlice)[1]
	context := "another"
	unsigned := encryptSmall(t, pattern(2*smallChunk, 1))
	for name, test := range map[string]struct {
		file   []byte
		policy pqenc.Policy
		id     pqenc.Identity
		want   error
	}{
		"no key":          {file, fromAlice, carol, pqenc.ErrNoMatch},
		"header changed":  {flip(file, 81), fromAlice, bob, pqenc.ErrHeader},
		"another context": {file, pqenc.Policy{From: fromAlice.From, Context: &context}, bob, pqenc.ErrContext},
		"another sender":  {file, pqenc.Policy{From: []pqenc.Sender{carol.Public()}}, bob, pqenc.ErrWrongSigner},
		"forwarded":       {rewrap(t, file, []pqenc.Recipient{carol.Public()}, mallory), fromAlice, carol, pqenc.ErrForwarded},
		"not signed":      {unsigned, fromAlice, bob, pqenc.ErrNotSigned},
		"not a file":      {make([]byte, 5000), fromAlice, bob, pqenc.ErrNotPqenc},
	} {
		if r, err := pqenc.Resume(m, bytes.NewReader(test.file), test.policy, test.id); r != nil || !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWrongMark requires ErrMark for a mark that does not fit.
func TestWrongMark(t *testing.T) {
	contents := pattern(2*smallChunk+100, 1)
	file := signedSmall(t, contents)
	mark := marksOf(t, file, fromAlice)[1]
	// The rewrapped file has the same body.
	again := rewrap(t, file, []pqenc.Recipient{bob.Public()}, mallory)
	for name, test := range map[string]struct {
		mark   *pqenc.Mark
		file   []byte
		policy pqenc.Policy
	}{
		"none":             {new(pqenc.Mark), file, fromAlice},
		"another file":     {mark, signedSmall(t, contents), fromAlice},
		"an unsigned file": {mark, encryptSmall(t, contents), pqenc.Policy{}},
		"rewrapped":        {mark, again, fromAlice},
		"without a sender": {marksOf(t, file, pqenc.Policy{})[1], file, fromAlice},
		"another length":   {altered(t, mark, 1, 1), file, fromAlice},
		"another chunk":    {altered(t, mark, 4, 0x10), file, fromAlice},
	} {
		if r, err := pqenc.Resume(test.mark, bytes.NewReader(test.file), test.policy, bob); r != nil || !errors.Is(err, pqenc.ErrMark) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := pqenc.Resume(marksOf(t, file, pqenc.Policy{})[1], bytes.NewReader(file), fromAlice, bob)
	if err == nil || !strings.Contains(err.Error(), "made without senders") {
		t.Errorf("the error does not say what is missing: %v", err)
	}
	// Without senders no state is needed, and later marks have none.
	r := resume(t, file, mark, pqenc.Policy{})
	if _, err := r.WriteTo(io.Discard); err != nil {
		t.Error(err)
	}
	requireMark(t, r.Mark(), marksOf(t, file, pqenc.Policy{})[2])
}

// altered returns a mark with one byte of its encoding changed.
func altered(t testing.TB, m *pqenc.Mark, at int, change byte) *pqenc.Mark {
	t.Helper()
	b, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	b[at] ^= change
	got := new(pqenc.Mark)
	if err := got.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	return got
}

// TestAlteredState changes every byte of a mark. Either it is refused, or the
// end of the contents is.
func TestAlteredState(t *testing.T) {
	file := signedSmall(t, pattern(2*smallChunk+100, 1))
	for i, m := range marksOf(t, file, fromAlice)[:3] {
		b, err := m.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		accepted := 0
		for at := range b {
			b[at] ^= 1
			got := new(pqenc.Mark)
			err := got.UnmarshalBinary(b)
			b[at] ^= 1
			var r *pqenc.Reader
			if err == nil {
				r, err = pqenc.Resume(got, rest(t, file, got), fromAlice, bob)
			}
			if err != nil {
				if !errors.Is(err, pqenc.ErrMark) {
					t.Fatalf("mark %d, byte %d: %v", i, at, err)
				}
				continue
			}
			accepted++
			if _, err := r.WriteTo(io.Discard); !errors.Is(err, pqenc.ErrReplaced) {
				t.Fatalf("mark %d, byte %d: %v", i, at, err)
			}
			requireLevel(t, "altered", r.Signature(), pqenc.Claimed)
		}
		// The value of the hash, and the digest that is not yet in it.
		if want := 32 + i%2*32; accepted != want {
			t.Errorf("mark %d: %d bytes can be changed, want %d", i, accepted, want)
		}
	}
}

func TestMarkEncoding(t *testing.T) {
	for _, kind := range kinds {
		file := kind.make(t, pattern(smallChunk, 1))
		b, err := marksOf(t, file, kind.policy)[1].MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		for n := range 200 {
			var wrong []byte
			switch {
			case n < len(b):
				wrong = b[:n]
			case n > len(b):
				wrong = append(bytes.Clone(b), make([]byte, n-len(b))...)
			default:
				continue
			}
			m := new(pqenc.Mark)
			if err := m.UnmarshalBinary(wrong); !errors.Is(err, pqenc.ErrMark) || *m != (pqenc.Mark{}) {
				t.Errorf("%s, %d bytes: %v", kind.name, n, err)
			}
		}
	}
}

// A mark that is accepted has one encoding, and its offsets are within the largest file. The seeds are in testdata/fuzz/FuzzMark.
func FuzzMark(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		m := new(pqenc.Mark)
		if err := m.UnmarshalBinary(b); err != nil {
			if !errors.Is(err, pqenc.ErrMark) || *m != (pqenc.Mark{}) {
				t.Fatal(m, err)
			}
			return
		}
		again, err := m.MarshalBinary()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x becomes %x, %v", b, again, err)
		}
		if m.Content() < 0 || m.Offset() < m.Content()+4096 {
			t.Fatal(m.Content(), m.Offset())
		}
	})
}

// A fuzz target without seeds would pass without testing anything.
func TestFuzzSeeds(t *testing.T) {
	for _, target := range []string{"FuzzMark", "FuzzParseDetached", "FuzzParseOpening"} {
		seeds, err := filepath.Glob(filepath.Join("testdata", "fuzz", target, "*"))
		if err != nil || len(seeds) == 0 {
			t.Errorf("%s has no seeds: %v", target, err)
		}
	}
}
