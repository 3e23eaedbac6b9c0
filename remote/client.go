// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

const (
	maxRedirects    = 10
	maxHeaders      = 64 << 10 // bytes of the headers of an answer
	idleConnections = 90 * time.Second
)

// client gets one object by a series of requests.
type client struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	options Options
	own     *http.Transport // nil if the caller has one

	name     string   // of the object, for messages
	origin   *url.URL // without user and password
	user     *url.Userinfo
	moved    atomic.Pointer[url.URL] // to where redirects led, or nil
	answered atomic.Bool             // the server has, once

	requests, bytes atomic.Int64
}

// IsURL reports whether a name is a URL of HTTP or HTTPS, well formed or not.
func IsURL(name string) bool {
	scheme, _, found := strings.Cut(name, "://")
	return found && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// Name returns a URL without user, password, query and fragment, for messages. For a
// text that is not a URL it returns "URL".
func Name(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return "URL"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}

func newClient(ctx context.Context, text string, o *Options) (*client, error) {
	c := &client{options: o.withDefaults(), name: Name(text)}
	u, err := url.Parse(text)
	if err != nil || !IsURL(text) || u.Hostname() == "" {
		return nil, c.named(ErrURL) // not err, which repeats the text
	}
	c.user, u.User, u.Fragment, u.RawFragment = u.User, nil, "", ""
	c.origin = u
	if c.options.Transport == nil {
		c.own = newTransport(c.options.Connections)
		c.options.Transport = c.own
	}
	c.ctx, c.cancel = context.WithCancelCause(ctx)
	return c, nil
}

func newTransport(connections int) *http.Transport {
	// Not a clone of the default one, which offers HTTP/2 regardless of Protocols.
	t := &http.Transport{
		Protocols:              new(http.Protocols),
		DisableCompression:     true,
		MaxIdleConnsPerHost:    connections,
		IdleConnTimeout:        idleConnections,
		MaxResponseHeaderBytes: maxHeaders,
	}
	t.Protocols.SetHTTP1(true)
	t.Proxy = func(r *http.Request) (*url.URL, error) {
		proxy, err := http.ProxyFromEnvironment(r)
		if err != nil { // which may repeat a password
			err = errors.New("HTTPS_PROXY or HTTP_PROXY is not a URL")
		}
		return proxy, err
	}
	return t
}

// Name returns the URL without user, password and query, for messages.
func (c *client) Name() string { return c.name }

// Fetched returns the number of bytes of the object that were received, including those
// of failed requests, and the number of requests, with each redirect as one more.
func (c *client) Fetched() (bytes, requests int64) { return c.bytes.Load(), c.requests.Load() }

// Close ends all requests: reads return an error that wraps [fs.ErrClosed].
func (c *client) Close() error {
	c.cancel(fs.ErrClosed)
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
	return nil
}

// get sends a request with these headers, to where the last redirects led.
func (c *client) get(set func(http.Header)) (*answer, error) {
	u := c.moved.Load()
	if u == nil {
		u = c.origin
	}
	a := c.newAnswer()
	for range maxRedirects + 1 {
		err := a.send(u, set)
		if err != nil {
			a.close()
			return nil, err
		}
		c.answered.Store(true)
		if !isRedirect(a.StatusCode) {
			if u != c.origin {
				c.moved.Store(u)
			}
			return a, nil
		}
		io.CopyN(io.Discard, a.Body, 4<<10) // so that the connection can be used again
		a.Body.Close()
		if u, err = redirect(u, a.Header.Get("Location")); err != nil {
			a.close()
			return nil, err
		}
	}
	a.close()
	return nil, redirectError("more than ten in a row")
}

// request returns a request with these headers. The user and the password of the URL are
// sent to its host only.
func (c *client) request(ctx context.Context, u *url.URL, set func(http.Header)) *http.Request {
	r := (&http.Request{
		Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	r.Header.Set("User-Agent", "pqenc")
	r.Header.Set("Accept-Encoding", "identity")
	if set != nil {
		set(r.Header)
	}
	if password, _ := c.user.Password(); c.user != nil && u.Scheme == c.origin.Scheme && u.Host == c.origin.Host {
		r.SetBasicAuth(c.user.Username(), password)
	}
	return r
}

func isRedirect(code int) bool {
	switch code {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// redirect returns where a redirect leads.
func redirect(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	switch {
	case location == "" || err != nil || to.Hostname() == "":
		return nil, redirectError("it does not say to where")
	case to.Scheme != "http" && to.Scheme != "https":
		return nil, redirectError("to another scheme than https or http")
	case from.Scheme == "https" && to.Scheme == "http":
		return nil, redirectError("from https to http")
	}
	to.User, to.Fragment, to.RawFragment = nil, "", ""
	return to, nil
}

func redirectError(reason string) error { return fmt.Errorf("%w: %s", ErrRedirect, reason) }

// answer is the answer to one request. It fails when it makes no progress for a while.
type answer struct {
	*http.Response
	client *client
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

func (c *client) newAnswer() *answer {
	a := &answer{client: c}
	a.ctx, a.cancel = context.WithCancelCause(c.ctx)
	a.timer = time.AfterFunc(c.options.Stall, func() { a.cancel(errStalled) })
	return a
}

func (a *answer) send(u *url.URL, set func(http.Header)) (err error) {
	a.client.requests.Add(1)
	a.Response, err = a.client.options.Transport.RoundTrip(a.client.request(a.ctx, u, set))
	if err != nil {
		return a.lost(err)
	}
	a.timer.Reset(a.client.options.Stall)
	return nil
}

// Read implements [io.Reader].
func (a *answer) Read(b []byte) (int, error) {
	n, err := a.Body.Read(b)
	if n > 0 {
		a.client.bytes.Add(int64(n))
		if on := a.client.options.OnBytes; on != nil {
			on(n)
		}
		a.timer.Reset(a.client.options.Stall)
	}
	if err != nil && err != io.EOF {
		err = a.lost(err)
	}
	return n, err
}

// fill fills b. It fails if the answer is longer.
func (a *answer) fill(b []byte) (n int, err error) {
	for n < len(b) {
		m, err := a.Read(b[n:])
		n += m
		if err == io.EOF && n < len(b) {
			return n, lostError{io.ErrUnexpectedEOF}
		}
		if err != nil && err != io.EOF {
			return n, err
		}
	}
	if a.ContentLength < 0 {
		if more, _ := a.Read(make([]byte, 1)); more > 0 {
			return 0, wrong("with more bytes than it says")
		}
	}
	return n, nil
}

// lost returns the reason why the answer ended.
func (a *answer) lost(err error) error {
	if cause := context.Cause(a.ctx); cause != nil {
		err = cause
	}
	return lostError{err}
}

func (a *answer) close() {
	a.timer.Stop()
	a.cancel(nil)
	if a.Response != nil {
		a.Body.Close()
	}
}
