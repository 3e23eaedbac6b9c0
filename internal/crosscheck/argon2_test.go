// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package crosscheck

import (
	"bytes"
	"testing"

	"golang.org/x/crypto/argon2"
)

// argon2Vectors are not RFC 9106's: its one vector for Argon2id (section 5.3)
// takes a secret and associated data, which golang.org/x/crypto/argon2 does not
// expose and pqenc does not use; x/crypto tests itself with it. So these come
// from the reference implementation in C: some of its test.c, and then runs of the
// argon2 command that Debian builds from it (testdata/README.md has the
// command). The latter have the 64 bytes of output that pqenc takes, and the
// edges: the least memory, more memory than a multiple of 4p, many lanes.
var argon2Vectors = []struct {
	password, salt string
	time, memory   uint32 // passes, KiB
	threads        uint8
	want           string
}{
	{"password", "somesalt", 2, 1 << 16, 1, "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"},
	{"password", "somesalt", 2, 1 << 8, 1, "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"},
	{"password", "somesalt", 2, 1 << 8, 2, "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"},
	{"password", "somesalt", 1, 1 << 16, 1, "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98"},

	{"correct horse battery staple", "pqenc-test-salt!", 1, 8, 1,
		"afdb5aec3c0f85a467802677e0fcaf3630e14df5ab8c768732e4c453660fcebb" +
			"1577eb09f3f2c245892ab55e64cb976dd1c6ca3ddd2092662a3f0cf5a60408f7"},
	{"correct horse battery staple", "pqenc-test-salt!", 3, 37, 4,
		"b756dc141b260770f521776347a928efdb47e2ef1b6d897b28bed013d3870b81" +
			"2b9bb70cda9a50d384c3adc19225b4c0d8792c6acac6f63bc3cd16d4a5d6edab"},
	{"correct horse battery staple", "pqenc-test-salt!", 2, 128, 16,
		"56f52aa7dff0319b0e5c44a4f12a569258056aeb1af081cff874443e37eb35bb" +
			"ff9f34e03222091587d5ee00a0886462c418fcbdf58e2084b994e1acfbfb5344"},
	{"correct horse battery staple", "pqenc-test-salt!", 64, 64, 2,
		"56cc0059ab8c3f469f6c2d637e7c60febc0b8617e0c05d877d88cee157bfe676" +
			"7efc27bf9e3b2fc5b7f8be83a85bb556a5d28d7c5ae967517a60e28de060f14e"},
	// The parameters that pqenc writes.
	{"correct horse battery staple", "pqenc-test-salt!", 3, 256 << 10, 4,
		"35bcca9f4d04503a9836e04d5cda2d140f91daeb35903dc4e088736b9a84216a" +
			"feb50ffa763212393aff27b5b22b882cd43f2a710fa1256d55c457d321c41b72"},
}

func TestArgon2id(t *testing.T) {
	requireSome(t, "argon2id", len(argon2Vectors))
	for _, v := range argon2Vectors {
		if testing.Short() && v.memory > 1<<16 {
			continue
		}
		want := mustHex(t, v.want)
		got := argon2.IDKey([]byte(v.password), []byte(v.salt), v.time, v.memory, v.threads, uint32(len(want)))
		if !bytes.Equal(got, want) {
			t.Errorf("t=%d m=%d p=%d: %x, want %x", v.time, v.memory, v.threads, got, want)
		}
	}
}
