// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vectors

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
)

// redoLog returns the log of a header that is replaced in place.
func redoLog(old, new []byte) []byte {
	b := []byte("\x89PQREDO\n")
	b = binary.BigEndian.AppendUint32(b, 1)
	b = binary.BigEndian.AppendUint32(b, uint32(len(old)))
	oldSum, newSum := sha256.Sum256(old), sha256.Sum256(new)
	b = slices.Concat(b, oldSum[:], newSum[:], old, new)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// relog returns the log with other heads, and digests that fit.
func relog(log []byte, edit func(old, new []byte)) []byte {
	n := (len(log) - 112) / 2
	old, new := log[80:80+n], log[80+n:80+2*n]
	edit(old, new)
	return redoLog(old, new)
}

// sealLog returns the log with a last digest that fits.
func sealLog(b []byte) []byte {
	sum := sha256.Sum256(b[:len(b)-32])
	return append(b[:len(b)-32], sum[:]...)
}

// setLog sets bytes at i, and has the last digest fit.
func setLog(i int, s string) func([]byte) []byte {
	return func(b []byte) []byte { return sealLog(put(i, s)(b)) }
}

// craft has the log apply to a good header: the second block of its old one differs, and
// is that of the file in the new one.
func craft(file []byte) func(old, new []byte) {
	return func(old, new []byte) {
		copy(old, file)
		old[700] ^= 1
		copy(new[512:1024], file[512:])
	}
}

// tornRecipe describes how a file with a redo log is made, whose header was being replaced.
// mask has an x for each block that is already that of the new header. By default the old
// header is alice's and the new one bob's.
type tornRecipe struct {
	name, comment string
	mask          string
	reader        []byte // or else the passphrase is "correct horse"
	expect        Result
	repaired      string
	from          [][]byte
	build         func(f *file)               // the file with the old header
	rewrap        func(f *file)               // adds the stanzas of the new one
	edit          func(b []byte) []byte       // of the file
	editLog       func(log []byte) []byte     // last
	craftLog      func(old, new, file []byte) // before
}

// unread are files with a log that does not count or apply.
var unread = []tornRecipe{
	{name: "stray-block", comment: "a block is of neither header: the log does not apply", edit: flip(100)},
	{name: "log-of-another-file", comment: "the log is about another file", editLog: func([]byte) []byte {
		f := newFile("another")
		toAlice(5)(f)
		return redoLog(f.header(), f.header())
	}},
	{name: "log-bit", comment: "a bit of the new header in the log was changed", editLog: flip(80 + 4096 + 100)},
	{name: "log-digest", comment: "the digest of the old header in the log is another one, and the last one fits", editLog: func(b []byte) []byte { return sealLog(flip(16)(b)) }},
	{name: "log-digest-new", comment: "the digest of the new header in the log is another one, and the last one fits", editLog: func(b []byte) []byte { return sealLog(flip(48)(b)) }},
	{name: "log-cut", comment: "the log was cut by a byte", editLog: drop(1)},
	{name: "log-empty", comment: "the log is empty", editLog: keep(0)},
	{name: "log-trailing-byte", comment: "a byte follows the log", editLog: func(b []byte) []byte { return append(b, 0) }},
	{name: "log-magic", comment: "the log has another magic", editLog: setLog(0, "\x89PQREDO\r")},
	{name: "log-version-2", comment: "the log has an unknown version", editLog: setLog(8, "\x00\x00\x00\x02")},
	{name: "log-length-0", comment: "the length in the log is 0, and there are no headers in it", editLog: func([]byte) []byte { return redoLog(nil, nil) }},
	{name: "log-length-unaligned", comment: "the length in the log is 512", editLog: func(b []byte) []byte { return redoLog(b[80:80+512], b[80+4096:80+4096+512]) }},
	{name: "log-length-too-large", comment: "the length in the log is 2 MiB and 4096 bytes, which are not there", editLog: setLog(12, "\x00\x20\x10\x00")},
	{name: "log-length-huge", comment: "the length in the log is 4 GiB less 4096 bytes, which are not there", editLog: setLog(12, "\xff\xff\xf0\x00")},
	{name: "log-salt", comment: "the new header in the log has another salt", craftLog: func(_, new, _ []byte) { new[16] ^= 1 }},
	{name: "log-commit", comment: "the new header in the log has another commit", craftLog: func(_, new, _ []byte) { new[48] ^= 1 }},
	{name: "log-chunk-size", comment: "the new header in the log has another chunk_log2", craftLog: func(_, new, _ []byte) { new[10]++ }},
	{name: "log-header-len", comment: "the new header in the log says to be longer than it is", craftLog: func(_, new, _ []byte) { new[14] = 0x20 }},
	{name: "log-old-padding", comment: "the old header in the log has padding that is not zero, in a block that the file has from the new one", craftLog: func(old, _, _ []byte) { old[1600] = 1 }},
	{name: "log-new-padding", comment: "the new header in the log has padding that is not zero, in a block that the file has from the old one", craftLog: func(_, new, _ []byte) { new[2100] = 1 }},
}

var tornRecipes = []tornRecipe{
	{name: "torn", comment: "every other block is the new one: the new header counts", mask: "-x-x-x-x", reader: bob, repaired: "new new"},
	{name: "torn-old-reader", comment: "the same, for who could read the old header", mask: "-x-x-x-x", reader: alice, expect: NoMatch, repaired: "old new"},
	{name: "torn-no-reader", comment: "the same, for who could read neither", mask: "-x-x-x-x", reader: carol, expect: NoMatch, repaired: "none new"},
	{name: "torn-first", comment: "only the first block is the new one", mask: "x-------", reader: bob, repaired: "new new"},
	{name: "torn-last", comment: "only the last block, with the MAC, is the new one", mask: "-------x", reader: bob, repaired: "new new"},
	{name: "torn-last-old-reader", comment: "the same, for who could read the old header: its MAC is wrong, which is reported", mask: "-------x", reader: alice, expect: Header, repaired: "old new"},
	{name: "torn-not-last", comment: "all but the last block are the new ones", mask: "xxxxxxx-", reader: bob, repaired: "new new"},
	{name: "torn-8192", comment: "headers of 8192 bytes", mask: "x-x-x-x-x-x-x-x-", reader: bob, repaired: "new new",
		build:  func(f *file) { f.headerLen = 8192; toAlice(5)(f) },
		rewrap: func(f *file) { f.wrapFor(carol, bob) }},
	{name: "torn-signed", comment: "a signed file, for alice and carol at first, then for carol alone", mask: "x-x-x-x-x-x-x-x-", reader: carolID, repaired: "new new",
		from: [][]byte{bobID}, build: signedFor(5, "", aliceID, carolID), rewrap: func(f *file) { f.wrapFor(carolID) }},
	{name: "torn-passphrase", comment: "a passphrase was replaced by another one: its stanza is the new one, and the MAC the old one", mask: "x-------", repaired: "new new",
		build: func(f *file) {
			f.stanza(2, f.passphrase("wrong horse", cheap))
			f.body(text(5))
		},
		rewrap: func(f *file) { f.stanza(2, f.passphrase("correct horse", cheap)) }},
	{name: "old", comment: "nothing was overwritten: the old header counts", mask: "--------", reader: alice, repaired: "disk disk"},
	{name: "new", comment: "all is overwritten: the new header counts", mask: "xxxxxxxx", reader: bob, repaired: "disk disk"},
	{name: "good-crafted", comment: "the header is good; a log was made that applies to it, and stands for one that nobody can open", mask: "--------", reader: alice, repaired: "disk new",
		craftLog: func(old, new, file []byte) { craft(file)(old, new) }},
	{name: "good-crafted-earlier", comment: "the header is good; a log was made that applies to it, and stands for an earlier one, with a recipient who was removed", mask: "--------", reader: bob, repaired: "disk new",
		build:  func(f *file) { f.wrapFor(bob, carol); f.body(text(5)) },
		rewrap: func(f *file) { f.wrapFor(bob, alice) },
		craftLog: func(old, new, file []byte) {
			copy(new[:82+4+1168], file) // bob's stanza, as it stays when others are added
			again := newFile("good-crafted-earlier")
			copy(new[len(new)-32:], again.macOf(new[:len(new)-32]))
			craft(file)(old, new)
		}},
}

func (r tornRecipe) vector() *Vector {
	if r.build == nil {
		r.build = toAlice(5)
	}
	if r.rewrap == nil {
		r.rewrap = func(f *file) { f.wrapFor(bob) }
	}
	v := recipe{name: r.name, comment: r.comment, expect: r.expect, released: 5, identities: [][]byte{r.reader}, from: r.from, build: r.build}.vector()
	if r.reader == nil {
		v.Identities, v.Passphrase = nil, "correct horse"
	}
	f := newFile(r.name) // the same file, with the same key
	r.build(f)
	f.stanzas, f.written = nil, 0
	r.rewrap(f)
	new := f.header()
	v.RedoLog = redoLog(v.File[:len(new)], new)
	if r.craftLog != nil {
		v.RedoLog = relog(v.RedoLog, func(old, new []byte) { r.craftLog(old, new, v.File) })
	}
	for i, block := range r.mask {
		if block == 'x' {
			copy(v.File[512*i:], new[512*i:512*(i+1)])
		}
	}
	if r.edit != nil {
		v.File = r.edit(v.File)
	}
	if r.editLog != nil {
		v.RedoLog = r.editLog(v.RedoLog)
	}
	if v.Expect != Success {
		v.Released = sha256.Sum256(nil)
	}
	with, without, _ := strings.Cut(r.repaired, " ")
	v.Repaired = [2]string{with, without}
	return v
}

func allTorn() (vectors []*Vector) {
	for _, r := range unread {
		r.mask, r.reader, r.expect, r.repaired = "-x-x-x-x", bob, NoMatch, "none none"
		vectors = append(vectors, r.vector())
	}
	for _, r := range tornRecipes {
		vectors = append(vectors, r.vector())
	}
	return vectors
}
