// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"encoding/binary"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
)

// maxHeader is the largest length of the JSON in bytes, as in the reference
// implementation.
const maxHeader = 100_000_000

// dtypeBits has the types of elements, with their sizes in bits.
var dtypeBits = map[string]uint64{
	"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
	"BOOL": 8, "U8": 8, "I8": 8,
	"F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
	"U16": 16, "I16": 16, "F16": 16, "BF16": 16,
	"U32": 32, "I32": 32, "F32": 32,
	"U64": 64, "I64": 64, "F64": 64, "C64": 64,
}

// tensor describes a tensor in a safetensors file.
type tensor struct {
	name         string
	dtype        string
	shape        []uint64
	offset, size int64 // in bytes, in the file
}

// readTensors returns the tensors of the safetensors file in the first size
// bytes of r, in their order in the file: 8 bytes of length, JSON, data. They
// fill the data without gaps.
func readTensors(r io.ReaderAt, size int64) ([]tensor, error) {
	var prefix [8]byte
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), prefix[:]); err != nil {
		return nil, fmt.Errorf("not a safetensors file: %w", err)
	}
	data := size - int64(len(prefix))
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > maxHeader || int64(n) > data {
		return nil, fmt.Errorf("not a safetensors file: a header of %d bytes in a file of %d", n, size)
	}
	tensors, err := parse(io.NewSectionReader(r, int64(len(prefix)), int64(n)))
	if err != nil {
		return nil, fmt.Errorf("safetensors header: %w", err)
	}
	return tensors, place(tensors, int64(len(prefix))+int64(n), size)
}

// parse returns the tensors that the JSON describes, in any order, with offsets
// from the start of the data. The decoder refuses names that occur twice.
func parse(header io.Reader) ([]tensor, error) {
	d := jsontext.NewDecoder(header)
	if start, err := d.ReadToken(); err != nil {
		return nil, err
	} else if start.Kind() != '{' || d.InputOffset() != 1 {
		return nil, errors.New("it does not begin with {")
	}
	var tensors []tensor
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		t := tensor{name: name.String()}
		if t.name == "__metadata__" {
			if err := json.UnmarshalDecode(d, new(map[string]string)); err != nil {
				return nil, err
			}
			continue
		}
		if err := t.parse(d); err != nil {
			return nil, fmt.Errorf("tensor %.100q: %w", t.name, err)
		}
		tensors = append(tensors, t)
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, errors.New("something follows the last }")
	}
	return tensors, nil
}

// parse reads all of t except its name.
func (t *tensor) parse(d *jsontext.Decoder) error {
	var v struct {
		DType   string   `json:"dtype"`
		Shape   []uint64 `json:"shape"`
		Offsets []int64  `json:"data_offsets"`
	}
	if err := json.UnmarshalDecode(d, &v, json.RejectUnknownMembers(true)); err != nil {
		return err
	}
	each, known := dtypeBits[v.DType]
	switch {
	case !known:
		return fmt.Errorf("unknown dtype %.100q", v.DType)
	case v.Shape == nil:
		return errors.New("no shape")
	case len(v.Offsets) != 2 || v.Offsets[0] < 0 || v.Offsets[1] < v.Offsets[0]:
		return errors.New("data_offsets are not a beginning and an end")
	}
	t.dtype, t.shape, t.offset, t.size = v.DType, v.Shape, v.Offsets[0], v.Offsets[1]-v.Offsets[0]
	total, over := each, uint64(0) // bits
	for _, n := range v.Shape {
		if over, total = bits.Mul64(total, n); over > 0 {
			return errors.New("the shape is too large")
		}
	}
	if total%8 > 0 || total/8 != uint64(t.size) {
		return fmt.Errorf("%d bytes of data, but shape and dtype make %d bits", t.size, total)
	}
	return nil
}

// place sorts the tensors by their offsets, and makes the offsets relative to the file.
// The tensors must fill the file from start to end without gaps.
func place(tensors []tensor, start, end int64) error {
	slices.SortFunc(tensors, func(a, b tensor) int {
		return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(a.size, b.size), cmp.Compare(a.name, b.name))
	})
	next := int64(0) // in the data
	for i := range tensors {
		t := &tensors[i]
		if t.offset != next || t.size > end-start-next {
			return fmt.Errorf("tensor %.100q: bytes %d to %d of the data, which has %d, after %d that belong to others",
				t.name, t.offset, t.offset+t.size, end-start, next)
		}
		t.offset += start
		next += t.size
	}
	if next != end-start {
		return fmt.Errorf("%d bytes of data belong to no tensor", end-start-next)
	}
	return nil
}
