// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package wire has the messages of a transfer: their layout in bytes, and
// nothing about when they are sent. PROTOCOL.md, sections 4 to 6, is its
// description.
//
// A message is a type (1 byte), the length of its body (3 bytes, big-endian)
// and the body. Every body has fixed fields, and at most one of variable length
// at its end, so there is one way only to parse it.
package wire

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Sizes in bytes.
const (
	// HeaderSize is the size of what stands before a body.
	HeaderSize = 4
	// MaxData is the longest body of a [TypeData] message.
	MaxData = 256 << 10
	// MaxControl is the longest body of any other message.
	MaxControl = 8 << 10
	// MaxText is the longest explanation in an [Error].
	MaxText = 512
	// PublicSize is the size of a public identity: the DER of its encryption key
	// (1240) and behind it that of its signing key (2005).
	PublicSize = 1240 + 2005
	// ProofSize is the size of the body of a [Proof].
	ProofSize = PublicSize + 3373
)

// Unknown is the length of an object that is not known yet.
const Unknown = -1

// Type tells messages apart.
type Type uint8

// The types of messages. C is the client, S the server.
const (
	TypeServer Type = 0x01 // S: Proof
	TypeClient Type = 0x02 // C: Proof
	TypeAccept Type = 0x03 // S: nothing
	TypeError  Type = 0x04 // both: Error, the last message
	TypeBeat   Type = 0x05 // both: nothing

	TypePush    Type = 0x10 // C: Push
	TypeReady   Type = 0x11 // S: an offset, from which to send
	TypeData    Type = 0x12 // both: bytes of the object, in order
	TypeEnd     Type = 0x13 // both: the length of the object
	TypeDurable Type = 0x14 // S: an offset, up to which nothing can be lost
	TypeStored  Type = 0x15 // S: the length of the object

	TypePull   Type = 0x20 // C: Pull
	TypeObject Type = 0x21 // S: Object

	TypeList  Type = 0x30 // C: the beginning of the names
	TypeEntry Type = 0x31 // S: Entry

	TypeDelete Type = 0x40 // C: a name

	TypeDone Type = 0x50 // S: nothing
)

// Message is one message. Its body is valid until the next one is read.
type Message struct {
	Type Type
	Body []byte
}

// Read reads one message from r, which is malformed if its body is longer than
// limit or than its type allows: that is checked before anything of the body is
// read. The body is put into buf, up to its capacity, if it fits there.
func Read(r io.Reader, buf []byte, limit int) (Message, error) {
	var header [HeaderSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return Message{}, err
	}
	m := Message{Type: Type(header[0])}
	n := int(header[1])<<16 | int(header[2])<<8 | int(header[3])
	longest, known := m.Type.maxBody()
	if !known {
		return m, fmt.Errorf("%w: unknown type 0x%02x", ErrMalformed, header[0])
	}
	if n > min(limit, longest) {
		return m, fmt.Errorf("%w: type 0x%02x with %d bytes", ErrMalformed, header[0], n)
	}
	if n > cap(buf) {
		buf = make([]byte, min(limit, longest)) // the next one may be as long
	}
	m.Body = buf[:n]
	if _, err := io.ReadFull(r, m.Body); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return m, err
	}
	return m, nil
}

// maxBody returns the length of the longest body of that type.
func (t Type) maxBody() (n int, known bool) {
	switch t {
	case TypeServer, TypeClient:
		return ProofSize, true
	case TypeAccept, TypeBeat, TypeDone:
		return 0, true
	case TypeReady, TypeEnd, TypeDurable, TypeStored:
		return 8, true
	case TypeData:
		return MaxData, true
	case TypeError, TypePush, TypePull, TypeObject, TypeList, TypeEntry, TypeDelete:
		return MaxControl, true
	}
	return 0, false
}

// Header returns what stands before a body of n bytes.
func Header(t Type, n int) [HeaderSize]byte {
	return [HeaderSize]byte{byte(t), byte(n >> 16), byte(n >> 8), byte(n)}
}

// Append appends a message to b.
func Append(b []byte, t Type, body []byte) []byte {
	header := Header(t, len(body))
	return append(append(b, header[:]...), body...)
}

// fields takes fields from the front of a body.
type fields struct {
	b   []byte
	bad bool
}

func (f *fields) take(n int) []byte {
	if f.bad || len(f.b) < n {
		f.bad = true
		return make([]byte, n)
	}
	field := f.b[:n]
	f.b = f.b[n:]
	return field
}

func (f *fields) uint8() uint8   { return f.take(1)[0] }
func (f *fields) uint16() uint16 { return binary.BigEndian.Uint16(f.take(2)) }

// size takes a length or an offset in bytes, which fits an int64.
func (f *fields) size() int64 {
	v := binary.BigEndian.Uint64(f.take(8))
	if v > 1<<63-1 {
		f.bad = true
	}
	return int64(v & (1<<63 - 1))
}

// length takes a length that may be [Unknown].
func (f *fields) length() int64 {
	if len(f.b) >= 8 && binary.BigEndian.Uint64(f.b) == 1<<64-1 {
		f.take(8)
		return Unknown
	}
	return f.size()
}

// rest takes what is left, at most limit bytes.
func (f *fields) rest(limit int) string {
	if len(f.b) > limit {
		f.bad = true
	}
	rest := string(f.b)
	f.b = nil
	return rest
}

// end says whether the body was exactly the fields that were taken.
func (f *fields) end(what string) error {
	if f.bad || len(f.b) > 0 {
		return fmt.Errorf("%w: %s", ErrMalformed, what)
	}
	return nil
}
