// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package remote

import (
	"math"
	"net/http"
	"strconv"
	"strings"
)

// maxETag is the length of the longest ETag that is used. Servers need about 40 bytes.
const maxETag = 1024

// minPart is the smallest part in bytes that a server may send, if the object has as
// many.
const minPart = 16 << 10

// version identifies a version of an object on a server.
type version struct {
	etag     string // strong, with quotes, or empty
	modified string // as the header has it, if there is no ETag
}

func versionOf(h http.Header) version {
	if tag := h.Get("ETag"); isStrong(tag) {
		return version{etag: tag}
	}
	return version{modified: h.Get("Last-Modified")}
}

// isStrong reports whether a tag identifies bytes. A weak one, W/"…", identifies their
// meaning.
func isStrong(tag string) bool {
	if len(tag) < 2 || len(tag) > maxETag || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return false
	}
	return !strings.ContainsFunc(tag[1:len(tag)-1], func(c rune) bool { return c <= ' ' || c == '"' || c == 0x7f })
}

func (v version) String() string { return v.etag + v.modified }

// require makes that version a condition of the request, if there is a strong ETag.
func (v version) require(h http.Header) {
	if v.etag != "" {
		h.Set("If-Match", v.etag)
	} else if v.modified != "" {
		h.Set("If-Unmodified-Since", v.modified)
	}
}

// same reports whether an answer is about that version. Not all servers respect
// conditions.
func (v version) same(h http.Header) bool {
	if v.etag != "" {
		return h.Get("ETag") == v.etag
	}
	return h.Get("Last-Modified") == v.modified
}

// span is a Content-Range: bytes first to last of total.
type span struct{ first, last, total int64 }

func (s span) length() int64 { return s.last - s.first + 1 }

// spanOf returns the part of the object that an answer has.
func spanOf(r *http.Response) (s span, err error) {
	ranges := r.Header.Values("Content-Range")
	if len(ranges) != 1 {
		if strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "multipart/") {
			return s, wrong("with several parts")
		}
		return s, wrong("with a part of the file, and does not say which")
	}
	text, isBytes := strings.CutPrefix(ranges[0], "bytes ")
	bounds, total, hasTotal := strings.Cut(text, "/")
	first, last, hasLast := strings.Cut(bounds, "-")
	if isBytes && hasTotal && hasLast && total == "*" {
		return s, ErrNoRanges // whose length is unknown
	}
	s = span{number(first), number(last), number(total)}
	if !isBytes || !hasTotal || !hasLast || s.first < 0 || s.last < s.first || s.total <= s.last {
		return s, wrong("with an impossible part: %.80q", ranges[0])
	}
	if r.ContentLength >= 0 && r.ContentLength != s.length() {
		return s, wrong("with %d bytes for a part of %d", r.ContentLength, s.length())
	}
	return s, nil
}

// number parses a text of digits only, or returns -1. The largest result is less than the
// largest int64, so that one can be added.
func number(text string) int64 {
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil || n == math.MaxInt64 {
		return -1
	}
	return int64(n)
}

// answers checks that the part begins at an offset and has no more than n bytes. Fewer are
// allowed, since the next request asks for the rest, but not fewer than minPart.
func (s span) answers(off, n int64) error {
	if s.first != off || s.length() > n || s.length() < min(n, s.total-off, minPart) {
		return wrong("with bytes %d to %d, asked for %d to %d", s.first, s.last, off, min(off+n, s.total)-1)
	}
	return nil
}

// encoded refuses content codings: their bytes are not those of the object.
func encoded(r *http.Response) error {
	coding := strings.Join(r.Header.Values("Content-Encoding"), ", ")
	if r.Uncompressed {
		coding = "gzip"
	}
	if coding == "" || strings.EqualFold(coding, "identity") {
		return nil
	}
	return wrong("with a content coding, %.80q, which was not asked for", coding)
}
