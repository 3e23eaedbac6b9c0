// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vectors

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cloudflare/circl/hpke"
	"github.com/cloudflare/circl/sign/mldsa/mldsa65"
)

// This file is the second writer of key files, from SPEC.md, section 8, and docs/key-files.md. An identity is
// its seeds, as in signer_test.go.

const keyDir = "../../testdata/keys"

// ders returns the two public blocks of an identity.
func ders(identity []byte) (encryption, signing []byte) {
	kem, err := hpke.KEM_XWING.Scheme().UnmarshalBinaryPrivateKey(identity[:32])
	must(err)
	raw, err := kem.Public().MarshalBinary()
	must(err)
	mldsa, _ := mldsa65.NewKeyFromSeed((*[32]byte)(identity[32:]))
	ed := ed25519.NewKeyFromSeed(identity[64:]).Public().(ed25519.PublicKey)
	return append(unhex("308204d4300d060b2b0601040183e62d81c87a038204c100"), raw...),
		slices.Concat(unhex("308207d1300a06082b06010505070630038207c100"), mldsa.Bytes(), ed)
}

// pemBlock returns a PEM block.
func pemBlock(label string, contents []byte) string { return string(pemLines(label, 64, contents)) }

// public and private return the two key blocks of a generation.
func public(identity []byte) string {
	encryption, signing := ders(identity)
	return pemBlock("PUBLIC KEY", encryption) + pemBlock("PUBLIC KEY", signing)
}

func private(identity []byte) string {
	return pemBlock("PRIVATE KEY", append(unhex("3034020100300d060b2b0601040183e62d81c87a0420"), identity[:32]...)) +
		pemBlock("PRIVATE KEY", append(unhex("3051020100300a06082b060105050706300440"), identity[32:]...))
}

// claim is an identity statement before it is encoded. Its fields are used even if they are
// wrong.
type claim struct {
	key, previous        []byte // identities; nil if there is none
	generation           uint32
	created, expires     uint64
	name                 string
	fingerprint, hash    []byte // in the place of those of key and previous
	previousDER          []byte // in the place of that of previous
	byKey, byPrevious    []byte // who signs instead
	roleKey, rolePrev    byte   // instead of 1 and 2
	use                  string // instead of pqenc/v1/identity
	noByKey, noByPrev    bool
	trailing, changedSig bool
}

func or(a, b []byte) []byte {
	if a != nil {
		return a
	}
	return b
}

// block returns the statement as a PEM block.
func (c claim) block() string {
	zeros := make([]byte, 32)
	fp, prev, der := zeros, zeros, []byte(nil)
	if c.key != nil {
		fp = fingerprint(c.key)
	}
	if c.previous != nil {
		prev = fingerprint(c.previous)
		encryption, signing := ders(c.previous)
		der = append(encryption, signing...)
	}
	fields := slices.Concat(or(c.fingerprint, fp), or(c.hash, prev))
	fields = binary.BigEndian.AppendUint32(fields, c.generation)
	fields = binary.BigEndian.AppendUint64(fields, c.created)
	fields = binary.BigEndian.AppendUint64(fields, c.expires)
	fields = slices.Concat(fields, []byte{byte(len(c.name))}, []byte(c.name), or(c.previousDER, der))
	b := bytes.Clone(fields)
	use := "pqenc/v1/identity"
	if c.use != "" {
		use = c.use
	}
	if by := or(c.byKey, c.key); by != nil && !c.noByKey {
		b = append(b, sign(by, use, append([]byte{max(1, c.roleKey)}, fields...))...)
	}
	if by := or(c.byPrevious, c.previous); by != nil && !c.noByPrev {
		role := byte(2)
		if c.rolePrev != 0 {
			role = c.rolePrev
		}
		b = append(b, sign(by, use, append([]byte{role}, fields...))...)
	}
	if c.trailing {
		b = append(b, 0)
	}
	if c.changedSig {
		b[len(b)-1] ^= 1
	}
	return pemBlock("PQENC IDENTITY STATEMENT", b)
}

// Three generations of one identity, and what is said of them.
var (
	gen1, gen2, gen3 = whole(bytes.Repeat([]byte{0x11}, 32)), whole(bytes.Repeat([]byte{0x21}, 32)), whole(bytes.Repeat([]byte{0x31}, 32))

	first  = claim{key: gen1, generation: 1, created: 1_600_000_000, name: "lab"}
	second = claim{key: gen2, previous: gen1, generation: 2, created: 1_700_000_000, expires: 1_800_000_000, name: "lab"}
	third  = claim{key: gen3, previous: gen2, generation: 3, created: 1_750_000_000, name: "lab-7_b.x"}
	ended  = claim{previous: gen1, generation: 2, created: 1_650_000_000, name: "lab"}
)

// longest is a claim at the bounds of name and times.
var longest = claim{key: gen1, generation: 1, created: 1<<63 - 2, expires: 1<<63 - 1, name: strings.Repeat("a.-_0", 12) + "z9zz"}

// with changes a copy of a claim.
func (c claim) with(change func(*claim)) claim {
	change(&c)
	return c
}

// said is a generation of a vector.
func said(c claim, retired int64) Generation {
	return Generation{[32]byte(fingerprint(c.key)), int(c.generation), int64(c.created), int64(c.expires), retired, c.name}
}

func bare(identity []byte, retired int64) Generation {
	return Generation{Fingerprint: [32]byte(fingerprint(identity)), Number: 1, Retired: retired}
}

// retiredBob and succeededBob are public key files of bob, whose key is retired at that time.
func retiredBob(at uint64) []byte {
	return []byte(claim{previous: bobID, generation: 2, created: at}.block() + public(bobID))
}

func succeededBob(at uint64) []byte {
	return []byte(public(gen2) + claim{key: gen2, previous: bobID, generation: 2, created: at}.block() + public(bobID))
}

// whole3 is a file of three generations; key writes the keys.
func whole3(key func([]byte) string) string {
	return key(gen3) + third.block() + key(gen2) + second.block() + key(gen1) + first.block()
}

var said3 = []Generation{said(third, 0), said(second, int64(third.created)), said(first, int64(second.created))}

// protectedKey returns a key file in an armored pqenc file.
func protectedKey(name, contents string) string {
	f := newFile(name)
	f.stanza(2, f.passphrase("correct horse", cheap))
	f.body([]byte(contents))
	return string(armored(f.bytes()))
}

func keyVectors() []*KeyVector {
	vectors := slices.Concat(goodKeys(), retiredTwice(), protectedKeys(), edgeKeys(), badKeyFiles(), badStatements(), badChains(), ageVectors())
	for _, v := range vectors {
		if v.Expect == "" {
			v.Expect = Success
		}
	}
	return vectors
}

func goodKeys() []*KeyVector {
	one := [][]Generation{{said(first, 0)}}
	return []*KeyVector{
		{Name: "public-no-statement", Comment: "two blocks, as all files had before there were statements", Identities: [][]Generation{{bare(gen1, 0)}}, File: []byte(public(gen1))},
		{Name: "private-no-statement", Comment: "the same, private", Private: true, Identities: [][]Generation{{bare(gen1, 0)}}, File: []byte(private(gen1))},
		{Name: "public", Comment: "one generation", Identities: one, File: []byte(public(gen1) + first.block())},
		{Name: "private", Comment: "one generation", Private: true, Identities: one, File: []byte(private(gen1) + first.block())},
		{Name: "public-no-name", Comment: "a statement without a name", Identities: [][]Generation{{said(claim{key: gen1, generation: 1, created: 5}, 0)}}, File: []byte(public(gen1) + claim{key: gen1, generation: 1, created: 5}.block())},
		{Name: "public-three", Comment: "three generations", Identities: [][]Generation{said3}, File: []byte(whole3(public))},
		{Name: "private-three", Comment: "three generations", Private: true, Identities: [][]Generation{said3}, File: []byte(whole3(private))},
		{Name: "public-newest-only", Comment: "the third generation alone: the chain ends there", Identities: [][]Generation{{said(third, 0)}}, File: []byte(public(gen3) + third.block())},
		{Name: "public-previous-no-statement", Comment: "the previous generation has no statement", Identities: [][]Generation{{said(second, 0), bare(gen1, int64(second.created))}},
			File: []byte(public(gen2) + second.block() + public(gen1))},
		{Name: "public-retired", Comment: "an identity that was retired", Identities: [][]Generation{{said(first, int64(ended.created))}}, File: []byte(ended.block() + public(gen1) + first.block())},
		{Name: "private-retired", Comment: "the same, private", Private: true, Identities: [][]Generation{{said(first, int64(ended.created))}}, File: []byte(ended.block() + private(gen1) + first.block())},
		{Name: "public-two", Comment: "two identities, as cat makes of two files", Identities: [][]Generation{{said(first, 0)}, {bare(aliceID, 0)}}, File: []byte(public(gen1) + first.block() + public(aliceID))},
		{Name: "public-two-chains", Comment: "two identities of three generations and one, the second retired", Identities: [][]Generation{said3, {said(claim{key: aliceID, generation: 1, created: 7}, 9)}},
			File: []byte(whole3(public) + claim{previous: aliceID, generation: 2, created: 9}.block() + public(aliceID) + claim{key: aliceID, generation: 1, created: 7}.block())},
		{Name: "public-wrong-order", Comment: "the older generation first: two identities, of which one is retired", Identities: [][]Generation{{said(first, int64(second.created))}, {said(second, 0)}}, File: []byte(public(gen1) + first.block() + public(gen2) + second.block())},
		{Name: "private-two", Comment: "two private identities", Private: true, Identities: [][]Generation{{said(first, 0)}, {bare(aliceID, 0)}}, File: []byte(private(gen1) + first.block() + private(aliceID))},
		{Name: "public-old-copy", Comment: "two generations, and the older one once more by itself, as cat makes of an old file and a new one", Identities: [][]Generation{{said(second, 0), said(first, int64(second.created))}, {said(first, int64(second.created))}},
			File: []byte(public(gen2) + second.block() + public(gen1) + first.block() + public(gen1) + first.block())},
		{Name: "public-twice", Comment: "the same identity twice", Identities: [][]Generation{said3, said3}, File: []byte(whole3(public) + whole3(public))},
		{Name: "private-retired-second", Comment: "the second generation was retired", Private: true, Identities: [][]Generation{{said(second, 1_900_000_000), said(first, int64(second.created))}},
			File: []byte(claim{previous: gen2, generation: 3, created: 1_900_000_000, name: "lab"}.block() + private(gen2) + second.block() + private(gen1) + first.block())},
		{Name: "public-name-64", Comment: "a name of 64 characters, times at their bounds", Identities: [][]Generation{{said(longest, 0)}}, File: []byte(public(gen1) + longest.block())},
		{Name: "public-same-second", Comment: "a generation that was made in the second of the one before", Identities: [][]Generation{{said(claim{key: gen2, generation: 2, created: 1_600_000_000}, 0), said(first, 1_600_000_000)}},
			File: []byte(public(gen2) + claim{key: gen2, previous: gen1, generation: 2, created: 1_600_000_000}.block() + public(gen1) + first.block())},
		{Name: "public-text", Comment: "comments, empty lines, CR LF, a byte order mark, no end of the last line", Identities: one,
			File: []byte("\ufeff" + strings.TrimSuffix(strings.ReplaceAll("# a\n\n"+public(gen1)+"#\n"+first.block(), "\n", "\r\n"), "\r\n"))},
		{Name: "private-protected", Comment: "three generations, protected", Private: true, Passphrase: "correct horse", Identities: [][]Generation{said3}, File: []byte(protectedKey("private-protected", whole3(private)))},
	}
}

// retiredTwice are keys about which several statements say when they were retired.
func retiredTwice() []*KeyVector {
	copy1, later := public(gen1)+first.block(), ended.with(func(c *claim) { c.created = 1_900_000_000 })
	again := second.with(func(c *claim) { c.created = 1_750_000_000 })
	earliest := int64(ended.created)
	twice := [][]Generation{{said(first, earliest)}, {said(first, earliest)}}
	return []*KeyVector{
		{Name: "public-retired-twice", Comment: "two copies of a key, of which the second was retired earlier", Identities: twice, File: []byte(later.block() + copy1 + ended.block() + copy1)},
		{Name: "public-retired-twice-later", Comment: "two copies of a key, of which the second was retired later", Identities: twice, File: []byte(ended.block() + copy1 + later.block() + copy1)},
		{Name: "public-succeeded-twice", Comment: "two statements of one successor, the later one last", Identities: [][]Generation{{said(second, 0)}, {said(again, 0), said(first, int64(second.created))}},
			File: []byte(public(gen2) + second.block() + public(gen2) + again.block() + copy1)},
	}
}

// protectedKeys are protected files with something around the armor, and in the wrong place.
func protectedKeys() []*KeyVector {
	pair := private(gen1) + first.block()
	one := [][]Generation{{said(first, 0)}}
	text := protectedKey("private-protected-white-space", pair)
	begin, rest, _ := strings.Cut(text, "\n")
	vectors := []*KeyVector{
		{Name: "private-protected-white-space", Comment: "white space before the armor and after it", Expect: Success, Identities: one, File: []byte(" \n\t\r\n \r " + text + " \n\n")},
		{Name: "private-protected-crlf", Comment: "a byte order mark, and CR LF", Expect: Success, Identities: one, File: []byte("\ufeff" + strings.ReplaceAll(text, "\n", "\r\n"))},
		{Name: "private-protected-begin-space", Comment: "a space after the text of the first line of the armor", Expect: Armor, File: []byte(begin + " \n" + rest)},
		{Name: "private-protected-begin-cr", Comment: "CR alone ends the first line of the armor", Expect: Armor, File: []byte(begin + "\r" + rest)},
		{Name: "private-protected-comment", Comment: "a comment before the armor", Expect: NotKey, File: []byte("# a\n" + text)},
		{Name: "private-protected-much-space", Comment: "1025 bytes of white space before the armor", Expect: NotKey, File: []byte(strings.Repeat("\n", 1025) + text)},
		{Name: "private-protected-after-key", Comment: "armor after a key", Expect: NotKey, File: []byte(pair + text)},
	}
	for _, v := range vectors {
		v.Private, v.Passphrase = true, "correct horse"
	}
	return append(vectors,
		&KeyVector{Name: "public-is-protected", Comment: "a protected private key where a public one is read, white space before it", Expect: Protected, File: []byte(" \n" + text)},
		&KeyVector{Name: "public-is-protected-comment", Comment: "the same after a comment", Expect: NotKey, File: []byte("# a\n" + text)})
}

// refuse makes vectors of one result.
func refuse(isPrivate bool, result Result, files [][3]string) (vectors []*KeyVector) {
	for _, f := range files {
		vectors = append(vectors, &KeyVector{Name: f[0], Comment: f[1], Private: isPrivate, Expect: result, File: []byte(f[2])})
	}
	return vectors
}

func badKeyFiles() []*KeyVector {
	pair, key := public(gen1)+first.block(), private(gen1)+first.block()
	cut := strings.LastIndex(public(gen1), "-----BEGIN")
	last := strings.LastIndex(public(gen1), "=\n") - 1
	vectors := refuse(false, NotKey, [][3]string{
		{"empty", "an empty file", ""},
		{"one-block", "an encryption key without its signing key", public(gen1)[:cut]},
		{"swapped", "the signing key first", public(gen1)[cut:] + public(gen1)[:cut]},
		{"three-blocks", "an encryption key without its signing key, after a pair", public(gen1) + public(gen1)[:cut]},
		{"text-outside", "text between the blocks", public(gen1)[:cut] + "text\n" + public(gen1)[cut:]},
		{"pem-header", "a PEM header", strings.Replace(pair, "KEY-----\n", "KEY-----\nComment: x\n\n", 1)},
		{"pem-line", "a line of 63 characters", pair[:27+62] + "\n" + pair[27+62:]},
		{"pem-unused-bits", "an unused bit that is set", pair[:last] + string(pair[last]+1) + pair[last+1:]},
		{"pem-no-end", "no last line of a block", strings.Replace(pair, "-----END PUBLIC KEY-----\n", "", 1)},
		{"statement-in-pair", "a statement between the two keys of a pair", public(gen1)[:cut] + first.block() + public(gen1)[cut:]},
		{"statement-pem-line", "a line of 63 characters in a statement", strings.Replace(pair, "STATEMENT-----\n", "STATEMENT-----\n\n", 1)},
		{"retirement-last", "a retirement after its key", public(gen1) + first.block() + ended.block()},
		{"retirement-twice", "two retirements before a key", ended.block() + ended.block() + public(gen1) + first.block()},
		{"retirement-alone", "a retirement and no key", ended.block()},
	})
	vectors = append(vectors, refuse(true, NotKey, [][3]string{
		{"private-swapped", "the signing key first", private(gen1)[strings.LastIndex(private(gen1), "-----BEGIN"):] + private(gen1)[:strings.LastIndex(private(gen1), "-----BEGIN")]},
		{"private-protected-twice", "a protected file in a protected file", protectedKey("private-protected-twice", protectedKey("inner", key))},
	})...)
	vectors[len(vectors)-1].Passphrase = "correct horse"
	vectors = append(vectors, refuse(false, WrongKind, [][3]string{{"public-is-private", "a private key where a public one is read", key}})...)
	vectors = append(vectors, refuse(true, WrongKind, [][3]string{{"private-is-public", "a public key where a private one is read", pair}})...)
	vectors = append(vectors, refuse(true, Protected, [][3]string{{"private-protected-no-passphrase", "no passphrase is given", protectedKey("private-protected", key)}})...)
	wrong := refuse(true, NoMatch, [][3]string{{"private-protected-wrong", "another passphrase is given", protectedKey("private-protected", key)}})
	wrong[0].Passphrase = "wrong horse"
	return append(vectors, wrong...)
}

// badStatements are wrong by themselves.
func badStatements() []*KeyVector {
	after := func(c claim) string { return public(c.key) + c.block() }
	change := func(c claim, change func(*claim)) string { return after(c.with(change)) }
	return refuse(false, Statement, [][3]string{
		{"statement-other-key", "about another key", public(gen2) + first.block()},
		{"statement-other-half", "about a pair whose signing key is another one", public(withParts(gen1, gen2, gen2)) + first.block()},
		{"statement-long", "one byte too long", change(first, func(c *claim) { c.trailing = true })},
		{"statement-unsigned", "without the signature of the key", change(first, func(c *claim) { c.noByKey = true })},
		{"statement-unsigned-previous", "without the signature of the previous key", change(second, func(c *claim) { c.noByPrev = true })},
		{"statement-key-missing", "names a previous key that is not in it", change(second, func(c *claim) { c.previousDER = []byte{} })},
		{"statement-key-other", "names another previous key than the one in it", change(second, func(c *claim) { c.hash = fingerprint(gen3) })},
		{"statement-no-key", "both fingerprints are zeros", claim{generation: 1, created: 5}.block() + public(gen1)},
		{"statement-succeeds-itself", "the previous key is the key", public(gen2) + claim{key: gen2, previous: gen2, generation: 2, created: 5}.block()},
		{"statement-previous-malformed", "the previous key has a signing half that is none, under its right hash", change(second, func(c *claim) {
			encryption, signing := ders(gen1)
			copy(signing[len(signing)-32:], bytes.Repeat([]byte{0xff}, 32))
			c.previousDER = append(encryption, signing...)
			sum := sha256.Sum256(c.previousDER)
			c.hash = sum[:]
		})},
		{"statement-short", "84 bytes", public(gen1) + pemBlock("PQENC IDENTITY STATEMENT", make([]byte, 84))},
		{"statement-name-dash", "a name that begins with a dash", change(first, func(c *claim) { c.name = "-lab" })},
		{"statement-name-key", "a name that ends in .key", change(first, func(c *claim) { c.name = "lab.key" })},
		{"statement-generation-0", "generation 0", change(first, func(c *claim) { c.generation = 0 })},
		{"statement-generation-2", "generation 2 without a previous key", change(first, func(c *claim) { c.generation = 2 })},
		{"statement-generation-1", "generation 1 with a previous key", change(second, func(c *claim) { c.generation = 1 })},
		{"statement-expires-early", "expires when it is made", change(first, func(c *claim) { c.expires = c.created })},
		{"statement-created-2-63", "made at 2^63", change(first, func(c *claim) { c.created = 1 << 63 })},
		{"statement-expires-2-63", "expires at 2^63", change(first, func(c *claim) { c.expires = 1 << 63 })},
		{"statement-name-capital", "a name with a capital", change(first, func(c *claim) { c.name = "Lab" })},
		{"statement-name-slash", "a name with a slash", change(first, func(c *claim) { c.name = "a/b" })},
		{"statement-name-dot", "a name that begins with a dot", change(first, func(c *claim) { c.name = ".lab" })},
		{"statement-name-pub", "a name that ends in .pub", change(first, func(c *claim) { c.name = "lab.pub" })},
		{"statement-name-age1", "a name that begins with age1", change(first, func(c *claim) { c.name = "age1x" })},
		{"statement-name-65", "a name of 65 characters", change(first, func(c *claim) { c.name = strings.Repeat("a", 65) })},
		{"statement-signature", "a bit of the signature of the key is changed", change(first, func(c *claim) { c.changedSig = true })},
		{"statement-signature-previous", "a bit of the signature of the previous key is changed", change(second, func(c *claim) { c.changedSig = true })},
		{"statement-signed-by-other", "signed by another key", change(first, func(c *claim) { c.byKey = gen3 })},
		{"statement-signed-by-half", "signed by a key with the same ML-DSA half", change(first, func(c *claim) { c.byKey = withParts(gen1, gen1, gen2) })},
		{"statement-forged-successor", "the signature of the previous key is by another one", change(second, func(c *claim) { c.byPrevious = malloryID })},
		{"statement-roles", "the previous key signed in the role of the key", change(second, func(c *claim) { c.rolePrev = 1 })},
		{"statement-role-key", "the key signed in the role of the previous key", change(first, func(c *claim) { c.roleKey = 2 })},
		{"statement-other-use", "signed for another use", change(first, func(c *claim) { c.use = "pqenc/v1/opening" })},
	})
}

// badChains have good statements in the wrong places.
func badChains() []*KeyVector {
	forged := first.with(func(c *claim) { c.byKey = malloryID })
	vectors := refuse(true, Statement, [][3]string{
		{"private-statement-forged", "a private key with a statement that another key signed", private(gen1) + forged.block()},
	})
	return append(vectors, badPublicChains()...)
}

func badPublicChains() []*KeyVector {
	fork := second.with(func(c *claim) { c.key = gen3 })
	return refuse(false, Statement, [][3]string{
		{"chain-statement-first", "a statement that is no retirement before the first key", first.block() + public(gen1)},
		{"chain-statement-twice", "two statements after one pair", public(gen1) + first.block() + first.block()},
		{"chain-retirement-other", "a retirement before another key", ended.block() + public(gen2) + second.block()},
		{"chain-retirement-late", "a retirement of a key that has a successor", public(gen2) + second.block() + ended.block() + public(gen1) + first.block()},
		{"chain-retirement-copy", "a key that is retired, and a successor of another copy of it", ended.block() + public(gen1) + first.block() + public(gen2) + second.block()},
		{"chain-fork", "two successors of one key", public(gen2) + second.block() + public(gen1) + first.block() + public(gen3) + fork.block()},
		{"chain-fork-alone", "two successors of one key, which is not there", public(gen2) + second.block() + public(gen3) + fork.block()},
		{"chain-retirement-generation", "a retirement of the wrong generation", ended.with(func(c *claim) { c.generation = 3 }).block() + public(gen1) + first.block()},
		{"chain-retirement-early", "a retirement from before the key was made", ended.with(func(c *claim) { c.created = 1 }).block() + public(gen1) + first.block()},
		{"chain-retirement-expires", "a retirement that expires", ended.with(func(c *claim) { c.expires = 1 << 40 }).block() + public(gen1) + first.block()},
		{"chain-retirement-forged", "a retirement that another key signed", ended.with(func(c *claim) { c.byPrevious = malloryID }).block() + public(gen1) + first.block()},
		{"chain-generation-skipped", "generation 3 after generation 1", public(gen2) + second.with(func(c *claim) { c.generation = 3 }).block() + public(gen1) + first.block()},
		{"chain-generation-no-statement", "generation 3 after one without a statement", public(gen2) + second.with(func(c *claim) { c.generation = 3 }).block() + public(gen1)},
		{"chain-created-early", "made before the generation before", public(gen2) + second.with(func(c *claim) { c.created = 1 }).block() + public(gen1) + first.block()},
	})
}

// TestCurrentKeys is [TestCurrent] for key files.
func TestCurrentKeys(t *testing.T) {
	made := make(map[string]*KeyVector)
	for _, v := range keyVectors() {
		if made[v.Name] != nil {
			t.Errorf("%s: there are two", v.Name)
		}
		made[v.Name] = v
	}
	if *update {
		old, err := filepath.Glob(filepath.Join(keyDir, "*.txt"))
		must(err)
		for _, name := range old {
			must(os.Remove(name))
		}
		for name, v := range made {
			must(os.WriteFile(filepath.Join(keyDir, name+".txt"), v.Marshal(), 0o666))
		}
	}
	committed, err := LoadKeys(keyDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range committed {
		if m := made[v.Name]; m == nil || sha256.Sum256(m.Marshal()) != sha256.Sum256(v.Marshal()) {
			t.Errorf("%s: the committed vector is not the one that is made", v.Name)
		}
		delete(made, v.Name)
	}
	for name := range made {
		t.Errorf("%s: is made and not committed", name)
	}
}
