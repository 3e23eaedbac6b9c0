// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vectors

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"github.com/cloudflare/circl/hpke"
	"golang.org/x/crypto/argon2"
)

// This file is a second implementation of the writer, made from SPEC.md and with another
// library for the KEM. It shares no code with the library under test. Its randomness is
// fixed, and each part of a file can be changed.

// file is a pqenc file in parts.
type file struct {
	rnd       *rand.ChaCha8
	params    []byte // P
	headerLen uint32
	salt      []byte
	commit    []byte
	count     int // of stanzas; -1: as many as there are
	stanzas   []byte
	written   int // stanzas so far
	padding   byte
	mac       []byte
	fileKey   []byte
	chunks    [][]byte

	// Of a signed file.
	fields  []byte // of the opening
	signer  []byte // body of the signer stanza, the first one
	trailer []byte
	list    []byte // of digests
}

// newFile returns a file with chunks of 4 KiB and no other parts.
func newFile(name string) *file {
	f := &file{
		rnd:    rand.NewChaCha8(sha256.Sum256([]byte("pqenc vector " + name))),
		params: []byte("\x89PQENC\r\n\x01\x01\x0c\x00"),
		count:  -1,
	}
	f.salt, f.fileKey = f.random(32), f.random(32)
	return f
}

func (f *file) random(n int) []byte {
	b := make([]byte, n)
	f.rnd.Read(b)
	return b
}

// expand derives a key from the file key.
func (f *file) expand(label string, n int) []byte {
	prk, err := hkdf.Extract(sha256.New, f.fileKey, f.salt)
	must(err)
	out, err := hkdf.Expand(sha256.New, prk, "pqenc/v1/"+label+string(f.params), n)
	must(err)
	return out
}

func (f *file) aad() []byte { return slices.Concat(f.params, f.salt) }

func (f *file) stanza(kind uint16, body []byte) {
	f.stanzas = append(f.stanzas, stanza(kind, body)...)
	f.written++
}

func stanza(kind uint16, body []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)))
	return append(b, body...)
}

// hybrid returns the body of a stanza that wraps key for the owner of seed.
func (f *file) hybrid(seed, key []byte) []byte {
	scheme := hpke.KEM_XWING.Scheme()
	private, err := scheme.UnmarshalBinaryPrivateKey(seed)
	must(err)
	suite := hpke.NewSuite(hpke.KEM_XWING, hpke.KDF_HKDF_SHA256, hpke.AEAD_AES256GCM)
	sender, err := suite.NewSender(private.Public(), []byte("pqenc/v1/recipient"))
	must(err)
	enc, sealer, err := sender.Setup(f.rnd)
	must(err)
	ct, err := sealer.Seal(key, f.aad())
	must(err)
	return append(enc, ct...)
}

// lowOrder returns the body of a stanza whose X25519 point is zero, with the key
// sealed under the secret that follows if the point is not refused, and which depends
// only on ML-KEM.
func (f *file) lowOrder(seed, key []byte) []byte {
	return f.hybridWith(seed, key, func(point []byte) { clear(point) })
}

// cost has the parameters of Argon2id.
type cost struct {
	t, m uint32
	p    uint8
}

// passphrase returns the body of a stanza that wraps the file key. For costs that no reader
// accepts, Argon2id is not run.
func (f *file) passphrase(secret string, c cost) []byte {
	b := binary.BigEndian.AppendUint32(nil, c.t)
	b = binary.BigEndian.AppendUint32(b, c.m)
	b = append(b, c.p)
	salt := f.random(16)
	out := make([]byte, 64)
	if c.t > 0 && c.t <= 64 && c.m < 1<<12 && c.p > 0 && c.p <= 16 {
		out = argon2.IDKey([]byte(secret), salt, c.t, c.m, c.p, 64)
	}
	ct := gcm(out[:32]).Seal(nil, make([]byte, 12), f.fileKey, f.aad())
	return slices.Concat(b, salt, out[32:], ct)
}

// body seals the contents.
func (f *file) body(contents []byte) {
	size := 1 << f.params[10]
	for i := uint32(0); ; i++ {
		n := min(size, len(contents))
		last := n < size
		f.chunks = append(f.chunks, f.chunk(i, last, contents[:n]))
		if contents = contents[n:]; last {
			return
		}
	}
}

func (f *file) chunk(i uint32, last bool, contents []byte) []byte {
	okm := f.expand("payload", 39)
	nonce := binary.BigEndian.AppendUint32(slices.Clone(okm[32:]), i)
	if last {
		nonce = append(nonce, 1)
	} else {
		nonce = append(nonce, 0)
	}
	return gcm(okm[:32]).Seal(nil, nonce, contents, nil)
}

// header returns everything before the body.
func (f *file) header() []byte {
	stanzas, count := f.stanzas, f.written
	if f.signer != nil {
		stanzas, count = append(stanza(0x8001, f.signer), stanzas...), count+1
	}
	size := (82 + len(stanzas) + 32 + 4095) / 4096 * 4096
	if f.headerLen == 0 {
		f.headerLen = uint32(size)
	}
	if f.commit == nil {
		f.commit = f.expand("commit", 32)
	}
	if f.count < 0 {
		f.count = count
	}
	b := slices.Clone(f.params)
	b = binary.BigEndian.AppendUint32(b, f.headerLen)
	b = slices.Concat(b, f.salt, f.commit)
	b = binary.BigEndian.AppendUint16(b, uint16(f.count))
	b = append(b, stanzas...)
	size = max(size, int(min(f.headerLen, 8192))) // claims of more are not met
	pad := make([]byte, size-32-len(b))
	if len(pad) > 0 {
		pad[len(pad)-1] = f.padding
	}
	b = append(b, pad...)
	if f.mac == nil {
		f.mac = f.macOf(b)
	}
	return append(b, f.mac...)
}

// macOf returns the MAC of a header that begins with b.
func (f *file) macOf(b []byte) []byte {
	h := hmac.New(sha256.New, f.expand("header-mac", 32))
	h.Write(b)
	return h.Sum(nil)
}

func (f *file) bytes() []byte {
	return slices.Concat(f.header(), slices.Concat(f.chunks...), f.trailer)
}

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	must(err)
	aead, err := cipher.NewGCM(block)
	must(err)
	return aead
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
