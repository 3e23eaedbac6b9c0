// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/terminal"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/runner"
	"github.com/pqenc/pqenc/secagg/vector"
)

// secaggCmd has the two sides of a round of secure aggregation.
type secaggCmd struct {
	Client secaggClientCmd `cmd:"" help:"Take part in a round of secure aggregation."`
	Server secaggServerCmd `cmd:"" help:"Run a round of secure aggregation, and write the mean."`
}

func (secaggCmd) Help() string {
	return `Secure aggregation is for federated learning: a server gets the mean of the updates of many
clients, and learns no single update, also if it cheats and some clients help it.

Both commands are for programs, in any language: a process runs one round, reads messages
from standard input and writes messages to standard output. The program carries them from
one side to the other. docs/secagg-process.md describes the lines around the messages, and
has a client in Python.

Examples:

    pqenc secagg server --members team.pub --dropped 2 \
        --length 5000000 --clip 8 -o mean.f32
    pqenc secagg client -i alice.key --members team.pub \
        --update update.f32 --masked masked.bin`
}

// memberFlags name those who may take part.
type memberFlags struct {
	Members []string `required:"" type:"path" complete:"keys" sep:"none" placeholder:"PUB" help:"Those who may take part: names in the keyring, public key files, or folders of such files. Can be repeated. A client must not get this list from the server."`
	Admin   []string `type:"path" complete:"keys" sep:"none" placeholder:"PUB" help:"Accept only a --members file that the administrator PUB has signed with \"pqenc sign\". Can be repeated: one of them must have signed it."`

	MembersSignature string `type:"path" placeholder:"SIG" help:"The signature of the --members file. Default: FILE.pqs."`
}

// list returns the members.
func (f *memberFlags) list(a *app) (keyfile.Publics, error) {
	all, err := f.read(a)
	if err == nil {
		_, err = amongKnown(all, nil)
	}
	return all, err
}

func (f *memberFlags) read(a *app) (all keyfile.Publics, err error) {
	if len(f.Admin) > 0 {
		return f.signed(a)
	}
	if f.MembersSignature != "" {
		return nil, usageError("--members-signature needs --admin", "name the signer with --admin PUB")
	}
	for _, name := range f.Members {
		keys, err := publicKeys(name)
		if err != nil {
			return nil, err
		}
		all = append(all, keys...)
	}
	return all, nil
}

// signed returns the members in a file that an administrator has signed. The file is read once,
// so that what was verified is what counts.
func (f *memberFlags) signed(a *app) (keyfile.Publics, error) {
	if len(f.Members) != 1 {
		return nil, usageError("--admin is for one --members file", "put all members into one file, and sign that")
	}
	policy, err := (&fromFlags{From: f.Admin}).policy(&contextFlag{})
	if err != nil {
		return nil, err
	}
	name := f.Members[0]
	src, err := a.openInput(name)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	list, err := io.ReadAll(io.LimitReader(src.reader(), keyfile.MaxPublicSize+1))
	if err != nil {
		return nil, in(src.name, err)
	}
	sigName := f.MembersSignature
	if sigName == "" {
		sigName = name + signatureSuffix
	}
	title, sig, err := a.readSignature(sigName)
	if err != nil {
		return nil, err
	}
	if _, err := pqenc.VerifyDetached(bytes.NewReader(list), sig, policy.From); err != nil {
		return nil, in(title, err)
	}
	keys, err := keyfile.ReadPublic(bytes.NewReader(list))
	return keys, in(src.name, err)
}

// tenth returns the number that a flag gives, or a tenth of the members, rounded up.
func tenth(flag *uint, members int) int {
	if flag == nil {
		return (members + 9) / 10
	}
	return int(min(*flag, math.MaxInt32))
}

// corrupt returns the number of a flag as package secagg has it: zero for the default, and less
// for none.
func corrupt(flag *uint) int {
	switch {
	case flag == nil:
		return 0
	case *flag == 0:
		return -1
	}
	return tenth(flag, 0)
}

// secaggMembers returns members for the protocol.
func secaggMembers(keys keyfile.Publics) (list []secagg.Member) {
	for _, k := range keys {
		list = append(list, k)
	}
	return list
}

// roundKinds are the reasons why a round fails, or why a message is refused, with their names for
// programs. The first match counts.
var roundKinds = []struct {
	err  error
	name string
	hint string
}{
	{runner.ErrSent, "sent", "two means that contain the same update can give it away: train again"},
	{secagg.ErrFloor, "floor", "if the terms are fine, change the flags: they are what this client insists on"},
	{secagg.ErrThreshold, "threshold", ""},
	{secagg.ErrRoster, "roster", ""},
	{secagg.ErrNotMember, "member", "both sides need the same --members"},
	{secagg.ErrSecond, "second", ""},
	{secagg.ErrShare, "share", ""},
	{secagg.ErrVector, "vector", ""},
	{secagg.ErrStep, "step", ""},
	{secagg.ErrRound, "round", ""},
	{secagg.ErrSignature, "signature", ""},
	{secagg.ErrMessage, "message", ""},
	{secagg.ErrEnded, "ended", ""},
	{vector.ErrNotFinite, "update", "the training has diverged: do not take part with this update"},
	{vector.ErrLength, "update", ""},
	{vector.ErrWeight, "update", ""},
	{vector.ErrUsed, "update", ""},
	{vector.ErrRange, "update", ""},
	{vector.ErrEncoding, "update", ""},
	{errRoundEnded, "ended", ""},
}

// errRoundEnded is the error when standard input ends in the middle of a round.
var errRoundEnded = errors.New("standard input has ended before the round")

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

// lengthOf returns the number of values in an update.
func lengthOf(src *input) (int64, error) {
	if src.size < 0 || src.at == nil {
		return 0, usageError(src.name+" is not a regular file", "write the update to a file: it is read twice")
	}
	if src.size == 0 || src.size%4 != 0 {
		return 0, &failure{fmt.Errorf("%s: %d bytes are not a number of float32 values", src.name, src.size), exitRound, nil}
	}
	return src.size / 4, nil
}
