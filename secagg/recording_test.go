// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"encoding/hex"
	"encoding/pem"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
	"github.com/pqenc/pqenc/signature"
)

// The form of the files in testdata: see testdata/README.md. What is malformed there is a panic.

var update = flag.Bool("update", false, "write the vectors in testdata again")

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// block is lines of "key: value".
type block []string

// add appends a line. Bytes become hexadecimal.
func (b *block) add(key string, values ...any) {
	line := key + ":"
	for _, v := range values {
		switch v := v.(type) {
		case []byte:
			line += " " + hex.EncodeToString(v)
		case []int:
			for _, i := range v {
				line += fmt.Sprintf(" %d", i)
			}
		default:
			line += fmt.Sprintf(" %v", v)
		}
	}
	*b = append(*b, line)
}

// all returns the values of a key.
func (b block) all(key string) (values []string) {
	for _, line := range b {
		if k, value, _ := strings.Cut(line, ":"); k == key {
			values = append(values, strings.TrimPrefix(value, " "))
		}
	}
	return values
}

func (b block) has(key string) bool { return len(b.all(key)) > 0 }

// text returns the value of a key that is there once.
func (b block) text(key string) string {
	values := b.all(key)
	if len(values) != 1 {
		panic(fmt.Sprintf("%d lines %q", len(values), key))
	}
	return values[0]
}

func (b block) bytes(key string) []byte { return must(hex.DecodeString(b.text(key))) }
func (b block) number(key string) int   { return must(strconv.Atoi(b.text(key))) }

func (b block) list(key string) (list []int) {
	for _, s := range strings.Fields(b.text(key)) {
		list = append(list, must(strconv.Atoi(s)))
	}
	return list
}

// table returns the lines of a key as a number, and 32 bytes each.
func (b block) table(key string) map[int][][32]byte {
	table := make(map[int][][32]byte)
	for _, value := range b.all(key) {
		fields := strings.Fields(value)
		i := must(strconv.Atoi(fields[0]))
		for _, f := range fields[1:] {
			table[i] = append(table[i], [32]byte(must(hex.DecodeString(f))))
		}
	}
	return table
}

// recording is a round with all its secrets.
type recording struct {
	head  block
	parts []block // one for each participant
	lines []line
}

// line is a message.
type line struct {
	server  bool
	who     int // number of the participant
	message []byte
}

func (l line) step() Step { return must(StepOf(l.message)) }

func (r *recording) String() string {
	var b strings.Builder
	for _, p := range append([]block{r.head}, r.parts...) {
		fmt.Fprintf(&b, "%s\n\n", strings.Join(p, "\n"))
	}
	known := make(quotes)
	for i, l := range r.lines {
		side := "C"
		if l.server {
			side = "S"
		}
		fmt.Fprintf(&b, "%s %d %d %s\n", side, l.step(), l.who, known.shorten(l.message))
		known.add(i+1, l.message)
	}
	return b.String()
}

// quotes are where bytes of messages come first, and what follows there.
type quotes map[[windowSize]byte]quote

// windowSize is from how many bytes on a reference is shorter, with some margin.
const windowSize = 64

type quote struct {
	line, at int
	bytes    []byte
}

// add adds the message of a line.
func (q quotes) add(number int, message []byte) {
	for at := 0; at+windowSize <= len(message); at++ {
		if key := [windowSize]byte(message[at:]); q[key].bytes == nil {
			q[key] = quote{number, at, message[at:]}
		}
	}
}

// shorten returns a message in hexadecimal, with references in the place of what is known.
func (q quotes) shorten(message []byte) string {
	var parts []string
	plain := 0
	cut := func(end int) {
		if plain < end {
			parts = append(parts, hex.EncodeToString(message[plain:end]))
		}
	}
	for i := 0; i+windowSize <= len(message); {
		from := q[[windowSize]byte(message[i:])]
		if from.bytes == nil {
			i++
			continue
		}
		cut(i)
		n := windowSize
		for n < len(from.bytes) && i+n < len(message) && from.bytes[n] == message[i+n] {
			n++
		}
		parts = append(parts, fmt.Sprintf("%d:%d:%d", from.line, from.at, from.at+n))
		i += n
		plain = i
	}
	cut(len(message))
	return strings.Join(parts, "+")
}

// lengthen undoes shorten.
func lengthen(text string, lines []line) (message []byte) {
	for part := range strings.SplitSeq(text, "+") {
		ref := strings.Split(part, ":")
		if len(ref) == 1 {
			message = append(message, must(hex.DecodeString(part))...)
			continue
		}
		number, from, to := must(strconv.Atoi(ref[0])), must(strconv.Atoi(ref[1])), must(strconv.Atoi(ref[2]))
		message = append(message, lines[number-1].message[from:to]...)
	}
	return message
}

func parseRecording(content string) *recording {
	blocks := strings.Split(strings.TrimSuffix(content, "\n"), "\n\n")
	r := &recording{head: strings.Split(blocks[0], "\n")}
	for _, b := range blocks[1 : len(blocks)-1] {
		r.parts = append(r.parts, strings.Split(b, "\n"))
	}
	for text := range strings.SplitSeq(blocks[len(blocks)-1], "\n") {
		fields := strings.Fields(text)
		if len(fields) != 4 {
			panic(fmt.Sprintf("not a message: %.50q", text))
		}
		l := line{fields[0] == "S", must(strconv.Atoi(fields[2])), lengthen(fields[3], r.lines)}
		if step := must(strconv.Atoi(fields[1])); step != int(l.step()) || l.server != (step%2 == 1) {
			panic(fmt.Sprintf("not a message of this side and step: %.50q", text))
		}
		r.lines = append(r.lines, l)
	}
	return r
}

func readRecording(name string) *recording {
	return parseRecording(string(must(os.ReadFile(filepath.Join("testdata", name)))))
}

// identityOf returns the identity of its two seeds.
func identityOf(raw []byte) *keyfile.Identity {
	const seed = 32 // of the encryption key; the signing key follows
	text := func(der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}) }
	encryption := must(recipient.NewHybridIdentity(raw[:seed]))
	signing := must(signature.NewPrivateKey(raw[seed:]))
	return must(keyfile.ParseIdentity(slices.Concat(text(encryption.MarshalPKCS8()), text(signature.MarshalPKCS8(signing)))))
}

// newIdentities returns the seeds of n new identities, in the order of their fingerprints.
func newIdentities(n int) (list [][]byte) {
	for range n {
		list = append(list, append(must(recipient.GenerateHybrid()).Seed(), signature.GenerateKey().Seed()...))
	}
	slices.SortFunc(list, func(a, b []byte) int {
		x, y := identityOf(a).Fingerprint(), identityOf(b).Fingerprint()
		return bytes.Compare(x[:], y[:])
	})
	return list
}

// listed is a member of which only what is needed is known.
type listed struct {
	fingerprint signature.Fingerprint
	key         *signature.PublicKey
}

func (l listed) Fingerprint() signature.Fingerprint    { return l.fingerprint }
func (l listed) VerificationKey() *signature.PublicKey { return l.key }

// members returns those who may take part.
func (r *recording) members() (list []Member) {
	for _, p := range r.parts {
		list = append(list, identityOf(p.bytes("identity")).Public())
	}
	for _, value := range r.head.all("member") {
		fields := strings.Fields(value)
		m := listed{signature.Fingerprint(must(hex.DecodeString(fields[0]))), list[0].VerificationKey()}
		if len(fields) > 1 {
			m.key = must(signature.NewPublicKey(must(hex.DecodeString(fields[1]))))
		}
		list = append(list, m)
	}
	return list
}

// byIndex returns the participant with an index in the roster, or nil if it is not recorded.
func (r *recording) byIndex(index int) block {
	for _, p := range r.parts {
		if p.has("index") && p.number("index") == index {
			return p
		}
	}
	return nil
}

// keysOf returns the secrets of a participant.
func (r *recording) keysOf(p block) *keys {
	k := &keys{secrets: [2]secret{secret(p.bytes("mask-secret")), secret(p.bytes("self-secret"))}}
	k.mask = must(maskKey(r.terms().digest(), &k.secrets[maskKind]))
	k.shares = must(boxKEM.NewPrivateKey(p.bytes("share-key")))
	return k
}

func (r *recording) terms() Terms { return must(parseTerms(r.head.bytes("terms"))) }

// orNone returns how a number of colluders is configured: zero would be the default.
func orNone(corrupt int) int {
	if corrupt == 0 {
		return -1
	}
	return corrupt
}
