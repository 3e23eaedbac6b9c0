// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vector

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"sync/atomic"
)

// An Update is the values and the weight of a client for one round. It is used once: a vector
// that is masked twice reveals the difference of the masks.
type Update struct {
	values io.Reader
	weight uint32
	used   atomic.Bool
}

// NewUpdate returns an update. The values are float32, little-endian, as many as the encoding
// has. They are read when the update is encoded.
//
// A weight of zero is allowed: the client takes part, and its values do not count.
func NewUpdate(values io.Reader, weight uint32) *Update {
	return &Update{values: values, weight: weight}
}

// Floats returns v as the values of an update. It must not change until they are read.
func Floats(v []float32) io.Reader { return &floats{v: v} }

// floats is the reader of Floats.
type floats struct {
	v    []float32
	rest []byte // of a value of which a part is read
	buf  [4]byte
}

// Read reads whole values, and a part of one only if p ends there.
func (f *floats) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(f.rest) == 0 && len(f.v) == 0 {
		return 0, io.EOF
	}
	n = copy(p, f.rest)
	f.rest = f.rest[n:]
	whole := min(len(p[n:])/4, len(f.v))
	for _, x := range f.v[:whole] {
		binary.LittleEndian.PutUint32(p[n:], math.Float32bits(x))
		n += 4
	}
	f.v = f.v[whole:]
	if n < len(p) && len(f.v) > 0 {
		binary.LittleEndian.PutUint32(f.buf[:], math.Float32bits(f.v[0]))
		f.v = f.v[1:]
		k := copy(p[n:], f.buf[:])
		f.rest = f.buf[k:]
		n += k
	}
	return n, nil
}

// Check returns the error that [Update.Encode] would return, without using the update.
func (u *Update) Check(e Encoding) error {
	if err := e.Check(1); err != nil {
		return err
	}
	if u.weight > e.MaxWeight {
		return fmt.Errorf("%w: %d, and at most %d", ErrWeight, u.weight, e.MaxWeight)
	}
	if u.used.Load() {
		return ErrUsed
	}
	return nil
}

// Encode returns the vector of an update, of [Encoding.Size] bytes: little-endian words. It
// reads the values when the vector is read.
//
// An update can be encoded once; later calls return [ErrUsed]. An encoding that is not valid
// for one client, or does not allow the weight, is an error that does not use the update.
// A value that is not finite, and too many or too few values, are errors of the reader:
// [ErrNotFinite] and [ErrLength]. The reader checks the number of values before the last word
// is read.
func (u *Update) Encode(e Encoding) (io.Reader, error) {
	if err := u.Check(e); err != nil {
		return nil, err
	}
	if u.used.Swap(true) {
		return nil, ErrUsed
	}
	return newEncoder(e, u.values, u.weight, newNoise()), nil
}
