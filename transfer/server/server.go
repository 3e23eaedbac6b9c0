// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package server implements the server of package transfer: it stores pqenc files for the
// clients on an access list. A [Server] is an http.Handler; "pqenc serve" runs one. It has no
// key that opens the files.
//
// Objects appear atomically, when they are durable. What a client has sent before its
// connection was lost is kept, so that the client can resume.
package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
	"github.com/pqenc/pqenc/transfer/server/internal/store"
)

// Limits bound the resources that clients can use. Zero is the default, which is given.
type Limits struct {
	ObjectSize int64 // bytes of an object; no limit
	StoreSize  int64 // bytes of all objects and partials; no limit
	KeepFree   int64 // bytes to leave free on the file system; none
	Objects    int   // names of objects and partials: 1,000,000
	Folders    int   // 100,000

	Connections       int // connections after the login: 512
	ConnectionsPerKey int // the same, of one key: 128

	// Unauthenticated bounds the connections before the login, in all and from one address:
	// 512 and 128. If there are more, one of the newer ones from the address with the most
	// of them is closed.
	Unauthenticated           int
	UnauthenticatedPerAddress int

	Login   time.Duration // until a client has logged in: 10 s
	Idle    time.Duration // idle timeout, whatever keepalives there are: 10 min
	Silence time.Duration // without receiving anything: 60 s
	Partial time.Duration // how long an interrupted push is kept: 7 days
}

func (l Limits) withDefaults() Limits {
	l.Connections = cmp.Or(l.Connections, 512)
	l.ConnectionsPerKey = cmp.Or(l.ConnectionsPerKey, 128)
	l.Unauthenticated = cmp.Or(l.Unauthenticated, 512)
	l.UnauthenticatedPerAddress = cmp.Or(l.UnauthenticatedPerAddress, 128)
	l.Objects = cmp.Or(l.Objects, 1_000_000)
	l.Folders = cmp.Or(l.Folders, 100_000)
	l.Idle = cmp.Or(l.Idle, 10*time.Minute)
	l.Partial = cmp.Or(l.Partial, 7*24*time.Hour)
	return l
}

// Config configures a [Server].
type Config struct {
	// Dir is the folder of the objects. It is created if it does not exist. Only one server
	// at a time can use it.
	Dir string
	// Identity is the private key of the server. It opens no object.
	Identity channel.Identity
	// Authorizer decides about access and rights; see [AllowFile] and [AllowList].
	Authorizer Authorizer
	Limits     Limits
	// TrustedProxies are the addresses of proxies in front of the server. Limits for each
	// address, and the log, use the client's address in their X-Forwarded-For. The header of
	// all others is ignored.
	TrustedProxies []netip.Prefix
	// Logger receives the log; nil discards it.
	Logger *slog.Logger
	// NameOf, if set, returns a name of the client for the log, or "", in addition to the
	// fingerprint; see [AllowFile.Name]. Every login waits for it.
	NameOf func(client signature.Fingerprint) string
	// OnCommit, if set, is called when an object has been stored or moved, before the client
	// receives the answer. The client waits for it. So does Shutdown, which cancels the
	// context when its own context ends. If a client misses the answer and asks again, it
	// is called again for the same object.
	OnCommit func(ctx context.Context, c Commit)
}

// Commit is an object that has just been stored, or moved to its name.
type Commit struct {
	Client signature.Fingerprint
	Name   string
	Size   int64 // bytes
}

// Server stores objects of clients. It is an [http.Handler] for the path at which clients
// open their WebSockets. Set the ConnState of the http.Server to [Server.ConnState].
type Server struct {
	config   Config
	limits   Limits
	log      *slog.Logger
	store    *store.Store
	cert     *tls.Certificate
	gate     gate
	proxies  proxies
	uploads  uploads
	proofs   proofs
	puts     *budget // for small objects
	stats    stats
	knocking sync.Map // net.Conn to *visitor, before the first request

	commits  context.Context // for OnCommit
	hurry    context.CancelFunc
	stop     context.CancelFunc // stops the background work
	beside   sync.WaitGroup     // of the background work
	mu       sync.Mutex
	closing  bool
	sessions map[*session]struct{}
	ended    sync.WaitGroup // of sessions and logins
}

// New opens the store and returns its server.
func New(config Config) (*Server, error) {
	if config.Identity == nil || config.Authorizer == nil {
		return nil, errors.New("a server needs an identity and an authorizer")
	}
	s := &Server{config: config, limits: config.Limits.withDefaults(), log: config.Logger, sessions: make(map[*session]struct{}), puts: newBudget(putMemory)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.proxies = config.TrustedProxies
	s.gate.max, s.gate.perAddress = s.limits.Unauthenticated, s.limits.UnauthenticatedPerAddress
	var err error
	if s.cert, err = channel.NewCertificate(); err != nil {
		return nil, err
	}
	s.store, err = store.Open(config.Dir, store.Options{
		MaxObject:  s.limits.ObjectSize,
		MaxTotal:   s.limits.StoreSize,
		MaxObjects: int64(s.limits.Objects),
		MaxFolders: int64(s.limits.Folders),
		KeepFree:   s.limits.KeepFree,
	})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.commits, s.hurry = context.WithCancel(context.Background())
	s.beside.Go(func() { s.maintain(ctx) })
	s.beside.Go(func() { s.recheck(ctx) })
	return s, nil
}

// maintain removes old partials, and finds what was put into the store by hand.
func (s *Server) maintain(ctx context.Context) {
	every(ctx, max(min(s.limits.Partial/4, 10*time.Minute), time.Second), func() {
		n, bytes, err := s.store.Collect(s.limits.Partial)
		if n > 0 {
			s.log.Info("collected abandoned partials", "partials", n, "bytes", bytes)
			s.uploads.announce() // followers need not wait for them
		}
		// An error of one partial does not stop the rest.
		if err = errors.Join(err, s.store.Rescan()); err != nil {
			s.log.Error("cannot maintain the store", "err", err)
		}
		for _, name := range s.store.Torn() {
			s.log.Warn("the header of an object is torn, and it is not served: pqenc rewrap --repair -i KEY completes its file", "object", name)
		}
	})
}

// recheck ends requests and connections of clients that have lost the right to them.
func (s *Server) recheck(ctx context.Context) {
	every(ctx, recheckEvery, func() {
		for _, session := range s.loggedIn() {
			session.recheck()
		}
	})
}

// every calls do now and after each period, until ctx ends.
func every(ctx context.Context, period time.Duration, do func()) {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for ctx.Err() == nil {
		do()
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// loggedIn returns the sessions after the login.
func (s *Server) loggedIn() (all []*session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for session := range s.sessions {
		if session.conn != nil {
			all = append(all, session)
		}
	}
	return all
}

// ServeHTTP accepts a WebSocket, and returns when the connection has ended.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		w.Header().Set("Retry-After", "5")
		http.Error(w, wire.ErrShutdown.Error(), http.StatusServiceUnavailable)
		return
	}
	defer s.ended.Done()
	client := s.proxies.clientOf(r)
	log := s.logFor(r, client)
	stream, err := channel.Upgrade(w, r)
	if err != nil {
		log.Debug("no WebSocket", "err", err)
		return // Upgrade has answered
	}
	visitor := s.gate.enter(client, func() { stream.Close() })
	session := &session{server: s, log: log, open: make(map[*request]struct{})}
	conn, err := channel.Accept(stream, s.cert, &channel.Login{
		Identity: s.config.Identity,
		Check:    session.admit,
		Times: channel.Times{
			Login:   s.limits.Login,
			Silence: s.limits.Silence,
			Idle:    s.limits.Idle,
		},
	})
	turnedAway := s.gate.leave(visitor)
	defer s.forget(session)
	if err != nil {
		s.stats.failedLogins.Add(1)
		level := slog.LevelInfo
		if errors.Is(err, wire.ErrDenied) {
			level = slog.LevelWarn
		}
		session.log.Log(r.Context(), level, "no login", "turned_away", turnedAway, "err", err)
		return
	}
	s.stats.logins.Add(1)
	s.mu.Lock()
	session.conn = conn
	s.mu.Unlock()
	session.run()
}

// ConnState counts connections before their first request as connections before the login.
// It is for http.Server.ConnState. Connections of trusted proxies count from their first
// request on, under the address of the client.
func (s *Server) ConnState(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if from := addressOf(conn.RemoteAddr().String()); !s.proxies.trust(from) {
			s.knocking.Store(conn, s.gate.enter(from, func() { conn.Close() }))
		}
	case http.StateHijacked, http.StateClosed:
		if v, ok := s.knocking.LoadAndDelete(conn); ok {
			s.gate.leave(v.(*visitor))
		}
	}
}

// enter counts a request, unless the server is stopping.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.ended.Add(1)
	return true
}

// admit counts a session, if there is room for one more of that client.
func (s *Server) admit(new *session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	same := 0
	for other := range s.sessions {
		if other.peer == new.peer {
			same++
		}
	}
	switch {
	case s.closing:
		return wire.ErrShutdown
	case len(s.sessions) >= s.limits.Connections, same >= s.limits.ConnectionsPerKey:
		return wire.ErrBusy
	}
	s.sessions[new] = struct{}{}
	return nil
}

func (s *Server) forget(old *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, old)
}

// Shutdown stops the server. It refuses new connections and closes idle ones. Running
// transfers can continue until ctx ends, and are then interrupted so that they can be
// resumed. Shutdown returns when all have ended.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { s.ended.Wait(); close(done) }()

	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	defer s.hurry()
	defer context.AfterFunc(ctx, s.hurry)()
	for running := true; running; {
		s.end(ctx.Err() != nil)
		select {
		case <-done:
			running = false
		case <-ticker.C:
		}
	}
	s.stop()
	s.beside.Wait()
	return s.store.Close()
}

// end ends sessions: those without a running request, or all.
func (s *Server) end(all bool) {
	for _, session := range s.loggedIn() {
		if all || session.busy.Load() == 0 {
			session.end(wire.ErrShutdown)
		}
	}
	s.gate.clear()
}
