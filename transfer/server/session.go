// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// session is the server's side of a connection.
type session struct {
	server  *Server
	conn    *channel.Conn
	peer    signature.Fingerprint
	log     *slog.Logger
	busy    atomic.Int32 // running requests
	goodbye sync.Once

	mu       sync.Mutex
	open     map[*request]struct{}
	handlers sync.WaitGroup

	getting sync.Mutex // held while a CONTENT is read and sent
}

// request is a request of a session.
type request struct {
	*session
	*channel.Request
	class class
	kind  class // for the statistics
	log   *slog.Logger

	op   Operation // that is checked again while the request runs, with name
	name wire.Name

	// sends reports that the client still has to send its last message.
	sends bool
	// prepare, if set, is called before the next message is read, and may block. done, if
	// set, is called after the last answer.
	prepare, done func()

	// answered reports that the last answer is being sent. From then on sends does not
	// change.
	answered atomic.Bool
}

// over reports whether the client may consider the request ended.
func (r *request) over() bool { return r.answered.Load() && (!r.sends || r.Ended()) }

// class is a class of requests, whose number for each connection is limited.
type class int

const (
	smallClass class = iota
	pushClass
	pullClass
	classes
)

var most = [classes]int{smallClass: wire.MaxSmall, pushClass: 1, pullClass: 1}

// admit decides about access at the login.
func (s *session) admit(peer signature.Fingerprint) error {
	s.peer = peer
	s.log = s.log.With("client", peer.String())
	if nameOf := s.server.config.NameOf; nameOf != nil {
		if name := nameOf(peer); name != "" {
			s.log = s.log.With("who", name)
		}
	}
	if !s.server.config.Authorizer.Known(peer) {
		return fmt.Errorf("%w: %s is not on the access list", wire.ErrDenied, peer)
	}
	if err := s.server.admit(s); err != nil {
		return wire.Refusal(err)
	}
	return nil
}

// end ends the connection with an error.
func (s *session) end(why error) {
	s.goodbye.Do(func() {
		told := wire.Refusal(why)
		go s.conn.Fail(told.Code, told.Text)
	})
}

// run answers requests until the connection ends.
func (s *session) run() {
	s.log.Info("logged in")
	err := s.conn.Dispatch(s.begin)
	s.conn.Close()
	s.handlers.Wait()
	in, out := s.conn.Traffic()
	s.log.Info("connection ended", "in", in, "out", out, "reason", err)
}

// begin starts a request in its own goroutine.
func (s *session) begin(m wire.Message) error {
	r := &request{session: s}
	work, refused := r.parse(m)
	if errors.Is(refused, wire.ErrProtocol) {
		return refused
	}
	if refused != nil {
		work = func() (wire.Message, error) { return wire.Message{}, refused }
	}
	var err error
	if r.Request, err = s.conn.Open(m.Request, nil, r.class == pushClass); err != nil {
		return err
	}
	r.log = s.log.With("request", m.Request)
	if err := s.enter(r); err != nil {
		r.Request.End()
		return err
	}
	if r.prepare != nil && refused == nil {
		r.prepare()
	}
	s.handlers.Go(func() { r.serve(work) })
	return nil
}

// enter counts a request, unless the client has too many of its class.
func (s *session) enter(r *request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	same := 0
	for other := range s.open {
		if other.class == r.class && !other.over() {
			same++
		}
	}
	if same >= most[r.class] {
		return fmt.Errorf("%w: too many requests at a time", wire.ErrOrder)
	}
	s.open[r] = struct{}{}
	s.busy.Add(1)
	return nil
}

// work does what a request asks for. It returns the last answer.
type work func() (wire.Message, error)

// parse parses a request. The body of m is not valid any more when the work runs.
func (r *request) parse(m wire.Message) (work work, err error) {
	switch m.Type {
	case wire.TypePush:
		r.class, r.kind = pushClass, pushClass
		ask, err := wire.ParsePush(m.Body)
		return func() (wire.Message, error) { return r.push(ask) }, err
	case wire.TypePull:
		r.class, r.kind = pullClass, pullClass
		ask, err := wire.ParsePull(m.Body)
		return func() (wire.Message, error) { return r.pull(ask) }, err
	case wire.TypePut:
		r.kind = pushClass
		ask, err := wire.ParsePut(m.Body)
		r.prepare = func() { r.takeIn(ask) }
		return func() (wire.Message, error) { return r.put(ask) }, err
	case wire.TypeGet:
		r.kind = pullClass
		ask, err := wire.ParseGet(m.Body)
		return func() (wire.Message, error) { return r.get(ask) }, err
	case wire.TypeList:
		ask, err := wire.ParseList(m.Body)
		return func() (wire.Message, error) { return r.list(ask) }, err
	case wire.TypeDelete:
		names, err := wire.ParseNames(m.Body)
		return func() (wire.Message, error) { return r.delete(names) }, err
	case wire.TypeMove:
		ask, err := wire.ParseMove(m.Body)
		return func() (wire.Message, error) { return r.move(ask) }, err
	case wire.TypeQuota:
		skip, err := wire.ParseCount(m.Body)
		return func() (wire.Message, error) { return r.quota(skip) }, err
	}
	return nil, wire.ErrUnsupported
}

// serve does the work and ends the request. After a failure the client receives the code, and
// the log all details.
func (r *request) serve(work work) {
	answer, err := work()
	if err != nil {
		r.server.stats.failed[r.kind].Add(1)
	}
	r.answered.Store(true)
	var theirs *wire.Error
	switch {
	case err == nil:
		err = r.Send(answer.Type, answer.Body)
	case errors.As(err, &theirs):
		r.Refuse(wire.ErrAbandoned) // whatever the code of the client is
	case errors.Is(err, wire.ErrProtocol):
		r.session.end(err)
	case errors.Is(err, channel.ErrClosed): // the client has its reason already
	default:
		r.Refuse(err) // has no effect if the connection has failed
	}
	if r.done != nil {
		r.done()
	}
	if err != nil {
		r.logFailure("request ended", err)
		if r.sends {
			r.Drain(wire.TypeEnd)
		}
	}
	r.mu.Lock()
	delete(r.open, r)
	r.mu.Unlock()
	r.busy.Add(-1)
	r.Request.End()
}

// authorize returns the grant for an operation, or an error with the missing [wire.Right].
// It is called before the object is looked up.
func (s *session) authorize(op Operation, name wire.Name) (Grant, error) {
	grant, ok := s.server.config.Authorizer.Authorize(s.peer, op, name.String())
	if !ok {
		return Grant{}, &wire.Right{Op: op.String(), Name: name}
	}
	return grant, nil
}

// logFailure logs a failure. Denials are warnings.
func (r *request) logFailure(what string, err error, attrs ...any) {
	if right := (*wire.Right)(nil); errors.As(err, &right) {
		r.log.Warn("denied", append(attrs, "right", right.Op, "object", right.Name.String())...)
		return
	}
	r.log.Info(what, append(attrs, "reason", err)...)
}

// hold is authorize for a request that may take long: the right is checked again while it
// runs.
func (r *request) hold(op Operation, name wire.Name) (Grant, error) {
	r.mu.Lock()
	r.op, r.name = op, name
	r.mu.Unlock()
	return r.authorize(op, name)
}

// recheckEvery is how often rights are checked again. An AllowFile takes half a second to
// notice a change.
const recheckEvery = 400 * time.Millisecond

// recheck ends requests for which the client has no right any more.
func (s *session) recheck() {
	if !s.server.config.Authorizer.Known(s.peer) {
		s.end(fmt.Errorf("%w: %s has been removed from the access list", wire.ErrDenied, s.peer))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for r := range s.open {
		if r.op == 0 {
			continue
		}
		if _, err := s.authorize(r.op, r.name); err != nil {
			r.Cancel(err)
		}
	}
}
