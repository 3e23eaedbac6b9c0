// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/transfer"
)

// refusal is an error in a file, for which its sender is to blame, or whoever has put it there.
type refusal struct{ error }

func (e refusal) Unwrap() error { return e.error }

// pull waits for an object and reads it. Only when pull returns nil is it known that what read
// got is what the sender signed. If the file is not as it should be, the error is a refusal.
func (p *party) pull(ctx context.Context, t *transfer.Client, name string, policy pqenc.Policy, read func(io.Reader) error) error {
	src := t.Reader(ctx, name, transfer.PullOptions{Follow: true})
	defer src.Close()
	r, err := pqenc.DecryptSigned(src, policy, p.id)
	if err == nil {
		err = read(r)
	}
	if err == nil {
		err = expectEnd(r)
	}
	if err == nil {
		return nil
	}
	if lost := src.Close(); lost != nil && !errors.Is(lost, transfer.ErrNotPqenc) {
		return lost
	}
	return refusal{err}
}

// expectEnd reads to the end, where the signature is verified.
func expectEnd(r io.Reader) error {
	n, err := io.Copy(io.Discard, r)
	if err == nil && n > 0 {
		err = fmt.Errorf("%d bytes too many", n)
	}
	return err
}

func writeFloats(w io.Writer, values []float32) error {
	return binary.Write(w, binary.LittleEndian, values)
}

func readFloats(r io.Reader, length int) ([]float32, error) {
	values := make([]float32, length)
	if err := binary.Read(r, binary.LittleEndian, values); err != nil {
		return nil, fmt.Errorf("there are fewer than %d values: %w", length, err)
	}
	return values, nil
}
