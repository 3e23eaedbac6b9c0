// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/pqenc/pqenc/stream"
)

var errFull = errors.New("disk full")

// fullDisk takes some writes, and then fails after a part of one.
type fullDisk struct {
	bytes.Buffer
	writes int // that succeed
	err    error
	failed bool
	late   int // writes after the failed one
}

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.failed {
		d.late++
	}
	if d.writes--; d.writes < 0 {
		d.failed = true
		n, _ := d.Buffer.Write(p[:len(p)/2])
		return n, d.err
	}
	return d.Buffer.Write(p)
}

// failures of a destination, and the resulting errors. A destination that
// fails with io.EOF, as an ssh channel does, must not look like the end of the
// body.
var failures = []struct {
	name      string
	err, want error
}{
	{"error", errFull, errFull},
	{"short write", nil, io.ErrShortWrite},
	{"EOF", io.EOF, io.ErrClosedPipe},
	{"unexpected EOF", io.ErrUnexpectedEOF, io.ErrUnexpectedEOF},
}

func TestWriterDestinationFails(t *testing.T) {
	plain := plaintext(12*chunkSize + 100)
	body := sealBody(plain)
	for _, f := range failures {
		for n := range 13 {
			for _, from := range []bool{false, true} {
				d := &fullDisk{writes: n, err: f.err}
				w := newCipher().NewWriter(d)
				var err error
				if from {
					_, err = w.ReadFrom(bytes.NewReader(plain))
				} else {
					_, err = w.Write(plain)
				}
				if err != nil && err != f.want {
					t.Fatalf("%s at write %d: %v", f.name, n, err)
				}
				checkFailed(t, w, f.want)
				if d.late > 0 || !bytes.HasPrefix(body, d.Bytes()) || d.Len() < n*sealedLen {
					t.Fatalf("%s at write %d: %d bytes written, %d writes afterwards", f.name, n, d.Len(), d.late)
				}
			}
		}
	}
}

// checkFailed requires that Close fails, and everything after it.
func checkFailed(t *testing.T, w *stream.Writer, want error) {
	t.Helper()
	for range 2 {
		if err := w.Close(); err != want {
			t.Fatalf("Close: %v, want %v", err, want)
		}
		if n, err := w.Write([]byte{1}); n != 0 || err != want {
			t.Fatalf("Write: %d, %v, want %v", n, err, want)
		}
		if n, err := w.Write(nil); n != 0 || err != want {
			t.Fatalf("Write of nothing: %d, %v, want %v", n, err, want)
		}
		if n, err := w.ReadFrom(bytes.NewReader([]byte{1})); n != 0 || err != want {
			t.Fatalf("ReadFrom: %d, %v, want %v", n, err, want)
		}
	}
}

func TestWriterClosed(t *testing.T) {
	var body bytes.Buffer
	w := newCipher().NewWriter(&body)
	if err := errors.Join(writeAll(w, []byte("x"), 1), w.Close()); err != nil {
		t.Fatal(err)
	}
	checkFailed(t, w, stream.ErrClosed)
	open(t, body.Bytes(), []byte("x"))
}

// TestReaderDestinationFails requires that later calls return the error of the destination.
func TestReaderDestinationFails(t *testing.T) {
	plain := plaintext(12*chunkSize + 100)
	body := sealBody(plain)
	for _, f := range failures {
		for _, first := range []int{0, 1, chunkSize, len(plain) - 1} { // by Read
			for n := range 13 - first/chunkSize {
				d := &fullDisk{writes: n, err: f.err}
				r := newCipher().NewReader(bytes.NewReader(body), 0)
				if _, err := io.CopyN(&d.Buffer, readerOnly{r}, int64(first)); err != nil {
					t.Fatal(err)
				}
				if m, err := r.WriteTo(d); err != f.want || m != int64(d.Len()-first) {
					t.Fatalf("%s at write %d, %d bytes before: %d, %v", f.name, n, first, m, err)
				}
				if d.late > 0 || !bytes.HasPrefix(plain, d.Bytes()) {
					t.Fatalf("%s at write %d, %d bytes before: %d bytes written, %d writes afterwards", f.name, n, first, d.Len(), d.late)
				}
				if m, err := r.WriteTo(io.Discard); m != 0 || err != f.want {
					t.Fatalf("%s at write %d, %d bytes before: WriteTo again: %d, %v", f.name, n, first, m, err)
				}
				if m, err := r.Read(make([]byte, 1)); m != 0 || err != f.want {
					t.Fatalf("%s at write %d, %d bytes before: Read: %d, %v", f.name, n, first, m, err)
				}
			}
		}
	}
}
