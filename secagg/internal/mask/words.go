// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package mask

import "encoding/binary"

// high is the upper one of two words of 32 bits that are in one of 64.
const high = 0xffffffff_00000000

// add adds the words of src to dst.
func add(dst, src []byte, width int) {
	if width == 64 {
		add64(dst, src)
	} else {
		add32(dst, src)
	}
}

// subtract subtracts the words of src from dst.
func subtract(dst, src []byte, width int) {
	if width == 64 {
		subtract64(dst, src)
	} else {
		subtract32(dst, src)
	}
}

func add32(dst, src []byte) {
	for len(dst) >= 32 && len(src) >= 32 {
		binary.LittleEndian.PutUint64(dst, addPair(binary.LittleEndian.Uint64(dst), binary.LittleEndian.Uint64(src)))
		binary.LittleEndian.PutUint64(dst[8:], addPair(binary.LittleEndian.Uint64(dst[8:]), binary.LittleEndian.Uint64(src[8:])))
		binary.LittleEndian.PutUint64(dst[16:], addPair(binary.LittleEndian.Uint64(dst[16:]), binary.LittleEndian.Uint64(src[16:])))
		binary.LittleEndian.PutUint64(dst[24:], addPair(binary.LittleEndian.Uint64(dst[24:]), binary.LittleEndian.Uint64(src[24:])))
		dst, src = dst[32:], src[32:]
	}
	for len(dst) >= 4 && len(src) >= 4 {
		binary.LittleEndian.PutUint32(dst, binary.LittleEndian.Uint32(dst)+binary.LittleEndian.Uint32(src))
		dst, src = dst[4:], src[4:]
	}
}

func subtract32(dst, src []byte) {
	for len(dst) >= 32 && len(src) >= 32 {
		binary.LittleEndian.PutUint64(dst, subtractPair(binary.LittleEndian.Uint64(dst), binary.LittleEndian.Uint64(src)))
		binary.LittleEndian.PutUint64(dst[8:], subtractPair(binary.LittleEndian.Uint64(dst[8:]), binary.LittleEndian.Uint64(src[8:])))
		binary.LittleEndian.PutUint64(dst[16:], subtractPair(binary.LittleEndian.Uint64(dst[16:]), binary.LittleEndian.Uint64(src[16:])))
		binary.LittleEndian.PutUint64(dst[24:], subtractPair(binary.LittleEndian.Uint64(dst[24:]), binary.LittleEndian.Uint64(src[24:])))
		dst, src = dst[32:], src[32:]
	}
	for len(dst) >= 4 && len(src) >= 4 {
		binary.LittleEndian.PutUint32(dst, binary.LittleEndian.Uint32(dst)-binary.LittleEndian.Uint32(src))
		dst, src = dst[4:], src[4:]
	}
}

func add64(dst, src []byte) {
	for len(dst) >= 32 && len(src) >= 32 {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(dst)+binary.LittleEndian.Uint64(src))
		binary.LittleEndian.PutUint64(dst[8:], binary.LittleEndian.Uint64(dst[8:])+binary.LittleEndian.Uint64(src[8:]))
		binary.LittleEndian.PutUint64(dst[16:], binary.LittleEndian.Uint64(dst[16:])+binary.LittleEndian.Uint64(src[16:]))
		binary.LittleEndian.PutUint64(dst[24:], binary.LittleEndian.Uint64(dst[24:])+binary.LittleEndian.Uint64(src[24:]))
		dst, src = dst[32:], src[32:]
	}
	for len(dst) >= 8 && len(src) >= 8 {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(dst)+binary.LittleEndian.Uint64(src))
		dst, src = dst[8:], src[8:]
	}
}

func subtract64(dst, src []byte) {
	for len(dst) >= 32 && len(src) >= 32 {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(dst)-binary.LittleEndian.Uint64(src))
		binary.LittleEndian.PutUint64(dst[8:], binary.LittleEndian.Uint64(dst[8:])-binary.LittleEndian.Uint64(src[8:]))
		binary.LittleEndian.PutUint64(dst[16:], binary.LittleEndian.Uint64(dst[16:])-binary.LittleEndian.Uint64(src[16:]))
		binary.LittleEndian.PutUint64(dst[24:], binary.LittleEndian.Uint64(dst[24:])-binary.LittleEndian.Uint64(src[24:]))
		dst, src = dst[32:], src[32:]
	}
	for len(dst) >= 8 && len(src) >= 8 {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(dst)-binary.LittleEndian.Uint64(src))
		dst, src = dst[8:], src[8:]
	}
}

// addPair adds two pairs of words of 32 bits. Nothing carries from the lower word to the
// upper one: the lower words of b are left out of the sum that gives the upper ones.
func addPair(a, b uint64) uint64 {
	return (a+b&high)&high | uint64(uint32(a+b))
}

// subtractPair is addPair for differences.
func subtractPair(a, b uint64) uint64 {
	return (a-b&high)&high | uint64(uint32(a-b))
}
