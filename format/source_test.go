// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package format_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/pqenc/pqenc/format"
)

// TestTruncated cuts a header at every byte. With a complete magic, it is a truncated pqenc
// file, even if other fields are wrong.
func TestTruncated(t *testing.T) {
	b := marshal(t, signed(signer, hybrid))
	for cut := range b {
		field := "mac"
		switch {
		case cut < 8:
			field = "magic"
		case cut < 16:
			field = "fixed fields"
		case cut < 48:
			field = "salt"
		case cut < 80:
			field = "commit"
		case cut < len(b)-macSize:
			field = "stanzas"
		}
		for _, src := range []io.Reader{
			bytes.NewReader(b[:cut]),
			iotest.DataErrReader(bytes.NewReader(b[:cut])),
			io.MultiReader(bytes.NewReader(b[:cut]), iotest.ErrReader(io.ErrUnexpectedEOF)),
		} {
			_, err := format.Parse(src)
			check(t, err, field, format.ErrTruncated)
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("cut after %d bytes: %v is no io.ErrUnexpectedEOF", cut, err)
			}
		}
	}
}

// TestShortOtherFile has files that end before they can have a magic.
func TestShortOtherFile(t *testing.T) {
	for _, s := range []string{"P", "hello", "\x89PNG", "PQENC\r\n"} {
		_, err := format.Parse(strings.NewReader(s))
		check(t, err, "magic", format.ErrNotPqenc)
	}
}

var errSource = errors.New("the source failed")

// TestReadsNoMore has a source that fails right after the header.
func TestReadsNoMore(t *testing.T) {
	for _, size := range []int{4096, 8192, format.MaxSize} {
		h := header(hybrid)
		h.Size = size
		b := marshal(t, h)
		src := io.MultiReader(bytes.NewReader(b), iotest.ErrReader(errSource))
		for name, src := range map[string]io.Reader{
			"all at once":    src,
			"with EOF":       iotest.DataErrReader(bytes.NewReader(b)),
			"half":           iotest.HalfReader(bytes.NewReader(b)),
			"byte by byte":   iotest.OneByteReader(bytes.NewReader(b)),
			"too much there": bytes.NewReader(append(slices.Clip(b), 1, 2, 3)),
		} {
			got, err := format.Parse(src)
			if err != nil {
				t.Fatalf("%d bytes, %s: %v", size, name, err)
			}
			if !bytes.Equal(marshal(t, got), b) {
				t.Fatalf("%d bytes, %s: another header", size, name)
			}
			if r, ok := src.(*bytes.Reader); ok && r.Len() != 3 {
				t.Fatalf("%d bytes: read %d too many", size, 3-r.Len())
			}
		}
	}
}

// TestSourceFails has a source that fails at every byte: its error is returned unchanged.
func TestSourceFails(t *testing.T) {
	b := marshal(t, header(hybrid))
	for n := range b {
		_, err := format.Parse(io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(errSource)))
		if err != errSource {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
	if _, err := format.Parse(iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(b)))); err != iotest.ErrTimeout {
		t.Fatal(err)
	}
}

// TestAllocation bounds what a hostile file makes Parse allocate.
func TestAllocation(t *testing.T) {
	claim := encode(header(unknownKey))[:16]
	copy(claim[atHeaderLen:], "\x00\x20\x00\x00") // 2 MiB
	empty := header(slices.Repeat([]format.Stanza{other}, 65535)...)
	empty.Size = format.MaxSize
	for _, test := range []struct {
		name string
		b    []byte
		want uint64
	}{
		{"16 bytes that claim 2 MiB", claim, format.MaxSize},
		// 32 bytes for each stanza, of which there are at most 65535.
		{"2 MiB with 65535 stanzas", encode(empty), 2 * format.MaxSize},
	} {
		const runs = 8
		got := allocated(func() {
			for range runs {
				if _, err := format.Parse(bytes.NewReader(test.b)); err == nil {
					t.Fatal("a bad header was accepted")
				}
			}
		}) / runs
		if got > test.want+64<<10 {
			t.Errorf("%s: %d bytes allocated, want about %d", test.name, got, test.want)
		}
	}
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
