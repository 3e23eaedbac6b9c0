// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/units"
	web "github.com/pqenc/pqenc/remote"
)

// partFlags select a part of the contents, and how its signer is verified.
type partFlags struct {
	Range   *byteRange `type:"range" placeholder:"OFFSET:LENGTH" help:"Decrypt only LENGTH bytes of the contents, starting at OFFSET. \"OFFSET:\" means everything from OFFSET, and -LENGTH the last LENGTH bytes. Both can have a unit, such as 64KiB."`
	Digests string     `type:"path" placeholder:"LIST" help:"With --from, verify parts by the digest list that \"pqenc verify --write-digests\" wrote, instead of reading the whole file first. Default: IN.digests, if it exists."`
}

// digestsSuffix is appended to the name of a file for its list of digests.
const digestsSuffix = ".digests"

var errDigestsAlone = usageError("--digests needs --from", "name the signer with --from PUB")

// byteRange is a range of the contents of a file.
type byteRange struct {
	offset int64 // -1: the range is at the end
	length int64 // -1: to the end
}

var errRange = fmt.Errorf("expected OFFSET:LENGTH, OFFSET: or -LENGTH, such as 1GiB:64KiB; the units are %s", units.Known)

// parseRange parses a range from the command line.
func parseRange(text string) (*byteRange, error) {
	if last, ok := strings.CutPrefix(text, "-"); ok {
		length, err := units.ParseBytes(last)
		if err != nil {
			return nil, errRange
		}
		return &byteRange{offset: -1, length: length}, nil
	}
	from, count, ok := strings.Cut(text, ":")
	offset, err := units.ParseBytes(from)
	if !ok || err != nil {
		return nil, errRange
	}
	if count == "" {
		return &byteRange{offset: offset, length: -1}, nil
	}
	length, err := units.ParseBytes(count)
	if err != nil {
		return nil, errRange
	}
	return &byteRange{offset, length}, nil
}

// mapRange takes a range, which may look like a flag.
func mapRange(ctx *kong.DecodeContext, target reflect.Value) error {
	text, ok := ctx.Scan.Pop().Value.(string)
	if !ok {
		return errors.New("needs a value")
	}
	r, err := parseRange(text)
	if err == nil {
		target.Set(reflect.ValueOf(r))
	}
	return err
}

// within returns the offset and the length of the range in contents of the given size.
func (r *byteRange) within(size int64) (offset, length int64, err error) {
	offset, length = r.offset, r.length
	switch {
	case offset < 0:
		offset = size - length
	case length < 0:
		length = size - offset
	}
	if offset < 0 || length < 0 || offset > size || length > size-offset {
		return 0, 0, usageError(fmt.Sprintf("the range is not within the contents, which have %d bytes", size),
			"choose another --range")
	}
	return offset, length, nil
}

// part is a range of the contents of a file, or all of them.
type part struct {
	*pqenc.File
	offset, length int64
}

// WriteTo decrypts the part to dst.
func (p part) WriteTo(dst io.Writer) (int64, error) { return p.WriteRange(dst, p.offset, p.length) }

// inOrder returns a range of contents that are a stream. All of them are read, so that
// their end and their signature are verified.
func (r *byteRange) inOrder(all *pqenc.Reader) (contents, error) {
	if r.offset < 0 {
		return nil, usageError("the last bytes cannot be read alone: the server cannot send parts of files",
			"get the file first, or give OFFSET: as --range")
	}
	return &passage{all, r}, nil
}

// passage is a range of streamed contents.
type passage struct {
	*pqenc.Reader
	part *byteRange
}

// WriteTo decrypts all contents, and writes the range to dst.
func (p *passage) WriteTo(dst io.Writer) (int64, error) {
	w := &window{dst: dst, skip: p.part.offset, left: p.part.length}
	if w.left < 0 {
		w.left = math.MaxInt64
	}
	size, err := p.Reader.WriteTo(w)
	if err == nil {
		_, _, err = p.part.within(size)
	}
	return w.written, err
}

// window passes on a range of what is written to it.
type window struct {
	dst                 io.Writer
	skip, left, written int64
}

func (w *window) Write(b []byte) (int, error) {
	some := b[min(w.skip, int64(len(b))):]
	w.skip -= int64(len(b) - len(some))
	some = some[:min(w.left, int64(len(some)))]
	if len(some) == 0 {
		return len(b), nil
	}
	n, err := w.dst.Write(some)
	w.left -= int64(n)
	w.written += int64(n)
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

// part opens the wanted range of the input. If verify is set, it verifies the signer
// before anything is released.
func (o *opener) part(verify bool) (contents, error) {
	f, err := pqenc.OpenSigned(o.src.section(), o.src.size, o.policy, o.keys.list...)
	if err != nil {
		return nil, err
	}
	p := part{f, 0, f.Size()}
	if o.flags.Range != nil {
		if p.offset, p.length, err = o.flags.Range.within(f.Size()); err != nil {
			return nil, err
		}
	}
	if verify {
		err = o.verify(p)
	}
	o.meter.Reset(o.passed, o.passed+p.length)
	return p, err
}

// verify verifies the signer of all contents: by a list of digests, or else by reading
// everything.
func (o *opener) verify(p part) error {
	if used, err := o.useDigests(p.File); used || err != nil {
		return err
	}
	if o.src.web != nil {
		return errReadTwice
	}
	// The last chunk was read before, and is read again: that is no progress.
	o.meter.Reset(0, o.src.size+p.length)
	o.passed = o.src.size
	return p.Verify()
}

// useDigests verifies the signer by the list that --digests names, or by the one beside
// the file if that is usable.
func (o *opener) useDigests(f *pqenc.File) (used bool, err error) {
	name, named := o.flags.Digests, o.flags.Digests != ""
	if !named {
		name = o.beside
		if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() { // opening a pipe would wait
			return false, nil
		}
	}
	if name == "" {
		return false, nil
	}
	list, err := o.app.openList(name)
	if err == nil {
		defer list.Close()
		err = in(list.name, f.UseDigests(bufio.NewReaderSize(list.reader(), 64<<10)))
	}
	switch {
	case err == nil:
		return true, nil
	case named:
		return false, err
	case errors.Is(err, fs.ErrNotExist), errors.As(err, new(*web.StatusError)): // it does not exist; for signed links, that is 403
		return false, nil
	case o.src.web != nil: // there is no other way
		return false, err
	}
	o.app.warn("%v: the whole file is read instead", err)
	return false, nil
}
