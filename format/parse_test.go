// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package format_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/format"
)

// check requires that err is a *format.Error about field, of the kind.
func check(t *testing.T, err error, field string, kind error) {
	t.Helper()
	var e *format.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a *format.Error about %q", err, field)
	}
	if e.Field != field {
		t.Errorf("the error %q is about the field %q, want %q", e, e.Field, field)
	}
	for _, k := range []error{format.ErrNotPqenc, format.ErrUnsupported, format.ErrHeader, format.ErrTruncated} {
		if errors.Is(err, k) != (k == kind) {
			t.Errorf("the error %q: errors.Is(err, %q) is %v", e, k, k != kind)
		}
	}
	want := "header: " + field + ": " + e.Reason
	if field == "magic" { // which is not a field of the header for people
		want = e.Reason
	}
	if e.Error() != want || e.Reason == "" {
		t.Errorf("the message is %q", e)
	}
}

// TestParseBytes changes one field of a header in each case.
func TestParseBytes(t *testing.T) {
	put := func(at int, s string) func([]byte) {
		return func(b []byte) { copy(b[at:], s) }
	}
	length := func(n uint32) func([]byte) {
		return func(b []byte) { binary.BigEndian.PutUint32(b[atHeaderLen:], n) }
	}
	for _, test := range []struct {
		name   string
		change func(b []byte)
		field  string
		kind   error
		reason string // a part of it
	}{
		{"another magic", put(0, "\x89PNG\r\n\x1a\n"), "magic", format.ErrNotPqenc, "not a pqenc file"},
		{"text", put(0, "Dear Alice"), "magic", format.ErrNotPqenc, "not a pqenc file"},
		{"PEM of another type", put(0, "-----BEGIN PQENC SIGNATURE"), "magic", format.ErrNotPqenc, "not a pqenc file"},
		{"armor", put(0, "-----BEGIN PQENC FILE-----\n"), "magic", format.ErrNotPqenc, "armored: use Dearmor"},
		{"armor after a mark", put(0, "\ufeff \r\n-----BEGIN PQENC FILE-----\r\n"), "magic", format.ErrNotPqenc, "armored: use Dearmor"},
		{"magic off by one", put(7, "\x0b"), "magic", format.ErrHeader, "text mode"},
		{"high bit stripped", put(0, "\x09PQENC\r\n"), "magic", format.ErrHeader, "text mode"},
		{"CR LF became LF", put(0, "\x89PQENC\n\x01\x01"), "magic", format.ErrHeader, "text mode"},
		{"CR became LF", put(0, "\x89PQENC\n\n"), "magic", format.ErrHeader, "text mode"},
		{"LF became CR LF", put(0, "\x89PQENC\r\r\n"), "magic", format.ErrHeader, "text mode"},
		{"Latin-1 became UTF-8", put(0, "\xc2\x89PQENC\r\n"), "magic", format.ErrHeader, "text mode"},
		{"not UTF-8, replaced", put(0, "\xef\xbf\xbdPQENC\r\n"), "magic", format.ErrHeader, "text mode"},
		{"version 0", put(atVersion, "\x00"), "version", format.ErrUnsupported, "version 0,"},
		{"version 2", put(atVersion, "\x02"), "version", format.ErrUnsupported, "version 2,"},
		{"version 255", put(atVersion, "\xff"), "version", format.ErrUnsupported, "version 255,"},
		{"suite 0", put(atSuite, "\x00"), "suite", format.ErrUnsupported, "suite 0,"},
		{"suite 2", put(atSuite, "\x02"), "suite", format.ErrUnsupported, "suite 2,"},
		{"the version before the suite", put(atVersion, "\x02\x02"), "version", format.ErrUnsupported, ""},
		{"flag 1", put(atFlags, "\x02"), "flags", format.ErrUnsupported, "0x02"},
		{"flag 7", put(atFlags, "\x80"), "flags", format.ErrUnsupported, "0x80"},
		{"signed and flag 1", put(atFlags, "\x03"), "flags", format.ErrUnsupported, "0x02"},
		{"signed without a signer", put(atFlags, "\x01"), "stanza 0", format.ErrHeader, "signer"},
		{"chunks of 1 byte", put(atChunkLog2, "\x00"), "chunk_log2", format.ErrHeader, "0 is not"},
		{"chunks of 2 KiB", put(atChunkLog2, "\x0b"), "chunk_log2", format.ErrHeader, "11 is not"},
		{"chunks of 4 KiB", put(atChunkLog2, "\x0c"), "", nil, ""},
		{"chunks of 4 MiB", put(atChunkLog2, "\x16"), "", nil, ""},
		{"chunks of 8 MiB", put(atChunkLog2, "\x17"), "chunk_log2", format.ErrHeader, "23 is not"},
		{"chunks of 2^255 bytes", put(atChunkLog2, "\xff"), "chunk_log2", format.ErrHeader, "255 is not"},
		{"length 0", length(0), "header_len", format.ErrHeader, "0 is not"},
		{"length 1", length(1), "header_len", format.ErrHeader, "1 is not"},
		{"length 4095", length(4095), "header_len", format.ErrHeader, "4095 is not"},
		{"length 4097", length(4097), "header_len", format.ErrHeader, "4097 is not"},
		{"length 6144", length(6144), "header_len", format.ErrHeader, "6144 is not"},
		{"length 2 MiB + 4096", length(2<<20 + 4096), "header_len", format.ErrHeader, "2101248 is not"},
		{"length 2^31", length(1 << 31), "header_len", format.ErrHeader, "2147483648 is not"},
		{"length 2^32 - 4096", length(1<<32 - 4096), "header_len", format.ErrHeader, "4294963200 is not"},
		{"length one block too long", length(8192), "stanzas", format.ErrTruncated, "ends"},
		{"no stanzas, but bytes", put(atCount, "\x00\x00"), "padding", format.ErrHeader, ""},
		{"too many stanzas for the length", put(atCount, "\xff\xff"), "stanzas", format.ErrHeader, "65535 stanzas"},
		{"one stanza more than fits", put(atCount, "\x03\xe4"), "stanzas", format.ErrHeader, "996 stanzas"},
		{"padding read as a stanza", put(atCount, "\x00\x02"), "stanza 1", format.ErrHeader, "no stanza type 0"},
		{"first byte of the padding", put(atStanzas+4+8, "\x01"), "padding", format.ErrHeader, ""},
		{"last byte of the padding", put(4096-macSize-1, "\x80"), "padding", format.ErrHeader, ""},
		{"stanza to the MAC", put(atStanzas+2, "\x0f\x8a"), "", nil, ""},
		{"stanza into the MAC", put(atStanzas+2, "\x0f\x8b"), "stanza 0", format.ErrHeader, "3979 bytes do not fit"},
		{"longest stanza", put(atStanzas+2, "\xff\xff"), "stanza 0", format.ErrHeader, "65535 bytes do not fit"},
		{"no room for a stanza's type", put(atStanzas+2, "\x0f\x87\x00\x02"), "", nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := encode(header(unknownKey))
			test.change(b)
			size := int(binary.BigEndian.Uint32(b[atHeaderLen:]))
			if slices.Contains([]string{"magic", "version", "suite", "flags", "chunk_log2", "header_len"}, test.field) {
				size = 0
			}
			if got := format.SizeOf(b[:format.PrefixSize]); got != size || format.SizeOf(b[:format.PrefixSize-1]) != 0 {
				t.Errorf("SizeOf is %d, want %d", got, size)
			}
			_, err := format.Parse(bytes.NewReader(b))
			if test.kind == nil {
				if err != nil {
					t.Fatal("a good header is refused:", err)
				}
				return
			}
			check(t, err, test.field, test.kind)
			if !strings.Contains(err.Error(), test.reason) {
				t.Errorf("%q does not say %q", err, test.reason)
			}
		})
	}
}

// TestParseStanzas has one list of stanzas in each case. Marshal and Parse refuse it for the
// same reason.
func TestParseStanzas(t *testing.T) {
	big := func(h *format.Header, size int) *format.Header { h.Size = size; return h }
	many := func(n int, s format.Stanza) []format.Stanza { return slices.Repeat([]format.Stanza{s}, n) }
	for _, test := range []struct {
		name  string
		h     *format.Header
		field string // "" if the header is good
	}{
		{"one hybrid", header(hybrid), ""},
		{"one passphrase", header(passphrase), ""},
		{"one unknown key stanza", header(unknownKey), ""},
		{"an empty unknown key stanza", header(stanza(0x0003, 0)), ""},
		{"hybrid, unknown key stanza and unknown others", header(other, hybrid, other, unknownKey, other), ""},
		{"passphrase and unknown others", header(other, passphrase, other), ""},
		{"signer and hybrid", signed(signer, hybrid), ""},
		{"signer and passphrase", signed(signer, passphrase), ""},
		{"empty signer", signed(stanza(format.TypeSigner, 0), hybrid), ""},
		{"most key stanzas", big(header(many(1024, unknownKey)...), 16384), ""},
		{"none", header(), "stanzas"},
		{"no key stanza", header(other), "stanzas"},
		{"signer alone", signed(signer), "stanzas"},
		{"signed and none", signed(), "stanzas"},
		{"too many key stanzas", big(header(many(1025, unknownKey)...), 16384), "stanzas"},
		{"too many hybrids", big(header(many(1025, hybrid)...), 2<<20), "stanzas"},
		{"hybrid too short", header(stanza(format.TypeHybrid, 1167)), "stanza 0"},
		{"hybrid too long", header(hybrid, stanza(format.TypeHybrid, 1169)), "stanza 1"},
		{"hybrid empty", header(stanza(format.TypeHybrid, 0)), "stanza 0"},
		{"passphrase too short", header(stanza(format.TypePassphrase, 104)), "stanza 0"},
		{"passphrase too long", header(stanza(format.TypePassphrase, 106)), "stanza 0"},
		{"passphrase, then hybrid", header(passphrase, hybrid), "stanzas"},
		{"hybrid, then passphrase", header(hybrid, passphrase), "stanzas"},
		{"two passphrases", header(passphrase, passphrase), "stanzas"},
		{"passphrase and unknown key stanza", header(passphrase, unknownKey), "stanzas"},
		{"signer not first", signed(hybrid, signer), "stanza 0"},
		{"signer missing", signed(hybrid), "stanza 0"},
		{"second signer", signed(signer, signer, hybrid), "stanza 1"},
		{"second signer at the end", signed(signer, hybrid, signer), "stanza 2"},
		{"signer without the flag", header(signer, hybrid), "stanza 0"},
		{"signer without the flag, later", header(hybrid, signer), "stanza 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := encode(test.h)
			got, marshalErr := test.h.Marshal()
			_, parseErr := format.Parse(bytes.NewReader(want))
			if test.field == "" {
				if marshalErr != nil || parseErr != nil || !bytes.Equal(got, want) {
					t.Fatalf("Marshal: %v, Parse: %v, same bytes: %v", marshalErr, parseErr, bytes.Equal(got, want))
				}
				return
			}
			check(t, marshalErr, test.field, format.ErrHeader)
			check(t, parseErr, test.field, format.ErrHeader)
		})
	}
}

// TestStanzaHeaderCut leaves three bytes for the second stanza.
func TestStanzaHeaderCut(t *testing.T) {
	b := encode(header(stanza(0x0003, 4096-atStanzas-macSize-4-3)))
	b[atCount+1] = 2
	_, err := format.Parse(bytes.NewReader(b))
	check(t, err, "stanza 1", format.ErrHeader)
}

// TestBodiesAreApart appends to a body, which must not overwrite the next one.
func TestBodiesAreApart(t *testing.T) {
	b := encode(header(unknownKey, hybrid))
	h, err := format.Parse(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	_ = append(h.Stanzas[0].Body, 1, 2, 3, 4, 5)
	if !bytes.Equal(marshal(t, h), b) {
		t.Fatal("the next stanza has changed")
	}
}

func TestMarshalRules(t *testing.T) {
	for _, test := range []struct {
		name  string
		edit  func(h *format.Header)
		field string
	}{
		{"chunks of 2 KiB", func(h *format.Header) { h.ChunkLog2 = 11 }, "chunk_log2"},
		{"chunks of 8 MiB", func(h *format.Header) { h.ChunkLog2 = 23 }, "chunk_log2"},
		{"size not aligned", func(h *format.Header) { h.Size = 4097 }, "header_len"},
		{"size negative", func(h *format.Header) { h.Size = -4096 }, "header_len"},
		{"size too small", func(h *format.Header) { h.Stanzas = []format.Stanza{hybrid, hybrid, hybrid, hybrid}; h.Size = 4096 }, "header_len"},
		{"size too large", func(h *format.Header) { h.Size = 2<<20 + 4096 }, "header_len"},
		{"stanza too long", func(h *format.Header) { h.Stanzas = append(h.Stanzas, stanza(0x8002, 65536)) }, "stanza 1"},
		{"stanzas too long", func(h *format.Header) {
			for range 33 {
				h.Stanzas = append(h.Stanzas, stanza(0x8002, 65535))
			}
		}, "header_len"},
		// Their number must fit into its 16 bits.
		{"too many stanzas", func(h *format.Header) {
			h.Stanzas = append(h.Stanzas, slices.Repeat([]format.Stanza{other}, 65535)...)
		}, "stanzas"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := header(hybrid)
			test.edit(h)
			_, err := h.Marshal()
			check(t, err, test.field, format.ErrHeader)
		})
	}
}

func TestStanzaType(t *testing.T) {
	for _, test := range []struct {
		t     format.StanzaType
		name  string
		wraps bool
	}{
		{format.TypeHybrid, "hybrid", true},
		{format.TypePassphrase, "passphrase", true},
		{format.TypeSigner, "signer", false},
		{0x0000, "unknown-0000", true},
		{0x7fff, "unknown-7fff", true},
		{0x8000, "unknown-8000", false},
		{0xffff, "unknown-ffff", false},
	} {
		if test.t.String() != test.name || test.t.WrapsKey() != test.wraps {
			t.Errorf("%#04x: %s, %v", uint16(test.t), test.t, test.t.WrapsKey())
		}
	}
}

// TestSameFile compares a header with others of the same length.
func TestSameFile(t *testing.T) {
	marshal := func(change func(*format.Header)) []byte {
		h := &format.Header{ChunkLog2: 12, Stanzas: []format.Stanza{stanza(format.TypeHybrid, format.HybridSize)}}
		change(h)
		return encode(h)
	}
	header := marshal(func(*format.Header) {})
	edited := func(at int) []byte {
		b := bytes.Clone(header)
		b[at]++
		return b
	}
	for what, c := range map[string]struct {
		other []byte
		want  bool
	}{
		"itself":         {header, true},
		"MAC":            {edited(4095), true},
		"stanza":         {edited(100), true},
		"other stanzas":  {marshal(func(h *format.Header) { h.Stanzas = append(h.Stanzas, h.Stanzas[0]) }), true},
		"chunk size":     {edited(10), false},
		"salt":           {edited(16), false},
		"commit":         {edited(79), false},
		"stanza length":  {edited(84), false},
		"padding":        {edited(2000), false},
		"magic":          {edited(0), false},
		"longer":         {marshal(func(h *format.Header) { h.Size = 8192 }), false},
		"trailing bytes": {append(bytes.Clone(header), 0), false},
		"cut":            {header[:4095], false},
		"nothing":        {nil, false},
	} {
		if format.SameFile(header, c.other) != c.want || format.SameFile(c.other, header) != c.want {
			t.Errorf("%s: not %v", what, c.want)
		}
	}
}
