// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package stream_test

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"
)

// edit changes a body as script says: four bytes are an operation, a place
// and an argument.
func edit(body, script []byte) []byte {
	for ; len(script) >= 4; script = script[4:] {
		at := (int(script[1])<<8 | int(script[2])) % (len(body) + 1)
		arg := script[3]
		end := min(at+int(arg)*64, len(body))
		part := bytes.Clone(body[at:end])
		switch script[0] % 5 {
		case 0: // change a byte
			if at < len(body) {
				body[at] ^= arg
			}
		case 1: // insert a byte
			body = append(body[:at:at], append([]byte{arg}, body[at:]...)...)
		case 2: // cut
			body = body[:at]
		case 3: // take a part out
			body = append(body[:at:at], body[end:]...)
		case 4: // repeat a part
			body = append(body[:end:end], append(part, body[end:]...)...)
		}
	}
	return body
}

// An edited body either opens to the plaintext, in every way and from every offset, or in no
// way. The seeds are in testdata/fuzz/FuzzReaderAt.
func FuzzReaderAt(f *testing.F) {
	f.Fuzz(func(t *testing.T, n uint16, script []byte, at, size uint16) {
		plain := plaintext(int(n))
		body := edit(sealBody(plain), script)
		same := bytes.Equal(body, sealBody(plain))
		for _, way := range ways {
			got, err := way.read(newCipher(), body)
			if (err == nil) != same {
				t.Fatalf("%s: %v; body changed: %v", way.name, err, !same)
			}
			if !bytes.HasPrefix(plain, got) || same && len(got) != len(plain) {
				t.Fatalf("%s: %d bytes that are not the plaintext", way.name, len(got))
			}
		}
		r, err := newCipher().NewReaderAt(bytes.NewReader(body), int64(len(body)))
		if err != nil {
			return
		}
		p := make([]byte, size)
		m, err := r.ReadAt(p, int64(at))
		from := min(int(at), len(plain))
		if !bytes.HasPrefix(plain[from:], p[:m]) {
			t.Fatalf("%d bytes at %d that are not the plaintext", m, at)
		}
		if same && m < len(p) && err != io.EOF || m == len(p) && err != nil || m < len(p) && err == nil {
			t.Fatalf("%d of %d bytes at %d, %v", m, len(p), at, err)
		}
	})
}

// A fuzz target without seeds would pass without testing anything.
func TestFuzzSeeds(t *testing.T) {
	seeds, err := filepath.Glob(filepath.Join("testdata", "fuzz", "FuzzReaderAt", "*"))
	if err != nil || len(seeds) == 0 {
		t.Fatal("FuzzReaderAt has no seeds:", err)
	}
}
