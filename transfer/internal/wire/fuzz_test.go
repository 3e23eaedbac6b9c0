// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package wire

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// FuzzBody parses one body. What is taken is what would be written. The seeds
// are in testdata/fuzz/FuzzBody.
func FuzzBody(f *testing.F) {
	f.Fuzz(func(t *testing.T, typ uint8, body []byte) {
		parse, ok := parsers[Type(typ)]
		if !ok {
			return
		}
		v, b, err := parse(body)
		switch {
		case err != nil && (v != nil || !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrName)):
			t.Errorf("%+v together with %v", v, err)
		case err == nil && !bytes.Equal(b, body):
			t.Errorf("%x is parsed, and %x is written", body, b)
		}
	})
}

// FuzzRead reads a stream of messages. What was read is what would be written,
// and nothing was read that is not a message.
func FuzzRead(f *testing.F) {
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bytes.NewReader(stream)
		var buf []byte
		var written []byte
		for {
			before := r.Len()
			m, err := Read(r, buf, MaxData)
			if err == nil {
				buf = m.Body[:0]
				written = Append(written, m.Type, m.Request, m.Body)
				continue
			}
			if !bytes.HasPrefix(stream, written) {
				t.Error("other bytes than were read")
			}
			if err == io.EOF && before > 0 || !errors.Is(err, ErrMalformed) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("at %d of %d: %v", len(written), len(stream), err)
			}
			if errors.Is(err, ErrMalformed) && before-r.Len() != HeaderSize {
				t.Errorf("%d bytes read of what is malformed", before-r.Len())
			}
			return
		}
	})
}

// Without seeds the fuzzer begins at nothing: their folders must be there.
func TestSeeds(t *testing.T) {
	for _, target := range []string{"FuzzBody", "FuzzRead"} {
		folder := filepath.Join("testdata", "fuzz", target)
		if seeds, err := os.ReadDir(folder); err != nil || len(seeds) == 0 {
			t.Errorf("no seeds in %s: %v", folder, err)
		}
	}
}
