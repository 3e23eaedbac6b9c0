// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vectors

import (
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// This file is the second implementation of detached signatures, and their
// vectors. Bob signs.

const signedTime = 1_700_000_000

// statement returns a statement about a file.
func statement(by, contents []byte, comment string) []byte {
	return statementOf(by, uint64(len(contents)), sha512.Sum512(contents), comment)
}

func statementOf(by []byte, length uint64, digest [64]byte, comment string) []byte {
	b := fingerprint(by)
	b = binary.BigEndian.AppendUint64(b, signedTime)
	b = binary.BigEndian.AppendUint64(b, length)
	b = append(b, digest[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(comment)))
	return append(b, comment...)
}

// detached signs a statement.
func detached(by, statement []byte) []byte { return sign(by, "pqenc/v1/detached", statement) }

// pemLines returns a PEM block in lines of n characters.
func pemLines(label string, n int, contents []byte) []byte {
	out := []byte("-----BEGIN " + label + "-----\n")
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(contents)), n) {
		out = append(append(out, line...), '\n')
	}
	return append(out, "-----END "+label+"-----\n"...)
}

// detachedRecipe describes how a vector is made. By default, bob signs a statement about
// 100 bytes. Fields that are set replace a part of that.
type detachedRecipe struct {
	name     string
	comment  string
	expect   Result
	from     [][]byte
	fromFile []byte // a public key file in the place of from
	contents []byte // that are verified
	says     string // the comment that is signed
	fields   []byte // the statement
	by       []byte // who signs it
	sig      func(fields []byte) []byte
	raw      func(b []byte) []byte // changes the statement with its signature
	edit     func(file []byte) []byte
}

var detachedSuccesses = []detachedRecipe{
	{name: "detached", comment: "a signature without a comment"},
	{name: "detached-empty", comment: "a signature of an empty file", contents: []byte{}, fields: statement(bobID, nil, "")},
	{name: "detached-comment", comment: "a signature with a comment", says: "release 1.2: größer ☃"},
	{name: "detached-comment-longest", comment: "a comment of 4,096 bytes", says: strings.Repeat("c", 4096)},
	{name: "detached-second-sender", comment: "the second of two senders signed it", from: [][]byte{malloryID, bobID}},
	{name: "detached-retired-later", comment: "signed in the second in which the key was succeeded by another one", from: anybody, fromFile: succeededBob(signedTime)},
	{name: "detached-crlf", comment: "lines end in CR LF", edit: func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) }},
	{name: "detached-byte-order-mark", comment: "a byte order mark before the first line", edit: prepend("\ufeff")},
	{name: "detached-no-last-line-end", comment: "the last line has no end", edit: drop(1)},
}

// Comments that a reader refuses, and other statements that it cannot read.
var malformedDetached = []detachedRecipe{
	{name: "detached-comment-4097", comment: "a comment of 4,097 bytes", says: strings.Repeat("c", 4097)},
	{name: "detached-comment-line-end", comment: "a comment with a line end", fields: statement(bobID, text(100), "one\ntwo")},
	{name: "detached-comment-escape", comment: "a comment with an escape sequence for terminals", fields: statement(bobID, text(100), "\x1b[2J")},
	{name: "detached-comment-delete", comment: "a comment with U+007F", fields: statement(bobID, text(100), "\x7f")},
	{name: "detached-comment-c1", comment: "a comment with U+009B, a control character of two bytes", fields: statement(bobID, text(100), "\u009b2J")},
	{name: "detached-comment-latin-1", comment: "a comment that is not UTF-8", fields: statement(bobID, text(100), "gr\xf6\xdfer")},
	{name: "detached-comment-surrogate", comment: "a comment with a surrogate, which UTF-8 does not encode", fields: statement(bobID, text(100), "\xed\xa0\x80")},
	{name: "detached-comment-overlong", comment: "a comment with an A in two bytes, which UTF-8 forbids", fields: statement(bobID, text(100), "\xc1\x81")},
	{name: "detached-comment-beyond-end", comment: "a comment that ends after the end", raw: put(113, "\xff")},
	{name: "detached-comment-into-signature", comment: "a comment that ends in the signature", raw: put(113, "\x05")},
	{name: "detached-length-2-63", comment: "the length 2^63", fields: statementOf(bobID, 1<<63, sha512.Sum512(text(100)), "")},
	{name: "detached-short", comment: "the last byte of the signature is missing", raw: drop(1)},
	{name: "detached-long", comment: "a byte after the signature", raw: func(b []byte) []byte { return append(b, 0) }},
	{name: "detached-no-signature", comment: "a statement without its signature", raw: keep(114)},
	{name: "detached-no-statement", comment: "nothing but a signature", raw: func(b []byte) []byte { return b[114:] }},
	{name: "detached-no-contents", comment: "a block of no bytes", raw: keep(0)},
}

// Signature files that are not in the one form that they have.
var badSignatureFiles = []detachedRecipe{
	{name: "detached-nothing", comment: "no bytes", edit: keep(0)},
	{name: "detached-binary", comment: "not PEM, but what is in it", edit: func([]byte) []byte { return signedStatement() }},
	{name: "detached-label", comment: "the label of encrypted files", edit: func([]byte) []byte { return pemLines("PQENC FILE", 64, signedStatement()) }},
	{name: "detached-label-case", comment: "the label in small letters", edit: func([]byte) []byte { return pemLines("pqenc signature", 64, signedStatement()) }},
	{name: "detached-line-76", comment: "lines of 76 characters", edit: func([]byte) []byte { return pemLines("PQENC SIGNATURE", 76, signedStatement()) }},
	{name: "detached-line-1", comment: "all in one line", edit: func([]byte) []byte { return pemLines("PQENC SIGNATURE", 8192, signedStatement()) }},
	{name: "detached-header", comment: "a header of the block", edit: replaceOnce("SIGNATURE-----\n", "SIGNATURE-----\nComment: release 1.2\n\n")},
	{name: "detached-empty-line", comment: "an empty line between the others", edit: replaceOnce("SIGNATURE-----\n", "SIGNATURE-----\n\n")},
	{name: "detached-character", comment: "a character that is not base64", edit: put(100, "!")},
	{name: "detached-white-space", comment: "a space at the end of a line", edit: replaceOnce("\n-----END", " \n-----END")},
	{name: "detached-no-padding", comment: "base64 without its padding", says: "1", edit: replaceOnce("=\n", "\n")},
	{name: "detached-unused-bits", comment: "the last character has unused bits set", says: "1", edit: func(b []byte) []byte {
		b[bytes.LastIndex(b, []byte("=\n"))-1]++
		return b
	}},
	{name: "detached-text-before", comment: "a comment that nobody signed before the block", edit: prepend("# release 1.2, by bob\n")},
	{name: "detached-text-after", comment: "text after the block", edit: func(b []byte) []byte { return append(b, "by bob\n"...) }},
	{name: "detached-empty-line-after", comment: "an empty line after the block", edit: func(b []byte) []byte { return append(b, '\n') }},
	{name: "detached-twice", comment: "two blocks, both good", edit: func(b []byte) []byte { return append(b, b...) }},
	{name: "detached-no-end", comment: "the last line is missing", edit: func(b []byte) []byte { return b[:bytes.Index(b, []byte("-----END"))] }},
	{name: "detached-cut", comment: "cut in the middle", edit: keep(2000)},
	{name: "detached-too-large", comment: "one byte more than the largest signature file has", edit: func(b []byte) []byte {
		return append(b, bytes.Repeat([]byte("\n"), 16385-len(b))...)
	}},
	{name: "detached-utf-16", comment: "the text in UTF-16, as PowerShell writes it", edit: func(b []byte) []byte {
		out := []byte("\xff\xfe")
		for _, c := range b[:2000] {
			out = append(out, c, 0)
		}
		return out
	}},
}

var badDetached = []detachedRecipe{
	{name: "detached-wrong-signer", comment: "mallory signed, as mallory", expect: WrongSigner, by: malloryID, fields: statement(malloryID, text(100), "")},
	{name: "detached-wrong-signer-encryption-key", comment: "required is bob's signing key with mallory's encryption key, which is somebody else", expect: WrongSigner,
		from: [][]byte{withParts(malloryID, bobID, bobID)}},
	{name: "detached-wrong-signer-half", comment: "required is a key of bob's ML-DSA half and mallory's Ed25519 half, under which the signature is valid", expect: WrongSigner,
		from: [][]byte{withParts(bobID, bobID, malloryID)}, by: withParts(bobID, bobID, malloryID)},
	{name: "detached-signature", comment: "the statement names bob, and mallory signed it", expect: Signature, by: malloryID},
	{name: "detached-ml-dsa", comment: "a bit of the ML-DSA half of the signature is flipped", expect: Signature, raw: flip(114)},
	{name: "detached-ed25519", comment: "a bit of the Ed25519 half of the signature is flipped", expect: Signature, raw: flip(-1)},
	{name: "detached-halves", comment: "the ML-DSA half is by bob, the Ed25519 half by mallory", expect: Signature, by: withParts(bobID, bobID, malloryID)},
	{name: "detached-halves-mixed", comment: "both halves are by bob, of two statements on the same file", expect: Signature, sig: func(fields []byte) []byte {
		return slices.Concat(detached(bobID, fields)[:3309], detached(bobID, statement(bobID, text(100), "another comment"))[3309:])
	}},
	{name: "detached-other-use", comment: "the statement is signed as openings are", expect: Signature, sig: func(fields []byte) []byte {
		return sign(bobID, "pqenc/v1/opening", fields)
	}},
	{name: "detached-no-use", comment: "the statement is signed with an empty ctx", expect: Signature, sig: func(fields []byte) []byte {
		return sign(bobID, "", fields)
	}},
	{name: "detached-opening", comment: "the signature is the opening signature of a file", expect: Signature, sig: func([]byte) []byte {
		return otherSigned().openingBy(bobID)
	}},
	{name: "detached-other-time", comment: "the time was changed", expect: Signature, raw: flip(39)},
	{name: "detached-other-comment", comment: "the comment was changed", expect: Signature, says: "release 1.3", sig: func([]byte) []byte {
		return detached(bobID, statement(bobID, text(100), "release 1.2"))
	}},
	{name: "detached-other-statement", comment: "the file was changed, and the statement with it", expect: Signature, contents: text(101), fields: statement(bobID, text(101), ""),
		sig: func([]byte) []byte { return detached(bobID, statement(bobID, text(100), "")) }},
	{name: "detached-retired", comment: "signed a second after the key was succeeded by another one", expect: Retired, from: anybody, fromFile: succeededBob(signedTime - 1)},
	{name: "detached-retired-no-successor", comment: "signed a second after the key was retired", expect: Retired, from: anybody, fromFile: retiredBob(signedTime - 1)},
	{name: "detached-changed", comment: "a bit of the file is flipped", expect: OtherFile, contents: flip(50)(text(100))},
	{name: "detached-cut-file", comment: "the last byte of the file is missing", expect: OtherFile, contents: text(99)},
	{name: "detached-longer-file", comment: "a byte more at the end of the file", expect: OtherFile, contents: text(101)},
	{name: "detached-no-file", comment: "the file became empty", expect: OtherFile, contents: []byte{}},
	{name: "detached-file-not-empty", comment: "the signature is of an empty file", expect: OtherFile, fields: statement(bobID, nil, "")},
	{name: "detached-length-differs", comment: "the digest is that of the file, the length is not", expect: OtherFile,
		fields: statementOf(bobID, 101, sha512.Sum512(text(100)), "")},
	{name: "detached-digest-differs", comment: "the length is that of the file, the digest is not", expect: OtherFile,
		fields: statementOf(bobID, 100, sha512.Sum512(text(101)), "")},
}

// signedStatement is what is in the first vector.
func signedStatement() []byte {
	fields := statement(bobID, text(100), "")
	return append(fields, detached(bobID, fields)...)
}

func prepend(s string) func([]byte) []byte {
	return func(b []byte) []byte { return append([]byte(s), b...) }
}

func replaceOnce(old, new string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(new), 1) }
}

// allDetached makes every vector of detached signatures.
func allDetached() (all []*Detached) {
	for _, r := range slices.Concat(malformedDetached, badSignatureFiles) {
		r.expect = SignatureFile
		all = append(all, r.vector())
	}
	for _, r := range slices.Concat(detachedSuccesses, badDetached) {
		all = append(all, r.vector())
	}
	return all
}

func (r detachedRecipe) vector() *Detached {
	v := &Detached{
		Name: r.name, Comment: r.comment, Expect: r.expect,
		From: r.from, FromFile: r.fromFile, Contents: r.contents, SignedTime: signedTime, SignedComment: r.says,
	}
	if v.Expect == "" {
		v.Expect = Success
	}
	if v.From == nil {
		v.From = [][]byte{bobID}
	}
	if v.Contents == nil {
		v.Contents = text(100)
	}
	v.File = pemLines("PQENC SIGNATURE", 64, r.signed())
	if r.edit != nil {
		v.File = r.edit(v.File)
	}
	return v
}

// signed returns the statement and its signature.
func (r detachedRecipe) signed() []byte {
	fields, by := r.fields, r.by
	if fields == nil {
		fields = statement(bobID, text(100), r.says)
	}
	if by == nil {
		by = bobID
	}
	sig := detached(by, fields)
	if r.sig != nil {
		sig = r.sig(fields)
	}
	raw := append(bytes.Clone(fields), sig...)
	if r.raw != nil {
		raw = r.raw(raw)
	}
	return raw
}

// TestSpecDetached compares the example of a detached signature in SPEC.md with the
// vector that it is from.
func TestSpecDetached(t *testing.T) {
	fields := statement(bobID, text(100), "release 1.2: größer ☃")
	sig := detached(bobID, fields)
	var want strings.Builder
	at := 0
	for _, f := range []struct {
		size int
		name string
	}{{32, "signer"}, {8, "time"}, {8, "length"}, {64, "digest"}, {2, "length of comment"}, {25, "comment"}, {3373, "signature"}} {
		value := slices.Concat(fields, sig)[at : at+f.size]
		text := fmt.Sprintf("%x", value)
		if f.size > 32 {
			text = fmt.Sprintf("%x ... %x", value[:13], value[f.size-13:])
		}
		fmt.Fprintf(&want, "    %5d %5d  %-64s  %s\n", at, f.size, text, f.name)
		at += f.size
	}
	checkSpec(t, want.String())
	lines := strings.SplitAfter(string(pemLines("PQENC SIGNATURE", 64, append(fields, sig...))), "\n")
	checkSpec(t, "    "+strings.Join(lines[:4], "    "))
}
