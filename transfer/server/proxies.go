// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// proxies are the addresses of trusted proxies.
type proxies []netip.Prefix

func (p proxies) trust(addr netip.Addr) bool {
	return slices.ContainsFunc(p, func(prefix netip.Prefix) bool { return prefix.Contains(addr) })
}

const (
	forwardedFor = "X-Forwarded-For"
	// maxHops is how many addresses of the header are read.
	maxHops = 32
	// maxAddress is the length of the longest address in a header in bytes.
	maxAddress = 64
)

// clientOf returns the address of the client that has sent a request. That is the other side
// of the connection or, if that is a trusted proxy, the last address in X-Forwarded-For that
// is not one. Each proxy appends the address that it has seen, so everything before the first
// untrusted address, from the end, may be forged. If an address is invalid, the client is the
// proxy that has appended it.
func (p proxies) clientOf(r *http.Request) netip.Addr {
	client := addressOf(r.RemoteAddr)
	lines := r.Header.Values(forwardedFor)
	line := ""
	for range maxHops {
		if !p.trust(client) {
			return client
		}
		for line == "" {
			if len(lines) == 0 {
				return client
			}
			line, lines = lines[len(lines)-1], lines[:len(lines)-1]
		}
		comma := strings.LastIndexByte(line, ',')
		hop := addressOf(strings.TrimSpace(line[comma+1:]))
		if !hop.IsValid() {
			return client
		}
		client, line = hop, line[:max(comma, 0)]
	}
	return client
}

// addressOf returns the address of a host, with or without a port, or the zero Addr.
func addressOf(host string) netip.Addr {
	if len(host) > maxAddress {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		var withPort netip.AddrPort
		if withPort, err = netip.ParseAddrPort(host); err != nil {
			return netip.Addr{}
		}
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone("")
}

// logFor returns the log for the client of a request.
func (s *Server) logFor(r *http.Request, client netip.Addr) *slog.Logger {
	if client == addressOf(r.RemoteAddr) {
		return s.log.With("remote", r.RemoteAddr)
	}
	return s.log.With("remote", client.String(), "proxy", r.RemoteAddr)
}
