// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package remote_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/remote"
)

// answer returns a handler that answers with these header fields.
func answer(code int, body []byte, fields ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < len(fields); i += 2 {
			w.Header().Add(fields[i], fields[i+1])
		}
		w.WriteHeader(code)
		w.Write(body)
	}
}

// status is an error of that status.
type status int

func (s status) Error() string { return fmt.Sprint("status ", int(s)) }

// isKind reports whether err is of a kind, which may be a status.
func isKind(err, kind error) bool {
	if s, ok := kind.(status); ok {
		other := new(remote.StatusError)
		return errors.As(err, &other) && other.Code == int(s)
	}
	return errors.Is(err, kind)
}

func zipped(b []byte) []byte {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write(b)
	w.Close()
	return z.Bytes()
}

// TestBadFirst has servers whose first answer is not usable.
func TestBadFirst(t *testing.T) {
	full := newObject(300_000).contents
	part := full[:remote.HeadSize]
	for _, test := range []struct {
		name string
		h    http.Handler
		want error
	}{
		{"no ranges", answer(200, full), remote.ErrNoRanges},
		{"no ranges and no length", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			w.Write(full)
		}), remote.ErrNoRanges},
		{"unknown length", answer(206, part, "Content-Range", "bytes 0-65535/*"), remote.ErrNoRanges},
		{"no Content-Range", answer(206, part), remote.ErrAnswer},
		{"two of them", answer(206, part, "Content-Range", "bytes 0-65535/300000", "Content-Range", "bytes 0-65535/300001"), remote.ErrAnswer},
		{"several parts", answer(206, part, "Content-Type", "multipart/byteranges; boundary=X"), remote.ErrAnswer},
		{"another start", answer(206, part, "Content-Range", "bytes 1-65536/300000"), remote.ErrAnswer},
		{"more than asked", answer(206, full[:70_000], "Content-Range", "bytes 0-69999/300000"), remote.ErrAnswer},
		{"crumbs", answer(206, part[:10], "Content-Range", "bytes 0-9/300000"), remote.ErrAnswer},
		{"2^63", answer(206, part, "Content-Range", "bytes 0-65535/9223372036854775808"), remote.ErrAnswer},
		{"2^63-1", answer(206, part, "Content-Range", "bytes 0-65535/9223372036854775807"), remote.ErrAnswer},
		{"negative", answer(206, part, "Content-Range", "bytes 0-65535/-1"), remote.ErrAnswer},
		{"shorter than its part", answer(206, part, "Content-Range", "bytes 0-65535/65535"), remote.ErrAnswer},
		{"other unit", answer(206, part, "Content-Range", "lines 0-65535/300000"), remote.ErrAnswer},
		{"wrong Content-Length", answer(206, part[:65_000], "Content-Range", "bytes 0-65535/300000", "Content-Length", "65000"), remote.ErrAnswer},
		{"gzip", answer(206, part, "Content-Range", "bytes 0-65535/300000", "Content-Encoding", "gzip"), remote.ErrAnswer},
		{"gzip of all", answer(200, zipped(full), "Content-Encoding", "gzip"), remote.ErrAnswer},
		{"no content", answer(204, nil), remote.ErrAnswer},
		{"not modified", answer(304, nil), remote.ErrAnswer},
		{"no such object", answer(404, []byte("a page")), status(404)},
		{"gone", answer(410, nil), fs.ErrNotExist},
		{"forbidden", answer(403, []byte("a page")), fs.ErrPermission},
		{"unauthorized", answer(401, nil, "WWW-Authenticate", "Basic"), fs.ErrPermission},
		{"range refused", answer(416, []byte("a page"), "Content-Range", "bytes */300000"), status(416)},
		{"huge header", answer(206, part, "Content-Range", "bytes 0-65535/300000", "X", strings.Repeat("x", 1<<20)), remote.ErrConnection},
		{"broken", answer(500, nil), remote.ErrConnection},
	} {
		q := newQuick()
		f, err := remote.Open(t.Context(), serve(t, test.h), &q.Options)
		if err == nil {
			f.Close()
			t.Errorf("%s: opened", test.name)
			continue
		}
		if !isKind(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		discreet(t, err)
	}
}

// TestBadPart has servers whose first answer is good. The request is for bytes 100000 to
// 199999.
func TestBadPart(t *testing.T) {
	o := newObject(300_000)
	good := o.contents[100_000:200_000]
	for _, test := range []struct {
		name string
		h    http.HandlerFunc
		want error
	}{
		{"all of it", answer(200, o.contents, "ETag", `"v1"`), remote.ErrNoRanges},
		{"all of another one", answer(200, o.contents, "ETag", `"v2"`), remote.ErrChanged},
		{"all of a shorter one", answer(200, good, "ETag", `"v1"`, "Content-Length", "100000"), remote.ErrChanged},
		{"precondition", answer(412, []byte("a page")), remote.ErrChanged},
		{"416", answer(416, []byte("a page"), "Content-Range", "bytes */300000"), remote.ErrChanged},
		{"another ETag", answer(206, good, "ETag", `"v2"`, "Content-Range", "bytes 100000-199999/300000"), remote.ErrChanged},
		{"a weak ETag", answer(206, good, "ETag", `W/"v1"`, "Content-Range", "bytes 100000-199999/300000"), remote.ErrChanged},
		{"no ETag", answer(206, good, "Content-Range", "bytes 100000-199999/300000"), remote.ErrChanged},
		{"longer", answer(206, good, "ETag", `"v1"`, "Content-Range", "bytes 100000-199999/300001"), remote.ErrChanged},
		{"2^63", answer(206, good, "ETag", `"v1"`, "Content-Range", "bytes 100000-9223372036854775807/9223372036854775808"), remote.ErrAnswer},
		{"another start", answer(206, good, "ETag", `"v1"`, "Content-Range", "bytes 100001-200000/300000"), remote.ErrAnswer},
		{"from the start", answer(206, good, "ETag", `"v1"`, "Content-Range", "bytes 0-99999/300000"), remote.ErrAnswer},
		{"crumbs", answer(206, good[:1], "ETag", `"v1"`, "Content-Range", "bytes 100000-100000/300000"), remote.ErrAnswer},
		{"multipart", answer(206, good, "ETag", `"v1"`, "Content-Type", "Multipart/byteranges"), remote.ErrAnswer},
		{"more than it says", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"v1"`)
			w.Header().Set("Content-Range", "bytes 100000-199999/300000")
			w.WriteHeader(206)
			w.(http.Flusher).Flush() // so that there is no Content-Length
			w.Write(o.contents[100_000:200_001])
		}, remote.ErrAnswer},
		{"gzip", answer(206, good, "ETag", `"v1"`, "Content-Range", "bytes 100000-199999/300000", "Content-Encoding", "gzip"), remote.ErrAnswer},
		{"removed", answer(404, []byte("a page")), fs.ErrNotExist},
		{"forbidden", answer(403, []byte("a page")), fs.ErrPermission},
		{"broken", answer(503, []byte("a page")), remote.ErrConnection},
	} {
		f := open(t, serve(t, after(o, test.h)), newQuick())
		n, err := f.ReadAt(make([]byte, 100_000), 100_000)
		if err == nil || !isKind(err, test.want) || n != 0 {
			t.Errorf("%s: %d bytes, %v, want %v", test.name, n, err, test.want)
			continue
		}
		discreet(t, err)
	}
}

// TestNoETag has an object without an ETag: Last-Modified identifies it, or nothing does.
func TestNoETag(t *testing.T) {
	const monday, tuesday = "Mon, 02 Nov 2026 10:00:00 GMT", "Tue, 03 Nov 2026 10:00:00 GMT"
	o := newObject(300_000)
	serveAt := func(modified string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			var from, to int
			fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to)
			if modified != "" {
				w.Header().Set("Last-Modified", modified)
			}
			if since := r.Header.Get("If-Unmodified-Since"); since != "" && since != monday {
				t.Errorf("If-Unmodified-Since: %s", since)
			}
			w.Header().Set("ETag", `W/"v1"`)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/300000", from, to))
			w.WriteHeader(206)
			w.Write(o.contents[from : to+1])
		}
	}
	for _, test := range []struct {
		first, then string
		want        error
	}{{monday, monday, nil}, {"", "", nil}, {monday, tuesday, remote.ErrChanged}, {monday, "", remote.ErrChanged}} {
		first, then := serveAt(test.first), serveAt(test.then)
		f := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.Header.Get("Range"), "bytes=0-") {
				first(w, r)
			} else {
				then(w, r)
			}
		})), newQuick())
		if f.Version() != test.first {
			t.Errorf("version %q", f.Version())
		}
		b := make([]byte, 100)
		if _, err := f.ReadAt(b, 100_000); !errors.Is(err, test.want) {
			t.Errorf("%q, then %q: %v", test.first, test.then, err)
		}
	}
}

// TestShortParts has a server that sends less than was asked for, and reports that.
func TestShortParts(t *testing.T) {
	o := newObject(300_000)
	f := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var from, to int
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to)
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, min(to, from+20_000-1)))
		o.ServeHTTP(w, r)
	})), newQuick())
	readAt(t, f, o, 0, 300_000)
	if n, _ := f.Fetched(); n != 300_000 {
		t.Errorf("%d bytes", n)
	}
}

func TestURLs(t *testing.T) {
	for _, url := range []string{
		"", "models/x", "ftp://" + userinfo + "@h/x?" + query, "https://", "https:///x?" + query, "https://" + userinfo + "@/x",
		"https:x", "https://h/%zz?" + query, "https://" + userinfo + "@h:port/x", "http://h\x7f/" + query, "https://:443/x",
	} {
		_, err := remote.Open(t.Context(), url, nil)
		if !errors.Is(err, remote.ErrURL) {
			t.Errorf("%q: %v", url, err)
		}
		for _, secret := range []string{"opensesame", "verysecret"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s", err)
			}
		}
	}
	for name, want := range map[string]bool{
		"https://h/x": true, "HTTP://h/x": true, "https://%zz": true, "https:/x": false, "x": false, "ws://h/x": false, "-": false,
	} {
		if remote.IsURL(name) != want {
			t.Errorf("IsURL(%q) = %v", name, !want)
		}
	}
	for url, want := range map[string]string{
		"https://" + userinfo + "@h:1/a%2Fb/c?" + query + "#f": "https://h:1/a%2Fb/c",
		"https://h/\x1b[31m?" + query:                          "URL",
		"x?" + query:                                           "URL",
	} {
		if got := remote.Name(url); got != want {
			t.Errorf("Name(%q) = %q", url, got)
		}
	}
}

func TestUnknownCertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(newObject(100))
	s.Config.ErrorLog = discard
	s.StartTLS()
	defer s.Close()
	q := newQuick()
	_, err := remote.Open(t.Context(), withSecrets(s.URL), &q.Options)
	if err == nil || errors.Is(err, remote.ErrConnection) || len(q.waits) > 0 {
		t.Fatalf("%v, %v", err, q.waits)
	}
	discreet(t, err)
}

// FuzzSpan checks that no Content-Range is parsed as an impossible part.
func FuzzSpan(f *testing.F) {
	for _, s := range []string{"bytes 0-65535/300000", "bytes 5-4/10", "bytes +1-2/3", "bytes 0-9223372036854775806/9223372036854775807", "bytes */7", "bytes 0-1/*", " bytes 0-1/2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := &http.Response{ContentLength: -1, Header: http.Header{"Content-Range": {text}}}
		first, last, total, err := remote.SpanOf(r)
		if err == nil && (first < 0 || last < first || total <= last || last-first+1 <= 0 || total+1 < total) {
			t.Errorf("%q: %d-%d/%d", text, first, last, total)
		}
	})
}
