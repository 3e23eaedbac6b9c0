// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package text_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/pqenc/pqenc/internal/text"
)

func TestText(t *testing.T) {
	for _, c := range []struct {
		given, want string
		err         error
	}{
		{"", "", nil},
		{"a", "a", nil},
		{"secret\n", "secret\n", nil},
		{"\xef\xbb\xbfsecret\n", "secret\n", nil},
		{"\xef\xbb\xbf", "", nil},
		{"\xef\xbb\xbf\xef\xbb\xbfa", "\xef\xbb\xbfa", nil}, // one mark is a mark
		{"\xef\xbb", "\xef\xbb", nil},
		{"ä\n", "ä\n", nil},
		{"a\x00", "a\x00", nil},
		{"\x89PQENC\r\n", "\x89PQENC\r\n", nil},
		{"\x00\x00\x00\x00", "\x00\x00\x00\x00", nil},
		{"\xff\xfes\x00e\x00", "", text.ErrUTF16},
		{"\xfe\xff\x00s\x00e", "", text.ErrUTF16},
		{"\xff\xfe", "", text.ErrUTF16},
		{"s\x00e\x00c\x00", "", text.ErrUTF16},
		{"\x00s\x00e", "", text.ErrUTF16},
	} {
		got, err := text.Trim([]byte(c.given))
		if string(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("Trim(%q): %q, %v", c.given, got, err)
		}
		for _, wrap := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.DataErrReader, iotest.HalfReader} {
			got, err := io.ReadAll(text.NewReader(wrap(strings.NewReader(c.given))))
			if string(got) != c.want || !errors.Is(err, c.err) {
				t.Errorf("reading %q: %q, %v", c.given, got, err)
			}
		}
	}
}

func TestReaderPassesErrorsOn(t *testing.T) {
	errDisk := errors.New("disk on fire")
	for _, before := range []string{"", "a", "a text that is longer"} {
		r := text.NewReader(io.MultiReader(strings.NewReader(before), iotest.ErrReader(errDisk)))
		if got, err := io.ReadAll(r); string(got) != before || !errors.Is(err, errDisk) {
			t.Errorf("%q, %v", got, err)
		}
	}
}
