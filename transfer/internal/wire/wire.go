// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package wire encodes and decodes the messages of a transfer, the names of objects, and
// errors. It does not know when messages are sent. PROTOCOL.md, sections 4 to 7, specifies
// them.
//
// A message is a type (1 byte), the length of its body (3 bytes, big-endian), the
// request that it belongs to (4 bytes) and the body.
package wire

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Sizes, in bytes.
const (
	// HeaderSize is the size of the header before a body.
	HeaderSize = 8
	// MaxData is the length of the longest body.
	MaxData = 256 << 10
	// MaxControl bounds the body of messages with a name and fixed fields.
	MaxControl = 8 << 10
	// MaxText is the length of the longest text in an [Error].
	MaxText = 512
	// PublicSize is the size of a public identity: the DER of its encryption key
	// (1240), followed by that of its signing key (2005).
	PublicSize = 1240 + 2005
	// ProofSize is the size of the body of a [Proof].
	ProofSize = PublicSize + 3373
)

// MaxSmall is the largest number of small requests that a client may have open on a
// connection, in addition to one push and one pull (PROTOCOL.md, section 5).
const MaxSmall = 16

// Unknown stands for a length that is not known yet.
const Unknown = -1

// Type is the type of a message.
type Type uint8

// Types of messages that belong to no request, except an error that ends one. C is the
// client, S the server.
const (
	TypeServer Type = 0x01 // S: Proof
	TypeClient Type = 0x02 // C: Proof
	TypeAccept Type = 0x03 // S: nothing
	TypeError  Type = 0x04 // both: Error, the last message of the request or connection
	TypeBeat   Type = 0x05 // both: nothing
)

// Types that start a request. All from firstStart to lastStart do, known or not.
const (
	firstStart, lastStart Type = 0x10, 0x5f

	TypePush   Type = 0x10 // C: Push
	TypePull   Type = 0x11 // C: Pull
	TypeList   Type = 0x12 // C: List
	TypeDelete Type = 0x14 // C: Names
	TypeMove   Type = 0x15 // C: Move
	TypePut    Type = 0x16 // C: Put
	TypeGet    Type = 0x17 // C: Get
	TypeQuota  Type = 0x19 // C: a number, see Quotas
)

// Types of messages within a request.
const (
	TypeData  Type = 0x60 // both: bytes of the object, in order
	TypeEnd   Type = 0x61 // both: the length of the object
	TypeCheck Type = 0x62 // C: nothing; asks for the prefix digest
	TypeStart Type = 0x63 // C: an offset, from which the data follow

	TypeReady   Type = 0x80 // S: Ready
	TypeChecked Type = 0x81 // S: an offset, up to which the server has read back
	TypePrefix  Type = 0x82 // S: the prefix digest
	TypeDurable Type = 0x83 // S: an offset, up to which everything is durable
	TypeStored  Type = 0x84 // S: the length of the object
	TypeObject  Type = 0x85 // S: Object
	TypePage    Type = 0x86 // S: Page
	TypeResults Type = 0x88 // S: Results
	TypeContent Type = 0x89 // S: Content
	TypeQuotas  Type = 0x8b // S: Quotas
)

// Starts reports whether messages of type t start a request.
func (t Type) Starts() bool { return firstStart <= t && t <= lastStart }

// Answers reports whether messages of type t come from servers only.
func (t Type) Answers() bool { return t >= TypeReady }

// Message is one message.
type Message struct {
	Type    Type
	Request uint32 // 0 if it belongs to none
	Body    []byte
}

// Read reads one message from r. A message whose body is longer than limit, or than its
// type allows, is malformed: Read checks that before it reads the body. The body is in buf
// if it fits into its capacity.
func Read(r io.Reader, buf []byte, limit int) (Message, error) {
	var header [HeaderSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return Message{}, err
	}
	m := Message{Type: Type(header[0]), Request: binary.BigEndian.Uint32(header[4:])}
	n := int(header[1])<<16 | int(header[2])<<8 | int(header[3])
	longest, known := m.Type.maxBody()
	if !known || (m.Request == 0) != m.Type.alone() && m.Type != TypeError {
		return m, fmt.Errorf("%w: type 0x%02x in request %d", ErrMalformed, header[0], m.Request)
	}
	if n > min(limit, longest) {
		return m, fmt.Errorf("%w: type 0x%02x with %d bytes", ErrMalformed, header[0], n)
	}
	if n > cap(buf) {
		if buf = make([]byte, n); m.Type == TypeData {
			buf = make([]byte, min(limit, longest)) // the next one may be as long
		}
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

// alone reports whether messages of type t belong to no request.
func (t Type) alone() bool { return t < firstStart }

// maxBody returns the length of the longest body of type t.
func (t Type) maxBody() (n int, known bool) {
	switch t {
	case TypeServer, TypeClient:
		return ProofSize, true
	case TypeAccept, TypeBeat, TypeCheck:
		return 0, true
	case TypeEnd, TypeStart, TypeChecked, TypeDurable, TypeStored:
		return 8, true
	case TypeQuota:
		return 4, true
	case TypePrefix:
		return 32, true
	case TypeError, TypePush, TypePull, TypeList, TypeGet, TypeReady, TypeObject:
		return MaxControl, true
	case TypeData, TypePage, TypeResults, TypeContent, TypeQuotas:
		return MaxData, true
	}
	return MaxData, t.Starts()
}

// Header returns the header of a message with a body of n bytes.
func Header(t Type, request uint32, n int) [HeaderSize]byte {
	h := [HeaderSize]byte{byte(t), byte(n >> 16), byte(n >> 8), byte(n)}
	binary.BigEndian.PutUint32(h[4:], request)
	return h
}

// Append appends a message to b.
func Append(b []byte, t Type, request uint32, body []byte) []byte {
	header := Header(t, request, len(body))
	return append(append(b, header[:]...), body...)
}

// fields parses a body, field by field.
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
func (f *fields) uint32() uint32 { return binary.BigEndian.Uint32(f.take(4)) }

// upTo takes a byte, which must be at most limit.
func (f *fields) upTo(limit uint8) uint8 {
	v := f.uint8()
	if v > limit {
		f.bad = true
	}
	return v
}

// size takes a length or an offset, which must fit into an int64.
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

// text takes a string with its length before it, at most [MaxName] bytes.
func (f *fields) text() string {
	n := int(f.uint16())
	if n > MaxName {
		f.bad = true
		return ""
	}
	return string(f.take(n))
}

// rest takes the rest of the body, at most limit bytes.
func (f *fields) rest(limit int) string {
	if len(f.b) > limit {
		f.bad = true
	}
	rest := string(f.b)
	f.b = nil
	return rest
}

// name takes the rest of the body as a name. An error of end has priority.
func (f *fields) name(what string) (Name, error) {
	text := f.rest(MaxName)
	if err := f.end(what); err != nil {
		return Name{}, err
	}
	return ParseName(text)
}

// end checks that the body had exactly the fields that were taken.
func (f *fields) end(what string) error {
	if f.bad || len(f.b) > 0 {
		return fmt.Errorf("%w: %s", ErrMalformed, what)
	}
	return nil
}
