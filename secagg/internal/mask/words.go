// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package mask

import "encoding/binary"

var le = binary.LittleEndian

// The loops below are unrolled, with as many words as make 32 bytes: a loop over single words
// takes three times as long. Two words of 32 bits in one of 64 take longer, too, since nothing
// must carry between them.

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
		le.PutUint32(dst, le.Uint32(dst)+le.Uint32(src))
		le.PutUint32(dst[4:], le.Uint32(dst[4:])+le.Uint32(src[4:]))
		le.PutUint32(dst[8:], le.Uint32(dst[8:])+le.Uint32(src[8:]))
		le.PutUint32(dst[12:], le.Uint32(dst[12:])+le.Uint32(src[12:]))
		le.PutUint32(dst[16:], le.Uint32(dst[16:])+le.Uint32(src[16:]))
		le.PutUint32(dst[20:], le.Uint32(dst[20:])+le.Uint32(src[20:]))
		le.PutUint32(dst[24:], le.Uint32(dst[24:])+le.Uint32(src[24:]))
		le.PutUint32(dst[28:], le.Uint32(dst[28:])+le.Uint32(src[28:]))
		dst, src = dst[32:], src[32:]
	}
	for len(dst) >= 4 && len(src) >= 4 {
		le.PutUint32(dst, le.Uint32(dst)+le.Uint32(src))
		dst, src = dst[4:], src[4:]
	}
}

func subtract32(dst, src []byte) {
	for len(dst) >= 32 && len(src) >= 32 {
		le.PutUint32(dst, le.Uint32(dst)-le.Uint32(src))
		le.PutUint32(dst[4:], le.Uint32(dst[4:])-le.Uint32(src[4:]))
		le.PutUint32(dst[8:], le.Uint32(dst[8:])-le.Uint32(src[8:]))
		le.PutUint32(dst[12:], le.Uint32(dst[12:])-le.Uint32(src[12:]))
		le.PutUint32(dst[16:], le.Uint32(dst[16:])-le.Uint32(src[16:]))
		le.PutUint32(dst[20:], le.Uint32(dst[20:])-le.Uint32(src[20:]))
		le.PutUint32(dst[24:], le.Uint32(dst[24:])-le.Uint32(src[24:]))
		le.PutUint32(dst[28:], le.Uint32(dst[28:])-le.Uint32(src[28:]))
		dst, src = dst[32:], src[32:]
	}
	for len(dst) >= 4 && len(src) >= 4 {
		le.PutUint32(dst, le.Uint32(dst)-le.Uint32(src))
		dst, src = dst[4:], src[4:]
	}
}

func add64(dst, src []byte) {
	for len(dst) >= 32 && len(src) >= 32 {
		le.PutUint64(dst, le.Uint64(dst)+le.Uint64(src))
		le.PutUint64(dst[8:], le.Uint64(dst[8:])+le.Uint64(src[8:]))
		le.PutUint64(dst[16:], le.Uint64(dst[16:])+le.Uint64(src[16:]))
		le.PutUint64(dst[24:], le.Uint64(dst[24:])+le.Uint64(src[24:]))
		dst, src = dst[32:], src[32:]
	}
	for len(dst) >= 8 && len(src) >= 8 {
		le.PutUint64(dst, le.Uint64(dst)+le.Uint64(src))
		dst, src = dst[8:], src[8:]
	}
}

func subtract64(dst, src []byte) {
	for len(dst) >= 32 && len(src) >= 32 {
		le.PutUint64(dst, le.Uint64(dst)-le.Uint64(src))
		le.PutUint64(dst[8:], le.Uint64(dst[8:])-le.Uint64(src[8:]))
		le.PutUint64(dst[16:], le.Uint64(dst[16:])-le.Uint64(src[16:]))
		le.PutUint64(dst[24:], le.Uint64(dst[24:])-le.Uint64(src[24:]))
		dst, src = dst[32:], src[32:]
	}
	for len(dst) >= 8 && len(src) >= 8 {
		le.PutUint64(dst, le.Uint64(dst)-le.Uint64(src))
		dst, src = dst[8:], src[8:]
	}
}
