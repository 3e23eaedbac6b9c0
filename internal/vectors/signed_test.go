// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vectors

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
)

// Whole identities. Bob signs, alice reads, and so does mallory where the
// comment of a vector calls somebody a recipient.
var (
	aliceID   = whole(alice)
	bobID     = whole(bob)
	carolID   = whole(carol)
	malloryID = whole(bytes.Repeat([]byte{0x3a}, 32))
)

// whole returns the identity with an encryption seed.
func whole(seed []byte) []byte {
	return slices.Concat(seed, bytes.Repeat([]byte{seed[0] + 1}, 32), bytes.Repeat([]byte{seed[0] + 2}, 32))
}

// withParts returns the identity with the seeds of several.
func withParts(xwing, mldsa, ed []byte) []byte {
	return slices.Concat(xwing[:32], mldsa[32:64], ed[64:])
}

const trailerSize = 3401

// signed makes a file of n bytes that bob signs, for alice.
func signed(n int) func(*file) { return signedFor(n, "", aliceID) }

func signedFor(n int, context string, readers ...[]byte) func(*file) {
	return signedTo(n, opening(bobID, context, readers...), readers...)
}

// signedTo makes a file that bob signs, and that readers can open, with any fields in the
// opening.
func signedTo(n int, fields []byte, readers ...[]byte) func(*file) {
	return func(f *file) {
		f.open(bobID, fields)
		for _, r := range readers {
			f.stanza(1, f.hybrid(r[:32], f.fileKey))
		}
		f.body(text(n))
		f.close(bobID)
	}
}

// signedForPassphrase makes a file of 5 bytes with an opening for nobody.
func signedForPassphrase(f *file) {
	f.open(bobID, opening(bobID, ""))
	withPassphrase(cheap)(f)
	f.close(bobID)
}

// otherSigned makes another file that bob signs, for alice.
func otherSigned() *file {
	f := newFile("another file")
	signed(5)(f)
	return f
}

// replaced signs some contents, and has others in their place.
func replaced(signed, there []byte) func(*file) {
	return func(f *file) {
		f.open(bobID, opening(bobID, "", aliceID, malloryID))
		f.stanza(1, f.hybrid(alice, f.fileKey))
		f.stanza(1, f.hybrid(malloryID[:32], f.fileKey))
		f.body(signed)
		f.close(bobID)
		f.list, f.chunks = f.digests(), nil
		f.body(there)
	}
}

// listed makes a signed file of three chunks, and a list of digests by changing its own.
func listed(change func(list []byte) []byte) func(*file) {
	return then(signed(2*chunk+5), func(f *file) { f.list = change(f.digests()) })
}

// asItIs changes nothing.
func asItIs(list []byte) []byte { return list }

// changedText is text with another byte in the second chunk.
func changedText(n int) []byte {
	b := text(n)
	b[chunk] ^= 1
	return b
}

// reseal changes what bob signed in the opening, and keeps the signature.
func reseal(change func(fields []byte) []byte) func(*file) {
	return func(f *file) {
		sig := f.openingBy(bobID)
		f.fields = change(bytes.Clone(f.fields))
		f.sealOpening(sig)
	}
}

func pointer(s string) *string { return &s }

// anybody is a choice of no senders.
var anybody = [][]byte{}

var signedSuccesses = []recipe{
	{name: "signed", comment: "signed by the required sender", released: 5, build: signed(5)},
	{name: "signed-not-verified", comment: "signed, and no sender is required", released: 5, from: anybody, build: signed(5)},
	{name: "signed-length-0", comment: "no contents", build: signed(0)},
	{name: "signed-length-1", comment: "one byte of contents", released: 1, build: signed(1)},
	{name: "signed-length-694", comment: "the last chunk and the trailer have one byte less than a full chunk", released: 694, build: signed(694)},
	{name: "signed-length-695", comment: "the last chunk and the trailer are as long as a full chunk", released: 695, build: signed(695)},
	{name: "signed-length-696", comment: "the last chunk and the trailer have one byte more than a full chunk", released: 696, build: signed(696)},
	{name: "signed-length-4095", comment: "the last chunk is as long as it can be", released: 4095, build: signed(4095)},
	{name: "signed-length-4096", comment: "a full chunk and an empty one", released: 4096, build: signed(4096)},
	{name: "signed-length-4791", comment: "a full chunk, and a last one that is as long as a full one together with the trailer", released: 4791, build: signed(4791)},
	{name: "signed-several-readers", comment: "for three readers, opened by the last", released: 5, identities: [][]byte{carolID}, build: signedFor(5, "", aliceID, malloryID, carolID)},
	{name: "signed-several-identities", comment: "the second identity opens it, and it is for that one", released: 5, identities: [][]byte{malloryID, aliceID}, build: signed(5)},
	{name: "signed-passphrase", comment: "for a passphrase: there are no readers by name", released: 5, passphrase: "correct horse", build: signedForPassphrase},
	{name: "signed-retired-later", comment: "signed in the second in which the key was retired", released: 5, from: anybody, fromFile: retiredBob(1_700_000_000), build: signed(5)},
	{name: "signed-second-sender", comment: "the second of two senders signed it", released: 5, from: [][]byte{malloryID, bobID}, build: signed(5)},
	{name: "signed-context", comment: "the required context", released: 5, context: pointer("federation 1: round 17, größer"), build: signedFor(5, "federation 1: round 17, größer", aliceID)},
	{name: "signed-context-any", comment: "a context, and none is required", released: 5, build: signedFor(5, "round 17", aliceID)},
	{name: "signed-context-empty", comment: "the empty context, which is required", released: 5, context: pointer(""), build: signed(5)},
	{name: "signed-context-longest", comment: "a context of 4,096 bytes", released: 5, context: pointer(strings.Repeat("c", 4096)), build: signedFor(5, strings.Repeat("c", 4096), aliceID)},
	{name: "signed-readers-1024", comment: "as many readers as there can be", released: 5, build: func(f *file) {
		signedTo(5, openingFor(bobID, "", f.names(1024, aliceID)...), aliceID)(f)
	}},
	{name: "signed-forwarded-allowed", comment: "signed for carol, and alice accepts what is forwarded", released: 5, allowForwarded: true, build: signedTo(5, opening(bobID, "", carolID), aliceID)},
	{name: "signed-rewrapped", comment: "signed for alice and carol, and carol's stanza was replaced by mallory's", released: 5, build: signedTo(5, opening(bobID, "", aliceID, carolID), malloryID, aliceID)},
	{name: "signed-rewrapped-added", comment: "signed for alice, and carol was added", released: 5, build: then(signed(5), func(f *file) { f.rewrap(nil, carolID) })},
	{name: "signed-rewrapped-longer", comment: "signed for alice, and so many were added that the header became longer", released: 5, build: then(
		signed(5), func(f *file) { f.rewrap(nil, carolID, malloryID, bobID, carolID) })},
	{name: "signed-rewrapped-forwarded-allowed", comment: "signed for alice; carol was added, reads it, and accepts what is forwarded", released: 5, allowForwarded: true,
		identities: [][]byte{carolID}, build: then(signed(5), func(f *file) { f.rewrap(nil, carolID) })},
	{name: "signed-another-identity", comment: "signed for carol; the reader has the keys of alice, which open it, and of carol", released: 5, identities: [][]byte{aliceID, carolID}, build: signedTo(5, opening(bobID, "", carolID), aliceID)},
	{name: "signed-context-bytes", comment: "a context that is not UTF-8, and none is required", released: 5, build: signedFor(5, "round \xff\xfe\x00", aliceID)},
	{name: "signed-unknown-stanzas", comment: "stanzas of unknown types behind the signer stanza", released: 5, build: then(signed(5), func(f *file) {
		f.stanza(0x7fff, []byte("other key"))
		f.stanza(0xffff, nil)
	})},
	{name: "signed-armor", comment: "the text form", released: 5, build: signed(5), edit: armored},
}

var badSigners = []recipe{
	{name: "not-signed", comment: "a sender is required, and nobody signed", expect: NotSigned, build: toAlice(5)},
	{name: "not-signed-context", comment: "a sender and a context are required, and nobody signed", expect: NotSigned, context: pointer(""), build: toAlice(5)},
	{name: "wrong-signer", comment: "mallory signed, as mallory", expect: WrongSigner, build: func(f *file) {
		signed(5)(f)
		f.open(malloryID, opening(malloryID, "", aliceID))
		f.close(malloryID)
	}},
	{name: "wrong-signer-encryption-key", comment: "required is bob's signing key with mallory's encryption key, which is somebody else", expect: WrongSigner,
		from: [][]byte{withParts(malloryID, bobID, bobID)}, build: signed(5)},
	{name: "wrong-signer-half", comment: "required is a key of bob's ML-DSA half and mallory's Ed25519 half, under which both signatures are valid", expect: WrongSigner,
		from: [][]byte{withParts(malloryID, bobID, malloryID)}, build: func(f *file) {
			signed(5)(f)
			f.sealOpening(f.openingBy(withParts(malloryID, bobID, malloryID)))
			f.close(withParts(malloryID, bobID, malloryID))
		}},
	{name: "retired", comment: "signed a second after the key was succeeded by another one", expect: Retired, from: anybody, fromFile: succeededBob(1_699_999_999), build: signed(5)},
	{name: "retired-no-successor", comment: "signed a second after the key was retired", expect: Retired, from: anybody, fromFile: retiredBob(1_699_999_999), build: signed(5)},
	{name: "signature", comment: "the opening names bob, and mallory signed it", expect: Signature, build: func(f *file) {
		signed(5)(f)
		f.open(malloryID, opening(bobID, "", aliceID))
		f.close(malloryID)
	}},
	{name: "signature-ml-dsa", comment: "a bit of the ML-DSA half of the opening signature is flipped", expect: Signature, build: then(signed(5), func(f *file) {
		f.sealOpening(flip(0)(f.openingBy(bobID)))
	})},
	{name: "signature-ed25519", comment: "a bit of the Ed25519 half of the opening signature is flipped", expect: Signature, build: then(signed(5), func(f *file) {
		f.sealOpening(flip(3309)(f.openingBy(bobID)))
	})},
	{name: "signature-halves", comment: "the ML-DSA half of the opening signature is by bob, the Ed25519 half by mallory", expect: Signature, build: then(signed(5), func(f *file) {
		f.sealOpening(f.openingBy(withParts(bobID, bobID, malloryID)))
	})},
	{name: "signature-replayed", comment: "a recipient sealed an opening of another file by bob for this one", expect: Signature, build: then(signed(5), func(f *file) {
		f.sealOpening(otherSigned().openingBy(bobID))
	})},
	{name: "signature-other-use", comment: "the opening is signed as closings are", expect: Signature, build: then(signed(5), func(f *file) {
		f.sealOpening(sign(bobID, "pqenc/v1/closing", f.openingMessage()))
	})},
	{name: "signature-other-context", comment: "a recipient changed the context that bob signed", expect: Signature, context: pointer("round 18"), build: then(
		signedFor(5, "round 17", aliceID), reseal(func([]byte) []byte { return opening(bobID, "round 18", aliceID) }))},
	{name: "signature-other-reader", comment: "a recipient added alice to the readers that bob signed", expect: Signature, build: then(
		signedTo(5, opening(bobID, "", carolID), aliceID, carolID), reseal(func([]byte) []byte { return opening(bobID, "", aliceID, carolID) }))},
	{name: "signature-other-time", comment: "a recipient changed the time that bob signed", expect: Signature, build: then(signed(5), reseal(flip(39)))},
	{name: "forwarded", comment: "signed for carol, who passed it on to alice", expect: Forwarded, build: signedTo(5, opening(bobID, "", carolID), aliceID)},
	{name: "forwarded-added", comment: "signed for alice; carol was added, and reads it", expect: Forwarded,
		identities: [][]byte{carolID}, build: then(signed(5), func(f *file) { f.rewrap(nil, carolID) })},
	{name: "forwarded-several", comment: "signed for carol and mallory; alice has two identities", expect: Forwarded,
		identities: [][]byte{bobID, aliceID}, build: signedTo(5, opening(bobID, "", carolID, malloryID), aliceID)},
	{name: "forwarded-to-passphrase", comment: "signed for carol, who passed it on under a passphrase", expect: Forwarded, passphrase: "correct horse", build: func(f *file) {
		f.open(bobID, opening(bobID, "", carolID))
		withPassphrase(cheap)(f)
		f.close(bobID)
	}},
	{name: "forwarded-from-passphrase", comment: "signed for a passphrase, and passed on to alice", expect: Forwarded, build: signedTo(5, opening(bobID, ""), aliceID)},
	{name: "forwarded-other-signing-key", comment: "signed for alice; the reader has her encryption key and another signing key", expect: Forwarded,
		identities: [][]byte{withParts(aliceID, malloryID, malloryID)}, build: signed(5)},
	{name: "context", comment: "another context than the required one", expect: Context, context: pointer("round 17"), build: signedFor(5, "round 3", aliceID)},
	{name: "context-begins", comment: "a context that begins as the required one does", expect: Context, context: pointer("round 1"), build: signedFor(5, "round 17", aliceID)},
	{name: "context-normalization", comment: "the required context has U+00F6 where the signed one has U+006F U+0308", expect: Context, context: pointer("gr\u00f6\u00dfer"), build: signedFor(5, "gro\u0308\u00dfer", aliceID)},
	{name: "context-none", comment: "the empty context, and another one is required", expect: Context, context: pointer("round 17"), build: signed(5)},
	{name: "context-empty-required", comment: "a context, and the empty one is required", expect: Context, context: pointer(""), build: signedFor(5, "round 17", aliceID)},
}

var badContents = []recipe{
	{name: "replaced", comment: "a recipient replaced the contents by longer ones", expect: Replaced, released: chunk + 5, build: replaced(text(5), text(chunk+5))},
	{name: "replaced-same-length", comment: "a recipient replaced the contents by others of the same length", expect: Replaced, released: 100,
		build: replaced(bytes.Repeat([]byte("x"), 100), text(100))},
	{name: "replaced-same-tag", comment: "a recipient replaced the contents by others of the same length with the same tag", expect: Replaced, released: 100, build: then(signed(100), func(f *file) {
		there := f.chunks[0]
		f.chunks[0] = f.sameTag(there)
		f.close(bobID)
		f.chunks[0] = there
	})},
	{name: "replaced-cut", comment: "a recipient cut the contents after the first chunk", expect: Replaced, released: chunk, build: replaced(text(2*chunk+5), text(chunk))},
	{name: "replaced-empty", comment: "a recipient replaced the contents by none", expect: Replaced, build: replaced(text(5), nil)},
	{name: "replaced-by-added", comment: "signed for alice alone; mallory was added to the recipients later, and replaced the contents", expect: Replaced, released: 100, build: then(signed(5), func(f *file) {
		f.rewrap(nil, malloryID)
		f.chunks = nil
		f.body(text(100))
	})},
	{name: "replaced-by-added-and-left", comment: "the same, and mallory's stanza was taken out again: the header names nobody but alice", expect: Replaced, released: 100, build: then(signed(5), func(f *file) {
		f.chunks = nil
		f.body(text(100))
	})},
	{name: "replaced-closing-by-another", comment: "the opening is by bob, the closing by mallory", expect: Replaced, released: 5, build: then(signed(5), func(f *file) {
		f.close(malloryID)
	})},
	{name: "replaced-and-closed", comment: "the contents are replaced and the closing is by the recipient who did that", expect: Replaced, released: 50, build: then(
		replaced(text(5), text(50)), func(f *file) { f.close(malloryID) })},
	{name: "replaced-ml-dsa", comment: "a bit of the ML-DSA half of the closing signature is flipped", expect: Replaced, released: 5, build: then(signed(5), func(f *file) {
		f.sealClosing(flip(0)(f.closingBy(bobID)))
	})},
	{name: "replaced-ed25519", comment: "a bit of the Ed25519 half of the closing signature is flipped", expect: Replaced, released: 5, build: then(signed(5), func(f *file) {
		f.sealClosing(flip(3309)(f.closingBy(bobID)))
	})},
	{name: "replaced-closing-replayed", comment: "a recipient sealed the closing of another file with the same contents for this one", expect: Replaced, released: 5, build: then(signed(5), func(f *file) {
		f.sealClosing(otherSigned().closingBy(bobID))
	})},
	{name: "replaced-other-use", comment: "the closing is signed as openings are", expect: Replaced, released: 5, build: then(signed(5), func(f *file) {
		f.sealClosing(sign(bobID, "pqenc/v1/opening", f.closingMessage()))
	})},
}

var digestLists = []recipe{
	{name: "digests", comment: "the list of digests of the file", list: Success, released: 2*chunk + 5, build: listed(asItIs)},
	{name: "digests-one", comment: "the list of digests of a file with one chunk, which is empty", list: Success, build: then(signed(0), func(f *file) { f.list = f.digests() })},
	{name: "digests-rewrapped", comment: "the list was made before carol was added", list: Success, released: 2*chunk + 5, build: then(listed(asItIs), func(f *file) { f.rewrap(nil, carolID) })},
	{name: "digests-chunk-replaced", comment: "the list is right, and a recipient replaced the second chunk", expect: Replaced, list: Replaced, released: 2*chunk + 5,
		build: replaced(changedText(2*chunk+5), text(2*chunk+5))},
	{name: "digests-last-chunk-replaced", comment: "the list is right, and a recipient replaced the last chunk", expect: Replaced, list: Replaced, released: 2*chunk + 5,
		build: replaced(flip(-1)(text(2*chunk+5)), text(2*chunk+5))},
	{name: "digests-trailer-damaged", comment: "the list is right, and a bit of the trailer is flipped", expect: Body, list: Body, released: 2*chunk + 5, build: listed(asItIs), edit: flip(-1)},
	{name: "digests-closing-by-another", comment: "the list is right, and the closing is by mallory", expect: Replaced, list: DigestList, released: 2*chunk + 5, build: then(listed(asItIs), func(f *file) { f.close(malloryID) })},
	{name: "digests-chunk-damaged", comment: "the list is right, and a bit in the second chunk is flipped", expect: Body, list: Body, released: chunk,
		build: listed(asItIs), edit: flip(2*4096 + sealed)},
	{name: "digests-replaced", comment: "a recipient replaced the second chunk, and the list fits", expect: Replaced, list: DigestList, released: 2*chunk + 5, build: then(
		replaced(changedText(2*chunk+5), text(2*chunk+5)), func(f *file) { f.list = f.digests() })},
	{name: "digests-replaced-longer", comment: "a recipient added a chunk, and the list is that of what was signed", expect: Replaced, list: DigestList, released: 2*chunk + 5,
		build: replaced(text(chunk+5), text(2*chunk+5))},
	{name: "digests-of-another-file", comment: "the list is that of another file with the same contents", list: DigestList, released: 2*chunk + 5, build: then(signed(2*chunk+5), func(f *file) {
		other := newFile("another file")
		listed(asItIs)(other)
		f.list = other.list
	})},
	{name: "digests-swapped", comment: "the first two digests are swapped", list: DigestList, released: 2*chunk + 5, build: listed(func(list []byte) []byte {
		return slices.Concat(list[32:64], list[:32], list[64:])
	})},
	{name: "digests-bit", comment: "a bit of the last digest is flipped", list: DigestList, released: 2*chunk + 5, build: listed(flip(-1))},
	{name: "digests-none", comment: "the list is empty", list: DigestList, released: 2*chunk + 5, build: listed(keep(0))},
	{name: "digests-short", comment: "the list lacks its last byte", list: DigestList, released: 2*chunk + 5, build: listed(drop(1))},
	{name: "digests-fewer", comment: "the list lacks its last digest", list: DigestList, released: 2*chunk + 5, build: listed(drop(32))},
	{name: "digests-long", comment: "a byte follows the list", list: DigestList, released: 2*chunk + 5, build: listed(func(list []byte) []byte { return append(list, 0) })},
	{name: "digests-text", comment: "a line end follows the list", list: DigestList, released: 2*chunk + 5, build: listed(func(list []byte) []byte { return append(list, '\n') })},
	{name: "digests-hashed", comment: "the list is the SHA-256 of the digests", list: DigestList, released: 5, build: then(signed(5), func(f *file) {
		sum := sha256.Sum256(f.digests())
		f.list = sum[:]
	})},
	{name: "digests-not-signed", comment: "a file that is not signed, and the list of its digests", expect: NotSigned, list: NotSigned, build: then(toAlice(5), func(f *file) { f.list = f.digests() })},
}

// malformed has openings that bob signed as they are.
var malformed = []recipe{
	{name: "opening-readers-unsorted", comment: "the readers are not in order", build: func(f *file) {
		names := f.names(3, aliceID)
		names[0], names[1] = names[1], names[0]
		signedTo(5, openingFor(bobID, "", names...), aliceID)(f)
	}},
	{name: "opening-readers-repeated", comment: "a reader comes twice", build: signedTo(5, opening(bobID, "", aliceID, aliceID), aliceID)},
	{name: "opening-readers-1025", comment: "1,025 readers", build: func(f *file) {
		signedTo(5, openingFor(bobID, "", f.names(1025, aliceID)...), aliceID)(f)
	}},
	{name: "opening-readers-beyond-end", comment: "a count of 1,024 readers, and there is one", build: signedTo(5, openingCount("\x04\x00"), aliceID)},
	{name: "opening-readers-more", comment: "a count of two readers, and there is one: the signature is too short", build: signedTo(5, openingCount("\x00\x02"), aliceID)},
	{name: "opening-readers-fewer", comment: "a count of no readers, and there is one: the signature is too long", build: signedTo(5, openingCount("\x00\x00"), aliceID)},
	{name: "opening-context-too-long", comment: "a context of 4,097 bytes", build: signedFor(5, strings.Repeat("c", 4097), aliceID)},
	{name: "opening-context-beyond-end", comment: "a context of 65,535 bytes, and there are fewer", build: signedTo(5, put(40, "\xff\xff")(opening(bobID, "", aliceID)), aliceID)},
	{name: "opening-trailing-byte", comment: "a byte behind the opening signature", build: then(signed(5), func(f *file) {
		f.sealOpening(append(f.openingBy(bobID), 0))
	})},
	{name: "opening-signature-short", comment: "the opening signature lacks its last byte", build: then(signed(5), func(f *file) {
		f.sealOpening(drop(1)(f.openingBy(bobID)))
	})},
	{name: "opening-empty", comment: "nothing is sealed in the signer stanza", build: then(signed(5), func(f *file) { f.signer = f.seal("signer", nil) })},
	{name: "signer-empty", comment: "the signer stanza is empty", build: then(signed(5), func(f *file) { f.signer = []byte{} })},
	{name: "signer-short", comment: "the signer stanza has 27 bytes", build: then(signed(5), func(f *file) { f.signer = f.signer[:27] })},
	{name: "signer-bit", comment: "a bit of the signer stanza is flipped; the MAC is right", build: then(signed(5), func(f *file) { f.signer[100] ^= 1 })},
	{name: "signer-nonce", comment: "a bit of the nonce in the signer stanza is flipped; the MAC is right", build: then(signed(5), func(f *file) { f.signer[0] ^= 1 })},
	{name: "signer-bit-mac", comment: "a bit of the signer stanza is flipped by somebody without the file key", build: signed(5), edit: flip(82 + 4 + 100)},
	{name: "signer-grafted", comment: "the signer stanza is from another file by bob; the MAC is right", build: then(signed(5), func(f *file) { f.signer = otherSigned().signer })},
	{name: "signer-sealed-as-trailer", comment: "the signer stanza is sealed under the key of the trailer", build: then(signed(5), func(f *file) {
		f.signer = f.seal("trailer", append(bytes.Clone(f.fields), f.openingBy(bobID)...))
	})},
}

// openingCount returns an opening for alice with a false count of readers.
func openingCount(n string) []byte { return put(42, n)(opening(bobID, "", aliceID)) }

// names returns n fingerprints in order: of the readers, and of others.
func (f *file) names(n int, readers ...[]byte) (all [][]byte) {
	for _, r := range readers {
		all = append(all, fingerprint(r))
	}
	for len(all) < n {
		all = append(all, f.random(32))
	}
	slices.SortFunc(all, bytes.Compare)
	return all
}

var badSignerStanzas = []recipe{
	{name: "signer-twice", comment: "the signer stanza comes twice", expect: Header, build: then(signed(5), func(f *file) { f.stanza(0x8001, f.signer) })},
	{name: "signer-second", comment: "the signer stanza is not the first", expect: Header, build: then(signed(5), func(f *file) {
		f.stanza(0x8001, f.signer)
		f.signer = nil
	})},
	{name: "signer-stripped", comment: "the signer stanza was taken out by a recipient and the flag left", expect: Header, build: then(signed(5), func(f *file) { f.signer = nil })},
	{name: "signer-flag-cleared", comment: "the flag was cleared, and the rest of a signed file left", expect: Header, build: signed(5), edit: put(11, "\x00")},
}

var badTrailers = []recipe{
	{name: "trailer-bit", comment: "a bit of the trailer is flipped", expect: Body, released: 5, build: signed(5), edit: flip(-1)},
	{name: "trailer-nonce", comment: "a bit of the nonce in the trailer is flipped", expect: Body, released: chunk, build: signed(chunk), edit: flip(-trailerSize)},
	{name: "trailer-not-verified", comment: "a bit of the trailer is flipped, and no sender is required", expect: Body, released: 5, from: anybody, build: signed(5), edit: flip(-1)},
	{name: "trailer-of-another-file", comment: "the trailer is from another file by bob with the same contents", expect: Body, released: 5, build: then(signed(5), func(f *file) {
		f.trailer = otherSigned().trailer
	})},
	{name: "trailer-sealed-as-signer", comment: "the trailer is sealed under the key of the signer stanza", expect: Body, released: 5, build: then(signed(5), func(f *file) {
		f.trailer = f.seal("signer", f.closingBy(bobID))
	})},
	{name: "trailer-cut-by-one", comment: "the last byte is missing", expect: Body, released: chunk, build: signed(chunk + 5), edit: drop(1)},
	{name: "trailer-cut-in-tag", comment: "so much of the trailer is missing that fewer than 16 bytes of the only chunk are left", expect: Truncated, inspect: Truncated, build: signed(5), edit: drop(6)},
	{name: "trailer-none", comment: "there is no trailer", expect: Truncated, inspect: Truncated, build: signed(5), edit: drop(trailerSize)},
	{name: "trailer-none-long", comment: "there is no trailer, and the end of the body is in its place", expect: Body, build: signed(chunk + 5), edit: drop(trailerSize)},
	{name: "trailer-alone", comment: "there is no body", expect: Truncated, inspect: Truncated, build: then(signed(5), func(f *file) { f.chunks = nil })},
	{name: "trailer-twice", comment: "the trailer comes twice", expect: Body, build: then(signed(5), func(f *file) {
		f.trailer = append(f.trailer, f.trailer...)
	})},
	{name: "trailer-byte-before", comment: "a byte stands between the body and the trailer", expect: Body, released: chunk, build: then(signed(chunk+5), func(f *file) {
		f.trailer = append([]byte{0}, f.trailer...)
	})},
	{name: "trailer-byte-behind", comment: "a byte follows the trailer", expect: Body, released: chunk, build: then(signed(chunk+5), func(f *file) {
		f.trailer = append(f.trailer, 0)
	})},
	{name: "trailer-without-flag", comment: "a trailer in a file without the flag", expect: Body, from: anybody, build: then(toAlice(5), func(f *file) {
		f.trailer = f.seal("trailer", f.closingBy(bobID))
	})},
	{name: "signed-first-byte", comment: "the first bit of the body of a signed file is flipped", expect: Body, build: signed(2*chunk + 5), edit: flip(2 * 4096)},
	{name: "signed-last-byte", comment: "the last bit of the body of a signed file is flipped", expect: Body, released: 2 * chunk, build: signed(2*chunk + 5), edit: flip(-trailerSize - 1)},
	{name: "signed-middle", comment: "a bit in the second chunk of a signed file is flipped", expect: Body, released: chunk, build: signed(2*chunk + 5), edit: flip(2*4096 + sealed)},
	{name: "signed-not-verified-middle", comment: "a bit in the second chunk of a signed file is flipped, and no sender is required", expect: Body, released: chunk, from: anybody, build: signed(2*chunk + 5), edit: flip(2*4096 + sealed)},
	{name: "signed-left-out", comment: "a chunk in the middle of a signed file is left out", expect: Body, released: chunk, build: then(signed(3*chunk+5), func(f *file) {
		f.chunks = slices.Delete(f.chunks, 1, 2)
	})},
	{name: "no-match-stripped", comment: "somebody without the file key took off flag, signer stanza and trailer", expect: NoMatch, from: anybody, build: then(signed(5), func(f *file) {
		f.header() // whose MAC stays, as there is no key for another
		f.signer, f.trailer = nil, nil
		f.params[11], f.headerLen, f.count = 0, 0, -1
	})},
}

// signedRecipes returns the recipes of all signed files, with their defaults:
// alice reads, and requires bob as the sender.
func signedRecipes() []recipe {
	for i := range malformed {
		malformed[i].expect = Header
	}
	for i := range badSignerStanzas {
		badSignerStanzas[i].inspect = Header
	}
	all := slices.Concat(signedSuccesses, edgeSignatures, badSigners, badContents, digestLists, malformed, badSignerStanzas, badTrailers)
	for i := range all {
		r := &all[i]
		if r.identities == nil && r.passphrase == "" {
			r.identities = [][]byte{aliceID}
		}
		if r.from == nil {
			r.from = [][]byte{bobID}
		}
	}
	return all
}
