// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// webCommand is the script command
//
//	web
//	web BYTES CONNECTIONS
//
// that starts a web server of the files in $WORK at $WEB, a URL with a user and a
// password, which are not checked. With numbers, it is a proxy in front of that server at
// $CUT, which cuts every connection after so many bytes, and lets in only so many of them.
// The first folder of a path says what the server does wrong: see webHandler.
func webCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 && len(args) != 2 {
		ts.Fatalf("usage: web [BYTES CONNECTIONS]")
	}
	if len(args) == 0 {
		s := httptest.NewServer(webHandler(ts.Getenv("WORK")))
		ts.Defer(func() {
			s.CloseClientConnections()
			s.Close()
		})
		ts.Setenv("WEB", strings.Replace(s.URL, "://", "://bob:hunter2@", 1))
		ts.Setenv("WEBHOST", strings.TrimPrefix(s.URL, "http://"))
		return
	}
	p := &cutter{to: ts.Getenv("WEBHOST")}
	var err error
	p.limit, err = strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	p.connections, err = strconv.Atoi(args[1])
	ts.Check(err)
	host, err := p.start()
	ts.Check(err)
	ts.Defer(func() { p.listener.Close() })
	scriptProxies.Store(ts.Getenv("WORK"), p)
	ts.Setenv("CUT", "http://bob:hunter2@"+host)
}

// webHandler serves the files in a folder: below /good/ as nginx does, /plain/ without a
// version, /whole/ without ranges, and the others wrongly.
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
	serve("/good/", func(w http.ResponseWriter, r *http.Request, f *os.File, modified time.Time, size int64) {
		w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, modified.UnixNano(), size))
		http.ServeContent(w, r, "", modified, f)
	})
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
	mux.HandleFunc("/denied/", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) })
	mux.HandleFunc("/failing/", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	mux.HandleFunc("/round/", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) })
	mux.HandleFunc("/moved/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(r.URL.Path, "moved", "good", 1), http.StatusFound)
	})
	return mux
}
