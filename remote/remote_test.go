// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package remote_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/remote"
)

// TestMain runs a proxy that the environment names: net/http reads that once in a process,
// and no address of this host goes there.
func TestMain(m *testing.M) {
	proxy := httptest.NewServer(proxied)
	os.Setenv("HTTP_PROXY", proxy.URL)
	code := m.Run()
	proxy.Close()
	os.Exit(code)
}

var proxied = newObject(100)

func TestProxy(t *testing.T) {
	f := open(t, "http://objects.example/x", newQuick())
	readAt(t, f, proxied, 0, 100)
}

func TestDecryptInPlace(t *testing.T) {
	const chunk = 4<<20 + 16
	o := newObject(0)
	o.contents = testkit.Sealed(5*4<<20 + 1000)
	f := open(t, serve(t, o), newQuick())
	file, err := pqenc.Open(f, f.Size(), testkit.Identity("alice"))
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1<<20)
	if _, err := file.ReadAt(b, 3<<22-1<<19); err != nil { // across two chunks
		t.Fatal(err)
	}
	if !bytes.Equal(b, testkit.Contents(4 << 22)[3<<22-1<<19:][:1<<20]) {
		t.Error("other contents")
	}
	n, requests := f.Fetched()
	if most := int64(remote.HeadSize + 1016 + 2*chunk); n > most || requests > 4 || n != o.served {
		t.Errorf("%d bytes in %d requests, and %d were sent; want at most %d in 4", n, requests, o.served, most)
	}
}

func TestSmallObject(t *testing.T) {
	for _, size := range []int{0, 1, 1000, remote.HeadSize} {
		o := newObject(size)
		f := open(t, serve(t, o), newQuick())
		if f.Size() != int64(size) {
			t.Errorf("size %d, want %d", f.Size(), size)
		}
		if err := iotest.TestReader(io.NewSectionReader(f, 0, f.Size()), o.contents); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		if _, requests := f.Fetched(); requests != 1 {
			t.Errorf("%d bytes took %d requests", size, requests)
		}
	}
}

func TestReadAt(t *testing.T) {
	o := newObject(300_000)
	q, counted := newQuick(), int64(0)
	q.OnBytes = func(n int) { counted += int64(n) }
	f := open(t, serve(t, o), q)
	readAt(t, f, o, 1000, 2000)     // of what is there
	readAt(t, f, o, 65_000, 10_000) // in part
	readAt(t, f, o, 299_999, 1)
	b := make([]byte, 20)
	if n, err := f.ReadAt(b, 299_990); n != 10 || err != io.EOF || !bytes.Equal(b[:10], o.contents[299_990:]) {
		t.Errorf("at the end: %d, %v", n, err)
	}
	if n, err := f.ReadAt(b, 300_000); n != 0 || err != io.EOF {
		t.Errorf("after the end: %d, %v", n, err)
	}
	if _, err := f.ReadAt(b, -1); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("before the start: %v", err)
	}
	equal(t, "ranges", o.requests("Range"), []string{"bytes=0-65535", "bytes=65536-74999", "bytes=299999-299999", "bytes=299990-299999"})
	equal(t, "conditions", o.requests("If-Match"), []string{"", `"v1"`, `"v1"`, `"v1"`})
	equal(t, "codings", o.requests("Accept-Encoding"), []string{"identity", "identity", "identity", "identity"})
	if n, _ := f.Fetched(); n != o.served || n != counted || n != remote.HeadSize+9464+1+10 {
		t.Errorf("%d bytes were received, %d sent", n, o.served)
	}
	if f.Version() != `"v1"` {
		t.Errorf("version %s", f.Version())
	}
}

// TestConcurrent reads at many places at once, over no more connections than were asked for.
func TestConcurrent(t *testing.T) {
	o := newObject(4 << 20)
	var mu sync.Mutex
	busy, most := 0, 0
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		busy++
		most = max(most, busy)
		mu.Unlock()
		o.ServeHTTP(w, r)
		mu.Lock()
		busy--
		mu.Unlock()
	}))
	q := newQuick()
	q.Connections = 3
	f := open(t, url, q)
	if f.Concurrency() != 3 {
		t.Errorf("concurrency %d", f.Concurrency())
	}
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			for range 20 {
				off, n := random.IntN(4<<20-100_000), random.IntN(100_000)
				b := make([]byte, n)
				if _, err := f.ReadAt(b, int64(off)); err != nil || !bytes.Equal(b, o.contents[off:off+n]) {
					t.Errorf("%d bytes at %d: %v", n, off, err)
				}
			}
		})
	}
	all.Wait()
	if most > 3 {
		t.Errorf("%d requests at once", most)
	}
}

// TestHTTP2 reads from a server that also supports HTTP/2.
func TestHTTP2(t *testing.T) {
	o := newObject(300_000)
	s := httptest.NewUnstartedServer(o)
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	transport := remote.NewTransport(2)
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	q := newQuick()
	q.Transport = transport
	readAt(t, open(t, withSecrets(s.URL), q), o, 100_000, 1000)
	if proto := o.asked[0].Proto; proto != "HTTP/1.1" {
		t.Error(proto)
	}
}

func TestClose(t *testing.T) {
	o := newObject(300_000)
	url := serve(t, hang(o))
	f := open(t, url, newQuick())
	ended := make(chan error)
	go func() {
		_, err := f.ReadAt(make([]byte, 10), 100_000)
		ended <- err
	}()
	f.Close()
	err := <-ended
	if !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
	discreet(t, err)

	ctx, cancel := context.WithCancelCause(t.Context())
	g, err := remote.Open(ctx, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	cancel(errTest)
	if _, err := g.ReadAt(make([]byte, 10), 100_000); !errors.Is(err, errTest) {
		t.Error(err)
	}
}

var errTest = errors.New("a test")

// hang serves the first request, and none of the others.
func hang(o *object) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "bytes=0-65535" {
			<-r.Context().Done()
			return
		}
		o.ServeHTTP(w, r)
	})
}

func TestStall(t *testing.T) {
	for name, h := range map[string]http.Handler{
		"no answer": hang(newObject(300_000)),
		"no byte more": after(newObject(300_000), func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"v1"`)
			w.Header().Set("Content-Range", "bytes 100000-199999/300000")
			w.WriteHeader(206)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}),
	} {
		q := newQuick()
		q.Stall, q.Tries = 50*time.Millisecond, 3
		f := open(t, serve(t, h), q)
		_, err := f.ReadAt(make([]byte, 100_000), 100_000)
		if !errors.Is(err, remote.ErrConnection) || len(q.waits) != 2 {
			t.Errorf("%s: %v, %v", name, err, q.waits)
		}
	}
}

// TestSlow reads from a server that takes longer than Stall in all, but not for a byte.
func TestSlow(t *testing.T) {
	o := newObject(300_000)
	q := newQuick()
	q.Stall, q.Tries = 2*time.Second, 1
	f := open(t, serve(t, after(o, func(w http.ResponseWriter, r *http.Request) {
		o.ServeHTTP(&slow{w}, r)
	})), q)
	testkit.Long(t)
	readAt(t, f, o, 100_000, 100_000)
}

type slow struct{ http.ResponseWriter }

func (s *slow) Write(b []byte) (int, error) {
	time.Sleep(300 * time.Millisecond)
	n, err := s.ResponseWriter.Write(b[:min(len(b), 10_000)])
	s.ResponseWriter.(http.Flusher).Flush()
	if err == nil && n < len(b) {
		m, err := s.Write(b[n:])
		return n + m, err
	}
	return n, err
}

// after serves the first request of the object, and has h serve all others.
func after(o *object, h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") == "bytes=0-65535" {
			o.ServeHTTP(w, r)
			return
		}
		h(w, r)
	})
}
