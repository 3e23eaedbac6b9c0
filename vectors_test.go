// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/vectors"
	"github.com/pqenc/pqenc/recipient"
)

// result names the error as the vectors do.
func result(err error) vectors.Result {
	for _, k := range []struct {
		err    error
		result vectors.Result
	}{
		{pqenc.ErrNoMatch, vectors.NoMatch},
		{pqenc.ErrNotPqenc, vectors.NotPqenc},
		{pqenc.ErrUnsupported, vectors.Unsupported},
		{pqenc.ErrHeader, vectors.Header},
		{pqenc.ErrBody, vectors.Body},
		{pqenc.ErrTruncated, vectors.Truncated},
		{pqenc.ErrArmor, vectors.Armor},
	} {
		if errors.Is(err, k.err) {
			return k.result
		}
	}
	if err != nil {
		return vectors.Result("another error: " + err.Error())
	}
	return vectors.Success
}

func keysOf(t *testing.T, v *vectors.Vector) (ids []pqenc.Identity) {
	for _, seed := range v.Identities {
		id, err := recipient.NewHybridIdentity(seed)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if v.Passphrase != "" {
		id, err := recipient.NewPassphrase([]byte(v.Passphrase))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// ways are all the ways to read a file. Each returns what was released.
var ways = map[string]func(file []byte, ids []pqenc.Identity) ([]byte, error){
	"WriteTo": func(file []byte, ids []pqenc.Identity) ([]byte, error) {
		var out bytes.Buffer
		r, err := pqenc.Decrypt(pqenc.Dearmor(bytes.NewReader(file)), ids...)
		if err == nil {
			_, err = r.WriteTo(&out)
		}
		return out.Bytes(), err
	},
	"Read": func(file []byte, ids []pqenc.Identity) ([]byte, error) {
		r, err := pqenc.Decrypt(pqenc.Dearmor(iotest.HalfReader(bytes.NewReader(file))), ids...)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(struct{ io.Reader }{r})
	},
	"data with EOF": func(file []byte, ids []pqenc.Identity) ([]byte, error) {
		r, err := pqenc.Decrypt(pqenc.Dearmor(iotest.DataErrReader(bytes.NewReader(file))), ids...)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	},
	"random access": func(file []byte, ids []pqenc.Identity) ([]byte, error) {
		binary, err := io.ReadAll(pqenc.Dearmor(bytes.NewReader(file)))
		if err != nil {
			return nil, err
		}
		f, err := pqenc.Open(bytes.NewReader(binary), int64(len(binary)), ids...)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(f)
	},
}

func TestVectors(t *testing.T) {
	all, err := vectors.Load("testdata/vectors")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		t.Run(v.Name, func(t *testing.T) {
			for name, read := range ways {
				released, err := read(v.File, keysOf(t, v))
				want := v.Expect
				if name == "random access" && v.Inspect != vectors.Success {
					want = v.Inspect // it looks at the length before any chunk
				}
				if got := result(err); got != want {
					t.Errorf("%s: %s (%v), want %s", name, got, err, want)
				}
				// Random access may refuse a file that a stream reads in part.
				refused := name == "random access" && len(released) == 0
				if sha256.Sum256(released) != v.Released && !(refused && v.Expect != vectors.Success) {
					t.Errorf("%s: released %d bytes that are not the right ones", name, len(released))
				}
			}
			testInspect(t, v)
			testReencode(t, v)
		})
	}
}

// testInspect reads what is there for everybody.
func testInspect(t *testing.T, v *vectors.Vector) {
	r := pqenc.Dearmor(bytes.NewReader(v.File))
	info, err := pqenc.Inspect(r)
	var body int64
	if err == nil {
		body, err = io.Copy(io.Discard, r)
	}
	if err == nil {
		_, err = info.ContentSize(int64(info.HeaderSize) + body)
	}
	if got := result(err); got != v.Inspect {
		t.Errorf("inspect: %s (%v), want %s", got, err, v.Inspect)
	}
}

// testReencode requires that a header which parses is the one encoding of
// itself.
func testReencode(t *testing.T, v *vectors.Vector) {
	h, err := format.Parse(bytes.NewReader(v.File))
	if err != nil {
		return
	}
	b, err := h.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, v.File[:len(b)]) {
		t.Error("the header encodes to other bytes")
	}
}
