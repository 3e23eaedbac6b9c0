// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/cloudflare/circl/hpke"
	"github.com/cloudflare/circl/kem/xwing"

	"github.com/pqenc/pqenc/signature"
)

// A second reading of docs/secagg.md. It shares no code with the package, except signatures and
// the files in testdata, and has X-Wing and HPKE from another library. It makes the values in
// functions.txt, and compares recorded rounds with what the page says.

const specPrefix = "pqenc/v1/secagg/"

func specHash(label string, x ...[]byte) []byte {
	return specPlain(slices.Concat([]byte(specPrefix+label), slices.Concat(x...)))
}

func specPlain(x []byte) []byte {
	h := sha256.Sum256(x)
	return h[:]
}

func specKDF(secret []byte, label string, x ...[]byte) []byte {
	return must(hkdf.Key(sha256.New, secret, nil, specPrefix+label+string(slices.Concat(x...)), 32))
}

// specPublic returns the X-Wing public key of a seed.
func specPublic(seed []byte) []byte {
	_, public := xwing.DeriveKeyPairPacked(seed)
	return public
}

var specSuite = hpke.NewSuite(hpke.KEM_XWING, hpke.KDF_HKDF_SHA256, hpke.AEAD_AES256GCM)

func specAAD(roster []byte, dealer, holder int) []byte {
	return slices.Concat([]byte{6}, roster, specU16(dealer), specU16(holder))
}

// specOpen opens a box with the seed of its key.
func specOpen(seed []byte, label string, aad, box []byte) ([]byte, error) {
	private := must(hpke.KEM_XWING.Scheme().UnmarshalBinaryPrivateKey(seed))
	receiver := must(specSuite.NewReceiver(private, []byte(specPrefix+label)))
	opener, err := receiver.Setup(box[:1120])
	if err != nil {
		return nil, err
	}
	return opener.Open(box[1120:], aad)
}

func specU16(i int) []byte { return []byte{byte(i >> 8), byte(i)} }

func specIndices(list []int) (b []byte) {
	for _, i := range list {
		b = append(b, specU16(i)...)
	}
	return b
}

// specOrder is the order of Ristretto255.
var specOrder, _ = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)

func specScalar(b []byte) *big.Int {
	b = slices.Clone(b)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

func specScalarBytes(x *big.Int) []byte {
	b := new(big.Int).Mod(x, specOrder).FillBytes(make([]byte, 32))
	slices.Reverse(b)
	return b
}

// specShare returns the value of a polynomial, lowest coefficient first, for an index.
func specShare(coefficients [][]byte, index int) []byte {
	x, sum := big.NewInt(int64(index)+1), new(big.Int)
	for _, c := range slices.Backward(coefficients) {
		sum.Mul(sum, x).Add(sum, specScalar(c))
	}
	return specScalarBytes(sum)
}

// specSecret interpolates at zero.
func specSecret(shares map[int][]byte) []byte {
	sum := new(big.Int)
	for i, share := range shares {
		term := specScalar(share)
		for j := range shares {
			if i != j {
				difference := big.NewInt(int64(j - i))
				term.Mul(term, big.NewInt(int64(j)+1)).Mul(term, difference.ModInverse(difference.Mod(difference, specOrder), specOrder))
				term.Mod(term, specOrder)
			}
		}
		sum.Add(sum, term)
	}
	return specScalarBytes(sum)
}

// specEncoding is the second part of the terms.
type specEncoding struct {
	width, fraction int
	weight          uint32
	length          uint64
	clip            float64
}

func specParse(b []byte) specEncoding {
	return specEncoding{int(b[0]), int(b[1]), binary.BigEndian.Uint32(b[2:]), binary.BigEndian.Uint64(b[6:]),
		math.Float64frombits(binary.BigEndian.Uint64(b[14:]))}
}

func (e specEncoding) words(b []byte) (words []uint64) {
	for w := range slices.Chunk(b, e.width/8) {
		words = append(words, binary.LittleEndian.Uint64(append(slices.Clone(w), make([]byte, 8-len(w))...)))
	}
	return words
}

func (e specEncoding) bytes(words []uint64) (b []byte) {
	for _, w := range words {
		b = append(b, binary.LittleEndian.AppendUint64(nil, w)[:e.width/8]...)
	}
	return b
}

// add adds sign times the words of src to dst.
func (e specEncoding) add(dst, src []byte, sign int64) []byte {
	sum := e.words(dst)
	for i, w := range e.words(src) {
		sum[i] += uint64(sign) * w
	}
	return e.bytes(sum)
}

// specStream is size bytes of a key stream from an offset on.
func specStream(key []byte, offset int64, size int) []byte {
	var counter [16]byte
	binary.BigEndian.PutUint64(counter[8:], uint64(offset/16))
	stream := make([]byte, size)
	cipher.NewCTR(must(aes.NewCipher(key)), counter[:]).XORKeyStream(stream, stream)
	return stream
}

// specSign is +1 for whom adds the mask, -1 for whom subtracts it.
func specSign(self, other int) int64 {
	if self < other {
		return 1
	}
	return -1
}

// encode encodes values that need no rounding.
func (e specEncoding) encode(values []byte, weight uint32) []byte {
	clip := float32(e.clip)
	if float64(clip) > e.clip {
		clip = math.Nextafter32(clip, 0)
	}
	var words []uint64
	for b := range slices.Chunk(values, 4) {
		x := max(-clip, min(math.Float32frombits(binary.LittleEndian.Uint32(b)), clip))
		v := new(big.Float).SetMantExp(big.NewFloat(float64(x)), e.fraction)
		v.SetPrec(200).Mul(v, new(big.Float).SetUint64(uint64(weight)))
		n, accuracy := v.Int64()
		if accuracy != big.Exact {
			panic("a value that is rounded")
		}
		words = append(words, uint64(n))
	}
	return e.bytes(append(words, uint64(weight)))
}

// mean decodes a sum.
func (e specEncoding) mean(sum []byte) (mean []byte, weight uint64) {
	words := e.words(sum)
	weight = words[len(words)-1]
	for _, w := range words[:len(words)-1] {
		signed := int64(w<<(64-e.width)) >> (64 - e.width)
		v := float64(signed) / math.Ldexp(float64(weight), e.fraction)
		mean = binary.LittleEndian.AppendUint32(mean, math.Float32bits(float32(v)))
	}
	return mean, weight
}

// reading is a recorded round as the page describes it.
type reading struct {
	*testing.T
	*recording
	encoding       specEncoding
	terms, roster  []byte // digests
	n, k, t        int
	bodies         map[int]map[int][]byte // of clients, by step and index
	heads          map[int]map[int][]byte // their messages up to the signature
	items          map[int]map[int][]byte // by dealer and holder
	fingerprints   [][]byte
	counted, dealt []int
}

func newReading(t *testing.T, r *recording) *reading {
	raw := r.head.bytes("terms")
	g := r.head.list("graph")
	d := &reading{T: t, recording: r, encoding: specParse(raw[32:]), terms: specHash("terms", raw), n: g[0], k: g[1], t: g[2],
		bodies: make(map[int]map[int][]byte), heads: make(map[int]map[int][]byte), items: make(map[int]map[int][]byte)}
	for _, l := range r.lines {
		if !l.server {
			d.read(l)
		}
	}
	for i := range d.n {
		d.fingerprints = append(d.fingerprints, r.byIndex(i).bytes("fingerprint"))
	}
	for i := range d.n {
		if d.bodies[6][i] != nil {
			d.dealt = append(d.dealt, i)
		}
		if d.bodies[8][i] != nil {
			d.counted = append(d.counted, i)
		}
	}
	return d
}

// read takes a message of a client apart.
func (d *reading) read(l line) {
	m, p := l.message, d.parts[l.who]
	step, index := int(m[1]), p.number("index")
	binding := d.terms
	if step > 2 {
		binding = specHash("roster", d.terms, d.rosterBody())
	}
	size := int(binary.BigEndian.Uint32(m[66:]))
	body, sig, items := m[70:70+size], m[70+size:70+size+3373], m[70+size+3373:]
	head := slices.Concat([]byte{1, byte(step)}, p.bytes("fingerprint"), binding)
	if !bytes.Equal(m[:66], head) {
		d.Errorf("client %d, step %d: starts with %x", index, step, m[:66])
	}
	key := must(signature.NewPrivateKey(p.bytes("identity")[32:])).Public()
	if err := key.Verify("pqenc/v1/secagg", slices.Concat(m[1:66], specPlain(body)), sig); err != nil {
		d.Errorf("client %d, step %d: %v", index, step, err)
	}
	if d.bodies[step] == nil {
		d.bodies[step], d.heads[step] = make(map[int][]byte), make(map[int][]byte)
	}
	d.bodies[step][index], d.heads[step][index] = body, m[:70+size+3373]
	if step != 6 {
		d.same(nil, items, "after the signature", index)
		return
	}
	d.items[index] = make(map[int][]byte)
	for i, h := range p.list("drawn") {
		d.items[index][h] = items[i*2432 : (i+1)*2432]
	}
}

func (d *reading) same(want, got []byte, what string, index int) {
	d.Helper()
	if !bytes.Equal(want, got) {
		d.Errorf("client %d: %s: %.200x", index, what, got)
	}
}

// rosterBody is the body of the roster.
func (d *reading) rosterBody() []byte {
	b := append(specU16(d.k), specU16(d.t)...)
	for i := range d.n {
		f := d.byIndex(i).bytes("fingerprint")
		b = slices.Concat(b, f, specHash("advertisement", f, d.terms, d.bodies[2][i]))
	}
	return b
}

// drawn are the holders of a client.
func (d *reading) drawn(i int) []int { return d.byIndex(i).list("drawn") }

// dealers are those of a client that have sent a message of that step.
func (d *reading) dealers(i, step int) (list []int) {
	for j := range d.n {
		if d.bodies[step][j] != nil && slices.Contains(d.drawn(j), i) {
			list = append(list, j)
		}
	}
	return list
}

// there are the holders of a client that have sent a message of that step.
func (d *reading) there(i, step int) (list []int) {
	for _, h := range d.drawn(i) {
		if d.bodies[step][h] != nil {
			list = append(list, h)
		}
	}
	return list
}

// with are those with whom a client masks.
func (d *reading) with(i int) []int {
	list := append(d.there(i, 6), d.dealers(i, 6)...)
	slices.Sort(list)
	return slices.Compact(list)
}

// edge is the key of the mask between two clients.
func (d *reading) edge(a, b int) []byte {
	a, b = min(a, b), max(a, b)
	if d.bodies[6][a] == nil || !slices.Contains(d.drawn(a), b) {
		a, b = b, a
	}
	return specKDF(d.byIndex(a).bytes("mask-secret"), "edge", d.roster, specU16(b))
}

// TestRecordedBySpec compares the recorded rounds with the second reading.
func TestRecordedBySpec(t *testing.T) {
	for name, r := range recordings(t, "round-*.txt") {
		t.Run(name, func(t *testing.T) {
			d := newReading(t, r)
			d.roster = specHash("roster", d.terms, d.rosterBody())
			d.same(r.head.bytes("terms-digest"), d.terms, "digest of the terms", -1)
			d.same(r.head.bytes("roster-digest"), d.roster, "digest of the roster", -1)
			for _, l := range r.lines {
				if l.server {
					d.checkServer(l)
				}
			}
			for i := range d.n {
				d.checkClient(i)
			}
			d.checkResult()
		})
	}
}

// checkServer compares a message of the server.
func (d *reading) checkServer(l line) {
	d.Helper()
	p, step := d.parts[l.who], int(l.message[1])
	var body []byte
	switch i := -1; step {
	case 1:
		body = d.head.bytes("terms")
	case 3:
		body = d.rosterBody()
	default:
		i = p.number("index")
		body = d.answered(i, step)
	}
	binding := d.roster
	if step < 5 {
		binding = d.terms
	}
	d.same(slices.Concat([]byte{1, byte(step)}, binding, body), l.message, fmt.Sprintf("message %d of the server", step), l.who)
}

// answered is the body of a later message of the server to a client.
func (d *reading) answered(i, step int) (body []byte) {
	switch step {
	case 5:
		for _, h := range d.drawn(i) {
			body = append(body, d.heads[2][h]...)
		}
	case 7:
		body = specU16(len(d.dealers(i, 6)))
		for _, j := range d.dealers(i, 6) {
			body = slices.Concat(body, d.heads[6][j], d.items[j][i])
		}
		body = append(body, specIndices(d.there(i, 6))...)
	case 9:
		for _, j := range d.dealers(i, 8) {
			body = append(body, d.heads[8][j]...)
		}
	case 11:
		for _, h := range d.there(i, 10) {
			body = append(body, d.heads[10][h]...)
		}
	}
	return body
}

// checkClient compares the messages of a client.
func (d *reading) checkClient(i int) {
	d.Helper()
	p := d.byIndex(i)
	seed := specKDF(p.bytes("mask-secret"), "mask-key", d.terms)
	d.same(append(specPublic(seed), specPublic(p.bytes("share-key"))...), d.bodies[2][i], "advertisement", i)
	d.same(specIndices(d.drawn(i)), d.bodies[4][i], "draw", i)
	if d.bodies[6][i] != nil {
		d.checkDealBySpec(i, p)
	}
	if d.bodies[8][i] != nil {
		d.checkMasked(i, p)
	}
	if d.bodies[10][i] != nil {
		d.same(specIndices(d.dealers(i, 8)), d.bodies[10][i], "confirmation", i)
	}
	if d.bodies[12][i] == nil {
		return
	}
	body := p.bytes("own-share")
	for _, j := range d.dealers(i, 6) {
		kind := 0
		if slices.Contains(d.counted, j) {
			kind = 1
		}
		share := d.byIndex(j).table("share")[i][kind]
		body = slices.Concat(body, specU16(j), []byte{byte(kind)}, share[:])
	}
	d.same(body, d.bodies[12][i], "reveal", i)
}

func (d *reading) checkDealBySpec(i int, p block) {
	d.Helper()
	self := specU16(i)
	body := specHash("self-commitment", d.roster, self, p.bytes("self-secret"))
	shares := p.table("share")
	for _, h := range d.drawn(i) {
		it, holder := d.items[i][h], d.byIndex(h)
		body = slices.Concat(body, specU16(h), specHash("item", it))
		aad := specAAD(d.roster, i, h)
		mask, own := shares[h][0], shares[h][1]
		opened, err := specOpen(holder.bytes("share-key"), "share-box", aad, it[64:64+1200])
		if err != nil {
			d.Error(err)
		}
		d.same(slices.Concat(mask[:], own[:]), opened, "shares", i)
		edge, err := specOpen(specKDF(holder.bytes("mask-secret"), "mask-key", d.terms), "edge-box", aad, it[64+1200:])
		if err != nil {
			d.Error(err)
		}
		d.same(specKDF(p.bytes("mask-secret"), "edge", d.roster, specU16(h)), edge, "edge key", i)
		d.same(slices.Concat(specHash("share", d.roster, self, specU16(h), []byte{0}, mask[:]),
			specHash("share", d.roster, self, specU16(h), []byte{1}, own[:])), it[:64], "hashes of shares", i)
	}
	d.same(body, d.bodies[6][i], "summary", i)
}

func (d *reading) checkMasked(i int, p block) {
	d.Helper()
	vector := p.bytes("vector")
	d.same(d.encoding.encode(p.bytes("values"), uint32(p.number("weight"))), vector, "vector", i)
	self := specKDF(p.bytes("self-secret"), "self", d.roster)
	d.same(p.bytes("self-mask-key"), self, "key of the self mask", i)
	masked := d.encoding.add(vector, specStream(self, 0, len(vector)), 1)
	recorded := p.table("edge")
	if len(recorded) != len(d.with(i)) {
		d.Errorf("client %d: %d edges", i, len(recorded))
	}
	for _, j := range d.with(i) {
		key := d.edge(i, j)
		d.same(recorded[j][0][:], key, "key of an edge", i)
		masked = d.encoding.add(masked, specStream(key, 0, len(masked)), specSign(i, j))
	}
	d.same(p.bytes("masked"), masked, "masked vector", i)
	d.same(append(specPlain(masked), specIndices(d.with(i))...), d.bodies[8][i], "statement", i)
}

// checkResult computes the sum from what was revealed.
func (d *reading) checkResult() {
	d.Helper()
	sum, plain := make([]byte, (d.encoding.length+1)*uint64(d.encoding.width/8)), []byte(nil)
	plain = slices.Clone(sum)
	for _, i := range d.counted {
		sum = d.encoding.add(sum, d.byIndex(i).bytes("masked"), 1)
		plain = d.encoding.add(plain, d.byIndex(i).bytes("vector"), 1)
		secret := d.revealed(i, 1)
		d.same(d.byIndex(i).bytes("self-secret"), secret, "self secret", i)
		sum = d.encoding.add(sum, specStream(specKDF(secret, "self", d.roster), 0, len(sum)), -1)
	}
	for _, i := range d.dealt {
		if slices.Contains(d.counted, i) {
			continue
		}
		d.same(d.byIndex(i).bytes("mask-secret"), d.revealed(i, 0), "mask secret", i)
		for _, j := range d.with(i) {
			if slices.Contains(d.counted, j) {
				sum = d.encoding.add(sum, specStream(d.edge(i, j), 0, len(sum)), -specSign(j, i))
			}
		}
	}
	d.same(d.head.bytes("sum"), sum, "sum", -1)
	d.same(plain, sum, "sum without masks", -1)
	mean, weight := d.encoding.mean(sum)
	d.same(d.head.bytes("mean"), mean, "mean", -1)
	if weight != uint64(d.head.number("total-weight")) {
		d.Errorf("total weight %d", weight)
	}
}

// revealed combines the shares of a secret that were revealed: T of them.
func (d *reading) revealed(i int, kind byte) []byte {
	shares := make(map[int][]byte)
	for holder, body := range d.bodies[12] {
		if holder == i {
			if kind == 1 {
				shares[i] = body[:32]
			}
			continue
		}
		for entry := range slices.Chunk(body[32:], 35) {
			if bytes.Equal(entry[:3], append(specU16(i), kind)) {
				shares[holder] = entry[3:]
			}
		}
	}
	for holder := range shares {
		if len(shares) > d.t {
			delete(shares, holder)
		}
	}
	return specSecret(shares)
}
