// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/pqenc/pqenc/internal/clidoc"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/transfer"
)

// completionTime is the time limit for asking a server, since the user is waiting. Tests
// change it.
var completionTime = time.Second

const mostOffered = 500

// urlWords returns the URLs that start with a word: of known servers, or of the objects
// in a folder of such a server. It asks no questions, trusts no new server, and reports
// no errors: what does not work at once is not offered.
func urlWords(word string) []clidoc.Word {
	scheme, rest, found := strings.Cut(word, "://")
	host, _, inside := strings.Cut(rest, "/")
	switch {
	case !found:
		return serverWords("ws", "")
	case scheme != "ws" && scheme != "wss":
		return nil
	case !inside:
		return serverWords(scheme, host)
	}
	return objectWords(word)
}

// serverWords returns the URLs of the known servers.
func serverWords(scheme, host string) (words []clidoc.Word) {
	file, err := knownServers()
	if err != nil {
		return nil
	}
	lines, err := readKnown(file)
	if err != nil {
		return nil
	}
	for _, line := range lines {
		fields := strings.Fields(string(line))
		if len(fields) < 2 || strings.ContainsAny(fields[0], "#/") || !strings.HasPrefix(fields[0], host) { // a path is that of --endpoint
			continue
		}
		words = append(words, clidoc.Word{Text: scheme + "://" + fields[0] + "/", Help: "a known server"})
	}
	return words
}

// objectWords returns the URLs of the objects and folders in the folder of a URL that is
// being typed.
func objectWords(text string) (words []clidoc.Word) {
	at, err := parseURL(text)
	if err != nil {
		return nil
	}
	client := quietClient(at)
	if client == nil {
		return nil
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), completionTime)
	defer cancel()
	base, folder := text[:strings.LastIndex(text, "/")+1], at.name[:strings.LastIndex(at.name, "/")+1]
	last := ""
	for object, err := range client.List(ctx, at.name) {
		if err != nil || len(words) == mostOffered {
			break
		}
		name, _, deeper := strings.Cut(strings.TrimPrefix(object.Name, folder), "/")
		w := clidoc.Word{Text: base + url.PathEscape(name), Help: sizeText(object.Size)}
		if deeper {
			w = clidoc.Word{Text: w.Text + "/", Help: "a folder"}
		}
		if w.Text != last { // they are sorted
			words, last = append(words, w), w.Text
		}
	}
	return words
}

// quietClient returns a client of a known server with the default identity. It returns
// nil if the server is unknown, or if that identity does not exist or needs a passphrase.
func quietClient(at location) *transfer.Client {
	file, err := knownServers()
	if err != nil {
		return nil
	}
	server, err := known(file, at.host)
	if err != nil || server == nil {
		return nil
	}
	own, err := defaultKey()
	if err != nil || own.ring == nil {
		return nil
	}
	f, err := own.openPrivate()
	if err != nil {
		return nil
	}
	defer f.Close()
	ids, err := keyfile.ReadIdentities(f, nil)
	if err != nil || len(ids) != 1 {
		return nil
	}
	return &transfer.Client{
		URL:         (&url.URL{Scheme: at.scheme, Host: at.host, Path: "/pqenc"}).String(),
		Identity:    ids[0],
		CheckServer: server.check,
	}
}
