// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func prefixes(text ...string) (p proxies) {
	for _, t := range text {
		p = append(p, netip.MustParsePrefix(t))
	}
	return p
}

func TestClientOf(t *testing.T) {
	trusted := prefixes("127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32")
	for _, c := range []struct {
		peer   string
		header []string
		want   string
	}{
		{"192.0.2.1:1", nil, "192.0.2.1"},
		{"192.0.2.1:1", []string{"198.51.100.7"}, "192.0.2.1"}, // the sender is not trusted
		{"127.0.0.1:1", nil, "127.0.0.1"},
		{"127.0.0.1:1", []string{"198.51.100.7"}, "198.51.100.7"},
		{"[::ffff:127.0.0.1]:1", []string{"198.51.100.7"}, "198.51.100.7"},
		{"127.0.0.1:1", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
		{"127.0.0.1:1", []string{" 198.51.100.7 "}, "198.51.100.7"},
		{"127.0.0.1:1", []string{"203.0.113.9, 198.51.100.7"}, "198.51.100.7"}, // the client forged the first one
		{"127.0.0.1:1", []string{"203.0.113.9", "198.51.100.7"}, "198.51.100.7"},
		{"127.0.0.1:1", []string{"203.0.113.9, 198.51.100.7", "10.1.2.3"}, "198.51.100.7"},
		{"127.0.0.1:1", []string{"198.51.100.7,10.1.2.3,127.0.0.1"}, "198.51.100.7"},
		{"127.0.0.1:1", []string{"10.9.9.9, 10.1.2.3"}, "10.9.9.9"}, // a client among the proxies
		{"127.0.0.1:1", []string{"198.51.100.7:4711"}, "198.51.100.7"},
		{"127.0.0.1:1", []string{"2001:470::1"}, "2001:470::1"},
		{"127.0.0.1:1", []string{"[2001:470::1]:4711"}, "2001:470::1"},
		{"127.0.0.1:1", []string{"2001:470::1%eth0"}, "2001:470::1"},
		{"[2001:db8::5]:1", []string{"198.51.100.7"}, "198.51.100.7"},
		{"[2001:db8::5%eth0]:1", []string{"198.51.100.7"}, "198.51.100.7"},
		{"127.0.0.1:1", []string{"unknown"}, "127.0.0.1"},
		{"127.0.0.1:1", []string{"198.51.100.7, unknown"}, "127.0.0.1"},
		{"127.0.0.1:1", []string{"198.51.100.7, unknown, 10.1.2.3"}, "10.1.2.3"},
		{"127.0.0.1:1", []string{""}, "127.0.0.1"},
		{"127.0.0.1:1", []string{"198.51.100.7,"}, "127.0.0.1"},
		{"127.0.0.1:1", []string{"198.51.100.7", ""}, "198.51.100.7"},
		{"127.0.0.1:1", []string{strings.Repeat("1", 1<<20)}, "127.0.0.1"},
		{"127.0.0.1:1", []string{strings.Repeat(",", 1<<20)}, "127.0.0.1"},
		{"127.0.0.1:1", []string{strings.Repeat("x, ", 1<<20) + "198.51.100.7"}, "198.51.100.7"},
		{"127.0.0.1:1", []string{strings.Repeat("198.51.100.7, ", 10) + strings.Repeat("10.1.1.1,", 1000) + "10.2.2.2"}, "10.1.1.1"}, // no further
		{"@", []string{"198.51.100.7"}, "invalid IP"},
		{"", nil, "invalid IP"},
	} {
		r := &http.Request{RemoteAddr: c.peer, Header: http.Header{forwardedFor: c.header}}
		if got := trusted.clientOf(r).String(); got != c.want {
			t.Errorf("%s with %.80q: %s, not %s", c.peer, c.header, got, c.want)
		}
	}
	r := &http.Request{RemoteAddr: "127.0.0.1:1", Header: http.Header{forwardedFor: {"198.51.100.7"}}}
	if got := proxies(nil).clientOf(r).String(); got != "127.0.0.1" {
		t.Errorf("without a proxy: %s", got)
	}
}

// FuzzClientOf has a client make up a header, to which a trusted proxy appends its address, in
// the same line or in one of its own.
func FuzzClientOf(f *testing.F) {
	f.Add("198.51.100.7", "10.1.2.3")
	f.Add(" , ,,", "")
	f.Add("[2001:470::1]:4711,", "2001:db8::1%eth0")
	f.Add("unknown\x00\r\nX: y", "::ffff:127.0.0.1")
	trusted := prefixes("127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32")
	f.Fuzz(func(t *testing.T, one, two string) {
		of := func(peer string, header ...string) string {
			r := &http.Request{RemoteAddr: peer, Header: http.Header{forwardedFor: header}}
			return trusted.clientOf(r).String()
		}
		for _, header := range [][]string{{one, two + ", 192.0.2.7"}, {one, two, "192.0.2.7"}, {one, two, "192.0.2.7, 10.1.2.3"}} {
			if got := of("127.0.0.1:1", header...); got != "192.0.2.7" {
				t.Errorf("%q: %s", header, got)
			}
		}
		if got := of("192.0.2.7:1", one, two); got != "192.0.2.7" {
			t.Errorf("%q, %q: %s", one, two, got)
		}
		if got := of("127.0.0.1:1", one, two); strings.ContainsAny(got, " \n%") {
			t.Errorf("%q, %q: %s", one, two, got)
		}
	})
}
