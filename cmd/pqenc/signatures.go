// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
)

// contextFlag is a part of making a signature, and of verifying one.
type contextFlag struct {
	Context *string `type:"text" placeholder:"TEXT" help:"What the file is for: signed with --sign, and required to be the same with --from."`
}

func (c *contextFlag) text() string {
	if c.Context == nil {
		return ""
	}
	return *c.Context
}

// fromFlags say whose files are accepted.
type fromFlags struct {
	From           []string `type:"path" sep:"none" placeholder:"PUB" help:"Accept only what is signed by a public key in the file PUB, for you. Can be repeated."`
	AllowForwarded bool     `help:"Accept also what is signed for somebody else."`
}

// policy reads the public keys that --from names.
func (f *fromFlags) policy(c *contextFlag) (pqenc.Policy, error) {
	p := pqenc.Policy{Context: c.Context, AllowForwarded: f.AllowForwarded}
	if len(f.From) == 0 && (f.AllowForwarded || c.Context != nil) {
		return p, usageError("--context and --allow-forwarded are of no use without --from", "name the signer with --from PUB")
	}
	for _, name := range f.From {
		keys, err := keyfile.LoadPublic(name)
		if err != nil {
			return p, in(name, err)
		}
		p.From = append(p.From, keys.Senders()...)
	}
	return p, nil
}

// sayWho says who signed what was decrypted. It begins with what that is, which is
// nothing if there is only one.
func (a *app) sayWho(what string, s *pqenc.Signature) {
	if what != "" {
		what += ": "
	}
	switch {
	case s == nil || a.grammar.Quiet:
	case s.Level == pqenc.Unverified:
		a.say(fmt.Sprintf("%ssigned by %s, which was not verified", what, s.Signer))
		a.say("hint: name the public key of the signer with --from to verify it")
	default:
		a.say(fmt.Sprintf("%ssigned by %s on %s%s", what, s.Signer, timeText(s.Time), contextText(s.Context)))
	}
}

func timeText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func contextText(c string) string {
	if c == "" {
		return ""
	}
	return fmt.Sprintf(", for %q", c)
}
