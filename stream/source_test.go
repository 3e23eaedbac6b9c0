// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/pqenc/pqenc/stream"
)

var errSource = errors.New("the source failed")

// withError delivers b and then, or together with its last bytes, err.
type withError struct {
	b        []byte
	err      error
	together bool
}

func (r *withError) Read(p []byte) (int, error) {
	n := copy(p, r.b)
	r.b = r.b[n:]
	if len(r.b) == 0 && (r.together || n == 0) {
		return n, r.err
	}
	return n, nil
}

// TestReaderSourceFails has sources that fail at every byte, at chunk
// boundaries and after the last chunk too. A failure is never taken for the end of the body,
// not even io.ErrUnexpectedEOF, with which a source reports that it is truncated itself.
func TestReaderSourceFails(t *testing.T) {
	plain := plaintext(chunkSize + 100)
	body := sealBody(plain)
	for n := range len(body) + 1 {
		for _, want := range []error{errSource, io.ErrUnexpectedEOF} {
			for _, together := range []bool{false, true} {
				src := func() io.Reader { return &withError{body[:n], want, together} }

				var written bytes.Buffer
				_, err := newCipher().NewReader(src(), 0).WriteTo(&written)
				checkReleased(t, "WriteTo", written.Bytes(), plain, n, err, want)

				read, err := io.ReadAll(newCipher().NewReader(src(), 0))
				checkReleased(t, "Read", read, plain, n, err, want)
			}
		}
	}
}

// checkReleased requires that nothing but whole chunks was released of those
// in the first n bytes of the body, and that the source's error came back.
func checkReleased(t *testing.T, name string, got, plain []byte, n int, err, want error) {
	t.Helper()
	if err != want {
		t.Fatalf("%s: failed after %d bytes: got %v, want %v", name, n, err, want)
	}
	most := n / sealedLen * chunkSize
	if len(got)%chunkSize != 0 || len(got) > most || len(got) < most-chunkSize || !bytes.HasPrefix(plain, got) {
		t.Fatalf("%s: failed after %d bytes: %d bytes released", name, n, len(got))
	}
}

// TestWriterSourceFails gets the source's error from ReadFrom, and the count
// of what came before.
func TestWriterSourceFails(t *testing.T) {
	plain := plaintext(2*chunkSize + 100)
	for _, n := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 2 * chunkSize, len(plain)} {
		for _, want := range []error{errSource, io.ErrUnexpectedEOF} {
			for _, together := range []bool{false, true} {
				var body bytes.Buffer
				w := newCipher().NewWriter(&body)
				m, err := w.ReadFrom(&withError{plain[:n], want, together})
				if m != int64(n) || err != want {
					t.Fatalf("failed after %d bytes: %d, %v", n, m, err)
				}
				// The data before the error must not look complete.
				if err := w.Close(); err != want {
					t.Fatal("Close:", err)
				}
				if _, err := newCipher().NewReader(&body, 0).WriteTo(io.Discard); err == nil {
					t.Fatalf("failed after %d bytes: the body is whole", n)
				}
			}
		}
	}
}

func TestTimeout(t *testing.T) {
	plain := plaintext(2 * chunkSize)
	body := sealBody(plain)
	slow := func(b []byte) io.Reader {
		return iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(b)))
	}
	if n, err := newCipher().NewReader(slow(body), 0).WriteTo(io.Discard); n != 0 || err != iotest.ErrTimeout {
		t.Error("WriteTo:", n, err)
	}
	r := newCipher().NewReader(slow(body), 0)
	for range 2 { // the source would continue, the reader does not: bytes were lost
		if n, err := r.Read(make([]byte, 10)); n != 0 || err != iotest.ErrTimeout {
			t.Error("Read:", n, err)
		}
	}
	w := newCipher().NewWriter(io.Discard)
	if n, err := w.ReadFrom(slow(plain)); n != 1 || err != iotest.ErrTimeout {
		t.Error("ReadFrom:", n, err)
	}
}

// idle never returns data.
type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestNoProgress(t *testing.T) {
	body := sealBody(plaintext(chunkSize + 100))
	for _, n := range []int{0, 1, sealedLen, len(body)} {
		src := func() io.Reader { return io.MultiReader(&withError{body[:n], io.EOF, true}, idle{}) }
		if _, err := newCipher().NewReader(src(), 0).WriteTo(io.Discard); err != io.ErrNoProgress {
			t.Errorf("WriteTo, %d bytes: %v", n, err)
		}
		if _, err := io.ReadAll(newCipher().NewReader(src(), 0)); err != io.ErrNoProgress {
			t.Errorf("Read, %d bytes: %v", n, err)
		}
		if m, err := newCipher().NewWriter(io.Discard).ReadFrom(src()); m != int64(n) || err != io.ErrNoProgress {
			t.Errorf("ReadFrom, %d bytes: %d, %v", n, m, err)
		}
	}
}

// TestReaderAtSourceFails returns the error of the source, and treats a short read as
// truncation.
func TestReaderAtSourceFails(t *testing.T) {
	body := sealBody(plaintext(2*chunkSize + 100))
	for _, test := range []struct {
		err, want error
	}{
		{errSource, errSource}, {io.ErrUnexpectedEOF, io.ErrUnexpectedEOF}, {io.EOF, stream.ErrTruncated}, {nil, stream.ErrTruncated},
	} {
		src := &failingAt{body, len(body), test.err}
		r, err := newCipher().NewReaderAt(src, int64(len(body)))
		if err != nil {
			t.Fatal(err)
		}
		src.from = sealedLen + 1
		p := make([]byte, 2*chunkSize)
		if n, err := r.ReadAt(p, 0); n != chunkSize || err != test.want {
			t.Errorf("%v: ReadAt: %d, %v", test.err, n, err)
		}
		if _, err := newCipher().NewReaderAt(src, int64(len(body))); err != test.want {
			t.Errorf("%v: NewReaderAt: %v", test.err, err)
		}
		src.from = len(body) // failures of the source do not stick
		if n, err := r.ReadAt(p, 0); n != len(p) || err != nil {
			t.Errorf("%v: ReadAt again: %d, %v", test.err, n, err)
		}
	}
}

// failingAt has nothing but err from an offset on.
type failingAt struct {
	b    []byte
	from int
	err  error
}

func (r *failingAt) ReadAt(p []byte, off int64) (int, error) {
	n := copy(p, r.b[min(int(off), r.from):r.from])
	if n < len(p) {
		return n, r.err
	}
	return n, nil
}
