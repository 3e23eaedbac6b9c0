// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vectors

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
)

// recipe describes how a vector is made. The file has chunks of 4 KiB; build adds its
// parts, and edit changes its bytes. A vector without edit is a valid file, unless build
// made it wrong.
type recipe struct {
	name    string
	comment string
	expect  Result
	inspect Result // if empty, success
	// released is how many bytes of text may be released.
	released   int
	identities [][]byte // if nil and there is no passphrase, alice
	passphrase string
	from       [][]byte // of signed files: if nil, bob
	fromFile   []byte   // a public key file in the place of from
	context    *string
	// allowForwarded accepts what is signed for others.
	allowForwarded bool
	list           Result // with the digests of the file, if it has some; if empty, it has none
	build          func(f *file)
	edit           func(b []byte) []byte
}

// Private keys, and small costs of Argon2id.
var (
	alice = bytes.Repeat([]byte{0xa1}, 32)
	bob   = bytes.Repeat([]byte{0xb0}, 32)
	carol = bytes.Repeat([]byte{0xca}, 32)
	// Keys that alice had before.
	olderAlice  = bytes.Repeat([]byte{0x0a}, 32)
	oldestAlice = bytes.Repeat([]byte{0x00}, 32)
	cheap       = cost{t: 1, m: 64, p: 2}
)

const chunk, sealed = 4096, 4096 + 16

// text returns n bytes of contents: those of a vector begin as those of all.
func text(n int) []byte {
	line := "pqenc test vector\n"
	return bytes.Repeat([]byte(line), n/len(line)+1)[:n]
}

// toAlice makes a file of n bytes for alice.
func toAlice(n int) func(*file) {
	return func(f *file) {
		f.stanza(1, f.hybrid(alice, f.fileKey))
		f.body(text(n))
	}
}

// flip changes a bit of byte i, from the end if i is negative.
func flip(i int) func([]byte) []byte {
	return func(b []byte) []byte {
		b[(i+len(b))%len(b)] ^= 1
		return b
	}
}

// put sets bytes at i, and leaves the MAC as it was.
func put(i int, s string) func([]byte) []byte {
	return func(b []byte) []byte {
		copy(b[i:], s)
		return b
	}
}

func keep(n int) func([]byte) []byte {
	return func(b []byte) []byte { return b[:n] }
}

func drop(n int) func([]byte) []byte {
	return func(b []byte) []byte { return b[:len(b)-n] }
}

// params changes P before anything is derived from it.
func params(i int, value byte) func(*file) {
	return func(f *file) {
		f.params[i] = value
		toAlice(5)(f)
	}
}

// toNobody makes a file of 5 bytes with n stanzas, none of them for alice.
func toNobody(n int) func(*file) {
	return func(f *file) {
		for i := range n {
			f.stanza(1, f.hybrid([][]byte{bob, carol}[i%2], f.fileKey))
		}
		f.body(text(5))
	}
}

// withPassphrase makes a file of 5 bytes for the passphrase "correct horse".
func withPassphrase(c cost) func(*file) {
	return func(f *file) {
		f.stanza(2, f.passphrase("correct horse", c))
		f.body(text(5))
	}
}

// then runs one step after another.
func then(steps ...func(*file)) func(*file) {
	return func(f *file) {
		for _, step := range steps {
			step(f)
		}
	}
}

// armored returns the text form of b.
func armored(b []byte) []byte {
	out := []byte("-----BEGIN PQENC FILE-----\n")
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(b)), 64) {
		out = append(append(out, line...), '\n')
	}
	return append(out, "-----END PQENC FILE-----\n"...)
}

var successes = []recipe{
	{name: "empty", comment: "no contents: one empty chunk", build: toAlice(0)},
	{name: "one-byte", comment: "one byte of contents", released: 1, build: toAlice(1)},
	{name: "chunk-less-one", comment: "contents of one byte less than a chunk", released: chunk - 1, build: toAlice(chunk - 1)},
	{name: "chunk", comment: "contents of one full chunk, so that an empty one follows", released: chunk, build: toAlice(chunk)},
	{name: "chunk-and-one", comment: "contents of one full chunk and one byte", released: chunk + 1, build: toAlice(chunk + 1)},
	{name: "several-chunks", comment: "three full chunks and a part of one", released: 3*chunk + 100, build: toAlice(3*chunk + 100)},
	{name: "default-chunk-size", comment: "chunk_log2 is 22, as writers set it", released: 5, build: params(10, 22)},
	{name: "several-recipients", comment: "three recipients, opened by the last", released: 5, identities: [][]byte{carol}, build: then(func(f *file) {
		f.stanza(1, f.hybrid(bob, f.fileKey))
	}, toAlice(5), func(f *file) { f.stanza(1, f.hybrid(carol, f.fileKey)) })},
	{name: "several-identities", comment: "the second identity opens it", released: 5, identities: [][]byte{bob, alice}, build: toAlice(5)},
	{name: "passphrase", comment: "a passphrase", released: 5, passphrase: "correct horse", build: withPassphrase(cheap)},
	{name: "passphrase-utf8", comment: "a passphrase is its bytes, whatever they mean", released: 5, passphrase: "päss ☃", build: func(f *file) {
		f.stanza(2, f.passphrase("päss ☃", cheap))
		f.body(text(5))
	}},
	{name: "unknown-stanzas", comment: "stanzas of unknown types, below and above 0x8000, are skipped", released: 5, build: then(func(f *file) {
		f.stanza(0x7fff, []byte("other key"))
		f.stanza(0xffff, nil)
	}, toAlice(5))},
	{name: "unknown-beside-passphrase", comment: "a passphrase excludes other keys, not stanzas of other kinds", released: 5, passphrase: "correct horse", build: then(
		withPassphrase(cheap), func(f *file) { f.stanza(0x8fff, []byte("something")) })},
	{name: "padding", comment: "a header longer than it need be", released: 5, build: then(toAlice(5), func(f *file) { f.headerLen = 8192 })},
	{name: "stanzas-1024", comment: "as many key stanzas as there can be", released: 5, build: then(toAlice(5), func(f *file) {
		for range 1023 {
			f.stanza(0x7fff, nil)
		}
	})},
	{name: "argon2-t-64", comment: "the most passes", released: 5, passphrase: "correct horse", build: withPassphrase(cost{64, 8, 1})},
	{name: "argon2-p-16", comment: "the most lanes, with the least memory for them", released: 5, passphrase: "correct horse", build: withPassphrase(cost{1, 128, 16})},
	{name: "forged-stanza-beside", comment: "a stanza opens to a key with another commitment; the next one is good", released: 5, build: then(func(f *file) {
		f.stanza(1, f.hybrid(alice, f.random(32)))
	}, toAlice(5))},
	{name: "low-order-beside", comment: "a stanza with an X25519 point of low order, sealed under what follows from it, is no match; the next one is good", released: 5, build: then(func(f *file) {
		f.stanza(1, f.lowOrder(alice, f.fileKey))
	}, toAlice(5))},
	{name: "rewrapped-longer", comment: "three stanzas, none of them for alice, were replaced by five, for which the header became longer", released: 5, build: then(
		toNobody(3), func(f *file) { f.rewrap([]int{0, 1, 2}, bob, carol, alice, bob, carol) })},
	{name: "rewrapped-shorter", comment: "five stanzas were replaced by alice's, and the header became shorter", released: 5, build: then(
		toNobody(5), func(f *file) { f.rewrap([]int{0, 1, 2, 3, 4}, alice) })},
	{name: "rewrapped-same-length", comment: "five stanzas were replaced by alice's, and the header kept its length", released: 5, build: then(
		toNobody(5), func(f *file) {
			f.rewrap([]int{0, 1, 2, 3, 4}, alice)
			f.headerLen = 8192
		})},
	{name: "rewrapped-added", comment: "alice was added to the recipients", released: 5, build: then(
		toNobody(2), func(f *file) { f.rewrap(nil, alice) })},
	{name: "rewrapped-to-current", comment: "the two stanzas of older keys of alice's were replaced by one, in the place of the first; all others stayed", released: 5, build: then(func(f *file) {
		f.stanza(0x7fff, []byte("other key"))
		f.stanza(1, f.hybrid(olderAlice, f.fileKey))
		f.stanza(0xffff, []byte("something"))
		f.stanza(1, f.hybrid(oldestAlice, f.fileKey))
	}, toNobody(1), func(f *file) { f.rewrap([]int{1, 3}, alice) })},
	{name: "rewrapped-to-keys", comment: "the passphrase stanza was replaced by alice's", released: 5, build: then(
		withPassphrase(cheap), func(f *file) { f.rewrap([]int{0}, alice) })},
	{name: "armor", comment: "the text form", released: 5, build: toAlice(5), edit: armored},
	{name: "armor-crlf", comment: "the text form with white space around it and other line ends", released: 5, build: toAlice(5), edit: func(b []byte) []byte {
		return append([]byte("\r\n \t\r\n"), bytes.ReplaceAll(armored(b), []byte("\n"), []byte("\r\n"))...)
	}},
	{name: "armor-white-space-most", comment: "1,024 bytes of white space before the first line, and after the line end of the last one", released: 5, build: toAlice(5), edit: spaced("\n", 1024)},
	{name: "armor-white-space-crlf", comment: "the same, with CR LF for each line end", released: 5, build: toAlice(5), edit: spaced("\r\n", 1024)},
	{name: "armor-last-line-no-end", comment: "the last line has no end", released: 5, build: toAlice(5), edit: func(b []byte) []byte { return drop(1)(armored(b)) }},
	{name: "armor-last-line-space", comment: "spaces at the end of the last line", released: 5, build: toAlice(5), edit: func(b []byte) []byte { return append(drop(1)(armored(b)), "  \n"...) }},
}

// spaced returns armor with this line end, and n line ends before and after it.
func spaced(end string, n int) func([]byte) []byte {
	return func(b []byte) []byte {
		space := strings.Repeat("\n", n)
		return []byte(strings.ReplaceAll(space+string(armored(b))+space, "\n", end))
	}
}

var badHeaders = []recipe{
	{name: "magic", comment: "another kind of file", expect: NotPqenc, build: toAlice(5), edit: put(0, "age-encr")},
	{name: "magic-text-mode", comment: "a transfer in text mode took the CR out of the magic", expect: Header, build: toAlice(5), edit: func(b []byte) []byte {
		return slices.Delete(b, 6, 7)
	}},
	{name: "magic-first-byte", comment: "the first byte of the magic lost its top bit; the rest of the magic is right", expect: Header, build: toAlice(5), edit: put(0, "\x09")},
	{name: "magic-utf-8", comment: "the first byte of the magic was encoded in UTF-8: PQENC is in bytes 2 to 6", expect: Header, build: toAlice(5), edit: put(0, "\xc2\x89PQENC\r")},
	{name: "magic-letters-3", comment: "PQENC is in bytes 3 to 7", expect: Header, build: toAlice(5), edit: put(0, "\xef\xbf\xbdPQENC")},
	{name: "magic-letters-4", comment: "PQENC is in bytes 4 to 8", expect: NotPqenc, build: toAlice(5), edit: put(0, "abcdPQENC")},
	{name: "magic-letters-0", comment: "PQENC is in bytes 0 to 4", expect: NotPqenc, build: toAlice(5), edit: put(0, "PQENC\r\n\x01")},
	{name: "magic-letters-case", comment: "one letter of PQENC is lower case", expect: NotPqenc, build: toAlice(5), edit: put(1, "PQEnC")},
	{name: "magic-letters-short", comment: "six bytes, of which 1 to 5 are PQENC", expect: Header, build: toAlice(5), edit: func([]byte) []byte { return []byte("?PQENC") }},
	{name: "magic-short", comment: "seven bytes that are not those of the magic", expect: NotPqenc, build: toAlice(5), edit: func([]byte) []byte { return []byte("\x89PQEN\r\n") }},
	{name: "version-0", comment: "version 0", expect: Unsupported, build: params(8, 0)},
	{name: "version-2", comment: "version 2", expect: Unsupported, build: params(8, 2)},
	{name: "suite-0", comment: "suite 0", expect: Unsupported, build: params(9, 0)},
	{name: "suite-2", comment: "suite 2", expect: Unsupported, build: params(9, 2)},
	{name: "flags-unknown", comment: "an unknown flag", expect: Unsupported, build: params(11, 2)},
	{name: "signed-without-signer", comment: "the flag of a signed file and no signer stanza", expect: Header, build: params(11, 1)},
	{name: "signer-without-flag", comment: "a signer stanza in a file without the flag", expect: Header, build: then(func(f *file) {
		f.stanza(0x8001, f.random(3500))
	}, toAlice(5))},
	{name: "chunk-log2-11", comment: "chunks too small", expect: Header, build: params(10, 11)},
	{name: "chunk-log2-23", comment: "chunks too large", expect: Header, build: params(10, 23)},
	{name: "header-len-0", comment: "header_len 0", expect: Header, build: toAlice(5), edit: put(12, "\x00\x00\x00\x00")},
	{name: "header-len-unaligned", comment: "header_len is no multiple of 4096", expect: Header, build: toAlice(5), edit: put(12, "\x00\x00\x10\x01")},
	{name: "header-len-too-large", comment: "header_len is one step above 2 MiB", expect: Header, build: then(toAlice(5), func(f *file) { f.headerLen = 2<<20 + 4096 })},
	{name: "header-len-max", comment: "header_len is 2^32 - 4096", expect: Header, build: then(toAlice(5), func(f *file) { f.headerLen = 1<<32 - 4096 })},
	{name: "header-len-too-short", comment: "header_len ends in a stanza", expect: Header, build: then(toAlice(5), func(f *file) {
		f.stanza(0xffff, make([]byte, 4096))
	}), edit: put(12, "\x00\x00\x10\x00")},
	{name: "header-len-beyond-file", comment: "header_len is more than there is", expect: Truncated, build: then(toAlice(5), func(f *file) { f.headerLen = 1 << 20 })},
	{name: "stanza-too-short", comment: "a hybrid stanza of 1,167 bytes", expect: Header, build: then(toAlice(5), func(f *file) { f.stanza(1, make([]byte, 1167)) })},
	{name: "stanza-too-long", comment: "a hybrid stanza of 1,169 bytes", expect: Header, build: then(toAlice(5), func(f *file) { f.stanza(1, make([]byte, 1169)) })},
	{name: "stanza-passphrase-short", comment: "a passphrase stanza of 104 bytes", expect: Header, build: func(f *file) {
		f.stanza(2, make([]byte, 104))
		f.body(text(5))
	}},
	{name: "stanza-beyond-header", comment: "a stanza that is longer than the rest of the header", expect: Header, build: then(toAlice(5), func(f *file) {
		f.stanza(0xffff, nil)
		copy(f.stanzas[len(f.stanzas)-2:], "\xff\xff")
	})},
	{name: "stanzas-none", comment: "no stanzas", expect: Header, build: func(f *file) { f.body(text(5)) }},
	{name: "stanzas-no-key", comment: "no stanza that holds the file key", expect: Header, build: func(f *file) {
		f.stanza(0xffff, []byte("something"))
		f.body(text(5))
	}},
	{name: "stanzas-1025", comment: "1,025 key stanzas", expect: Header, build: then(toAlice(5), func(f *file) {
		for range 1024 {
			f.stanza(0x7fff, nil)
		}
	})},
	{name: "stanzas-more-than-there-are", comment: "a count of 65,535", expect: Header, build: then(toAlice(5), func(f *file) { f.count = 65535 })},
	{name: "stanzas-fewer-than-there-are", comment: "a count of one less, so that the padding is not zero", expect: Header, build: then(toAlice(5), func(f *file) {
		f.stanza(0xffff, nil)
		f.count = 1
	})},
	{name: "passphrase-beside-key", comment: "a passphrase stanza and a hybrid one", expect: Header, build: then(func(f *file) {
		f.stanza(2, f.passphrase("correct horse", cheap))
	}, toAlice(5))},
	{name: "passphrase-twice", comment: "two passphrase stanzas", expect: Header, passphrase: "correct horse", build: then(withPassphrase(cheap), func(f *file) {
		f.stanza(2, f.passphrase("correct horse", cheap))
	})},
	{name: "padding-not-zero", comment: "the last byte of the padding is 1; the MAC is right", expect: Header, build: then(toAlice(5), func(f *file) { f.padding = 1 })},
	{name: "stanza-type-0", comment: "a stanza of type 0", expect: Header, build: then(func(f *file) { f.stanza(0, []byte("other key")) }, toAlice(5))},
	{name: "stanza-type-0-empty", comment: "a count of one more, so that four bytes of padding are a stanza; the MAC is right", expect: Header, build: then(toAlice(5), func(f *file) { f.count = 2 })},
	{name: "cut-empty", comment: "nothing", expect: Truncated, build: toAlice(5), edit: keep(0)},
	{name: "cut-in-magic", comment: "cut after 7 bytes", expect: Truncated, build: toAlice(5), edit: keep(7)},
	{name: "cut-after-magic", comment: "cut after the magic", expect: Truncated, build: toAlice(5), edit: keep(8)},
	{name: "cut-in-header-len", comment: "cut in header_len", expect: Truncated, build: toAlice(5), edit: keep(15)},
	{name: "cut-after-header-len", comment: "cut after header_len", expect: Truncated, build: toAlice(5), edit: keep(16)},
	{name: "cut-after-salt", comment: "cut after the salt", expect: Truncated, build: toAlice(5), edit: keep(48)},
	{name: "cut-after-commit", comment: "cut after the commitment", expect: Truncated, build: toAlice(5), edit: keep(80)},
	{name: "cut-after-count", comment: "cut after the number of stanzas", expect: Truncated, build: toAlice(5), edit: keep(82)},
	{name: "cut-in-stanza", comment: "cut in a stanza", expect: Truncated, build: toAlice(5), edit: keep(1000)},
	{name: "cut-before-mac", comment: "cut before the MAC", expect: Truncated, build: toAlice(5), edit: keep(4096 - 32)},
	{name: "cut-in-mac", comment: "cut before the last byte of the MAC", expect: Truncated, build: toAlice(5), edit: keep(4095)},
}

var badKeys = []recipe{
	{name: "no-match", comment: "for somebody else", expect: NoMatch, identities: [][]byte{bob, carol}, build: toAlice(5)},
	{name: "no-match-unknown", comment: "only a stanza of an unknown type", expect: NoMatch, build: func(f *file) {
		f.stanza(0x7fff, f.fileKey)
		f.body(text(5))
	}},
	{name: "no-match-ml-kem", comment: "a bit of the ML-KEM ciphertext is flipped", expect: NoMatch, build: toAlice(5), edit: flip(82 + 4)},
	{name: "no-match-x25519", comment: "a bit of the X25519 point is flipped", expect: NoMatch, build: toAlice(5), edit: flip(82 + 4 + 1088)},
	{name: "no-match-sealed-key", comment: "a bit of the sealed file key is flipped", expect: NoMatch, build: toAlice(5), edit: flip(82 + 4 + 1120)},
	{name: "no-match-low-order", comment: "the X25519 point is zero, and the file key is sealed under what follows from it", expect: NoMatch, build: func(f *file) {
		f.stanza(1, f.lowOrder(alice, f.fileKey))
		f.body(text(5))
	}},
	{name: "no-match-grafted", comment: "the stanza is for alice, from another file", expect: NoMatch, build: func(f *file) {
		f.stanza(1, newFile("another file").hybrid(alice, f.fileKey))
		f.body(text(5))
	}},
	{name: "no-match-salt", comment: "a bit of the salt is flipped", expect: NoMatch, build: toAlice(5), edit: flip(16)},
	{name: "no-match-chunk-size", comment: "chunk_log2 was changed from 12 to 13", expect: NoMatch, build: toAlice(5), edit: put(10, "\x0d")},
	{name: "commit", comment: "a bit of the commitment is flipped; the MAC is right", expect: Header, build: then(toAlice(5), func(f *file) {
		f.commit = f.expand("commit", 32)
		f.commit[0] ^= 1
	})},
	{name: "commit-two-keys", comment: "alice's stanza opens to another file key than the one committed to", expect: Header, build: func(f *file) {
		f.stanza(1, f.hybrid(alice, f.random(32)))
		f.stanza(1, f.hybrid(bob, f.fileKey))
		f.body(text(5))
	}},
	{name: "mac", comment: "a bit of the MAC is flipped", expect: Header, build: toAlice(5), edit: flip(4095)},
	{name: "mac-stanza-added", comment: "a stanza was added by somebody without the file key", expect: Header, build: then(toAlice(5), func(f *file) {
		f.header()
		f.stanza(0xffff, []byte("added"))
		f.count = 2
	})},
	{name: "mac-padding-added", comment: "the header was made longer by somebody without the file key", expect: Header, build: then(toAlice(5), func(f *file) {
		f.header()
		f.headerLen = 8192
	})},
	{name: "passphrase-wrong", comment: "another passphrase", expect: NoMatch, passphrase: "wrong horse", build: withPassphrase(cheap)},
	{name: "passphrase-commit", comment: "a bit of pcommit is flipped", expect: NoMatch, passphrase: "correct horse", build: withPassphrase(cheap), edit: flip(82 + 4 + 25)},
	{name: "passphrase-sealed-key", comment: "the passphrase is right, a bit of the sealed file key is flipped", expect: Header, passphrase: "correct horse", build: withPassphrase(cheap), edit: flip(82 + 4 + 57)},
	{name: "passphrase-grafted", comment: "the passphrase is right, the stanza is from another file", expect: Header, passphrase: "correct horse", build: func(f *file) {
		other := newFile("another file")
		f.stanza(2, other.passphrase("correct horse", cheap))
		f.body(text(5))
	}},
	{name: "argon2-t-0", comment: "no passes", expect: Header, passphrase: "correct horse", build: withPassphrase(cost{0, 64, 2})},
	{name: "argon2-t-65", comment: "too many passes", expect: Header, passphrase: "correct horse", build: withPassphrase(cost{65, 64, 2})},
	{name: "argon2-t-max", comment: "2^32 - 1 passes", expect: Header, passphrase: "correct horse", build: withPassphrase(cost{1<<32 - 1, 64, 2})},
	{name: "argon2-m-0", comment: "no memory", expect: Header, passphrase: "correct horse", build: withPassphrase(cost{1, 0, 1})},
	{name: "argon2-m-too-small", comment: "less than 8 KiB a lane", expect: Header, passphrase: "correct horse", build: withPassphrase(cost{1, 15, 2})},
	{name: "argon2-m-too-large", comment: "1 GiB and 1 KiB of memory", expect: Header, passphrase: "correct horse", build: withPassphrase(cost{1, 1<<20 + 1, 2})},
	{name: "argon2-m-max", comment: "2^32 - 1 KiB of memory", expect: Header, passphrase: "correct horse", build: withPassphrase(cost{1, 1<<32 - 1, 2})},
	{name: "argon2-p-0", comment: "no lanes", expect: Header, passphrase: "correct horse", build: withPassphrase(cost{1, 64, 0})},
	{name: "argon2-p-17", comment: "too many lanes", expect: Header, passphrase: "correct horse", build: withPassphrase(cost{1, 1024, 17})},
	{name: "argon2-work", comment: "t and m are each in bounds, their product is not", expect: Header, passphrase: "correct horse", build: withPassphrase(cost{5, 1 << 20, 4})},
	{name: "argon2-lanes-work", comment: "m = 8, p = 255", expect: Header, passphrase: "correct horse", build: withPassphrase(cost{1, 8, 255})},
}

var badBodies = []recipe{
	{name: "body-first-byte", comment: "the first bit of the body is flipped", expect: Body, build: toAlice(2*chunk + 5), edit: flip(4096)},
	{name: "body-first-tag", comment: "a bit of the first tag is flipped", expect: Body, build: toAlice(2*chunk + 5), edit: flip(4096 + sealed - 1)},
	{name: "body-last-byte", comment: "the last bit of the body is flipped", expect: Body, released: 2 * chunk, build: toAlice(2*chunk + 5), edit: flip(-1)},
	{name: "body-empty-tag", comment: "a bit of the only tag of an empty file is flipped", expect: Body, build: toAlice(0), edit: flip(-1)},
	{name: "body-swapped", comment: "two chunks are swapped", expect: Body, released: chunk, build: then(toAlice(3*chunk+5), func(f *file) {
		f.chunks[1], f.chunks[2] = f.chunks[2], f.chunks[1]
	})},
	{name: "body-repeated", comment: "a chunk is repeated", expect: Body, released: chunk, build: then(toAlice(2*chunk+5), func(f *file) {
		f.chunks = slices.Insert(f.chunks, 1, f.chunks[0])
	})},
	{name: "body-left-out", comment: "a chunk in the middle is left out", expect: Body, released: chunk, build: then(toAlice(3*chunk+5), func(f *file) {
		f.chunks = slices.Delete(f.chunks, 1, 2)
	})},
	{name: "body-no-last", comment: "the last chunk is dropped", expect: Truncated, inspect: Truncated, released: 2 * chunk, build: toAlice(2*chunk + 5), edit: drop(16 + 5)},
	{name: "body-no-empty-last", comment: "the last chunk, an empty one, is dropped", expect: Truncated, inspect: Truncated, released: chunk, build: toAlice(chunk), edit: drop(16)},
	{name: "body-last-full", comment: "a full chunk has the flag of the last", expect: Body, build: func(f *file) {
		f.stanza(1, f.hybrid(alice, f.fileKey))
		f.chunks = [][]byte{f.chunk(0, true, text(chunk))}
	}, inspect: Truncated},
	{name: "body-last-full-then-empty", comment: "a full chunk has the flag of the last, and an empty one follows", expect: Body, build: func(f *file) {
		f.stanza(1, f.hybrid(alice, f.fileKey))
		f.chunks = [][]byte{f.chunk(0, true, text(chunk)), f.chunk(1, true, nil)}
	}},
	{name: "body-last-not-flagged", comment: "the last chunk lacks the flag", expect: Body, build: func(f *file) {
		f.stanza(1, f.hybrid(alice, f.fileKey))
		f.chunks = [][]byte{f.chunk(0, false, text(5))}
	}},
	{name: "body-short-in-the-middle", comment: "a short chunk is not the last", expect: Body, build: func(f *file) {
		f.stanza(1, f.hybrid(alice, f.fileKey))
		f.chunks = [][]byte{f.chunk(0, false, text(5)), f.chunk(1, true, text(5))}
	}},
	{name: "body-trailing-byte", comment: "a byte follows the last chunk", expect: Body, released: chunk, build: toAlice(chunk + 5), edit: func(b []byte) []byte {
		return append(b, 0)
	}},
	{name: "body-trailing-chunk", comment: "the last chunk comes twice", expect: Body, build: then(toAlice(5), func(f *file) {
		f.chunks = append(f.chunks, f.chunks[0])
	})},
	{name: "body-none", comment: "the file ends with the header", expect: Truncated, inspect: Truncated, build: toAlice(5), edit: keep(4096)},
	{name: "body-cut-in-chunk", comment: "cut in the second chunk", expect: Body, released: chunk, build: toAlice(2*chunk + 5), edit: keep(4096 + sealed + 1000)},
	{name: "body-cut-in-first-tag", comment: "cut where fewer than 16 bytes are left", expect: Truncated, inspect: Truncated, released: chunk, build: toAlice(2*chunk + 5), edit: keep(4096 + sealed + 15)},
	{name: "body-cut-by-one", comment: "the last byte is missing", expect: Body, released: 2 * chunk, build: toAlice(2*chunk + 5), edit: drop(1)},
	{name: "body-of-another-file", comment: "the body of another file for alice", expect: Body, build: then(toAlice(5), func(f *file) {
		other := newFile("another file")
		other.body(text(5))
		f.chunks = other.chunks
	})},
}

var badArmor = []recipe{
	{name: "armor-no-footer", comment: "the last line is missing", expect: Truncated, inspect: Truncated, build: toAlice(5), edit: func(b []byte) []byte {
		return bytes.TrimSuffix(armored(b), []byte("-----END PQENC FILE-----\n"))
	}},
	{name: "armor-character", comment: "a character that is not base64", expect: Armor, inspect: Armor, build: toAlice(5), edit: func(b []byte) []byte {
		return put(100, "!")(armored(b))
	}},
	{name: "armor-line-length", comment: "lines of 76 characters", expect: Armor, inspect: Armor, build: toAlice(5), edit: func(b []byte) []byte {
		return append(armored(b)[:27+64], armored(b)[27+65:]...)
	}},
	{name: "armor-empty-line", comment: "an empty line between the others", expect: Armor, inspect: Armor, build: toAlice(5), edit: func(b []byte) []byte {
		return bytes.Replace(armored(b), []byte("FILE-----\n"), []byte("FILE-----\n\n"), 1)
	}},
	{name: "armor-after-short-line", comment: "the first line has 60 characters", expect: Armor, inspect: Armor, build: toAlice(5), edit: func(b []byte) []byte {
		return slices.Insert(armored(b), 27+60, '\n')
	}},
	{name: "armor-white-space", comment: "1,025 spaces after the last line", expect: Armor, inspect: Armor, build: toAlice(5), edit: func(b []byte) []byte {
		return append(armored(b), strings.Repeat(" ", 1025)...)
	}},
	{name: "armor-white-space-line-ends", comment: "1,025 times CR LF after the line end of the last line", expect: Armor, inspect: Armor, build: toAlice(5), edit: func(b []byte) []byte {
		return append(armored(b), strings.Repeat("\r\n", 1025)...)
	}},
	{name: "armor-white-space-before", comment: "1,025 spaces before the first line: this is not armor", expect: NotPqenc, inspect: NotPqenc, build: toAlice(5), edit: func(b []byte) []byte {
		return append([]byte(strings.Repeat(" ", 1025)), armored(b)...)
	}},
	{name: "armor-no-lines", comment: "no lines between the first and the last: an empty file", expect: Truncated, inspect: Truncated, build: toAlice(5), edit: func([]byte) []byte { return armored(nil) }},
	{name: "armor-damaged-later", comment: "a bit of the first chunk is flipped, and a later line has a character that is not base64", expect: Body, inspect: Armor, build: toAlice(2*chunk + 5), edit: func(b []byte) []byte {
		text := armored(flip(4096)(b))
		return put(len(text)-100, "!")(text)
	}},
	{name: "armor-damaged-first", comment: "a line of the first chunk has a character that is not base64, and a bit of the last chunk is flipped", expect: Armor, inspect: Armor, build: toAlice(2*chunk + 5), edit: func(b []byte) []byte {
		return put(27+4096/48*65+130, "!")(armored(flip(-1)(b)))
	}},
	{name: "armor-trailing", comment: "text after the last line", expect: Armor, inspect: Armor, build: toAlice(5), edit: func(b []byte) []byte {
		return append(armored(b), "more\n"...)
	}},
	{name: "armor-not-canonical", comment: "the last character has unused bits set", expect: Armor, inspect: Armor, build: toAlice(5), edit: func(b []byte) []byte {
		text := armored(b)
		end := bytes.LastIndex(text, []byte("=\n"))
		text[bytes.LastIndexFunc(text[:end], func(r rune) bool { return r != '=' })]++
		return text
	}},
}

// all makes every vector.
func all() []*Vector {
	for i := range badHeaders {
		badHeaders[i].inspect = badHeaders[i].expect
	}
	var vectors []*Vector
	for _, r := range slices.Concat(successes, edgePoints, badHeaders, badKeys, badBodies, badArmor, signedRecipes()) {
		vectors = append(vectors, r.vector())
	}
	return vectors
}

func (r recipe) vector() *Vector {
	f := newFile(r.name)
	r.build(f)
	v := &Vector{
		Name: r.name, Comment: r.comment, Expect: r.expect, Inspect: r.inspect,
		Identities: r.identities, Passphrase: r.passphrase, File: f.bytes(),
		From: r.from, FromFile: r.fromFile, RequiredContext: r.context, AllowForwarded: r.allowForwarded,
		Released: sha256.Sum256(text(r.released)),
	}
	if r.edit != nil {
		v.File = r.edit(v.File)
	}
	if r.list != "" {
		v.Digests, v.ListExpect = append([]byte{}, f.list...), r.list
	}
	if v.Expect == "" {
		v.Expect = Success
	}
	if v.Inspect == "" {
		v.Inspect = Success
	}
	if v.Identities == nil && v.Passphrase == "" {
		v.Identities = [][]byte{alice}
	}
	return v
}
