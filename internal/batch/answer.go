// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package batch

import (
	"encoding/json"
	"io"
	"strconv"
	"sync"

	"github.com/pqenc/pqenc/internal/terminal"
)

// output is what the parent reads. Lines and the bytes that follow them stay together.
type output struct {
	mu     sync.Mutex
	w      io.Writer
	failed func(error)
	err    error // of the first write that failed, or why nothing is to be written
}

// write writes all parts in order.
func (o *output) write(parts ...[]byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.writeLocked(parts...)
}

func (o *output) writeLocked(parts ...[]byte) error {
	for _, part := range parts {
		if o.err != nil {
			return o.err
		}
		if _, o.err = o.w.Write(part); o.err != nil {
			o.failed(o.err)
		}
	}
	return o.err
}

// end writes the last line.
func (o *output) end(line []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.writeLocked(line) == nil {
		o.err = io.ErrClosedPipe
	}
}

// answer writes a line that no contents follow.
func (o *output) answer(id json.RawMessage, v any) error { return o.write(line(id, v)) }

// line returns the members of v, after the id of a request if it has one, as a line of
// ASCII.
func line(id json.RawMessage, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // of what v is
	}
	b := appendID([]byte{'{'}, id)
	b = append(b, terminal.ASCII(string(text[1:]))...)
	return append(b, '\n')
}

// appendID appends the id of a request as a member, if it has one.
func appendID(b, id []byte) []byte {
	if id == nil {
		return b
	}
	b = append(b, `"id":`...)
	b = append(b, id...)
	return append(b, ',')
}

// answer answers a request.
func (s *Server) answer(r *request) {
	a := &reply{s: s, r: r}
	err := r.err
	if err == nil {
		err = a.give()
	}
	if err != nil && a.turn() {
		s.out.answer(r.id, s.config.Explain(err))
	}
}

// reply is the answer to a request while it is being given.
type reply struct {
	s    *Server
	r    *request
	left int64 // bytes of the contents to come, of an answer in pieces
}

// turn waits for the turn of the answer, and reports whether it may be written. After the
// end of the server nothing is written: requests may have failed because of the end.
func (a *reply) turn() bool {
	if a.r.before != nil {
		select {
		case <-a.r.before:
		case <-a.s.done:
		}
	}
	select {
	case <-a.s.done:
		return false
	default:
		return true
	}
}

// give writes the answer. It returns the error if an error has to be written instead.
func (a *reply) give() error {
	if a.r.op == opClose {
		return a.tell(struct {
			Length int64 `json:"length"`
		}{})
	}
	f, err := a.s.files.use(a.r.file, a.s.parent)
	if err != nil {
		return err
	}
	defer a.s.files.release(f)
	if a.r.op == opStat {
		return a.tell(struct {
			Length int64 `json:"length"`
			Stat   any   `json:"stat"`
		}{0, f.Stat()})
	}
	n := min(a.r.length, max(f.Size()-a.r.offset, 0))
	if n <= MaxPiece {
		return a.whole(f, int(n))
	}
	a.left = n
	if _, err = f.WriteRange(a, a.r.offset, n); a.left == 0 {
		return nil // it was all authentic
	}
	return err
}

// tell writes an answer that has no contents.
func (a *reply) tell(v any) error {
	if a.turn() {
		a.s.out.answer(a.r.id, v)
	}
	return nil
}

// pieces are buffers for a line and MaxPiece bytes.
var pieces = sync.Pool{New: func() any { return new([maxHead + MaxPiece]byte) }}

// maxHead is the length of the longest line before contents.
const maxHead = maxID + 64

// whole reads n bytes and writes them with their line, in one go.
func (a *reply) whole(f File, n int) error {
	b := pieces.Get().(*[maxHead + MaxPiece]byte)
	defer pieces.Put(b)
	if m, err := f.ReadAt(b[maxHead:][:n], a.r.offset); m < n {
		return err
	}
	head := a.head(n, false)
	start := maxHead - len(head)
	copy(b[start:], head)
	if a.turn() {
		a.s.out.write(b[start : maxHead+n])
	}
	return nil
}

// Write writes the next part of the contents in pieces.
func (a *reply) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		n := min(len(p), MaxPiece)
		more := a.left > int64(n)
		if !a.turn() {
			return written, io.ErrClosedPipe
		}
		if err := a.s.out.write(a.head(n, more), p[:n]); err != nil {
			return written, err
		}
		a.left -= int64(n)
		written, p = written+n, p[n:]
	}
	return written, nil
}

// head returns the line before n bytes of the contents.
func (a *reply) head(n int, more bool) []byte {
	b := append(make([]byte, 0, maxHead), '{')
	b = append(appendID(b, a.r.id), `"length":`...)
	b = strconv.AppendInt(b, int64(n), 10)
	if more {
		b = append(b, `,"more":true`...)
	}
	return append(b, "}\n"...)
}
