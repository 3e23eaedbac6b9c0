// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/aead"
	"github.com/pqenc/pqenc/stream"
)

// digestsOf returns the list of a signed file, made from its bytes.
func digestsOf(t testing.TB, file []byte) (list []byte) {
	t.Helper()
	p := takeApart(t, file, bob, mallory)
	for chunk := range slices.Chunk(p.body, smallChunk+stream.Overhead) {
		digest := sha256.Sum256(chunk)
		list = append(list, digest[:]...)
	}
	if len(p.body)%(smallChunk+stream.Overhead) == 0 {
		t.Fatal("the body has no last chunk")
	}
	return list
}

// TestDigests verifies a file with the list that verifying another copy of it has made.
func TestDigests(t *testing.T) {
	for _, n := range []int{0, 1, smallChunk - 1, smallChunk, 3*smallChunk + 100} {
		contents := pattern(n, 1)
		file := encryptSigned(t, contents, "", bob.Public())
		f := openFile(t, file, fromAlice, bob)
		var list bytes.Buffer
		if err := f.WriteDigests(&list); err == nil || list.Len() > 0 {
			t.Errorf("before Verify: %d bytes, %v", list.Len(), err)
		}
		if err := f.Verify(); err != nil {
			t.Fatal(err)
		}
		if err := f.WriteDigests(&list); err != nil || !bytes.Equal(list.Bytes(), digestsOf(t, file)) {
			t.Errorf("%d bytes of contents: a list of %d bytes, %v", n, list.Len(), err)
		}
		full := errors.New("full")
		if err := f.WriteDigests(&failingWriter{err: full}); !errors.Is(err, full) {
			t.Error("to a full disk:", err)
		}
		for _, r := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.DataErrReader, iotest.HalfReader} {
			f := openFile(t, file, fromAlice, bob)
			if err := f.UseDigests(r(bytes.NewReader(list.Bytes()))); err != nil {
				t.Fatal(err)
			}
			requireLevel(t, "with a list", f.Signature(), pqenc.Verified)
			testContents(t, f, contents)
			var again bytes.Buffer
			if err := f.WriteDigests(&again); err != nil || !bytes.Equal(again.Bytes(), list.Bytes()) {
				t.Errorf("written again: %d bytes, %v", again.Len(), err)
			}
		}
		// Other recipients, the same contents.
		moved := rewrap(t, file, []pqenc.Recipient{bob.Public(), mallory.Public()}, bob)
		if err := openFile(t, moved, fromAlice, bob).UseDigests(&list); err != nil {
			t.Error("after a rewrap:", err)
		}
	}
}

// TestOtherDigests requires that every other list is refused and changes nothing.
func TestOtherDigests(t *testing.T) {
	contents := pattern(3*smallChunk+100, 1)
	file := encryptSigned(t, contents, "", bob.Public(), mallory.Public())
	p := takeApart(t, file, mallory)
	p.replace(t, pattern(len(contents), 2))
	right, forged := digestsOf(t, file), p.file(t)
	swapped := bytes.Clone(right)
	copy(swapped, right[32:64])
	copy(swapped[32:], right[:32])
	lastFirst := slices.Concat(right[96:], right[32:96], right[:32])
	flipped := bytes.Clone(right)
	flipped[len(flipped)-1] ^= 1
	for name, list := range map[string][]byte{
		"empty":                    nil,
		"of another file":          digestsOf(t, encryptSigned(t, contents, "", bob.Public())),
		"of replaced contents":     digestsOf(t, forged),
		"permuted":                 swapped,
		"the last one first":       lastFirst,
		"a bit of the last one":    flipped,
		"a byte less":              right[:len(right)-1],
		"a digest less":            right[:96],
		"a byte more":              append(bytes.Clone(right), 0),
		"twice":                    append(bytes.Clone(right), right...),
		"in reverse":               slices.Concat(right[96:], right[64:96], right[32:64], right[:32]),
		"of zeros":                 make([]byte, len(right)),
		"the encrypted file":       file,
		"the digests, then a file": slices.Concat(right, file),
	} {
		f := openFile(t, file, fromAlice, bob)
		if err := f.UseDigests(bytes.NewReader(list)); !errors.Is(err, pqenc.ErrDigests) {
			t.Errorf("%s: %v", name, err)
		}
		requireLevel(t, name, f.Signature(), pqenc.Claimed)
		testContents(t, f, contents)
		if err := f.UseDigests(bytes.NewReader(right)); err != nil {
			t.Errorf("%s, and then the right one: %v", name, err)
		}
	}
}

// TestDigestsOfReplaced gives a file with replaced contents the list that fits them, and
// that of what was signed: nothing is released.
func TestDigestsOfReplaced(t *testing.T) {
	contents := pattern(3*smallChunk+100, 1)
	file := encryptSigned(t, contents, "", bob.Public(), mallory.Public())
	p := takeApart(t, file, mallory)
	p.replace(t, pattern(len(contents), 2))
	forged := p.file(t)
	f := openFile(t, forged, fromAlice, bob)
	if err := f.UseDigests(bytes.NewReader(digestsOf(t, forged))); !errors.Is(err, pqenc.ErrDigests) {
		t.Error("the list that fits:", err)
	}
	requireLevel(t, "the list that fits", f.Signature(), pqenc.Claimed)
	if err := f.UseDigests(bytes.NewReader(digestsOf(t, file))); err != nil {
		t.Error("the list of what was signed:", err)
	}
	var released bytes.Buffer
	if _, err := f.DecryptTo(&released); !errors.Is(err, pqenc.ErrReplaced) || released.Len() > 0 {
		t.Errorf("released %d bytes, %v", released.Len(), err)
	}
	for off := range 4 {
		if n, err := f.ReadAt(make([]byte, 1), int64(off*smallChunk)); n > 0 || !errors.Is(err, pqenc.ErrReplaced) {
			t.Errorf("chunk %d: %d bytes, %v", off, n, err)
		}
	}
	if err := f.Verify(); !errors.Is(err, pqenc.ErrReplaced) {
		t.Error("Verify:", err)
	}
}

// TestDigestsNeedSender requires that lists are refused without senders and for unsigned
// files.
func TestDigestsNeedSender(t *testing.T) {
	file := encryptSigned(t, []byte("contents"), "", bob.Public())
	f := openFile(t, file, pqenc.Policy{}, bob)
	if err := f.UseDigests(bytes.NewReader(digestsOf(t, file))); err == nil {
		t.Error("a list was used without a sender")
	}
	requireLevel(t, "without a sender", f.Signature(), pqenc.Unverified)
	unsigned := encryptSmall(t, []byte("contents"))
	if err := openFile(t, unsigned, pqenc.Policy{}, bob).UseDigests(bytes.NewReader(nil)); !errors.Is(err, pqenc.ErrNotSigned) {
		t.Error("a file that is not signed:", err)
	}
}

// TestReplacedAfterDigests replaces single chunks after the list was checked. The others
// stay readable, and so they are if they were damaged before.
func TestReplacedAfterDigests(t *testing.T) {
	contents := pattern(3*smallChunk+100, 1)
	file := encryptSigned(t, contents, "", bob.Public(), mallory.Public())
	p := takeApart(t, file, mallory)
	header := p.header.Size
	p.replace(t, pattern(len(contents), 2))
	forged := p.file(t)
	const sealed = smallChunk + stream.Overhead
	for i := range 4 {
		from, to := header+i*sealed, min(header+(i+1)*sealed, len(file)-pqenc.TrailerSize)
		live := bytes.Clone(file)
		f := openFile(t, live, fromAlice, bob)
		if err := f.UseDigests(bytes.NewReader(digestsOf(t, file))); err != nil {
			t.Fatal(err)
		}
		copy(live[from:to], forged[from:to])
		for j := range 4 {
			b := make([]byte, 100)
			_, err := f.ReadAt(b, int64(j*smallChunk))
			if replaced := errors.Is(err, pqenc.ErrReplaced); replaced != (i == j) || !replaced && !bytes.Equal(b, contents[j*smallChunk:][:100]) {
				t.Errorf("chunk %d replaced: %d reads as %v", i, j, err)
			}
		}
		var released bytes.Buffer
		if _, err := f.DecryptTo(&released); !errors.Is(err, pqenc.ErrReplaced) || !bytes.HasPrefix(contents, released.Bytes()) {
			t.Errorf("chunk %d replaced: %d bytes, %v", i, released.Len(), err)
		}
		f = openFile(t, live, fromAlice, bob)
		if err := f.UseDigests(bytes.NewReader(digestsOf(t, file))); err != nil {
			t.Fatal("the list is right:", err)
		}
		if _, err := f.ReadAt(make([]byte, 1), int64(i*smallChunk)); !errors.Is(err, pqenc.ErrReplaced) {
			t.Errorf("chunk %d replaced before: %v", i, err)
		}
	}
}

// countingReader counts what is read.
type countingReader struct {
	io.Reader
	n int64
}

func (r *countingReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.n += int64(n)
	return n, err
}

// holed is a file of zeros, apart from its two ends.
type holed struct {
	head, tail []byte
	end        int64 // of the zeros
}

func (h *holed) ReadAt(b []byte, off int64) (int, error) {
	clear(b)
	if off < int64(len(h.head)) {
		copy(b, h.head[off:])
	}
	if off >= h.end {
		return bytes.NewReader(h.tail).ReadAt(b, off-h.end)
	}
	return len(b), nil
}

// hugeFile opens a file of about 2^40 bytes, most of which is a hole: it has 2^28 chunks.
func hugeFile(t *testing.T) *pqenc.File {
	t.Helper()
	const full = 1<<28 - 1 // chunks, before the last one
	p := takeApart(t, encryptSigned(t, nil, "", bob.Public()), bob)
	header, err := p.header.Seal(p.keys)
	if err != nil {
		t.Fatal(err)
	}
	nonce := binary.BigEndian.AppendUint32(p.keys.NoncePrefix[:], full)
	last := aead.New(&p.keys.Payload).Seal(nil, append(nonce, 1), nil, nil)
	src := &holed{header, append(last, p.trailer...), int64(len(header)) + full*(smallChunk+stream.Overhead)}
	f, err := pqenc.OpenSigned(src, src.end+int64(len(src.tail)), fromAlice, bob)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestDigestsMemory gives a short list and an endless one for a file with very many
// chunks, and a failing one.
func TestDigestsMemory(t *testing.T) {
	f := hugeFile(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := f.UseDigests(bytes.NewReader(make([]byte, 1<<20)))
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, pqenc.ErrDigests) || used > 5<<20 {
		t.Errorf("%d bytes for a list of 1 MiB, %v", used, err)
	}
	broken := errors.New("broken")
	if err := f.UseDigests(io.MultiReader(bytes.NewReader(make([]byte, 100)), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Error(err)
	}
	small := openFile(t, encryptSigned(t, pattern(3*smallChunk, 1), "", bob.Public()), fromAlice, bob)
	endless := &countingReader{Reader: zeros{}}
	if err := small.UseDigests(endless); !errors.Is(err, pqenc.ErrDigests) || endless.n > 4*32+1 {
		t.Errorf("read %d bytes of an endless list: %v", endless.n, err)
	}
}
