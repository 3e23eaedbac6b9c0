// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package remote_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pqenc/pqenc/remote"
)

// secrets are what no message may contain.
const (
	userinfo = "mallory:opensesame"
	query    = "X-Sig=verysecret"
)

// object is one that a good server has: with a strong ETag, unless it is empty.
type object struct {
	contents []byte
	etag     string
	modified time.Time

	mu     sync.Mutex
	asked  []*http.Request
	served int64
}

// ServeHTTP is that of a good server.
func (o *object) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	o.asked = append(o.asked, r)
	o.mu.Unlock()
	if o.etag != "" {
		w.Header().Set("ETag", o.etag)
	}
	http.ServeContent(&counter{w, o}, r, "", o.modified, bytes.NewReader(o.contents))
}

type counter struct {
	http.ResponseWriter
	of *object
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.of.served += int64(n)
	return n, err
}

// requests returns the header fields of that name of all requests so far.
func (o *object) requests(name string) (all []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range o.asked {
		all = append(all, r.Header.Get(name))
	}
	return all
}

func newObject(n int) *object {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return &object{contents: b, etag: `"v1"`}
}

// serve starts a server, and returns a URL with secrets in it.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return withSecrets(s.URL)
}

func withSecrets(url string) string {
	return strings.Replace(url, "://", "://"+userinfo+"@", 1) + "/models/a%2Fb.pqe?" + query
}

// quick are options of a test that does not wait between attempts, and what it would
// have waited.
type quick struct {
	remote.Options
	mu    sync.Mutex
	waits []time.Duration
}

func newQuick() *quick {
	q := new(quick)
	q.SetSleep(func(_ context.Context, d time.Duration) {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.waits = append(q.waits, d)
	})
	return q
}

// open opens a URL, which must succeed.
func open(t *testing.T, url string, o *quick) *remote.File {
	t.Helper()
	f, err := remote.Open(t.Context(), url, &o.Options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// discreet checks that an error names the object and no secret.
func discreet(t *testing.T, err error) {
	t.Helper()
	text := err.Error()
	for _, secret := range []string{"mallory", "opensesame", "X-Sig", "verysecret"} {
		if strings.Contains(text, secret) {
			t.Errorf("the error contains %s: %s", secret, text)
		}
	}
	if !strings.Contains(text, "/models/a%2Fb.pqe: ") {
		t.Errorf("the error does not name the object: %s", text)
	}
}

// readAt reads n bytes at an offset, and compares them.
func readAt(t *testing.T, f *remote.File, o *object, off, n int) {
	t.Helper()
	b := make([]byte, n)
	if m, err := f.ReadAt(b, int64(off)); err != nil || m != n {
		t.Fatalf("ReadAt(%d bytes, %d) = %d, %v", n, off, m, err)
	}
	if !bytes.Equal(b, o.contents[off:off+n]) {
		t.Fatalf("other bytes at %d", off)
	}
}

// equal compares lists.
func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}
