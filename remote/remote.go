// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package remote reads objects over HTTP and HTTPS by ranges. A [File] is an
// [io.ReaderAt], so that any part of an encrypted file can be decrypted without fetching the rest:
//
//	f, err := remote.Open(ctx, "https://example.org/model.pqe", nil)
//	file, err := pqenc.Open(f, f.Size(), key)
//	n, err := file.ReadAt(b, offset)
//
// Open fetches the first 64 KiB, which it keeps, and learns the length and the version
// of the object: its strong ETag, which is a condition of all further requests. An
// object that has changed since is [ErrChanged]. Where the server has no strong ETag,
// Last-Modified and the length are compared, which miss a change within a second. What a
// server reports proves nothing: the caller has to authenticate the bytes, as pqenc does.
//
// A request that fails resumes at the byte that it had reached. No message
// contains the user, the password or the query of a URL.
package remote

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"time"
)

// HeadSize is the number of bytes at the start of an object that the first request asks
// for and [File] keeps.
const HeadSize = 64 << 10

const (
	defaultConnections = 8
	defaultStall       = 30 * time.Second
	defaultTries       = 10
)

// Options are the options of [Open] and [Get]. The zero value, and nil, are the defaults.
type Options struct {
	// Connections is the number of requests that run at once, each over an HTTP/1.1 connection of
	// its own: requests that share a connection of HTTP/2 share its window as well, and
	// took twice as long on the loopback interface. Zero is 8.
	Connections int
	// Stall is how long a request may go without a byte before it counts as failed. A
	// request that makes progress may take any time. Zero is 30 s.
	Stall time.Duration
	// Tries is how many times in a row a request may fail without a byte of progress.
	// Zero is 10, which takes about a minute if each fails at once. A server that answers
	// with an error, such as 500, before it has sent any byte is tried 5 times at most, unless
	// it says itself when to try again.
	Tries int
	// OnRetry, if set, is called when a request has failed and will be repeated. It may be
	// called by several goroutines at once.
	OnRetry func(Retry)
	// OnBytes, if set, is called for every n bytes of the object that arrive. It may be called
	// by several goroutines at once.
	OnBytes func(n int)
	// Transport sends the requests. If it is nil, the proxy is that of the environment, as
	// in net/http, and the root certificates are those of the system.
	Transport http.RoundTripper

	sleep func(context.Context, time.Duration) // a test does not wait
}

// Retry is a request that has failed.
type Retry struct {
	Err     error
	Attempt int           // in a row without progress, from 1
	Wait    time.Duration // until the next
}

func (o *Options) withDefaults() Options {
	var all Options
	if o != nil {
		all = *o
	}
	if all.Connections <= 0 {
		all.Connections = defaultConnections
	}
	if all.Stall <= 0 {
		all.Stall = defaultStall
	}
	if all.Tries <= 0 {
		all.Tries = defaultTries
	}
	if all.sleep == nil {
		all.sleep = sleep
	}
	return all
}

// File is an object on a server that sends parts of it. Its methods may be called
// concurrently.
type File struct {
	*client
	slots   chan struct{} // one taken for each request
	size    int64
	version version
	head    []byte
}

// Open opens the object at a URL of http or https. A user and a password in it are sent
// by Basic authentication, to its host only. The context also ends all reads. The caller
// must close the file.
//
// The error is a [*fs.PathError] that names the URL, as all errors of this package are.
// It wraps [ErrNoRanges] if the server has the object but sends no parts of it.
func Open(ctx context.Context, url string, o *Options) (*File, error) {
	c, err := newClient(ctx, url, o)
	if err != nil {
		return nil, err
	}
	f := &File{client: c, slots: make(chan struct{}, c.options.Connections)}
	err = c.persist(f.first)
	if err == nil {
		// A server may send less than it was asked for, or be cut.
		_, err = f.fetch(f.head[len(f.head):min(f.size, HeadSize)], int64(len(f.head)))
		f.head = f.head[:min(f.size, HeadSize)]
	}
	if err != nil {
		c.Close()
		return nil, c.named(err)
	}
	return f, nil
}

// Size returns the length of the object in bytes, as the server states it.
func (f *File) Size() int64 { return f.size }

// Concurrency returns how many reads at once are fastest.
func (f *File) Concurrency() int { return f.options.Connections }

// Version identifies this version of the object: it is a strong ETag with its quotes,
// otherwise the value of Last-Modified, otherwise empty. To resume in another process,
// compare it and the length.
func (f *File) Version() string { return f.version.String() }

// ReadAt implements [io.ReaderAt]. It fetches what is not in the first HeadSize bytes by
// one request, or by more if that fails.
func (f *File) ReadAt(b []byte, off int64) (n int, err error) {
	switch {
	case off < 0:
		return 0, f.named(fs.ErrInvalid)
	case off >= f.size:
		return 0, io.EOF
	}
	end := error(nil)
	if int64(len(b)) > f.size-off {
		b, end = b[:f.size-off], io.EOF
	}
	if off < int64(len(f.head)) {
		n = copy(b, f.head[off:])
	}
	m, err := f.fetch(b[n:], off+int64(n))
	if err != nil {
		return n + m, f.named(err)
	}
	return n + m, end
}

// fetch fills b with the bytes at an offset.
func (f *File) fetch(b []byte, off int64) (done int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-f.ctx.Done():
		return 0, context.Cause(f.ctx)
	}
	for done < len(b) && err == nil {
		err = f.persist(func() (int, error) {
			n, err := f.part(b[done:], off+int64(done))
			done += n
			return n, err
		})
	}
	return done, err
}

// first is the first request. What it gets of the object is the head; the rest of it
// counts as another read.
func (f *File) first() (int, error) {
	a, err := f.get(func(h http.Header) { h.Set("Range", fmt.Sprintf("bytes=0-%d", HeadSize-1)) })
	if err != nil {
		return 0, err
	}
	defer a.close()
	length, err := f.describe(a.Response)
	if err != nil || length == 0 {
		return 0, err
	}
	head := make([]byte, min(f.size, HeadSize))
	n, err := a.fill(head[:length])
	f.head = head[:n]
	if n > 0 && isLost(err) && a.StatusCode == http.StatusPartialContent {
		err = nil
	}
	return n, err
}

// describe takes length and version of the object from the first answer, and returns how
// many bytes of it follow.
func (f *File) describe(r *http.Response) (length int64, err error) {
	if err := encoded(r); err != nil {
		return 0, err
	}
	f.version = versionOf(r.Header)
	switch r.StatusCode {
	case http.StatusPartialContent:
		s, err := spanOf(r)
		if err != nil {
			return 0, err
		}
		f.size = s.total
		return s.length(), s.answers(0, HeadSize)
	case http.StatusOK:
		f.size = r.ContentLength
		if f.size < 0 || f.size > HeadSize {
			return 0, ErrNoRanges
		}
		return f.size, nil // small enough to be no part
	case http.StatusRequestedRangeNotSatisfiable:
		if r.Header.Get("Content-Range") == "bytes */0" {
			return 0, nil
		}
	}
	return 0, unexpected(r)
}

// part fetches by one request as much of b as the server sends.
func (f *File) part(b []byte, off int64) (int, error) {
	a, err := f.get(func(h http.Header) {
		h.Set("Range", fmt.Sprintf("bytes=%d-%d", off, off+int64(len(b))-1))
		f.version.require(h)
	})
	if err != nil {
		return 0, err
	}
	defer a.close()
	length, err := f.check(a.Response, off, int64(len(b)))
	if err != nil {
		return 0, err
	}
	return a.fill(b[:length])
}

// check checks that an answer is about the same object, and returns how many bytes follow
// of the n at that offset.
func (f *File) check(r *http.Response, off, n int64) (length int64, err error) {
	if err := encoded(r); err != nil {
		return 0, err
	}
	switch r.StatusCode {
	case http.StatusPartialContent:
		s, err := spanOf(r)
		switch {
		case err != nil:
			return 0, err
		case s.total != f.size || !f.version.same(r.Header):
			return 0, ErrChanged
		}
		return s.length(), s.answers(off, n)
	case http.StatusOK:
		if r.ContentLength >= 0 && r.ContentLength != f.size || !f.version.same(r.Header) {
			return 0, ErrChanged
		}
		return 0, ErrNoRanges
	case http.StatusPreconditionFailed:
		return 0, ErrChanged
	case http.StatusRequestedRangeNotSatisfiable:
		return 0, ErrChanged // it had such a range before
	}
	return 0, unexpected(r)
}
