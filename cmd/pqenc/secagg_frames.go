// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pqenc/pqenc/internal/terminal"
)

// This file is the framing of "pqenc secagg": lines of JSON, after which bytes may follow.
// docs/secagg-process.md describes it.

// Limits of what the program sends.
const (
	maxFrameLine    = 64 << 10
	maxFrameMessage = 64 << 20
)

// frame is a line of the program, and the message that follows it.
type frame struct {
	Length  *int64  `json:"length"`  // of the message
	Vector  *string `json:"vector"`  // server: the file of a masked vector
	Weight  *uint32 `json:"weight"`  // client: instead of --weight
	Advance bool    `json:"advance"` // server: end the step

	message []byte
}

// frames are the two streams to the program.
type frames struct {
	in  *bufio.Reader
	out *bufio.Writer
}

// openMessages returns standard input, where the program sends its messages. Without a program the
// command would wait for a person who cannot write them.
func openMessages(a *app) (*input, error) {
	if terminal.Is(a.stdin) || terminal.Is(a.stdout.file) {
		return nil, usageError("a program carries the messages, and no terminal", "docs/secagg-process.md has such a program in Python")
	}
	return a.openInput("-")
}

func newFrames(in io.Reader, out io.Writer) *frames {
	return &frames{bufio.NewReaderSize(in, maxFrameLine), bufio.NewWriter(out)}
}

// errFrame reports that it is not known where the next line begins.
var errFrame = errors.New("the program breaks the protocol")

// next returns the next frame. The error is io.EOF if there is none.
func (f *frames) next() (*frame, error) {
	line, err := f.in.ReadSlice('\n')
	switch {
	case err == bufio.ErrBufferFull:
		return nil, badFrame("a line is longer than %d bytes", maxFrameLine)
	case err == io.EOF && len(line) > 0:
		return nil, badFrame("the last line has no end")
	case err != nil:
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	r := new(frame)
	if err := d.Decode(r); err != nil {
		return nil, badJSON(err)
	}
	if d.More() {
		return nil, badFrame("a line has more than one object")
	}
	if r.Length == nil {
		return r, nil
	}
	if *r.Length < 0 || *r.Length > maxFrameMessage {
		return nil, badFrame("a message of %d bytes; the longest one has %d", *r.Length, maxFrameMessage)
	}
	// in steps, so that a length alone takes no memory
	var message bytes.Buffer
	if n, err := io.CopyN(&message, f.in, *r.Length); err != nil {
		return nil, badFrame("a message ends after %d of %d bytes", n, *r.Length)
	}
	r.message = message.Bytes()
	return r, nil
}

// badJSON returns an error for a line that is not the JSON of a frame.
func badJSON(err error) error {
	if t := (*json.UnmarshalTypeError)(nil); errors.As(err, &t) {
		return badFrame("%s: not allowed: %s", cmp.Or(t.Field, "a line"), t.Value)
	}
	return badFrame("%s", strings.TrimPrefix(err.Error(), "json: "))
}

func badFrame(format string, args ...any) error {
	return &failure{fmt.Errorf("%w: %s", errFrame, fmt.Sprintf(format, args...)), exitUsage, []string{"docs/secagg-process.md describes the protocol"}}
}

// put adds a line and the message that follows it. flush sends what was added.
func (f *frames) put(line any, message []byte) error {
	b, err := json.Marshal(line)
	if err != nil {
		return err
	}
	f.out.Write(append(b, '\n'))
	_, err = f.out.Write(message) // the first error of a bufio.Writer stays
	return err
}

func (f *frames) flush() error { return f.out.Flush() }

// fail reports that the process ends with an error, as far as the program still reads.
func (f *frames) fail(err error) error {
	err = roundError(err)
	if !errors.Is(err, errReaderGone) {
		f.put(refuse(err, true), nil)
		f.flush()
	}
	return err
}
