// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import "sync/atomic"

// Stats are statistics of a server: counters since it was created, and current numbers.
type Stats struct {
	Connections     int // after the login, now
	Unauthenticated int // before the login, now
	Logins          int64
	FailedLogins    int64
	Pushes          int64 // stored, or stored already
	FailedPushes    int64 // refused or interrupted
	Pulls           int64 // sent to the end
	FailedPulls     int64 // refused or interrupted
	Deleted         int64
	Moved           int64
	Received        int64 // bytes of objects
	Sent            int64 // bytes of objects

	Objects      int
	ObjectBytes  int64
	Partials     int
	PartialBytes int64
	Folders      int
	FreeBytes    int64 // on the file system; -1 if unknown
}

type stats struct {
	logins, failedLogins atomic.Int64
	pushes, pulls        atomic.Int64
	failed               [classes]atomic.Int64
	deleted, moved       atomic.Int64
	received, sent       atomic.Int64
}

// Stats returns the statistics. It is cheap.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	connections := len(s.sessions)
	s.mu.Unlock()
	usage := s.store.Usage()
	return Stats{
		Connections:     connections,
		Unauthenticated: s.gate.len(),
		Logins:          s.stats.logins.Load(),
		FailedLogins:    s.stats.failedLogins.Load(),
		Pushes:          s.stats.pushes.Load(),
		FailedPushes:    s.stats.failed[pushClass].Load(),
		Pulls:           s.stats.pulls.Load(),
		FailedPulls:     s.stats.failed[pullClass].Load(),
		Deleted:         s.stats.deleted.Load(),
		Moved:           s.stats.moved.Load(),
		Received:        s.stats.received.Load(),
		Sent:            s.stats.sent.Load(),
		Objects:         int(usage.Objects),
		ObjectBytes:     usage.Bytes,
		Partials:        int(usage.Partials),
		PartialBytes:    usage.PartialBytes,
		Folders:         int(usage.Folders),
		FreeBytes:       s.store.Free(),
	}
}
