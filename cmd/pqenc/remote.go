// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/url"
	"os"
	"path"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/transfer"
)

// location is the meaning of a URL: an object on a server, or several.
type location struct {
	scheme string // ws or wss
	host   string // with port
	name   string // of the object, or a prefix of names
}

const urlHint = "write ws://HOST[:PORT]/NAME, or wss:// if the server uses TLS"

// parseURL parses the URL of an object. Only the scheme and the host are visible on the
// network; the name is sent only through the encrypted channel.
func parseURL(text string) (location, error) {
	u, err := url.Parse(text)
	var escape url.EscapeError
	if errors.As(err, &escape) {
		return location{}, usageError("not the URL of an object: it has a % that is not one of %00 to %FF", "write %25 for a % in a name")
	}
	if err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Opaque != "" || u.Hostname() == "" {
		return location{}, usageError("not the URL of an object", urlHint) // not quoted: it may contain a password
	}
	switch {
	case u.User != nil:
		return location{}, usageError("a URL cannot have a user or a password here", "-i KEY says who you are")
	case strings.ContainsAny(text, "?#"):
		return location{}, usageError("a URL cannot have ? or # here", "write %23 for a # in a name")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"ws": "80", "wss": "443"}[u.Scheme]
	}
	host := net.JoinHostPort(strings.ToLower(u.Hostname()), port)
	return location{u.Scheme, host, strings.TrimPrefix(u.Path, "/")}, nil
}

// isFolder reports whether the location is a folder: all objects below it.
func (l location) isFolder() bool { return l.name == "" || strings.HasSuffix(l.name, "/") }

// with returns the location of another object on the same server.
func (l location) with(name string) location { return location{l.scheme, l.host, name} }

func (l location) String() string {
	return unescaped.Replace((&url.URL{Scheme: l.scheme, Host: l.host, Path: "/" + l.name}).String())
}

// unescaped leaves patterns readable.
var unescaped = strings.NewReplacer("%2A", "*", "%5B", "[", "%5D", "]", "%7B", "{", "%7D", "}")

// remote is a server that a command uses.
type remote struct {
	*transfer.Client
	app   *app
	id    *keyfile.Identity // login key
	name  string            // name in the file of known servers
	there atomic.Bool       // it was reached, and has the expected key
	tally *tally            // progress of all transfers of the command
}

// connect prepares the connection to the server of a location, which the first request
// opens. It finds out the expected key of the server.
func (f *remoteFlags) connect(a *app, to location, id *keyfile.Identity) (_ *remote, err error) {
	if path.Clean("/"+f.Endpoint) != f.Endpoint {
		return nil, usageError("--endpoint: expected a path like /pqenc")
	}
	r := &remote{app: a, id: id, name: to.host, tally: &tally{app: a}}
	if f.Endpoint != "/pqenc" {
		r.name += f.Endpoint // one proxy may have several servers
	}
	r.Client = &transfer.Client{
		URL:         (&url.URL{Scheme: to.scheme, Host: to.host, Path: f.Endpoint}).String(),
		Identity:    id,
		Connections: connections,
		GiveUpAfter: time.Duration(f.GiveUpAfter),
		OnRetry:     r.retry,
		Dial:        f.dial,
	}
	if r.TLS, err = f.outer(to); err != nil {
		return nil, err
	}
	expected, err := f.expected(r)
	if err != nil {
		return nil, err
	}
	r.CheckServer = func(server keyfile.Fingerprint) error {
		err := expected.check(server)
		r.there.Store(err == nil)
		return err
	}
	return r, nil
}

// servers are the servers that a command uses, with one connection to each.
type servers struct {
	flags *remoteFlags
	app   *app
	id    *keyfile.Identity // login key
	all   map[string]*remote
	tally *tally
}

func (f *remoteFlags) servers(a *app, id *keyfile.Identity) *servers {
	return &servers{f, a, id, make(map[string]*remote), &tally{app: a}}
}

// at returns the server of a location.
func (s *servers) at(l location) (*remote, error) {
	name := l.with("").String()
	if s.all[name] == nil {
		r, err := s.flags.connect(s.app, l, s.id)
		if err != nil {
			return nil, err
		}
		r.tally = s.tally
		s.all[name] = r
	}
	return s.all[name], nil
}

func (s *servers) Close() {
	for _, r := range s.all {
		r.Close()
	}
}

// retry reports a failed connection.
func (r *remote) retry(e transfer.Retry) {
	if e.Wait == 0 {
		return // the connection was only stale
	}
	at, say := r.tally.lost(e.Wait)
	if !say {
		return
	}
	what := "no connection to " + r.name
	if r.there.Load() {
		what = "connection lost"
	}
	if at > 0 {
		what += " at " + sizeText(at)
	}
	r.tally.aside(func() {
		r.app.warn("%s (%s): trying again in %s (attempt %d)", what, brief(e.Err), waitText(e.Wait), e.Attempt+1)
	})
}

// waitText returns a waiting time in tenths of a second, at least one of them.
func waitText(wait time.Duration) string {
	const unit = 100 * time.Millisecond
	return max(wait.Round(unit), unit).String()
}

// brief returns the cause of a connection error, without the address, which is known.
func brief(err error) string {
	var op *net.OpError
	switch {
	case errors.As(err, &op):
		return op.Err.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed by the other side"
	}
	return err.Error()
}

// ownError is a local error, such as of reading a file, that passes through the client.
type ownError struct{ error }

func (e *ownError) Unwrap() error { return e.error }

// explain turns an error of the client into one for users. Unknown errors are treated as
// network failures.
func (r *remote) explain(err error) error {
	var own *ownError
	var known *failure
	var file *format.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own.error
	case errors.As(err, &known), errors.As(err, &file):
		return err
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return &failure{fmt.Errorf("no connection to %s: %s", r.name, brief(err)), exitServer,
			[]string{"is the URL right? If the certificate is from your own authority, name it with --ca FILE"}}
	case errors.Is(err, transfer.ErrNotServer) && r.atPort80():
		return withHints(err, portHint, "or it is at another path, which --endpoint names")
	case fromServer(err):
		return olderHint(r.id, err)
	}
	hint := "is the URL right, and is the server running?"
	switch {
	case r.atPort80() && errors.Is(err, syscall.ECONNREFUSED):
		hint = portHint
	case errors.As(err, new(tls.RecordHeaderError)):
		hint = "there is no TLS at this port: write ws:// (the connection is still encrypted)"
	}
	return &failure{fmt.Errorf("no connection to %s: %s", r.name, brief(err)), exitConnection, []string{hint}}
}

// atPort80 reports whether the user may have forgotten the port in the URL.
func (r *remote) atPort80() bool {
	return strings.HasPrefix(r.URL, "ws://") && strings.Contains(r.URL, ":80/")
}

// portHint is for a URL without a port where no server answers.
const portHint = "ws:// without a port means port 80, and servers usually listen on 8765: write ws://HOST:8765/"

// maxCA is how many bytes of a file of certificates are read. All public authorities
// together take a quarter of a megabyte.
const maxCA = 16 << 20

// outer returns the TLS configuration for a wss:// server, or nil for the default.
func (f *remoteFlags) outer(to location) (*tls.Config, error) {
	switch {
	case f.CA == "":
		return nil, nil
	case to.scheme != "wss":
		return nil, usageError("--ca has no effect with "+to.scheme+"://, which has no certificate", "leave --ca out: --server names the key of the server")
	}
	file, err := os.Open(f.CA)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	pem, err := io.ReadAll(io.LimitReader(file, maxCA))
	if err != nil {
		return nil, err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, usageError("--ca: "+f.CA+" has no certificate in it", "name a file with certificates in PEM, which begin with -----BEGIN CERTIFICATE-----")
	}
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, nil
}

// objects returns the objects with the given prefix as they arrive.
func (r *remote) objects(prefix string) iter.Seq2[transfer.Object, error] {
	return func(yield func(transfer.Object, error) bool) {
		for object, err := range r.List(context.Background(), prefix) {
			if !yield(object, r.explain(err)) {
				return
			}
		}
	}
}

// maxNames limits the bytes of names in a listing kept in memory: a server could send an
// endless one.
const maxNames = 64 << 20

// list returns the wanted objects with the given prefix; if wanted is nil, all of them.
func (r *remote) list(prefix string, wanted func(name string) bool) ([]transfer.Object, error) {
	found, err := gather(r.objects(prefix), wanted)
	if errors.Is(err, errLongList) {
		err = &failure{fmt.Errorf("%w of %s", err, r.name), exitRefused, []string{"name a folder with fewer files"}}
	}
	return found, err
}

var errLongList = errors.New("too many objects in the list")

// gather collects the wanted objects of a listing.
func gather(objects iter.Seq2[transfer.Object, error], wanted func(name string) bool) (found []transfer.Object, err error) {
	size := 0
	for object, err := range objects {
		if err != nil {
			return nil, err
		}
		if wanted != nil && !wanted(object.Name) {
			continue
		}
		if size += len(object.Name) + 64; size > maxNames {
			return nil, errLongList
		}
		found = append(found, object)
	}
	return found, nil
}
