// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/internal/testkit"
)

// webCommand is the script command
//
//	web
//	web BYTES CONNECTIONS
//
// that starts a web server of the files in $WORK at $WEB, a URL with a user and a
// password, which are not checked, and at $TLS, with the certificate in web.pem. With numbers, it is a proxy in front of that server at
// $CUT, which cuts every connection after so many bytes, and lets in only so many of them.
// The first folder of a path says what the server does wrong: see webHandler.
func webCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 && len(args) != 2 {
		ts.Fatalf("usage: web [BYTES CONNECTIONS]")
	}
	if len(args) == 0 {
		h := webHandler(ts.Getenv("WORK"))
		s, tls := httptest.NewServer(h), httptest.NewUnstartedServer(h)
		tls.Config.ErrorLog = log.New(io.Discard, "", 0)
		tls.EnableHTTP2 = true
		tls.StartTLS()
		ts.Defer(func() {
			s.CloseClientConnections()
			s.Close()
			tls.Close()
		})
		cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw})
		ts.Check(os.WriteFile(ts.MkAbs("web.pem"), cert, 0o644))
		ts.Setenv("WEB", strings.Replace(s.URL, "://", "://bob:hunter2@", 1))
		ts.Setenv("TLS", strings.Replace(tls.URL, "://", "://bob:hunter2@", 1))
		ts.Setenv("WEBHOST", strings.TrimPrefix(s.URL, "http://"))
		return
	}
	ts.Setenv("CUT", "http://bob:hunter2@"+startCutter(ts, "WEBHOST", args))
}

// webHandler serves the files in a folder: below /good/ as nginx does, /plain/ without a
// version, /half/ and /stuck/ no more than 15 MB, /whole/ without ranges, and the others wrongly.
func webHandler(dir string) http.Handler {
	file := func(r *http.Request) (*os.File, time.Time, int64) {
		f, err := os.Open(filepath.Join(dir, filepath.Base(r.URL.Path)))
		if err != nil {
			return nil, time.Time{}, 0
		}
		info, err := f.Stat()
		if err != nil || !info.Mode().IsRegular() {
			f.Close()
			return nil, time.Time{}, 0
		}
		return f, info.ModTime(), info.Size()
	}
	mux := http.NewServeMux()
	serve := func(path string, h func(http.ResponseWriter, *http.Request, *os.File, time.Time, int64)) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			f, modified, size := file(r)
			if f == nil {
				http.NotFound(w, r)
				return
			}
			defer f.Close()
			h(w, r, f, modified, size)
		})
	}
	good := func(w http.ResponseWriter, r *http.Request, f *os.File, modified time.Time, size int64) {
		w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, modified.UnixNano(), size))
		http.ServeContent(w, r, "", modified, f)
	}
	serve("/good/", good)
	half := func(rest http.HandlerFunc) func(http.ResponseWriter, *http.Request, *os.File, time.Time, int64) {
		return func(w http.ResponseWriter, r *http.Request, f *os.File, modified time.Time, size int64) {
			var from int64
			if fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); from > 15_000_000 {
				rest(w, r)
				return
			}
			good(w, r, f, modified, size)
		}
	}
	serve("/half/", half(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	serve("/stuck/", half(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	serve("/plain/", func(w http.ResponseWriter, r *http.Request, f *os.File, _ time.Time, _ int64) {
		http.ServeContent(w, r, "", time.Time{}, f)
	})
	serve("/whole/", func(w http.ResponseWriter, r *http.Request, f *os.File, _ time.Time, size int64) {
		w.Header().Set("Content-Length", fmt.Sprint(size))
		io.Copy(w, f)
	})
	serve("/zipped/", func(w http.ResponseWriter, r *http.Request, f *os.File, _ time.Time, _ int64) {
		w.Header().Set("Content-Encoding", "gzip")
		http.ServeContent(w, r, "", time.Time{}, f)
	})
	serve("/elsewhere/", func(w http.ResponseWriter, r *http.Request, f *os.File, _ time.Time, size int64) {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 7-65542/%d", size))
		w.WriteHeader(http.StatusPartialContent)
		io.CopyN(w, f, 65536)
	})
	serve("/huge/", func(w http.ResponseWriter, r *http.Request, f *os.File, _ time.Time, _ int64) {
		var from, to int64
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, int64(1)<<62))
		w.WriteHeader(http.StatusPartialContent)
		f.Seek(min(from, 1<<20), io.SeekStart)
		io.CopyN(w, f, to-from+1)
	})
	mux.HandleFunc("/denied/", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) })
	mux.HandleFunc("/login/", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	mux.HandleFunc("/failing/", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	mux.HandleFunc("/round/", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) })
	mux.HandleFunc("/moved/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(r.URL.Path, "moved", "good", 1), http.StatusFound)
	})
	return mux
}

// TestCompletePart resumes a download of which only the rename and the last chunk are
// missing, which is never part of a mark.
func TestCompletePart(t *testing.T) {
	dir := t.TempDir()
	if err := testkit.Identity("alice").Save(filepath.Join(dir, "alice")); err != nil {
		t.Fatal(err)
	}
	contents := testkit.Contents(5 << 22)
	file := testkit.Sealed(len(contents))
	writeIn(t, dir, "m.pqe", file)
	var sent atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(tallied{w, &sent}, r, "", time.Time{}, bytes.NewReader(file))
	}))
	defer server.Close()

	r, err := pqenc.Decrypt(bytes.NewReader(file), testkit.Identity("alice"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		t.Fatal(err)
	}
	saved := &checkpoint{mark: r.Mark(), header: file[:format.SizeOf(file)], version: fmt.Sprint(len(file), ` "1"`)}
	part, err := durable.OpenPartial(filepath.Join(dir, "out"), durable.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := part.Begin(0); err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(contents); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(part.Save(saved.marshal(), int64(len(contents))), part.Close()); err != nil {
		t.Fatal(err)
	}

	code, _, stderr := pqencIn(t, dir, "-d", "-i", "alice.key", "-o", "out", server.URL+"/m.pqe")
	got, err := os.ReadFile(filepath.Join(dir, "out"))
	if code != exitOK || stderr != "" || err != nil || !bytes.Equal(got, contents) {
		t.Fatalf("exit code %d: %s, %v", code, stderr, err)
	}
	if n := sent.Load(); n > 65536+16 {
		t.Errorf("%d bytes were sent", n)
	}
}

type tallied struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (c tallied) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.n.Add(int64(n))
	return n, err
}

// TestNginxRange decrypts a part of a file on nginx, which logs what it has sent.
func TestNginxRange(t *testing.T) {
	nginx := testkit.StartNginx(t)
	dir := t.TempDir()
	if err := testkit.Identity("alice").Save(filepath.Join(dir, "alice")); err != nil {
		t.Fatal(err)
	}
	contents := testkit.Contents(5<<22 + 100)
	writeIn(t, nginx.Dir, "m.pqe", testkit.Sealed(len(contents)))
	code, stdout, stderr := pqencIn(t, dir, "-d", "-i", "alice.key", "--range", "4194000:1MiB", nginx.URL+"/moved/m.pqe")
	if code != exitOK || stderr != "" || stdout != string(contents[4194000:][:1<<20]) {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	sent := 0
	for line := range strings.Lines(nginx.Stop(t)) {
		var status, n int
		if fmt.Sscan(line, &status, &n); status == http.StatusPartialContent {
			sent += n
		}
	}
	// The first 64 KiB, in which the first of the two chunks begins, and the last chunk.
	if want := 2*(4<<20+16) + 4096 + 116; sent != want {
		t.Errorf("%d bytes were sent, want %d", sent, want)
	}
}

func TestWithoutSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"open https://u:p@h/x?s=1: no such file":  "open https://h/x: no such file",
		`it is "HTTP://h:1/a%2Fb?s", and x?y@z.`:  `it is "http://h:1/a%2Fb", and x?y@z.`,
		"read https://h/x: the server says 404":   "read https://h/x: the server says 404",
		"https://u:p%zz@h/x and http://u@h/?a#b.": "URL and http://h/.",
		"see https://h/x?, https://h/y":           "see https://h/x, https://h/y",
		"ws://h/x@y":                              "ws://h/x@y",
		"open ftp://u:p@h/x?s: no such file":      "open ftp://h/x: no such file",
		"S3://u:p@bucket/x?s.":                    "s3://bucket/x.",
	} {
		if got := withoutSecrets(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestStatedTotal requires that the meter shows the length that a server without ranges
// states.
func TestStatedTotal(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f"), make([]byte, 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(webHandler(dir))
	defer server.Close()
	a := &app{grammar: &grammar{Quiet: true}}
	for path, size := range map[string]int64{"/whole/f": -1, "/good/f": 100_000} {
		in, err := a.openURL(server.URL+path, urlFlags{})
		if err != nil {
			t.Fatal(err)
		}
		if in.size != size || in.total() != 100_000 {
			t.Errorf("%s: size %d, total %d, want %d, 100000", path, in.size, in.total(), size)
		}
		in.Close()
	}
}

func TestDigestsOf(t *testing.T) {
	for name, want := range map[string]string{
		"m.pqe":                   "m.pqe.digests",
		"https://h/a%2Fb.pqe?s=1": "https://h/a%2Fb.pqe.digests?s=1",
		"http://u:p@h/a b.pqe":    "http://u:p@h/a%20b.pqe.digests",
		"https://h/%zz":           "",
	} {
		if got := digestsOf(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
