// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package wire

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
)

// Proof is the body of [TypeServer] and [TypeClient]: who the sender is, and a
// signature that only they can make for this one connection.
type Proof struct {
	Public    []byte // PublicSize bytes
	Signature []byte
}

// Marshal returns the body, ProofSize bytes.
func (p *Proof) Marshal() []byte {
	return append(append(make([]byte, 0, ProofSize), p.Public...), p.Signature...)
}

// ParseProof parses the body of a proof. It keeps parts of b.
func ParseProof(b []byte) (*Proof, error) {
	if len(b) != ProofSize {
		return nil, fmt.Errorf("%w: proof", ErrMalformed)
	}
	return &Proof{Public: b[:PublicSize:PublicSize], Signature: b[PublicSize:]}, nil
}

// Error is the body of [TypeError]: why the sender ends the connection.
type Error struct {
	Code uint16
	Text string // for people, UTF-8, at most MaxText bytes
}

// Marshal returns the body. A text that is too long is cut.
func (e *Error) Marshal() []byte {
	text := e.Text
	if len(text) > MaxText {
		text = strings.ToValidUTF8(text[:MaxText], "")
	}
	return append(binary.BigEndian.AppendUint16(nil, e.Code), text...)
}

// ParseError parses the body of an error.
func ParseError(b []byte) (*Error, error) {
	f := &fields{b: b}
	e := &Error{Code: f.uint16(), Text: f.rest(MaxText)}
	return e, f.end("error")
}

// Push is the body of [TypePush]: the request to send an object.
type Push struct {
	Overwrite bool              // an object of that name may be replaced
	Length    int64             // of the object, or Unknown
	Digest    [sha256.Size]byte // of the object's pqenc header
	Name      string
}

// Marshal returns the body.
func (p *Push) Marshal() []byte {
	b := make([]byte, 0, 64+len(p.Name))
	b = append(b, flag(p.Overwrite))
	b = binary.BigEndian.AppendUint64(b, uint64(p.Length))
	b = append(b, p.Digest[:]...)
	return append(b, p.Name...)
}

// ParsePush parses the body of a push.
func ParsePush(b []byte) (*Push, error) {
	f := &fields{b: b}
	p := &Push{Overwrite: f.flag(), Length: f.length()}
	copy(p.Digest[:], f.take(sha256.Size))
	p.Name = f.rest(MaxName)
	return p, f.end("push")
}

// Pull is the body of [TypePull]: the request to be sent an object.
type Pull struct {
	Follow bool              // wait for the object, and for what still comes
	Offset int64             // the first byte to send
	Digest [sha256.Size]byte // of the object's pqenc header, all zero for any
	Name   string
}

// Marshal returns the body.
func (p *Pull) Marshal() []byte {
	b := make([]byte, 0, 64+len(p.Name))
	b = append(b, flag(p.Follow))
	b = binary.BigEndian.AppendUint64(b, uint64(p.Offset))
	b = append(b, p.Digest[:]...)
	return append(b, p.Name...)
}

// ParsePull parses the body of a pull.
func ParsePull(b []byte) (*Pull, error) {
	f := &fields{b: b}
	p := &Pull{Follow: f.flag(), Offset: f.size()}
	copy(p.Digest[:], f.take(sha256.Size))
	p.Name = f.rest(MaxName)
	return p, f.end("pull")
}

// Object is the body of [TypeObject]: what the server is about to send.
type Object struct {
	Length int64             // of the whole object, or Unknown
	Digest [sha256.Size]byte // of its pqenc header
}

// Marshal returns the body, 40 bytes.
func (o *Object) Marshal() []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(o.Length)), o.Digest[:]...)
}

// ParseObject parses the body of an object.
func ParseObject(b []byte) (*Object, error) {
	f := &fields{b: b}
	o := &Object{Length: f.length()}
	copy(o.Digest[:], f.take(sha256.Size))
	return o, f.end("object")
}

// Entry is the body of [TypeEntry]: one object of a list.
type Entry struct {
	Length int64 // bytes
	Time   int64 // when it was stored, in Unix seconds
	Name   string
}

// Marshal returns the body.
func (e *Entry) Marshal() []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 16+len(e.Name)), uint64(e.Length))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Time))
	return append(b, e.Name...)
}

// ParseEntry parses the body of an entry.
func ParseEntry(b []byte) (*Entry, error) {
	f := &fields{b: b}
	e := &Entry{Length: f.size(), Time: f.size(), Name: f.rest(MaxName)}
	return e, f.end("entry")
}

// Size returns the body of a message that is one length or offset, 8 bytes.
func Size(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// ParseSize parses what [Size] makes.
func ParseSize(b []byte) (int64, error) {
	f := &fields{b: b}
	n := f.size()
	return n, f.end("size")
}

// ParseText parses a body that is a name, or the start of one.
func ParseText(b []byte) (string, error) {
	f := &fields{b: b}
	name := f.rest(MaxName)
	return name, f.end("name")
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}

// flag takes one byte of which only the lowest bit may be set.
func (f *fields) flag() bool {
	v := f.uint8()
	if v > 1 {
		f.bad = true
	}
	return v == 1
}
