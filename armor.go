// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"bufio"
	"io"

	"github.com/pqenc/pqenc/internal/armor"
)

// ErrArmor is returned for an armored file that is malformed.
var ErrArmor = armor.ErrArmor

// Armor returns a writer that writes its input to dst as text: base64 between two
// lines that look like PEM. Pass it to [Encrypt], and Close it after the [Writer] that
// Encrypt returned.
func Armor(dst io.Writer) io.WriteCloser { return armor.NewWriter(dst) }

// Dearmor returns a reader of the binary form of the file in src, which may be armored
// or not. Pass it to [Decrypt].
func Dearmor(src io.Reader) io.Reader { return &dearmored{src: bufio.NewReader(src)} }

// dearmored detects armor at the first read.
type dearmored struct {
	src    *bufio.Reader
	binary io.Reader
}

func (d *dearmored) Read(p []byte) (int, error) {
	if d.binary == nil {
		armored, err := armor.Detect(d.src)
		if err != nil {
			return 0, err
		}
		d.binary = d.src
		if armored {
			d.binary = armor.NewReader(d.src)
		}
	}
	return d.binary.Read(p)
}
