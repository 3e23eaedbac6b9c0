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

	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
	"github.com/pqenc/pqenc/transfer/server/internal/store"
)

// session is the server's side of one connection: requests, one after another.
type session struct {
	server   *Server
	conn     *channel.Conn
	peer     signature.Fingerprint
	log      *slog.Logger
	admitted bool
	busy     atomic.Bool // with a request
	goodbye  sync.Once
}

// admit is the server's decision at the login.
func (s *session) admit(peer signature.Fingerprint) error {
	s.peer = peer
	s.log = s.log.With("client", peer.String())
	if !s.server.config.Authorizer.Known(peer) {
		return fmt.Errorf("%w: %s is not on the access list", wire.ErrDenied, peer)
	}
	if err := s.server.admit(s); err != nil {
		code, text := wire.Refusal(err)
		return &channel.PeerError{Code: code, Text: text}
	}
	s.admitted = true
	return nil
}

// dismiss tells the client that the server is stopping.
func (s *session) dismiss() {
	s.goodbye.Do(func() {
		code, text := wire.Refusal(wire.ErrShutdown)
		conn := s.conn
		go conn.Fail(code, text)
	})
}

// run answers requests until the connection ends.
func (s *session) run() {
	s.log.Info("logged in")
	var err error
	for err == nil {
		var m wire.Message
		if m, err = s.conn.Next(); err == nil {
			s.busy.Store(true)
			err = s.answer(m)
			s.busy.Store(false)
		}
	}
	s.end(err)
}

// end ends the connection: a failure of this side with a reason that the client
// can understand, and the whole truth for the log.
func (s *session) end(err error) {
	var theirs *channel.PeerError
	select {
	case <-s.conn.Closed():
	default:
		if !errors.As(err, &theirs) {
			s.conn.Fail(wire.Refusal(err))
		}
	}
	s.conn.Close()
	in, out := s.conn.Traffic()
	s.log.Info("connection ended", "in", in, "out", out, "reason", err)
}

// answer serves one request.
func (s *session) answer(m wire.Message) error {
	switch m.Type {
	case wire.TypePush:
		return countFailure(s.push(m.Body), &s.server.stats.failedPushes)
	case wire.TypePull:
		return countFailure(s.pull(m.Body), &s.server.stats.failedPulls)
	case wire.TypeList:
		return s.list(m.Body)
	case wire.TypeDelete:
		return s.delete(m.Body)
	}
	return fmt.Errorf("%w: 0x%02x is not a request", wire.ErrOrder, m.Type)
}

// authorize checks a name, and whether the client may do that. Nothing is looked up before.
func (s *session) authorize(op Operation, text string) (wire.Name, Grant, error) {
	name, err := wire.ParseName(text)
	if err != nil {
		return name, Grant{}, err
	}
	grant, ok := s.server.config.Authorizer.Authorize(s.peer, op, text)
	if !ok {
		return name, Grant{}, fmt.Errorf("%w: no right to %s %q", wire.ErrDenied, op, text)
	}
	return name, grant, nil
}

// list sends the objects whose names begin with the prefix and that the client
// may list.
func (s *session) list(body []byte) error {
	prefix, err := wire.ParseText(body)
	if err != nil {
		return err
	}
	err = s.server.store.List(prefix, func(e store.Entry) error {
		if _, ok := s.server.config.Authorizer.Authorize(s.peer, List, e.Name); !ok {
			return nil
		}
		entry := wire.Entry{Length: e.Size, Time: max(e.ModTime.Unix(), 0), Name: e.Name}
		s.conn.Progress() // a long list may take its time, too
		return s.conn.Send(wire.TypeEntry, entry.Marshal())
	})
	if err != nil {
		return err
	}
	return s.conn.Send(wire.TypeDone, nil)
}

func (s *session) delete(body []byte) error {
	text, err := wire.ParseText(body)
	if err != nil {
		return err
	}
	name, _, err := s.authorize(Delete, text)
	if err != nil {
		return err
	}
	if err := s.server.store.Delete(name); err != nil {
		return err
	}
	s.server.stats.deleted.Add(1)
	s.log.Info("deleted", "name", text)
	return s.conn.Send(wire.TypeDone, nil)
}
