// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package armor

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/pqenc/pqenc/internal/text"
)

// reader decodes line by line, directly into the buffer of the caller where possible.
type reader struct {
	src   *bufio.Reader
	line  int64 // current line, from 1
	begun bool  // the header has been read
	last  bool  // a line that is not full has been read

	decoded [lineBytes + 8]byte // a line for callers with a small buffer; 8 more let base64 write whole words
	pending []byte              // the part of decoded that was not returned yet
	err     error               // sticky, returned once pending is empty
}

// NewReader returns a reader of the file whose armored form is src. It reads src
// to its end, as only white space may follow the footer.
//
// For every other text form the error wraps ErrArmor, and for text that ends before
// its footer it wraps io.ErrUnexpectedEOF; both name the line. Other errors of src
// are returned unchanged. The lines before the error have been returned then: only
// io.EOF means that the text was complete and well formed.
func NewReader(src io.Reader) io.Reader {
	return &reader{src: bufio.NewReaderSize(src, batch*(lineText+1)), line: 1}
}

func (r *reader) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(r.pending) == 0 && len(p) < len(r.decoded) {
		r.pending = r.decoded[:r.next(r.decoded[:])]
	}
	if len(r.pending) > 0 {
		n = copy(p, r.pending)
		r.pending = r.pending[n:]
		return n, nil
	}
	// Wait for the first line only. More lines are returned only if they are in the
	// buffer, so that a pipe does not block with data at hand.
	for r.err == nil && len(p)-n >= len(r.decoded) && (n == 0 || r.src.Buffered() > lineText+1) {
		n += r.next(p[n:])
	}
	if n > 0 {
		return n, nil
	}
	return 0, r.err
}

// next decodes one line into dst, which must be as large as decoded, and returns
// the number of bytes. If that is zero, r.err is set.
func (r *reader) next(dst []byte) (n int) {
	if r.err == nil {
		n, r.err = r.decode(dst)
	}
	if r.err != nil {
		return 0
	}
	return n
}

func (r *reader) decode(dst []byte) (int, error) {
	if !r.begun {
		if err := r.readHeader(); err != nil {
			return 0, err
		}
		r.begun = true
	}
	first, err := r.src.Peek(1)
	switch {
	case err != nil:
		return 0, r.cut(err)
	case first[0] == Footer[0]: // not a base64 character
		return 0, r.readFooter()
	case r.last:
		return 0, r.malformed("data after a line that is not full")
	}

	line, err := r.readLine()
	switch {
	case err != nil:
		return 0, err
	case len(line) == 0:
		return 0, r.malformed("empty line")
	case len(line) > lineText:
		return 0, r.malformed("line too long")
	case bytes.IndexByte(line, '\r') >= 0: // package base64 skips it
		return 0, r.malformed("stray carriage return")
	}
	n, err := encoding.Decode(dst, line)
	if err != nil {
		return 0, r.malformed("invalid base64")
	}
	r.last = n < lineBytes
	r.line++
	return n, nil
}

func (r *reader) readHeader() error {
	if text.Skip(r.src) != nil {
		return ErrUTF16
	}
	if err := r.skipSpace(); err != nil {
		return r.cut(err)
	}
	if err := r.expect(Header); err != nil {
		return err
	}
	rest, err := r.readLine()
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return r.malformed("text after the header")
	}
	r.line++
	return nil
}

// readFooter returns io.EOF if the armor ends as it must.
func (r *reader) readFooter() error {
	if err := r.expect(Footer); err != nil {
		return err
	}
	r.skipLineEnd()
	if err := r.skipSpace(); err != nil {
		return err
	}
	return r.malformed("text after the footer")
}

// skipLineEnd skips the line ending of the footer, which may be missing. An error of
// src is left for the next read.
func (r *reader) skipLineEnd() {
	next, _ := r.src.Peek(len("\r\n"))
	for _, end := range []string{"\r\n", "\n"} {
		if strings.HasPrefix(string(next), end) {
			r.src.Discard(len(end))
			r.line++
			return
		}
	}
}

// skipSpace skips white space. The limit counts CR LF once, so that a change of line
// endings cannot exceed it.
func (r *reader) skipSpace() error {
	var before byte
	for n := 0; ; {
		next, err := r.src.Peek(1)
		if err != nil {
			return err
		}
		c := next[0]
		if strings.IndexByte(space, c) < 0 {
			return nil
		}
		if c != '\n' || before != '\r' {
			n++
		}
		if n > maxSpace {
			return r.malformed("too much white space")
		}
		if c == '\n' {
			r.line++
		}
		before = c
		r.src.Discard(1)
	}
}

// expect reads exactly the text of marker.
func (r *reader) expect(marker string) error {
	seen, err := r.src.Peek(len(marker))
	if !strings.HasPrefix(marker, string(seen)) {
		return r.malformed("neither base64 nor " + marker)
	}
	if err != nil {
		return r.cut(err)
	}
	r.src.Discard(len(marker))
	return nil
}

// readLine returns the rest of the line without its ending, which is "\n" or
// "\r\n". The slice is valid until src is used again.
func (r *reader) readLine() ([]byte, error) {
	line, err := r.src.ReadSlice('\n')
	switch {
	case err == bufio.ErrBufferFull, err == io.EOF && len(line) > lineText+len("\r"):
		return nil, r.malformed("line too long")
	case err != nil:
		return nil, r.cut(err)
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}

func (r *reader) malformed(why string) error {
	return fmt.Errorf("%w: line %d: %s", ErrArmor, r.line, why)
}

// cut returns the error for the end of src within the armor, and other errors unchanged.
func (r *reader) cut(err error) error {
	if err != io.EOF {
		return err
	}
	return cutError(r.line)
}

// cutError is armor that ends in that line.
type cutError int

func (line cutError) Error() string {
	return fmt.Sprintf("the armor is truncated in line %d", int(line))
}
func (cutError) Unwrap() error { return io.ErrUnexpectedEOF }
