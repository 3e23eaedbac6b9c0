// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package wire

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
)

var order = binary.BigEndian

// Proof is the body of [TypeServer] and [TypeClient]: the identity of the sender, and its
// signature for this connection.
type Proof struct {
	Public    []byte // PublicSize bytes
	Signature []byte
}

// Marshal returns the body, ProofSize bytes.
func (p *Proof) Marshal() []byte {
	return append(append(make([]byte, 0, ProofSize), p.Public...), p.Signature...)
}

// ParseProof parses the body of a proof. The result shares memory with b.
func ParseProof(b []byte) (*Proof, error) {
	if len(b) != ProofSize {
		return nil, fmt.Errorf("%w: proof", ErrMalformed)
	}
	return &Proof{Public: b[:PublicSize:PublicSize], Signature: b[PublicSize:]}, nil
}

// Error is the body of [TypeError]: why the sender ends the request or the connection.
// It wraps the error that its code stands for.
type Error struct {
	Code uint16
	Text string // for people, UTF-8, at most MaxText bytes; it may contain anything
}

// Error returns the code and the text, which is quoted so that it does no harm in a log.
func (e *Error) Error() string { return fmt.Sprintf("error %d: %q", e.Code, e.Text) }

// Unwrap returns the error that the code stands for.
func (e *Error) Unwrap() error { return Meaning(e.Code) }

// Marshal returns the body. A text that is too long is truncated.
func (e *Error) Marshal() []byte {
	text := e.Text
	if len(text) > MaxText {
		text = strings.ToValidUTF8(text[:MaxText], "")
	}
	return append(order.AppendUint16(nil, e.Code), text...)
}

// ParseError parses the body of an error.
func ParseError(b []byte) (*Error, error) {
	f := &fields{b: b}
	e := &Error{Code: f.uint16(), Text: f.rest(MaxText)}
	return e, f.end("error")
}

// PushID identifies a push: 16 random bytes. The client sends the same ID when it resumes
// the push on its next connection.
type PushID [16]byte

// Push is the body of [TypePush]: the request to send an object.
type Push struct {
	Overwrite bool   // an object of that name may be replaced
	Window    uint32 // bytes that the client sends at most before they are durable
	Length    int64  // of the object, or Unknown
	ID        PushID
	Digest    [sha256.Size]byte // of the object's pqenc header
	Name      Name
}

// Marshal returns the body.
func (p *Push) Marshal() []byte {
	b := order.AppendUint32([]byte{flag(p.Overwrite)}, p.Window)
	b = order.AppendUint64(b, uint64(p.Length))
	b = append(append(b, p.ID[:]...), p.Digest[:]...)
	return append(b, p.Name.text...)
}

// ParsePush parses the body of a push. The error wraps [ErrMalformed] or [ErrName].
func ParsePush(b []byte) (*Push, error) {
	f := &fields{b: b}
	p := &Push{Overwrite: f.upTo(1) == 1, Window: f.uint32(), Length: f.length()}
	copy(p.ID[:], f.take(len(p.ID)))
	copy(p.Digest[:], f.take(sha256.Size))
	var err error
	p.Name, err = f.name("push")
	return p, err
}

// Ready is the body of [TypeReady]: how much of an object the server has.
type Ready struct {
	// Proven reports that the bytes before Offset are from this very push. Otherwise the
	// client has to compare them.
	Proven bool
	Offset int64
	Unit   uint32 // bytes after which the server syncs, at the latest
}

// Marshal returns the body, 13 bytes.
func (r *Ready) Marshal() []byte {
	b := order.AppendUint64([]byte{flag(r.Proven)}, uint64(r.Offset))
	return order.AppendUint32(b, r.Unit)
}

// ParseReady parses the body of a ready.
func ParseReady(b []byte) (*Ready, error) {
	f := &fields{b: b}
	r := &Ready{Proven: f.upTo(1) == 1, Offset: f.size(), Unit: f.uint32()}
	return r, f.end("ready")
}

// Pull is the body of [TypePull]: the request to be sent an object.
type Pull struct {
	Follow bool              // wait for the object, and send a push while it arrives
	Offset int64             // the first byte to send
	Digest [sha256.Size]byte // of the object's pqenc header, all zero for any
	Name   Name
}

// Marshal returns the body.
func (p *Pull) Marshal() []byte {
	b := order.AppendUint64([]byte{flag(p.Follow)}, uint64(p.Offset))
	return append(append(b, p.Digest[:]...), p.Name.text...)
}

// ParsePull parses the body of a pull. The error wraps [ErrMalformed] or [ErrName].
func ParsePull(b []byte) (*Pull, error) {
	f := &fields{b: b}
	p := &Pull{Follow: f.upTo(1) == 1, Offset: f.size()}
	copy(p.Digest[:], f.take(sha256.Size))
	var err error
	p.Name, err = f.name("pull")
	return p, err
}

// Object is the body of [TypeObject]: the object that the server is about to send.
type Object struct {
	Length int64             // of the whole object, or Unknown
	Digest [sha256.Size]byte // of its pqenc header
}

// Marshal returns the body, 40 bytes.
func (o *Object) Marshal() []byte {
	return append(order.AppendUint64(nil, uint64(o.Length)), o.Digest[:]...)
}

// ParseObject parses the body of an object.
func ParseObject(b []byte) (*Object, error) {
	f := &fields{b: b}
	o := &Object{Length: f.length()}
	copy(o.Digest[:], f.take(sha256.Size))
	return o, f.end("object")
}

// List is the body of [TypeList]: the request for one page of a list.
type List struct {
	Prefix string // of the names, any bytes
	After  string // the last name of the page before, empty for the first page
}

// Marshal returns the body.
func (l *List) Marshal() []byte { return appendText(appendText(nil, l.Prefix), l.After) }

// ParseList parses the body of a list.
func ParseList(b []byte) (*List, error) {
	f := &fields{b: b}
	l := &List{Prefix: f.text(), After: f.text()}
	return l, f.end("list")
}

// Entry is one object of a [Page].
type Entry struct {
	Length int64 // bytes
	Time   int64 // when it was stored, in Unix seconds
	Name   Name
}

// Page is the body of [TypePage]: a part of a list, in the order of the bytes of the names.
type Page struct {
	More    bool // another page follows
	Entries []Entry
}

// Add adds an entry unless the body would become too long. size is what the last call
// returned, and 0 at first.
func (p *Page) Add(size int, e Entry) (now int, ok bool) {
	if now = max(size, 1) + 18 + len(e.Name.text); now > MaxData {
		return size, false
	}
	p.Entries = append(p.Entries, e)
	return now, true
}

// Marshal returns the body.
func (p *Page) Marshal() []byte {
	b := []byte{flag(p.More)}
	for _, e := range p.Entries {
		b = order.AppendUint64(b, uint64(e.Length))
		b = order.AppendUint64(b, uint64(e.Time))
		b = appendText(b, e.Name.text)
	}
	return b
}

// ParsePage parses the body of a page. A page with an invalid name is malformed.
func ParsePage(b []byte) (*Page, error) {
	f := &fields{b: b}
	p := &Page{More: f.upTo(1) == 1}
	for len(f.b) > 0 && !f.bad {
		e := Entry{Length: f.size(), Time: f.size()}
		var err error
		if e.Name, err = ParseName(f.text()); err != nil {
			f.bad = true
		}
		p.Entries = append(p.Entries, e)
	}
	return p, f.end("page")
}

// MaxNames is the largest number of names in a request.
const MaxNames = 1000

// Names is the body of [TypeDelete]: 1 to [MaxNames] names.
type Names []Name

// Marshal returns the body.
func (n Names) Marshal() (b []byte) {
	for _, name := range n {
		b = appendText(b, name.text)
	}
	return b
}

// ParseNames parses the body of a request about names. The error wraps [ErrMalformed] or
// [ErrName].
func ParseNames(b []byte) (Names, error) {
	f := &fields{b: b, bad: len(b) == 0}
	var names Names
	var wrong error
	for len(f.b) > 0 && !f.bad {
		name, err := ParseName(f.text())
		if err != nil {
			wrong = err
		}
		names = append(names, name)
		f.bad = f.bad || len(names) > MaxNames
	}
	if err := f.end("names"); err != nil {
		return nil, err
	}
	return names, wrong
}

// MaxMoves is the largest number of objects that a request can move.
const MaxMoves = 500

// Move is the body of [TypeMove]: old and new names of objects.
type Move struct {
	Overwrite bool // objects with the new names may be replaced
	Pairs     []Pair
}

// Pair is the old and the new name of one object.
type Pair struct{ From, To Name }

// Marshal returns the body.
func (m *Move) Marshal() []byte {
	b := []byte{flag(m.Overwrite)}
	for _, p := range m.Pairs {
		b = appendText(appendText(b, p.From.text), p.To.text)
	}
	return b
}

// ParseMove parses the body of a move. The error wraps [ErrMalformed] or [ErrName].
func ParseMove(b []byte) (*Move, error) {
	f := &fields{b: b}
	m := &Move{Overwrite: f.upTo(1) == 1}
	f.bad = f.bad || len(f.b) == 0
	var wrong error
	for len(f.b) > 0 && !f.bad {
		from, err := ParseName(f.text())
		to, err2 := ParseName(f.text())
		wrong = cmp.Or(wrong, err, err2)
		m.Pairs = append(m.Pairs, Pair{from, to})
		f.bad = f.bad || len(m.Pairs) > MaxMoves
	}
	return m, cmp.Or(f.end("move"), wrong)
}

// Quota is one entry of [Quotas]: what the client may store under the names of one
// pattern, and how much there is, whoever stored it. A limit of 0 is none.
type Quota struct {
	Bytes, MaxBytes int64 // of objects and partials
	Files, MaxFiles int64 // names in use and folders
	Pattern         string
}

// quotaFields is the size of an entry without the bytes of its pattern.
const quotaFields = 4*8 + 2

// MaxPattern is the length of the longest pattern in bytes.
const MaxPattern = MaxName

// Quotas is the body of [TypeQuotas]: the entries after those that the client skips, whose
// number is the body of [TypeQuota].
type Quotas struct {
	More    bool // more entries follow
	Entries []Quota
}

// Add adds an entry unless the body would become too long. size is what the last call
// returned, and 0 at first.
func (q *Quotas) Add(size int, e Quota) (now int, ok bool) {
	if now = max(size, 1) + quotaFields + len(e.Pattern); now > MaxData {
		return size, false
	}
	q.Entries = append(q.Entries, e)
	return now, true
}

// Marshal returns the body.
func (q *Quotas) Marshal() []byte {
	b := []byte{flag(q.More)}
	for _, e := range q.Entries {
		for _, n := range []int64{e.Bytes, e.MaxBytes, e.Files, e.MaxFiles} {
			b = order.AppendUint64(b, uint64(n))
		}
		b = appendText(b, e.Pattern)
	}
	return b
}

// ParseQuotas parses the body of quotas.
func ParseQuotas(b []byte) (*Quotas, error) {
	f := &fields{b: b}
	q := &Quotas{More: f.upTo(1) == 1}
	for len(f.b) > 0 && !f.bad {
		q.Entries = append(q.Entries, Quota{f.size(), f.size(), f.size(), f.size(), f.text()})
	}
	return q, f.end("quotas")
}

// Count returns the body of [TypeQuota], 4 bytes.
func Count(n uint32) []byte { return order.AppendUint32(nil, n) }

// ParseCount parses what [Count] makes.
func ParseCount(b []byte) (uint32, error) {
	f := &fields{b: b}
	n := f.uint32()
	return n, f.end("count")
}

// Results is the body of [TypeResults]: a code for each name or pair, 0 for success.
type Results []uint16

// Marshal returns the body.
func (r Results) Marshal() (b []byte) {
	for _, code := range r {
		b = order.AppendUint16(b, code)
	}
	return b
}

// ParseResults parses the body of results.
func ParseResults(b []byte) (Results, error) {
	f := &fields{b: b}
	var r Results
	for len(f.b) > 0 && !f.bad {
		r = append(r, f.uint16())
	}
	return r, f.end("results")
}

// Size returns the body of a message that is one length or offset, 8 bytes.
func Size(n int64) []byte { return order.AppendUint64(nil, uint64(n)) }

// ParseSize parses what [Size] makes.
func ParseSize(b []byte) (int64, error) {
	f := &fields{b: b}
	n := f.size()
	return n, f.end("size")
}

// ParseDigest parses the body of [TypePrefix].
func ParseDigest(b []byte) (digest [sha256.Size]byte, err error) {
	f := &fields{b: b}
	copy(digest[:], f.take(sha256.Size))
	return digest, f.end("digest")
}

func appendText(b []byte, s string) []byte {
	return append(order.AppendUint16(b, uint16(len(s))), s...)
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}
