// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pqenc/pqenc/remote"
)

var discard = log.New(io.Discard, "", 0)

// cut serves an object, and cuts the connection after so many bytes of an answer.
type cut struct {
	*object
	after int
}

func (c *cut) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.object.ServeHTTP(&cutter{w, c.after}, r)
}

type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b[:min(len(b), c.left)])
	if c.left -= n; c.left == 0 {
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

// TestCut resumes where the connection was cut, also in the first answer, and gets no byte
// twice.
func TestCut(t *testing.T) {
	o := newObject(300_000)
	q := newQuick()
	q.Tries = 2
	f := open(t, serve(t, &cut{o, 40_000}), q)
	readAt(t, f, o, 100_000, 100_000)
	equal(t, "ranges", o.requests("Range"), []string{
		"bytes=0-65535", "bytes=40000-65535", "bytes=100000-199999", "bytes=140000-199999", "bytes=180000-199999",
	})
	if n, _ := f.Fetched(); n != remote.HeadSize+100_000 {
		t.Errorf("%d bytes", n)
	}
}

// TestReset has connections that are reset before the answer.
func TestReset(t *testing.T) {
	o := newObject(300_000)
	resets := 0
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if resets++; resets%3 != 0 {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				conn.(*net.TCPConn).SetLinger(0)
				conn.Close()
			}
			return
		}
		o.ServeHTTP(w, r)
	})
	f := open(t, serve(t, h), newQuick())
	readAt(t, f, o, 100_000, 100_000)
}

// TestBusy waits as long as the server asks for, within bounds.
func TestBusy(t *testing.T) {
	o := newObject(300_000)
	answers := []http.Handler{
		answer(503, []byte("a page"), "Retry-After", "7"), answer(429, nil, "Retry-After", "86400"), answer(408, nil),
		answer(500, nil, "Retry-After", "-5"), o, answer(502, nil), answer(504, nil), o,
	}
	q := newQuick()
	var told []remote.Retry
	q.OnRetry = func(r remote.Retry) { told = append(told, r) }
	f := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := answers[0]
		answers = answers[1:]
		h.ServeHTTP(w, r)
	})), q)
	readAt(t, f, o, 100_000, 100_000)
	if len(q.waits) != 6 || q.waits[0] != 7*time.Second || q.waits[1] != 30*time.Second {
		t.Fatalf("waits: %v", q.waits)
	}
	for i, longest := range []time.Duration{2: time.Second, 3: 2 * time.Second, 4: 250 * time.Millisecond, 5: 500 * time.Millisecond} {
		if i > 1 && (q.waits[i] > longest || q.waits[i] < longest/2) {
			t.Errorf("wait %d: %v", i, q.waits[i])
		}
	}
	if len(told) != 6 || told[0].Attempt != 1 || told[3].Attempt != 4 || told[4].Attempt != 1 || told[0].Wait != 7*time.Second {
		t.Errorf("told: %v", told)
	}
	if err := told[0].Err; !isKind(err, status(503)) {
		t.Error(err)
	}
}

// TestOutOfOrder is about a server that answers with an error and nothing else.
func TestOutOfOrder(t *testing.T) {
	q := newQuick()
	_, err := remote.Open(t.Context(), serve(t, answer(500, []byte("a page"))), &q.Options)
	if !isKind(err, remote.ErrConnection) || !isKind(err, status(500)) || len(q.waits) != 4 {
		t.Errorf("%v after %v", err, q.waits)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "12": 12 * time.Second, "-1": 0, "1.5": 0, "x": 0, "99999999999999999999": 0,
		"Sat, 28 Nov 2026 12:00:30 GMT": 30 * time.Second, "Sat, 28 Nov 2026 11:00:30 GMT": 0,
	} {
		if got := remote.RetryAfter(text, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// TestNobody has no server: there is only one attempt.
func TestNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	for _, url := range []string{"http://" + addr, "https://" + addr} {
		q := newQuick()
		_, err = remote.Open(t.Context(), withSecrets(url), &q.Options)
		if !errors.Is(err, remote.ErrConnection) || len(q.waits) > 0 {
			t.Errorf("%v, %v", err, q.waits)
		}
		discreet(t, err)
	}
	q := newQuick() // one that speaks no TLS
	_, err = remote.Open(t.Context(), strings.Replace(serve(t, newObject(1)), "http:", "https:", 1), &q.Options)
	if !errors.Is(err, remote.ErrConnection) || len(q.waits) > 0 {
		t.Errorf("%v, %v", err, q.waits)
	}
}

// TestGone has a server that goes away while the object is read.
func TestGone(t *testing.T) {
	s := httptest.NewServer(newObject(300_000))
	q := newQuick()
	f := open(t, withSecrets(s.URL), q)
	s.Close()
	_, err := f.ReadAt(make([]byte, 10), 100_000)
	if !errors.Is(err, remote.ErrConnection) || len(q.waits) != 9 {
		t.Fatalf("%v, %v", err, q.waits)
	}
	discreet(t, err)
}

// TestCancelWait ends a wait by the context.
func TestCancelWait(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	o := &remote.Options{OnRetry: func(remote.Retry) { cancel(errTest) }}
	_, err := remote.Open(ctx, serve(t, answer(503, nil, "Retry-After", "30")), o)
	if !errors.Is(err, errTest) {
		t.Error(err)
	}
}

func TestRedirects(t *testing.T) {
	o := newObject(300_000)
	other := httptest.NewServer(o) // another host, as its port is another
	defer other.Close()
	var credentials []string
	var queries []string
	mux := http.NewServeMux()
	mux.HandleFunc("/models/", func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		credentials = append(credentials, user+":"+password)
		queries = append(queries, r.URL.RawQuery+" "+r.URL.EscapedPath())
		http.Redirect(w, r, "/here?a=1", http.StatusFound)
	})
	mux.HandleFunc("/here", func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		credentials = append(credentials, user+":"+password)
		http.Redirect(w, r, strings.Replace(other.URL, "://", "://bob:b@", 1)+"/x?b=2", http.StatusTemporaryRedirect)
	})
	f := open(t, serve(t, mux), newQuick())
	readAt(t, f, o, 100_000, 100_000)
	equal(t, "credentials", credentials, []string{userinfo, userinfo})
	equal(t, "queries", queries, []string{query + " /models/a%2Fb.pqe"})
	equal(t, "credentials elsewhere", o.requests("Authorization"), []string{"", ""})
	equal(t, "ranges", o.requests("Range"), []string{"bytes=0-65535", "bytes=100000-199999"})
	if o.asked[0].URL.String() != "/x?b=2" {
		t.Errorf("asked for %s", o.asked[0].URL)
	}
}

// TestExpiredRedirect has a redirect to a URL that is valid for one request only.
func TestExpiredRedirect(t *testing.T) {
	o := newObject(300_000)
	ticket := 0
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case fmt.Sprint("/ticket/", ticket):
			ticket++
			o.ServeHTTP(w, r)
		case "/models/a/b.pqe":
			http.Redirect(w, r, fmt.Sprint("/ticket/", ticket), http.StatusSeeOther)
		default:
			w.WriteHeader(403)
		}
	})
	q := newQuick()
	f := open(t, serve(t, h), q)
	readAt(t, f, o, 100_000, 1000)
	readAt(t, f, o, 200_000, 1000)
	if len(q.waits) > 0 {
		t.Errorf("waits: %v", q.waits)
	}
}

func TestBadRedirects(t *testing.T) {
	plain := httptest.NewServer(newObject(100))
	defer plain.Close()
	for name, location := range map[string]string{
		"https to http": plain.URL + "/x?" + query, "another scheme": "file:///etc/passwd", "nowhere": "", "no URL": "http://%zz?" + query,
		"no host": "https:///x", "itself": "/models/a/b.pqe",
	} {
		s := httptest.NewTLSServer(answer(302, nil, "Location", location))
		q := newQuick()
		q.Transport = s.Client().Transport
		_, err := remote.Open(t.Context(), withSecrets(s.URL), &q.Options)
		if !errors.Is(err, remote.ErrRedirect) || len(q.waits) > 0 {
			t.Errorf("%s: %v", name, err)
		}
		discreet(t, err)
		s.Close()
	}
}

func TestGet(t *testing.T) {
	o := newObject(300_000)
	url := serve(t, after(o, answer(200, o.contents)))
	if _, err := remote.Open(t.Context(), serve(t, answer(200, o.contents)), nil); !errors.Is(err, remote.ErrNoRanges) {
		t.Fatal(err)
	}
	b, err := remote.Get(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	all, err := io.ReadAll(b)
	if err != nil || string(all) != string(o.contents) {
		t.Errorf("%d bytes, %v", len(all), err)
	}
	if n, requests := b.Fetched(); n != 300_000 || requests != 1 {
		t.Errorf("%d bytes, %d requests", n, requests)
	}
}

func TestBadGet(t *testing.T) {
	full := newObject(300_000)
	for _, test := range []struct {
		name string
		h    http.Handler
		want error
	}{
		{"missing", answer(404, nil), status(404)},
		{"busy", answer(429, nil), remote.ErrConnection},
		{"gzip", answer(200, zipped(full.contents), "Content-Encoding", "gzip"), remote.ErrAnswer},
		{"a part", answer(206, full.contents, "Content-Range", "bytes 0-299999/300000"), remote.ErrAnswer},
		{"cut", &cut{full, 40_000}, remote.ErrConnection},
		{"stalled", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Write(full.contents[:10])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}), remote.ErrConnection},
	} {
		q := newQuick()
		q.Stall = time.Second
		b, err := remote.Get(t.Context(), serve(t, test.h), &q.Options)
		if err == nil {
			_, err = io.Copy(io.Discard, b)
			if _, again := b.Read(make([]byte, 1)); again != err {
				t.Errorf("%s: then %v", test.name, again)
			}
			b.Close()
		}
		if err == nil || !isKind(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
			continue
		}
		discreet(t, err)
	}
}
