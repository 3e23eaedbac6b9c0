// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream

import (
	"bytes"
	"errors"
	"testing"
)

// The last index that a body can have is set here instead of reached.
const lastIndex = MaxChunks - 1

func testCipher() *Cipher { return New(new([32]byte), new([7]byte), 12) }

// readLast opens chunks of which the first has the index.
func readLast(body []byte, index uint32) ([]byte, error) {
	r := testCipher().NewReader(bytes.NewReader(body), 0)
	r.index = index
	var b bytes.Buffer
	_, err := r.WriteTo(&b)
	return b.Bytes(), err
}

func TestLastChunkOfAll(t *testing.T) {
	for _, test := range []struct {
		index uint32
		size  int
	}{{lastIndex, 0}, {lastIndex, 4095}, {lastIndex - 1, 2*4096 - 1}} {
		var body bytes.Buffer
		w := testCipher().NewWriter(&body)
		w.index = test.index
		plain := bytes.Repeat([]byte{7}, test.size)
		if _, err := w.Write(plain); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatalf("%d bytes at chunk %d: %v", test.size, test.index, err)
		}
		got, err := readLast(body.Bytes(), test.index)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%d bytes at chunk %d: %d bytes, %v", test.size, test.index, len(got), err)
		}
	}
}

func TestWriterTooLong(t *testing.T) {
	for _, more := range []int{0, 1, 4096} {
		for _, from := range []bool{false, true} {
			var body bytes.Buffer
			w := testCipher().NewWriter(&body)
			w.index = lastIndex
			plain := make([]byte, 4096+more)
			var n int
			var err error
			if from {
				var m int64
				m, err = w.ReadFrom(bytes.NewReader(plain))
				n = int(m)
			} else {
				n, err = w.Write(plain)
			}
			// A full chunk is kept until it is known what follows, unless
			// ReadFrom looks for more.
			if early := more > 0 || from; n != 4096 || early && err != ErrTooLong || !early && err != nil {
				t.Errorf("%d bytes too many, ReadFrom %v: %d, %v", more+1, from, n, err)
			}
			if err := w.Close(); err != ErrTooLong {
				t.Errorf("Close: %v", err)
			}
			if body.Len() > 0 {
				t.Errorf("%d bytes written", body.Len())
			}
		}
	}
}

// TestReaderTooLong has a chunk too many. Its index would wrap around at 2^32
// only, but no writer makes it.
func TestReaderTooLong(t *testing.T) {
	c := testCipher()
	seal := func(index uint32, last bool, size int) []byte {
		k := &chunk{buf: make([]byte, size, size+Overhead), index: index, last: last}
		c.seal(k)
		return k.buf
	}
	if _, err := readLast(seal(MaxChunks, true, 5), MaxChunks); !errors.Is(err, ErrTooLong) || !errors.Is(err, ErrDamaged) {
		t.Error("a last chunk:", err)
	}
	body := append(seal(lastIndex, false, 4096), seal(MaxChunks, true, 5)...)
	if got, err := readLast(body, lastIndex); !errors.Is(err, ErrTooLong) || len(got) != 4096 {
		t.Error("a last chunk after a full one:", len(got), err)
	}
}

// TestSkimTooLong counts the chunks that it does not open.
func TestSkimTooLong(t *testing.T) {
	for _, test := range []struct {
		size int
		want error
	}{{4096 + 16 - 1, nil}, {4096 + 16, ErrTruncated}, {4096 + 16 + 16, errTooLong}} {
		r := testCipher().NewReader(bytes.NewReader(make([]byte, test.size)), 0)
		r.index = lastIndex
		if err := r.Skim(); err != test.want {
			t.Errorf("%d bytes: %v, want %v", test.size, err, test.want)
		}
	}
}
