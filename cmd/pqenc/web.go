// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/pqenc/pqenc/format"
	web "github.com/pqenc/pqenc/remote"
)

// urlFlags are for encrypted files on a web server.
type urlFlags struct {
	RangeOnly bool `help:"Fail if the web server of the input cannot send parts of files. Without it, such a file is read from start to end."`
}

// urlOptions are the options for reading from web servers. Tests retry fewer times.
var urlOptions web.Options

// errOnlyRead returns the error for a URL where none is allowed.
func errOnlyRead(name string) error {
	return usageError(web.Name(name)+" is a URL: only -d, cat, inspect and verify read URLs, and only encrypted files", "get the file first")
}

// notFileHint returns a hint for a URL that was given as a file name and cannot be read
// there, or "".
func notFileHint(err error) string {
	var path *fs.PathError
	if !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &path) {
		return ""
	}
	scheme, _, found := strings.Cut(path.Path, "://")
	switch {
	case !found:
		return ""
	case strings.HasPrefix(path.Op, "create"):
		return `a URL cannot be the output: write to a file, which "pqenc push" sends to a server`
	case scheme == "ws" || scheme == "wss":
		return `"pqenc pull" gets files from there`
	case web.IsURL(path.Path):
		return "this is a URL, and a file is needed: get the file first"
	}
	return "only URLs that begin with https:// or http:// are read: get the file first"
}

var urlInText = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s"<>]*[^\s"<>:;,.)]`)

// withoutSecrets removes user, password and query from the URLs in a message, even if it
// is about an unexpected argument.
func withoutSecrets(line string) string {
	return urlInText.ReplaceAllStringFunc(line, func(u string) string {
		if strings.ContainsAny(u, "@?") {
			return web.Name(u)
		}
		return u
	})
}

// openURL opens an encrypted file on a web server. It is read at any offset if the server
// can send parts, and else as a stream.
func (a *app) openURL(text string, flags urlFlags) (*input, error) {
	name := web.Name(text)
	o := urlOptions
	o.OnRetry = a.retryURL(name)
	in := &input{name: name}
	o.OnBytes = func(n int) { in.arrived.Load().Add(n) }
	f, err := web.Open(context.Background(), text, &o)
	if err == nil {
		in.at, in.size, in.atOnce, in.web, in.closer = f, f.Size(), f.Concurrency(), f, f
		return in, in.keepHead()
	}
	if !errors.Is(err, web.ErrNoRanges) || flags.RangeOnly {
		return nil, err
	}
	body, err := web.Get(context.Background(), text, &o)
	if err != nil {
		return nil, err
	}
	a.warn("%s: %v: reading the whole file", name, web.ErrNoRanges)
	in.stream, in.size, in.closer = body, -1, body
	return in, nil
}

// openList opens a list of digests, which may be on a web server.
func (a *app) openList(name string) (*input, error) {
	if web.IsURL(name) {
		return a.openURL(name, urlFlags{})
	}
	return a.openInput(name)
}

// digestsOf returns the default path of the list of digests of a file, or "" for standard
// input.
func digestsOf(name string) string {
	switch {
	case isStdio(name):
		return ""
	case !web.IsURL(name):
		return name + digestsSuffix
	}
	u, err := url.Parse(name)
	if err != nil {
		return ""
	}
	u.Path += digestsSuffix
	if u.RawPath != "" {
		u.RawPath += digestsSuffix
	}
	return u.String()
}

// errReadTwice is for a file on a web server, which would have to be read twice to verify
// its signer.
var errReadTwice = &failure{errors.New("verifying the signature would read the whole file from the server twice"), exitSigner, []string{
	"put the list that \"pqenc verify --write-digests\" makes beside the file, or name it with --digests; write the whole file with -o; or accept contents of any recipient with --stream-unverified",
}}

// keepHead keeps the header of a file on a web server, which is read several times. It
// may be longer than the file.
func (in *input) keepHead() error {
	prefix := make([]byte, format.PrefixSize)
	n, _ := in.at.ReadAt(prefix, 0) // reading the file will return the error
	size := int64(format.SizeOf(prefix[:n]))
	if size == 0 || size > in.size {
		return nil
	}
	in.head = make([]byte, size)
	_, err := in.at.ReadAt(in.head, 0)
	if err != nil {
		in.Close()
	}
	return err
}

// retryURL returns a function that warns of repeated requests. Many requests fail at once
// when a server goes away, which is one warning.
func (a *app) retryURL(name string) func(web.Retry) {
	var mu sync.Mutex
	var next time.Time
	return func(r web.Retry) {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); now.Before(next) {
			return
		}
		next = time.Now().Add(r.Wait)
		a.mu.Lock()
		meter := a.meter
		a.mu.Unlock()
		meter.Aside(func() {
			a.warn("%s: %s: trying again in %s (attempt %d)", name, brief(r.Err), r.Wait.Round(100*time.Millisecond), r.Attempt+1)
		})
	}
}

// version returns the size and the ETag or date, which identify a version of a file.
func (in *input) version() string { return fmt.Sprint(in.size, " ", in.web.Version()) }

// doubt adds a hint to an error about the contents of a file on a web server, if the file
// may have changed without the server reporting it.
func (in *input) doubt(err error) error {
	if in.web == nil || classify(err) != exitDamaged || strings.HasPrefix(in.web.Version(), `"`) {
		return err
	}
	return withHints(err, "the file on the server may have changed while it was read, which this server does not report: try again")
}

// fetched returns how many bytes of the input came from a web server.
func (in *input) fetched() int64 {
	if in.web == nil {
		return 0
	}
	n, _ := in.web.Fetched()
	return n
}

// webKinds are the error kinds of files on web servers. A lost connection, which wraps
// its reason, comes first.
var webKinds = []kind{
	{web.ErrConnection, exitConnection, []string{"is the URL right, and is the server running? Try again: a download with -o FILE resumes, if the server can send parts of files"}},
	{web.ErrChanged, exitIO, []string{"try again: it starts over with the new one"}},
	{web.ErrNoRanges, exitRefused, []string{"\"pqenc -d\" without --range-only and --digests reads such a file from start to end"}},
	{web.ErrAnswer, exitConnection, []string{"a proxy may have changed the answer of the server: get the file with another program, and decrypt it then"}},
	{web.ErrRedirect, exitRefused, []string{"if you trust the destination of the redirect, name that URL"}},
	{web.ErrURL, exitUsage, nil},
}

// webKind returns the kind of a web server error whose hint depends on details, or nil.
func webKind(err error) *kind {
	if errors.As(err, new(*tls.CertificateVerificationError)) {
		return &kind{err, exitServer, []string{"the system does not trust the certificate of this server: is the URL right? If it is from your own authority, set SSL_CERT_FILE to a file with its certificate"}}
	}
	if errors.Is(err, web.ErrConnection) && errors.As(err, new(tls.RecordHeaderError)) {
		return &kind{err, exitConnection, []string{"there is no TLS at this port: is the URL right? It may begin with http://"}}
	}
	status := new(web.StatusError)
	if !errors.As(err, &status) {
		return nil
	}
	if status.Passing() {
		return &kind{err, exitConnection, []string{"the server is busy or has failed: try again later, or tell its operator"}}
	}
	hint := "is the URL right?"
	switch status.Code {
	case http.StatusUnauthorized:
		hint = "are the user and the password in the URL right? They go before the host: USER:PASSWORD@HOST"
	case http.StatusForbidden, http.StatusGone:
		hint = "is the URL complete and still valid? Links to files in a bucket expire, and must be quoted in the shell"
	case http.StatusProxyAuthRequired:
		hint = "the proxy that HTTPS_PROXY or HTTP_PROXY names wants a user and a password in its URL"
	}
	return &kind{err, exitRefused, []string{hint}}
}
