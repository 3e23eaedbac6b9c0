// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package armor

import "io"

// writer collects a batch of lines before it encodes them.
type writer struct {
	dst    io.Writer
	raw    []byte // not yet encoded, at most batch lines
	text   []byte // the encoded batch; its memory is reused
	begun  bool
	closed bool
	err    error // the first error of dst, sticky
}

// NewWriter returns a writer that writes the armored form of its input to dst.
// Close writes the last line and the footer, and leaves dst open. Do not Close after
// an error: the missing footer shows a reader that the file is truncated.
func NewWriter(dst io.Writer) io.WriteCloser {
	return &writer{
		dst:  dst,
		raw:  make([]byte, 0, batch*lineBytes),
		text: make([]byte, 0, len(Header+"\n"+Footer+"\n")+batch*(lineText+1)),
	}
}

func (w *writer) Write(p []byte) (int, error) {
	if w.closed {
		return 0, errClosed
	}
	written := 0
	for len(p) > 0 && w.err == nil {
		n := min(len(p), cap(w.raw)-len(w.raw))
		w.raw = append(w.raw, p[:n]...)
		p = p[n:]
		if len(w.raw) == cap(w.raw) {
			w.flush("")
		}
		if w.err == nil {
			written += n
		}
	}
	return written, w.err
}

func (w *writer) Close() error {
	if !w.closed {
		w.closed = true
		w.flush(Footer + "\n")
	}
	return w.err
}

// flush writes the collected lines, and then the text end.
func (w *writer) flush(end string) {
	if w.err != nil {
		return
	}
	w.text = w.text[:0]
	if !w.begun {
		w.begun = true
		w.text = append(w.text, Header+"\n"...)
	}
	for raw := w.raw; len(raw) > 0; {
		n := min(lineBytes, len(raw))
		w.text = encoding.AppendEncode(w.text, raw[:n])
		w.text = append(w.text, '\n')
		raw = raw[n:]
	}
	w.text = append(w.text, end...)
	w.raw = w.raw[:0]

	n, err := w.dst.Write(w.text)
	if err == nil && n < len(w.text) {
		err = io.ErrShortWrite
	}
	w.err = err
}
