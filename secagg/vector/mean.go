// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vector

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Total returns the total weight of a sum of vectors: its last word.
func (e Encoding) Total(sum io.ReaderAt) (weight uint64, err error) {
	if err := e.Check(1); err != nil {
		return 0, err
	}
	word := make([]byte, e.Width/8)
	if err := readAt(sum, word, e.Size()-int64(len(word))); err != nil {
		return 0, err
	}
	return e.unsigned(word), nil
}

// Mean decodes a sum of vectors: it writes the weighted mean of the updates to dst, float32,
// little-endian, and returns the total weight. If that is zero, the error wraps [ErrWeight].
//
// It returns [ErrRange] for a value that no updates of this total weight have, as after a mask
// that was not removed. Part of dst is written then.
func (e Encoding) Mean(dst io.Writer, sum io.ReaderAt) (weight uint64, err error) {
	weight, err = e.Total(sum)
	if err != nil {
		return 0, err
	}
	if weight == 0 {
		return 0, fmt.Errorf("%w: the total is 0", ErrWeight)
	}
	limit, ok := e.limit(weight)
	if !ok {
		return 0, fmt.Errorf("%w: a total weight of %d", ErrRange, weight)
	}
	d := decoder{Encoding: e, limit: limit, scale: math.Ldexp(float64(weight), e.FractionBits)}
	for i := int64(0); i < e.Length; i += batch {
		n := int(min(e.Length-i, batch))
		in, out := d.in[:n*e.Width/8], d.out[:4*n]
		if err := readAt(sum, in, i*int64(e.Width/8)); err != nil {
			return 0, err
		}
		if bad := d.decode(out, in); bad >= 0 {
			return 0, fmt.Errorf("value %d of the sum: %w for a total weight of %d", i+int64(bad), ErrRange, weight)
		}
		if _, err := dst.Write(out); err != nil {
			return 0, err
		}
	}
	return weight, nil
}

// limit returns the largest word of updates with a total weight, if it fits.
func (e Encoding) limit(weight uint64) (limit uint64, ok bool) {
	if units := e.units(); weight <= (1<<(e.Width-1)-1)/units {
		return weight * units, true
	}
	return 0, false
}

// unsigned returns a word as it is.
func (e Encoding) unsigned(word []byte) uint64 {
	if e.Width == 32 {
		return uint64(binary.LittleEndian.Uint32(word))
	}
	return binary.LittleEndian.Uint64(word)
}

// readAt fills p from an offset of a sum.
func readAt(sum io.ReaderAt, p []byte, offset int64) error {
	n, err := sum.ReadAt(p, offset)
	if n == len(p) {
		return nil
	}
	if err == io.EOF {
		return fmt.Errorf("%w: the sum ends after %d bytes", ErrLength, offset+int64(n))
	}
	return err
}

// decoder decodes the words of a sum.
type decoder struct {
	Encoding
	limit uint64  // no word is further from zero
	scale float64 // what the words are divided by
	in    [8 * batch]byte
	out   [4 * batch]byte
}

// decode decodes words. It returns the index of the first one that is out of range, or -1.
func (d *decoder) decode(out, in []byte) (bad int) {
	for i := range len(out) / 4 {
		var word int64
		if d.Width == 32 {
			word = int64(int32(binary.LittleEndian.Uint32(in[4*i:])))
		} else {
			word = int64(binary.LittleEndian.Uint64(in[8*i:]))
		}
		if sign := word >> 63; uint64((word^sign)-sign) > d.limit {
			return i
		}
		binary.LittleEndian.PutUint32(out[4*i:], math.Float32bits(float32(float64(word)/d.scale)))
	}
	return -1
}
