// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import "io"

// File gives random access to the contents of an encrypted file, through the
// methods Read, Seek, ReadAt and Size. ReadAt may be called concurrently; Read
// and Seek share a position, as those of a file do.
type File struct {
	*io.SectionReader
}

// Open opens the encrypted file in the first size bytes of src. It
// authenticates the header and then the last chunk, and with it the length;
// every other chunk is authenticated whenever it is read.
func Open(src io.ReaderAt, size int64, identities ...Identity) (*File, error) {
	h, err := parse(io.NewSectionReader(src, 0, size))
	if err != nil {
		return nil, err
	}
	keys, err := unlock(h, identities)
	if err != nil {
		return nil, err
	}
	start := int64(h.Size)
	body := io.NewSectionReader(src, start, size-start)
	r, err := bodyCipher(h, keys).NewReaderAt(body, body.Size())
	if err != nil {
		return nil, err
	}
	return &File{io.NewSectionReader(r, 0, r.Size())}, nil
}
