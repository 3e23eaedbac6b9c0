// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/secagg"
)

// memberFlags name those who may take part.
type memberFlags struct {
	Members []string `required:"" type:"path" complete:"keys" sep:"none" placeholder:"PUB" help:"Those who may take part: names in the keyring, public key files, or folders of such files. Can be repeated. A client must not get this list from the server."`
	Admin   []string `type:"path" complete:"keys" sep:"none" placeholder:"PUB" help:"Accept only a --members file that the administrator PUB has signed with \"pqenc sign\". Can be repeated: one of them must have signed it."`

	MembersSignature string `type:"path" placeholder:"SIG" help:"The signature of the --members file. Default: PUB.pqs."`
}

// list returns the members.
func (f *memberFlags) list(a *app) (keyfile.Publics, error) {
	all, err := f.read(a)
	if err == nil {
		_, err = amongKnown(all, nil)
	}
	if err == nil {
		err = eachOnce(all)
	}
	return all, err
}

// errMembers reports a list that its author should not have made.
var errMembers = errors.New("the list of members")

// eachOnce returns an error if the owner of a key could take part twice, or not at all.
func eachOnce(members keyfile.Publics) error {
	later := make(map[keyfile.Fingerprint]keyfile.Fingerprint)
	for _, m := range members {
		for _, before := range m.Fingerprints()[1:] {
			later[before] = m.Fingerprint()
		}
	}
	for _, m := range members {
		if by, found := later[m.Fingerprint()]; found {
			return &failure{fmt.Errorf("%w: it has %s and its successor, %s", errMembers, m.Fingerprint(), by), exitRound, []string{"list the successor only"}}
		}
		if retired(m) {
			return &failure{fmt.Errorf("%w: %s: %w", errMembers, m.Fingerprint(), m.Usable(time.Now())), exitRound, []string{renewal(m)}}
		}
	}
	return nil
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
	if isDir(name) {
		return nil, usageError("--admin is for a --members file, and "+name+" is a folder", "put all members into one file, and sign that")
	}
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
	if errors.Is(err, fs.ErrNotExist) {
		return nil, withHints(err, `the administrator makes it with "pqenc sign", and --members-signature names it`)
	}
	if err != nil {
		return nil, err
	}
	_, err = pqenc.VerifyDetached(bytes.NewReader(list), sig, policy.From)
	if errors.Is(err, pqenc.ErrWrongSigner) {
		return nil, withHints(in(title, err), "if this is an administrator, name their public key with --admin, too")
	}
	if err != nil {
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
