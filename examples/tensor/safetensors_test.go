// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestReadTensors reads a file that was written by the Python package safetensors 0.8.0.
func TestReadTensors(t *testing.T) {
	file, err := os.ReadFile("testdata/small.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	tensors, err := readTensors(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := list(&out, tensors); err != nil {
		t.Fatal(err)
	}
	const want = `
step          I64      []     8 bytes
embed.weight  F32      [3 4]  48 bytes
norm.weight   BF16     [4]    8 bytes
none          F16      [0 5]  0 bytes
q             F8_E4M3  [2 3]  6 bytes
mask          BOOL     [3]    3 bytes
`
	if out.String() != want[1:] {
		t.Errorf("%s", out.String())
	}
	var values []float32
	for i := range 12 {
		values = append(values, float32(i))
	}
	got := make([]float32, 12)
	at := tensors[1]
	if _, err := binary.Decode(file[at.offset:][:at.size], binary.LittleEndian, got); err != nil || !slices.Equal(got, values) {
		t.Error(got, err)
	}
}

// safetensors returns a file.
func safetensors(header string, data int) []byte {
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(file, header...), make([]byte, data)...)
}

func TestGoodHeaders(t *testing.T) {
	for _, test := range []struct {
		header string
		data   int
		want   string // names
	}{
		{`{}`, 0, ""},
		{`{}      `, 0, ""},
		{`{"__metadata__":{"a":"b"}}`, 0, ""},
		{`{"b":{"dtype":"F4","shape":[2,3],"data_offsets":[0,3]}}`, 3, "b"},
		{`{"b":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[0,3]}}`, 3, "b"},
		{`{"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]},"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}`, 5, "a b"},
		{`{"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 2, "a b"},
	} {
		file := safetensors(test.header, test.data)
		tensors, err := readTensors(bytes.NewReader(file), int64(len(file)))
		var names []string
		for _, t := range tensors {
			names = append(names, t.name)
		}
		if err != nil || strings.Join(names, " ") != test.want {
			t.Errorf("%s: %q, %v", test.header, names, err)
		}
	}
}

func TestBadHeaders(t *testing.T) {
	one := func(fields string) string { return `{"a":{` + fields + `}}` }
	for _, test := range []struct {
		file []byte
		want string
	}{
		{nil, "EOF"},
		{make([]byte, 7), "EOF"},
		{make([]byte, 8), "EOF"},
		{[]byte("\x03\x00\x00\x00\x00\x00\x00\x00{}"), "a header of 3 bytes in a file of 10"},
		{[]byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"), "a header of 18446744073709551615 bytes"},
		{safetensors("{}"+strings.Repeat(" ", maxHeader-1), 0), "a header of 100000001 bytes"},
		{safetensors(` {}`, 0), "does not begin with {"},
		{safetensors(`[]`, 0), "does not begin with {"},
		{safetensors(`{`, 0), "EOF"},
		{safetensors(`{}{}`, 0), "something follows"},
		{safetensors(`{"a":1}`, 0), `tensor "a"`},
		{safetensors(`{"__metadata__":{"a":1}}`, 0), "JSON"},
		{safetensors(`{"__metadata__":{},"__metadata__":{}}`, 0), "duplicate"},
		{safetensors("{\"a\xff\":{}}", 0), "UTF-8"},
		{safetensors(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), "duplicate"},
		{safetensors(one(`"dtype":"U8","shape":[1],"data_offsets":[0,1],"dtype":"I8"`), 1), "duplicate"},
		{safetensors(one(`"dtype":"U8","shape":[1],"data_offsets":[0,1],"more":1`), 1), "unknown"},
		{safetensors(one(`"dtype":"F8","shape":[1],"data_offsets":[0,1]`), 1), `unknown dtype "F8"`},
		{safetensors(one(`"shape":[1],"data_offsets":[0,1]`), 1), `unknown dtype ""`},
		{safetensors(one(`"dtype":"U8","data_offsets":[0,1]`), 1), "no shape"},
		{safetensors(one(`"dtype":"U8","shape":null,"data_offsets":[0,1]`), 1), "no shape"},
		{safetensors(one(`"dtype":"U8","shape":[-1],"data_offsets":[0,1]`), 1), "JSON"},
		{safetensors(one(`"dtype":"U8","shape":[1e0],"data_offsets":[0,1]`), 1), "JSON"},
		{safetensors(one(`"dtype":"U8","shape":[1]`), 1), "beginning and an end"},
		{safetensors(one(`"dtype":"U8","shape":[1],"data_offsets":[0]`), 1), "beginning and an end"},
		{safetensors(one(`"dtype":"U8","shape":[1],"data_offsets":[0,1,2]`), 1), "beginning and an end"},
		{safetensors(one(`"dtype":"U8","shape":[1],"data_offsets":[2,1]`), 1), "beginning and an end"},
		{safetensors(one(`"dtype":"U8","shape":[1],"data_offsets":[-1,0]`), 1), "beginning and an end"},
		{safetensors(one(`"dtype":"U16","shape":[3],"data_offsets":[0,5]`), 5), "5 bytes of data, but shape and dtype make 48 bits"},
		{safetensors(one(`"dtype":"F4","shape":[3],"data_offsets":[0,1]`), 1), "make 12 bits"},
		{safetensors(one(`"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]`), 0), "too large"},
		{safetensors(one(`"dtype":"U8","shape":[2305843009213693952],"data_offsets":[0,0]`), 0), "too large"},
		{safetensors(one(`"dtype":"U8","shape":[1],"data_offsets":[0,1]`), 2), "1 bytes of data belong to no tensor"},
		{safetensors(one(`"dtype":"U8","shape":[1],"data_offsets":[1,2]`), 2), "bytes 1 to 2"},
		{safetensors(one(`"dtype":"U8","shape":[9],"data_offsets":[0,9]`), 2), "bytes 0 to 9 of the data, which has 2"},
		{safetensors(one(`"dtype":"U8","shape":[1152921504606846976],"data_offsets":[8070450532247928831,9223372036854775807]`), 2), "of the data, which has 2"},
		{safetensors(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3), `tensor "b": bytes 1 to 3`},
		{safetensors(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}}`, 5), `tensor "b": bytes 3 to 5`},
	} {
		_, err := readTensors(bytes.NewReader(test.file), int64(len(test.file)))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.200q: %v, want %q", test.file, err, test.want)
		}
	}
}

// TestListQuotes requires that names are escaped for the terminal.
func TestListQuotes(t *testing.T) {
	var out strings.Builder
	if err := list(&out, []tensor{{name: "a\x1b[2J\n", dtype: "U8"}, {name: "größe", dtype: "U8"}}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasPrefix(got, `"a\x1b[2J\n"`) || !strings.Contains(got, "\ngröße ") {
		t.Errorf("%q", got)
	}
}

// FuzzReadTensors requires tensors that fill the data, or an error.
func FuzzReadTensors(f *testing.F) {
	file, err := os.ReadFile("testdata/small.safetensors")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add(safetensors(`{"b":{"dtype":"F4","shape":[2,3],"data_offsets":[0,3]}}`, 3))
	f.Fuzz(func(t *testing.T, file []byte) {
		tensors, err := readTensors(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		at := 8 + int64(binary.LittleEndian.Uint64(file))
		for _, one := range tensors {
			if one.offset != at || one.size < 0 {
				t.Fatalf("%v begins at %d", one, at)
			}
			at += one.size
		}
		if at != int64(len(file)) {
			t.Errorf("the tensors end at %d of %d", at, len(file))
		}
	})
}
