// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package server is the other side of package transfer: it stores pqenc files and
// gives them away, to clients that an access list names. A [Server] is an
// http.Handler, for a program of one's own or for "pqenc serve". What it stores is
// opaque: it has no key that opens it.
//
// An object appears under its name when it is whole and durable, and not before. What
// a client has sent before its connection was cut is kept for it to resume.
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

// Limits bound what clients can make a server do. Zero means the default.
type Limits struct {
	ObjectSize int64 // bytes of one object; no limit
	StoreSize  int64 // bytes of all objects and partials; no limit
	KeepFree   int64 // bytes to leave free on the file system; none
	Objects    int   // names of objects and partials: 1,000,000
	Folders    int   // 100,000

	Connections       int // that have logged in: 512
	ConnectionsPerKey int // of them with the same key: 128

	// Unauthenticated bounds the connections that have not logged in yet, in all
	// and from one address: 512 and 128. When there are more, one of the newest from
	// the address with the most of them is closed.
	Unauthenticated           int
	UnauthenticatedPerAddress int

	Login   time.Duration // until a client has logged in: 10 s
	Idle    time.Duration // without progress, whatever signs of life there are: 10 min
	Silence time.Duration // without any sign of life: 60 s
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

// Config is what a server is made of.
type Config struct {
	// Dir is the folder of the objects. It is made if it is not there, and is for
	// one server at a time.
	Dir string
	// Identity is who the server is. It opens no object.
	Identity channel.Identity
	// Authorizer says who may do what; see [AllowFile] and [AllowList].
	Authorizer Authorizer
	Limits     Limits
	// TrustedProxies are the addresses of proxies in front of the server, which is told the
	// addresses of clients by X-Forwarded-For. Limits for each address, and the log, then
	// are about the client. Of everybody else the header is ignored.
	TrustedProxies []netip.Prefix
	// Logger is told what happens; nil is nobody.
	Logger *slog.Logger
	// NameOf, if set, returns the name that a client has in the log beside its
	// fingerprint, or "", such as [AllowFile.Name]. Every login waits for it.
	NameOf func(client signature.Fingerprint) string
	// OnCommit, if set, is called when an object has been stored, or moved to another
	// name, before the client is told. The client waits for it, and so does Shutdown, which ends the
	// context when its time is over. It is called again for the same object when a
	// client that was not told asks again.
	OnCommit func(ctx context.Context, c Commit)
}

// Commit is an object that has just been stored, or moved to its name.
type Commit struct {
	Client signature.Fingerprint
	Name   string
	Size   int64 // bytes
}

// Server takes and gives objects. It is an [http.Handler] for one path, at which
// clients open their WebSockets; use [Server.ConnState] as that of the
// http.Server around it.
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
	knocking sync.Map // net.Conn to *visitor, before a request has come

	commits  context.Context // for OnCommit
	hurry    context.CancelFunc
	stop     context.CancelFunc // of what runs beside the sessions
	beside   sync.WaitGroup
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

// maintain collects what was abandoned, and looks at what was put into the store
// by hand.
func (s *Server) maintain(ctx context.Context) {
	every(ctx, max(min(s.limits.Partial/4, 10*time.Minute), time.Second), func() {
		n, bytes, err := s.store.Collect(s.limits.Partial)
		if n > 0 {
			s.log.Info("collected abandoned partials", "partials", n, "bytes", bytes)
			s.uploads.announce() // nobody needs to wait for them
		}
		// One that cannot be removed is no reason not to look at the others.
		if err = errors.Join(err, s.store.Rescan()); err != nil {
			s.log.Error("cannot look after the store", "err", err)
		}
		for _, name := range s.store.Torn() {
			s.log.Warn("the header of an object is torn, and it is not served: pqenc rewrap --repair -i KEY completes its file", "object", name)
		}
	})
}

// recheck ends what clients have lost the right to.
func (s *Server) recheck(ctx context.Context) {
	every(ctx, recheckEvery, func() {
		for _, session := range s.loggedIn() {
			session.recheck()
		}
	})
}

// every calls do, and again after each period, until ctx ends.
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

// loggedIn returns the sessions whose client has logged in.
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

// ServeHTTP makes a connection of a request to open a WebSocket, and returns
// when it has ended.
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
		return // which Upgrade has answered
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

// ConnState counts connections that have not sent a request yet as what they
// are: waiting to log in. It is for http.Server.ConnState. Those of trusted proxies count
// once they have sent a request, as those of their clients.
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

// enter counts in a request, unless the server is stopping.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.ended.Add(1)
	return true
}

// admit counts a session of that client in, if there is room.
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

// Shutdown stops the server: from now on nobody is let in, and who is idle is
// told to go. Transfers that are under way may end until ctx is done; then they
// are stopped where they can be resumed. Shutdown returns when all have ended.
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

// end tells sessions to go: those that wait for a request, or all.
func (s *Server) end(all bool) {
	for _, session := range s.loggedIn() {
		if all || session.busy.Load() == 0 {
			session.end(wire.ErrShutdown)
		}
	}
	s.gate.clear()
}
