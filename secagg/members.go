// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"fmt"

	"github.com/pqenc/pqenc/signature"
)

// A Signer signs the messages of a client. *keyfile.Identity is one.
type Signer interface {
	Fingerprint() signature.Fingerprint
	SigningKey() *signature.PrivateKey
}

// A Member may take part in rounds. *keyfile.Public is one.
type Member interface {
	Fingerprint() signature.Fingerprint
	VerificationKey() *signature.PublicKey
}

// members are the verification keys of those who may take part.
type members map[signature.Fingerprint]*signature.PublicKey

func membersOf(list []Member) (members, error) {
	m := make(members, len(list))
	for _, member := range list {
		m[member.Fingerprint()] = member.VerificationKey()
	}
	if len(m) < len(list) {
		return nil, fmt.Errorf("%w: a member is listed twice", ErrRoster)
	}
	return m, nil
}

// verify checks that a message is of that step and round, and signed by a member.
func (m members) verify(s *signed, step Step, binding digest) error {
	key := m[s.signer]
	if key == nil {
		return blame(s.signer, ErrNotMember)
	}
	return blame(s.signer, s.verify(step, binding, key))
}
