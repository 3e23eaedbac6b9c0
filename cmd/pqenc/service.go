// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/transfer/server"
)

// Paths for health checks.
const (
	healthPath = "/healthz" // is the process alive?
	readyPath  = "/readyz"  // can it serve requests?
)

// service is a running server.
type service struct {
	cmd      *serveCmd
	log      *slog.Logger
	server   *server.Server
	allow    *server.AllowFile
	clients  net.Listener
	metrics  net.Listener // nil without metrics
	dir      fs.FileInfo  // of the opened folder
	stopping atomic.Bool
	failed   chan error // errors of listeners
}

// serve runs a server until it is told to stop. It listens first: if an address is in
// use, nothing else has to be stopped.
func (c *serveCmd) serve(a *app, log *slog.Logger, id *keyfile.Identity, allow *server.AllowFile) error {
	stop, cancel := context.WithCancel(context.Background())
	defer cancel()
	a.gently(cancel)
	s := &service{cmd: c, log: log, allow: allow, failed: make(chan error, 2)}
	if err := s.listen(); err != nil {
		return err
	}
	proxies, err := c.proxies()
	if err != nil {
		return err
	}
	inRing := namesInRing()
	s.server, err = server.New(server.Config{
		Dir: c.Dir, Identity: id, Authorizer: allow, Limits: c.Limits.limits(), TrustedProxies: proxies, Logger: log,
		NameOf: func(f keyfile.Fingerprint) string { return cmp.Or(allow.Name(f), inRing(f)) },
	})
	if err != nil {
		return err
	}
	err = s.start(a, id.Public().Fingerprint())
	if err == nil {
		select {
		case <-stop.Done():
		case err = <-s.failed:
		}
	}
	return errors.Join(err, s.stop())
}

// listen opens the listeners.
func (s *service) listen() (err error) {
	if s.cmd.Metrics != "" {
		if s.metrics, err = net.Listen("tcp", s.cmd.Metrics); err != nil {
			return err
		}
	}
	s.clients, err = net.Listen("tcp", s.cmd.Listen)
	return err
}

// start starts accepting connections.
func (s *service) start(a *app, fingerprint keyfile.Fingerprint) error {
	var err error
	if s.dir, err = os.Stat(s.cmd.Dir); err != nil {
		return err
	}
	if s.metrics != nil {
		s.serve(s.metrics, newMetrics(s, a.stderr.dropped.Load), nil)
		s.log.Info("giving metrics", "url", "http://"+s.metrics.Addr().String()+metricsPath)
	}
	s.serve(s.clients, s, s.server.ConnState)
	addr := s.clients.Addr().String()
	s.log.Info("listening", "address", addr, "endpoint", "ws://"+addr+s.cmd.Endpoint, "fingerprint", fingerprint.String())
	return s.tellAddress(a, addr)
}

// serve serves HTTP until the process ends, so that health checks learn that the server
// is stopping.
func (s *service) serve(listener net.Listener, handler http.Handler, state func(net.Conn, http.ConnState)) {
	patience := time.Duration(s.cmd.Limits.LoginTimeout)
	front := &http.Server{
		Handler:   handler,
		ConnState: state,
		ErrorLog:  slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		// WebSockets have their own limits; these apply to HTTP.
		MaxHeaderBytes:    16 << 10,
		ReadHeaderTimeout: patience,
		ReadTimeout:       patience,
		WriteTimeout:      patience,
		IdleTimeout:       patience,
	}
	go func() { s.failed <- front.Serve(listener) }()
}

// tellAddress writes the address to a file for scripts.
func (s *service) tellAddress(a *app, addr string) error {
	if s.cmd.AddressFile == "" {
		return nil
	}
	f, err := a.create(s.cmd.AddressFile, durable.Options{})
	if err != nil {
		return err
	}
	if _, err := f.Write([]byte(addr + "\n")); err != nil {
		return errors.Join(err, f.Abort())
	}
	return f.Commit()
}

// stop waits for transfers, and stops those that take too long.
func (s *service) stop() error {
	s.stopping.Store(true)
	s.log.Info("stopping", "grace", s.cmd.Grace)
	ctx, cancel := context.WithTimeout(context.Background(), s.cmd.Grace)
	defer cancel()
	err := s.server.Shutdown(ctx)
	s.log.Info("stopped", "interrupted", ctx.Err() != nil)
	return err
}

// ServeHTTP passes clients to the server, and answers health checks.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case s.cmd.Endpoint:
		s.server.ServeHTTP(w, r)
	case healthPath:
		answer(w, http.StatusOK, "alive")
	case readyPath:
		if err := s.ready(); err != nil {
			answer(w, http.StatusServiceUnavailable, "not ready: "+err.Error())
			return
		}
		answer(w, http.StatusOK, "ready")
	default:
		answer(w, http.StatusNotFound, "there is nothing here")
	}
}

func answer(w http.ResponseWriter, code int, line string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	io.WriteString(w, line+"\n")
}

var (
	errStopping = errors.New("the server is stopping")
	errList     = errors.New("the access list has errors, and an older one is in force")
	errFolder   = errors.New("the folder of the files does not exist, or is not writable")
)

// ready returns why the server cannot serve requests, in words for everybody.
func (s *service) ready() error {
	switch {
	case s.stopping.Load():
		return errStopping
	case s.allow.Err() != nil:
		return errList
	}
	info, err := os.Stat(s.cmd.Dir)
	if err := cmp.Or(err, writable(s.cmd.Dir)); err != nil || !os.SameFile(info, s.dir) {
		s.log.Warn("not ready", "dir", s.cmd.Dir, "err", err)
		return errFolder
	}
	return nil
}
