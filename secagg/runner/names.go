// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
)

// Names of steps that are not messages of the protocol.
const (
	vectorStep = "vector" // a masked vector
	resultStep = "result" // how the round has ended
)

// side is the direction of an object.
type side string

const (
	fromClient side = "from"
	toClient   side = "to"
)

// object is the place and the purpose of a message in a round.
type object struct {
	round  string
	side   side
	step   string
	client signature.Fingerprint
}

// name returns the name of the object.
func (o object) name() string { return o.folder() + hex.EncodeToString(o.client[:]) + suffix }

// folder returns the prefix of the names of all objects of that step.
func (o object) folder() string { return o.round + "/" + string(o.side) + "/" + o.step + "/" }

const suffix = ".pqe"

// context returns the context of the signature. The name of the round is last, since it may
// contain spaces.
func (o object) context(sender signature.Fingerprint) string {
	return fmt.Sprintf("pqenc/v1/secagg/runner %s by %s in %s", o.step, sender, o.round)
}

// clientOf returns the client in the name of an object in that folder.
func clientOf(folder, name string) (client signature.Fingerprint, ok bool) {
	text, ok := strings.CutSuffix(strings.TrimPrefix(name, folder), suffix)
	raw, err := hex.DecodeString(text)
	if !ok || err != nil || len(raw) != len(client) || text != strings.ToLower(text) {
		return client, false
	}
	return signature.Fingerprint(raw), true
}

// checkRound returns an error unless all objects of the round have valid names.
func checkRound(round string) error {
	longest := object{round, fromClient, secagg.StepAdvertisement.String(), signature.Fingerprint{}}
	if err := transfer.CheckName(longest.name()); err != nil {
		return fmt.Errorf("the name of the round: %w", err)
	}
	return nil
}

// Rules returns the lines of an access list ([server.AllowList]) for all rounds whose names are
// the prefix, a slash and one more segment. A prefix consists of segments of letters, digits, and
// the characters . - _ since others have a meaning in the list.
//
// [server.AllowList]: https://pkg.go.dev/github.com/pqenc/pqenc/transfer/server#AllowList
func Rules(prefix string, aggregator signature.Fingerprint, clients []signature.Fingerprint) (string, error) {
	if err := checkRound(prefix + "/1"); err != nil {
		return "", err
	}
	if strings.ContainsFunc(prefix, func(r rune) bool { return !strings.ContainsRune(plainRunes, r) }) {
		return "", errors.New("the prefix of the rounds: expected letters, digits, dots, dashes, underscores and slashes")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s  push,pull,list,delete  %s/**\n", aggregator, prefix)
	for _, client := range clients {
		file := hex.EncodeToString(client[:]) + suffix
		fmt.Fprintf(&b, "%s  push  %s/*/from/*/%s\n", client, prefix, file)
		fmt.Fprintf(&b, "%s  pull  %s/*/to/*/%s\n", client, prefix, file)
	}
	return b.String(), nil
}

const plainRunes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/"
