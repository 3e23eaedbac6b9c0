// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package wire

import (
	"crypto/sha256"
	"fmt"
)

const (
	// MaxPut is the size of the longest object that fits into a [Put] with any name, in
	// bytes.
	MaxPut = MaxData - 1 - 16 - 2 - MaxName
	// MaxGet is the largest length in a [Get], in bytes.
	MaxGet = MaxData - contentFields

	contentFields = 8 + 32
)

// Put is the body of [TypePut]: a whole object.
type Put struct {
	Overwrite bool // an object with that name may be replaced
	ID        PushID
	Name      Name
	Object    []byte
}

// Marshal returns the body.
func (p *Put) Marshal() []byte {
	b := make([]byte, 0, 1+len(p.ID)+2+len(p.Name.text)+len(p.Object))
	b = append(append(b, flag(p.Overwrite)), p.ID[:]...)
	return append(appendText(b, p.Name.text), p.Object...)
}

// ParsePut parses the body of a put. The result shares memory with b. The error wraps
// [ErrMalformed] or [ErrName].
func ParsePut(b []byte) (*Put, error) {
	f := &fields{b: b}
	p := &Put{Overwrite: f.upTo(1) == 1}
	copy(p.ID[:], f.take(len(p.ID)))
	name := f.text()
	p.Object, f.b = f.b, nil
	err := f.end("put")
	if err == nil {
		p.Name, err = ParseName(name)
	}
	return p, err
}

// Get is the body of [TypeGet]: a request for a part of an object.
type Get struct {
	Offset int64
	Length uint32            // at most [MaxGet]
	Digest [sha256.Size]byte // of the object's pqenc header, all zero for any
	Name   Name
}

// Marshal returns the body.
func (g *Get) Marshal() []byte {
	b := order.AppendUint64(nil, uint64(g.Offset))
	b = order.AppendUint32(b, g.Length)
	return append(append(b, g.Digest[:]...), g.Name.text...)
}

// ParseGet parses the body of a get. The error wraps [ErrMalformed] or [ErrName].
func ParseGet(b []byte) (*Get, error) {
	f := &fields{b: b}
	g := &Get{Offset: f.size(), Length: f.uint32()}
	f.bad = f.bad || g.Length > MaxGet
	copy(g.Digest[:], f.take(sha256.Size))
	var err error
	g.Name, err = f.name("get")
	return g, err
}

// Content is the body of [TypeContent]: a part of an object.
type Content struct {
	Object        // the whole object; its length is never Unknown
	Bytes  []byte // at most [MaxGet]
}

// Marshal returns the body.
func (c *Content) Marshal() []byte { return append(c.Object.Marshal(), c.Bytes...) }

// ParseContent parses the body of a content. The result shares memory with b.
func ParseContent(b []byte) (*Content, error) {
	f := &fields{b: b}
	c := &Content{Object: Object{Length: f.size()}}
	copy(c.Digest[:], f.take(sha256.Size))
	c.Bytes, f.b = f.b, nil
	return c, f.end("content")
}

// Answers checks that c has as many bytes as g asks for, or all up to the end of the object.
func (c *Content) Answers(g *Get) error {
	if left := c.Length - g.Offset; int64(len(c.Bytes)) != min(int64(g.Length), left) {
		return fmt.Errorf("%w: %d bytes, not %d of %d", ErrOrder, len(c.Bytes), g.Length, left)
	}
	return nil
}
