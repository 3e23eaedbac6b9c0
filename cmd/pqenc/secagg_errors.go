// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"

	"github.com/pqenc/pqenc/internal/terminal"
	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/runner"
	"github.com/pqenc/pqenc/secagg/vector"
)

// roundKinds are the reasons why a round fails, or why a message is refused, with their names for
// programs. The first match counts.
var roundKinds = []struct {
	err  error
	name string
	hint string
}{
	{runner.ErrSent, "sent", "two means that contain the same update can give it away: train again"},
	{secagg.ErrFloor, "floor", "this client insists on its flags, and on the length of its update: change those, or the terms of the server"},
	{secagg.ErrThreshold, "threshold", ""},
	{secagg.ErrRoster, "roster", ""},
	{secagg.ErrNotMember, "member", "both sides need the same --members: for a key that was rotated, its new generation"},
	{secagg.ErrSecond, "second", ""},
	{secagg.ErrShare, "share", ""},
	{secagg.ErrVector, "vector", ""},
	{secagg.ErrStep, "step", "a client that is started in the middle of a round has dropped out of it, and takes part in the next one"},
	{secagg.ErrRound, "round", ""},
	{secagg.ErrSignature, "signature", ""},
	{secagg.ErrMessage, "message", ""},
	{secagg.ErrEnded, "ended", ""},
	{errUpdateChanged, "update", "another program is writing to it: write each update to a file of its own"},
	{vector.ErrNotFinite, "update", "the training has diverged: do not take part with this update"},
	{vector.ErrLength, "update", ""},
	{vector.ErrWeight, "update", "a round has weights up to --max-weight of its server: divide those of all clients by the same number"},
	{vector.ErrUsed, "update", ""},
	{vector.ErrRange, "update", ""},
	{vector.ErrEncoding, "update", ""},
	{errRoundEnded, "ended", ""},
}

// errUpdateChanged is the error for an update that may not be the one whose record says that it was
// sent.
var errUpdateChanged = errors.New("the file was written to after the client was started")

// errRoundEnded is the error when standard input ends in the middle of a round.
var errRoundEnded = errors.New("standard input ended before the round did")

// roundName returns the name of an error for programs.
func roundName(err error) string {
	for _, k := range roundKinds {
		if errors.Is(err, k.err) {
			return k.name
		}
	}
	code, _ := codeOf(err)
	return codeNames[code]
}

// roundError returns an error of a round with its exit code.
func roundError(err error) error {
	if f := (*failure)(nil); err == nil || errors.As(err, &f) {
		return err
	}
	for _, k := range roundKinds {
		if errors.Is(err, k.err) {
			var hints []string
			if k.hint != "" {
				hints = []string{k.hint}
			}
			return &failure{err, exitRound, hints}
		}
	}
	return err
}

// refusal is a line about an error.
type refusal struct {
	Error   string `json:"error"`
	From    string `json:"from,omitempty"`
	Message string `json:"message"`
	Fatal   bool   `json:"fatal,omitempty"`
}

// refuse returns the line about an error. It names the client that has caused it.
func refuse(err error, fatal bool) refusal {
	r := refusal{Error: roundName(err), Message: terminal.Printable(plain(err)), Fatal: fatal}
	var client *secagg.ClientError
	if errors.As(err, &client) {
		r.From = client.Client.String()
	}
	return r
}
