// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	crand "crypto/rand"
	"encoding/binary"
	"maps"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cloudflare/circl/hpke"

	"github.com/pqenc/pqenc/secagg/internal/mask"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
)

// functionsFile has inputs and outputs of each function of docs/secagg.md.
var functionsFile = filepath.Join("testdata", "functions.txt")

// cases makes the contents of functionsFile, with the second reading in spec_test.go.
type cases struct {
	*rand.ChaCha8
	list []block
}

func (c *cases) bytes(n int) []byte {
	b := make([]byte, n)
	c.Read(b)
	return b
}

func (c *cases) scalar() []byte { return specScalarBytes(new(big.Int).SetBytes(c.bytes(64))) }

// add appends a case: keys and values by turns.
func (c *cases) add(function string, pairs ...any) {
	b := block{"function: " + function}
	for i := 0; i < len(pairs); i += 2 {
		b.add(pairs[i].(string), pairs[i+1])
	}
	c.list = append(c.list, b)
}

func makeCases() []block {
	c := &cases{ChaCha8: rand.NewChaCha8([32]byte([]byte("test vectors of docs/secagg.md  ")))}
	c.hashes()
	c.shamir()
	c.boxes()
	c.messages()
	c.masks()
	c.vectors()
	return c.list
}

// encodingOf returns the second part of terms.
func encodingOf(width, fraction int, weight uint32, length uint64, clip float64) []byte {
	b := binary.BigEndian.AppendUint32([]byte{byte(width), byte(fraction)}, weight)
	b = binary.BigEndian.AppendUint64(b, length)
	return binary.BigEndian.AppendUint64(b, math.Float64bits(clip))
}

func (c *cases) hashes() {
	terms := append(c.bytes(32), encodingOf(32, 16, 1000, 5_000_000, 1)...)
	digest := specHash("terms", terms)
	c.add("terms", "terms", terms, "digest", digest)
	fingerprint, body := c.bytes(32), append(specPublic(c.bytes(32)), specPublic(c.bytes(32))...)
	c.add("advertisement", "fingerprint", fingerprint, "terms-digest", digest, "body", body,
		"hash", specHash("advertisement", fingerprint, digest, body))
	roster := slices.Concat(specU16(2), specU16(3), c.bytes(3*64))
	rosterDigest := specHash("roster", digest, roster)
	c.add("roster", "terms-digest", digest, "body", roster, "digest", rosterDigest)
	secret := c.scalar()
	seed := specKDF(secret, "mask-key", digest)
	c.add("mask-key", "mask-secret", secret, "terms-digest", digest, "seed", seed, "public-key", specPublic(seed))
	for _, holder := range []int{0, 1, 16383} {
		c.add("edge-key", "mask-secret", secret, "roster-digest", rosterDigest, "holder", holder,
			"key", specKDF(secret, "edge", rosterDigest, specU16(holder)))
	}
	self := c.scalar()
	c.add("self-mask-key", "self-secret", self, "roster-digest", rosterDigest, "key", specKDF(self, "self", rosterDigest))
	c.add("self-commitment", "roster-digest", rosterDigest, "dealer", 258, "self-secret", self,
		"hash", specHash("self-commitment", rosterDigest, specU16(258), self))
	share := c.scalar()
	for kind := range 2 {
		c.add("share", "roster-digest", rosterDigest, "dealer", 258, "holder", 772, "kind", kind, "share", share,
			"hash", specHash("share", rosterDigest, specU16(258), specU16(772), []byte{byte(kind)}, share))
	}
	item := c.bytes(2432)
	c.add("item", "item", item, "hash", specHash("item", item))
}

func (c *cases) shamir() {
	for _, holders := range [][]int{{0, 1, 2}, {1, 2, 5, 9, 16383}} {
		b := block{"function: shamir"}
		threshold := len(holders)/2 + 1
		b.add("threshold", threshold)
		var coefficients [][]byte
		for range threshold {
			coefficients = append(coefficients, c.scalar())
			b.add("coefficient", coefficients[len(coefficients)-1])
		}
		for _, h := range holders {
			b.add("share", h, specShare(coefficients, h))
		}
		b.add("secret", coefficients[0])
		c.list = append(c.list, b)
	}
}

func (c *cases) boxes() {
	for _, label := range []string{"share-box", "edge-box"} {
		size := 64
		if label == "edge-box" {
			size = 32
		}
		seed, roster, plaintext := c.bytes(32), c.bytes(32), c.bytes(size)
		public := specPublic(seed)
		sender := must(specSuite.NewSender(must(hpke.KEM_XWING.Scheme().UnmarshalBinaryPublicKey(public)), []byte(specPrefix+label)))
		enc, sealer, err := sender.Setup(crand.Reader)
		box := append(enc, must(must(sealer, err).Seal(plaintext, specAAD(roster, 4, 1027)))...)
		c.add("box", "seed", seed, "public-key", public, "label", label, "roster-digest", roster, "dealer", 4, "holder", 1027,
			"plaintext", plaintext, "box", box)
	}
}

func (c *cases) messages() {
	seed, fingerprint, binding, body := c.bytes(signature.SeedSize), c.bytes(32), c.bytes(32), specIndices([]int{0, 1, 258})
	h := specPlain(body)
	sig := must(must(signature.NewPrivateKey(seed)).Sign("pqenc/v1/secagg", slices.Concat([]byte{10}, fingerprint, binding, h)))
	c.add("message", "signing-key", seed, "fingerprint", fingerprint, "step", 10, "binding", binding, "body", body,
		"signed", slices.Concat([]byte{10}, fingerprint, binding, h),
		"message", slices.Concat([]byte{1, 10}, fingerprint, binding, []byte{0, 0, 0, byte(len(body))}, body, sig))
}

func (c *cases) masks() {
	for _, width := range []int{32, 64} {
		for _, offset := range []int64{0, 256 << 10, 1 << 40} {
			for _, sign := range []int64{1, -1} {
				name := "add"
				if sign < 0 {
					name = "subtract"
				}
				key, words := c.bytes(32), c.bytes(40)
				e := specEncoding{width: width}
				c.add("mask", "key", key, "width", width, "offset", offset, "direction", name, "words", words,
					"masked", e.add(words, specStream(key, offset, len(words)), sign))
			}
		}
	}
}

func floatBytes(values ...float32) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func (c *cases) vectors() {
	values := floatBytes(0, float32(math.Copysign(0, -1)), 1, -1, 0.5, -0.75, 1.0/65536, -3.0/65536, 1.25, 1.5, -1e30, math.MaxFloat32)
	for _, e := range [][]byte{encodingOf(32, 16, 1000, 12, 1.25), encodingOf(64, 40, 1<<20, 12, 1.25),
		encodingOf(32, 16, 1000, 12, math.Nextafter(1.25, 2))} {
		for _, weight := range []uint32{1, 999} {
			c.add("encode", "encoding", e, "values", values, "weight", int(weight), "vector", specParse(e).encode(values, weight))
		}
	}
	for _, width := range []int{32, 64} {
		e := encodingOf(width, 16, 1000, 5, 1)
		sum := specParse(e).bytes([]uint64{0, 1, math.MaxUint64, 300 << 16, math.MaxUint64 - (300<<16 - 2), 300})
		mean, weight := specParse(e).mean(sum)
		c.add("mean", "encoding", e, "sum", sum, "weight", weight, "mean", mean)
	}
}

// functions compute the outputs of a case with the package. What they return must be in the case.
var functions = map[string]func(b block) map[string][]byte{
	"terms": func(b block) map[string][]byte {
		d := must(parseTerms(b.bytes("terms"))).digest()
		return map[string][]byte{"digest": d[:]}
	},
	"advertisement": func(b block) map[string][]byte {
		must(parseAdvertisement(b.bytes("body")))
		h := advertisementHash(&signed{signer: signature.Fingerprint(b.bytes("fingerprint")), binding: digest(b.bytes("terms-digest")), body: b.bytes("body")})
		return map[string][]byte{"hash": h[:]}
	},
	"roster": func(b block) map[string][]byte {
		d := rosterDigest(digest(b.bytes("terms-digest")), b.bytes("body"))
		return map[string][]byte{"digest": d[:]}
	},
	"mask-key": func(b block) map[string][]byte {
		s := secret(b.bytes("mask-secret"))
		key := must(maskKey(digest(b.bytes("terms-digest")), &s))
		return map[string][]byte{"seed": must(key.Bytes()), "public-key": key.PublicKey().Bytes()}
	},
	"edge-key": func(b block) map[string][]byte {
		s := secret(b.bytes("mask-secret"))
		key := edgeKey(digest(b.bytes("roster-digest")), &s, b.number("holder"))
		return map[string][]byte{"key": key[:]}
	},
	"self-mask-key": func(b block) map[string][]byte {
		s := secret(b.bytes("self-secret"))
		key := selfMaskKey(digest(b.bytes("roster-digest")), &s)
		return map[string][]byte{"key": key[:]}
	},
	"self-commitment": func(b block) map[string][]byte {
		h := selfCommitment(digest(b.bytes("roster-digest")), b.number("dealer"), secret(b.bytes("self-secret")))
		return map[string][]byte{"hash": h[:]}
	},
	"share": func(b block) map[string][]byte {
		h := shareHash(digest(b.bytes("roster-digest")), b.number("dealer"), b.number("holder"), kind(b.number("kind")), share(b.bytes("share")))
		return map[string][]byte{"hash": h[:]}
	},
	"item": func(b block) map[string][]byte {
		h := leafOf(b.bytes("item"))
		it := parseItem(b.bytes("item"))
		return map[string][]byte{"hash": h[:], "item": it.marshal()}
	},
	"shamir": func(b block) map[string][]byte {
		shares, threshold := b.table("share"), b.number("threshold")
		holders := slices.Sorted(maps.Keys(shares))
		var s secret
		for i := range holders { // any of them give the same secret
			some := make(map[int]share)
			for j := range threshold {
				h := holders[(i+j)%len(holders)]
				some[h] = shares[h][0]
			}
			if again := must(combine(threshold, some)); i > 0 && again != s {
				panic("another secret")
			} else {
				s = again
			}
		}
		return map[string][]byte{"secret": s[:]}
	},
	"box": func(b block) map[string][]byte {
		key := must(boxKEM.NewPrivateKey(b.bytes("seed")))
		r := route{digest(b.bytes("roster-digest")), b.number("dealer"), b.number("holder")}
		opened := must(open(key, b.text("label"), r, b.bytes("box")))
		must(open(key, b.text("label"), r, must(seal(key.PublicKey(), b.text("label"), r, opened))))
		return map[string][]byte{"public-key": key.PublicKey().Bytes(), "plaintext": opened}
	},
	"message": func(b block) map[string][]byte {
		m, rest, err := cutSigned(b.bytes("message"))
		key := must(signature.NewPrivateKey(b.bytes("signing-key")))
		must(rest, err)
		must(rest, m.verify(Step(b.number("step")), digest(b.bytes("binding")), key.Public()))
		return map[string][]byte{"fingerprint": m.signer[:], "body": m.body, "message": append(m.raw, rest...),
			"signed": signedBytes(m.step, m.signer, m.binding, m.body)}
	},
	"mask": func(b block) map[string][]byte {
		words := b.bytes("words")
		m := mask.New((*[32]byte)(b.bytes("key")), b.text("direction") == "subtract")
		mask.Apply(words, must(strconv.ParseInt(b.text("offset"), 10, 64)), b.number("width"), []*mask.Mask{m})
		return map[string][]byte{"masked": words}
	},
	"encode": func(b block) map[string][]byte {
		e := must(vector.Unmarshal(b.bytes("encoding")))
		u := vector.NewUpdate(bytes.NewReader(b.bytes("values")), uint32(b.number("weight")))
		var v bytes.Buffer
		must(v.ReadFrom(must(u.Encode(e))))
		return map[string][]byte{"vector": v.Bytes()}
	},
	"mean": func(b block) map[string][]byte {
		var mean bytes.Buffer
		weight := must(must(vector.Unmarshal(b.bytes("encoding"))).Mean(&mean, bytes.NewReader(b.bytes("sum"))))
		if weight != uint64(b.number("weight")) {
			panic("another weight")
		}
		return map[string][]byte{"mean": mean.Bytes()}
	},
}

// TestFunctions computes the recorded outputs of each function again.
func TestFunctions(t *testing.T) {
	if *update {
		var text strings.Builder
		for _, b := range makeCases() {
			text.WriteString(strings.Join(b, "\n") + "\n\n")
		}
		if err := os.WriteFile(functionsFile, []byte(strings.TrimSuffix(text.String(), "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ran := make(map[string]bool)
	content := string(must(os.ReadFile(functionsFile)))
	for i, text := range strings.Split(strings.TrimSuffix(content, "\n"), "\n\n") {
		b := block(strings.Split(text, "\n"))
		name := b.text("function")
		if functions[name] == nil {
			t.Fatalf("case %d: unknown function %q", i, name)
		}
		ran[name] = true
		for key, got := range functions[name](b) {
			if !bytes.Equal(got, b.bytes(key)) {
				t.Errorf("case %d: %s: %s is %x", i, name, key, got)
			}
		}
	}
	for name := range functions {
		if !ran[name] {
			t.Errorf("no case of %s", name)
		}
	}
}

// TestFunctionsBySpec compares the recorded cases with the second reading: their outputs are the
// same each time, except boxes and signatures.
func TestFunctionsBySpec(t *testing.T) {
	content := string(must(os.ReadFile(functionsFile)))
	recorded := strings.Split(strings.TrimSuffix(content, "\n"), "\n\n")
	made := makeCases()
	if len(made) != len(recorded) {
		t.Fatalf("%d cases, and %d are recorded", len(made), len(recorded))
	}
	for i, b := range made {
		was := block(strings.Split(recorded[i], "\n"))
		for j, line := range b {
			random := strings.HasPrefix(line, "box: ") || strings.HasPrefix(line, "message: ")
			if len(was) != len(b) || !random && was[j] != line {
				t.Errorf("case %d, %s: not as recorded: %.100s", i, b[0], line)
				break
			}
		}
	}
}
