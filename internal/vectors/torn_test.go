// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vectors

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
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

// tornRecipe says how a file with a log beside it is made: alice's header was being
// replaced by bob's. Which of its 8 blocks are bob's already new says, an x for each.
type tornRecipe struct {
	name, comment string
	new           string
	reader        []byte
	expect        Result
	edit          func(b []byte) []byte // of the file
	editLog       func(b []byte) []byte
}

var tornRecipes = []tornRecipe{
	{name: "torn", comment: "every other block is the new one: the new header counts", new: "-x-x-x-x", reader: bob},
	{name: "torn-old-reader", comment: "the same, for who could read the old header", new: "-x-x-x-x", reader: alice, expect: NoMatch},
	{name: "torn-first", comment: "only the first block is the new one", new: "x-------", reader: bob},
	{name: "torn-last", comment: "only the last block, with the MAC, is the new one", new: "-------x", reader: bob},
	{name: "torn-not-last", comment: "all but the last block are the new ones", new: "xxxxxxx-", reader: bob},
	{name: "old", comment: "nothing was overwritten: the old header counts", new: "--------", reader: alice},
	{name: "new", comment: "all is overwritten: the new header counts", new: "xxxxxxxx", reader: bob},
	{name: "stray-block", comment: "a block is of neither header: the log does not apply", new: "-x-x-x-x", reader: bob, expect: NoMatch, edit: flip(100)},
	{name: "log-of-another-file", comment: "the log is about another file", new: "-x-x-x-x", reader: bob, expect: NoMatch, editLog: func([]byte) []byte {
		f := newFile("another")
		toAlice(5)(f)
		return redoLog(f.header(), f.header())
	}},
	{name: "log-bit", comment: "a bit of the new header in the log was changed", new: "-x-x-x-x", reader: bob, expect: NoMatch, editLog: flip(80 + 4096 + 100)},
	{name: "log-digest", comment: "the digest of the old header in the log is another one, and the last one fits", new: "-x-x-x-x", reader: bob, expect: NoMatch, editLog: func(b []byte) []byte {
		b[16]++
		sum := sha256.Sum256(b[:len(b)-32])
		return append(b[:len(b)-32], sum[:]...)
	}},
	{name: "log-cut", comment: "the log was cut by a byte", new: "-x-x-x-x", reader: bob, expect: NoMatch, editLog: drop(1)},
	{name: "log-trailing-byte", comment: "a byte follows the log", new: "-x-x-x-x", reader: bob, expect: NoMatch, editLog: func(b []byte) []byte { return append(b, 0) }},
	{name: "log-version-2", comment: "the log has an unknown version", new: "-x-x-x-x", reader: bob, expect: NoMatch, editLog: func(b []byte) []byte {
		b[11] = 2
		sum := sha256.Sum256(b[:len(b)-32])
		return append(b[:len(b)-32], sum[:]...)
	}},
}

func (r tornRecipe) vector() *Vector {
	old, new := newFile(r.name), newFile(r.name) // with the same file key
	toAlice(5)(old)
	new.random(1) // and other stanzas
	new.stanza(1, new.hybrid(bob, new.fileKey))
	header := new.header()
	v := recipe{name: r.name, comment: r.comment, expect: r.expect, released: 5, identities: [][]byte{r.reader}, build: toAlice(5)}.vector()
	v.RedoLog = redoLog(old.header(), header)
	for i, block := range r.new {
		if block == 'x' {
			copy(v.File[512*i:], header[512*i:512*(i+1)])
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
	return v
}

func allTorn() (vectors []*Vector) {
	for _, r := range tornRecipes {
		vectors = append(vectors, r.vector())
	}
	return vectors
}
