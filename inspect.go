// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"io"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/stream"
)

// Info is what can be read from a file without a key. It is not authenticated.
type Info struct {
	Version    int
	Suite      int
	Signed     bool                // has a signature, which only readers see
	HeaderSize int                 // bytes
	ChunkSize  int                 // bytes of contents in a full chunk
	Stanzas    []format.StanzaType // in the order of the header
	chunkLog2  uint8
}

// Inspect reads the header of an encrypted file from src, and nothing after it. It needs
// no key.
func Inspect(src io.Reader) (*Info, error) {
	h, err := format.Parse(src)
	if err != nil {
		return nil, err
	}
	info := &Info{
		Version:    format.Version,
		Suite:      format.Suite,
		Signed:     h.Signed,
		HeaderSize: h.Size,
		ChunkSize:  1 << h.ChunkLog2,
		chunkLog2:  h.ChunkLog2,
	}
	for _, s := range h.Stanzas {
		info.Stanzas = append(info.Stanzas, s.Type)
	}
	return info, nil
}

// ContentSize returns the length of the contents of an encrypted file of size bytes. The
// error wraps [ErrTruncated] if no complete file has that size.
func (i *Info) ContentSize(size int64) (int64, error) {
	size -= int64(i.HeaderSize)
	if i.Signed {
		size -= trailerSize
	}
	return stream.PlaintextSize(size, i.chunkLog2)
}
