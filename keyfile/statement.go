// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/pqenc/pqenc/recipient"
	"github.com/pqenc/pqenc/signature"
)

// ErrStatement means that an identity statement is malformed, forged, or about another
// key than the one that it follows.
var ErrStatement = errors.New("invalid identity statement")

var (
	errOtherKey  = errors.New("is about another key than the one beside it")
	errNoPair    = errors.New("follows no key")
	errSucceeded = errors.New("is about a key that has another successor, or was retired")
)

// statementUse keeps signatures of statements apart from all others.
const statementUse = "pqenc/v1/identity"

// The role is part of what is signed, so that the signature of one key cannot be passed
// off as that of the other.
const (
	asKey      = 1
	asPrevious = 2
)

// Sizes of the encryption key in Public.DER, and of all of it.
const (
	encryptionDERSize = 1240
	publicDERSize     = encryptionDERSize + 2005
)

// statement has what the keys of a pair do not state themselves (docs/key-files.md, section 8.2):
// when the pair was made, when it expires, its name, and which pair it succeeds. It is signed by the pair, and by the one that it succeeds.
type statement struct {
	fingerprint Fingerprint // zero in a retirement: nothing succeeds the previous key
	previous    Fingerprint // zero in the first generation
	generation  uint32      // from 1
	created     uint64      // seconds since 1970 UTC
	expires     uint64      // the same, or 0 for never
	name        string      // as ValidName, or empty
	previousDER []byte      // Public.DER of the previous key; empty if there is none

	byKey, byPrevious []byte // signatures; empty where there is no such key

	line int // of the file that it was read from
}

// wrong adds to an error which statement it is about.
func (s *statement) wrong(err error) error {
	return fmt.Errorf("%w: the one at line %d %w", ErrStatement, s.line, err)
}

// retires reports whether it ends an identity.
func (s *statement) retires() bool { return s.fingerprint == Fingerprint{} }

// succeeds reports whether there is a previous key.
func (s *statement) succeeds() bool { return s.previous != Fingerprint{} }

// message returns what is signed in a role: the role and the fields.
func (s *statement) message(role byte) []byte {
	b := append([]byte{role}, s.fingerprint[:]...)
	b = append(b, s.previous[:]...)
	b = binary.BigEndian.AppendUint32(b, s.generation)
	b = binary.BigEndian.AppendUint64(b, s.created)
	b = binary.BigEndian.AppendUint64(b, s.expires)
	b = append(b, byte(len(s.name)))
	b = append(b, s.name...)
	return append(b, s.previousDER...)
}

// marshal returns the contents of the PEM block: fields and signatures.
func (s *statement) marshal() []byte {
	return append(append(s.message(0)[1:], s.byKey...), s.byPrevious...)
}

// sign adds the signatures of the keys, of which either may be nil.
func (s *statement) sign(key, previous *signature.PrivateKey) (err error) {
	if key != nil {
		if s.byKey, err = key.Sign(statementUse, s.message(asKey)); err != nil {
			return err
		}
	}
	if previous != nil {
		s.byPrevious, err = previous.Sign(statementUse, s.message(asPrevious))
	}
	return err
}

const fixedStatementSize = 32 + 32 + 4 + 8 + 8 + 1

// parseStatement returns the statement whose encoding is all of b. It does not check the
// signatures.
func parseStatement(b []byte) (*statement, error) {
	if len(b) < fixedStatementSize {
		return nil, errors.New("is too short")
	}
	s := &statement{
		fingerprint: Fingerprint(b),
		previous:    Fingerprint(b[32:]),
		generation:  binary.BigEndian.Uint32(b[64:]),
		created:     binary.BigEndian.Uint64(b[68:]),
		expires:     binary.BigEndian.Uint64(b[76:]),
	}
	size := int(b[84])
	sizes := []*[]byte{&s.previousDER, &s.byKey, &s.byPrevious}
	want := []int{0, signature.Size, 0}
	if s.succeeds() {
		want[0], want[2] = publicDERSize, signature.Size
	}
	if s.retires() {
		want[1] = 0
	}
	if rest := b[fixedStatementSize:]; len(rest) != size+want[0]+want[1]+want[2] {
		return nil, errors.New("has a wrong length")
	} else {
		s.name, rest = string(rest[:size]), rest[size:]
		for i, field := range sizes {
			*field, rest = rest[:want[i]:want[i]], rest[want[i]:]
		}
	}
	return s, s.valid()
}

// valid checks what holds for every statement.
func (s *statement) valid() error {
	switch {
	case s.fingerprint == s.previous: // both zero, or a key that succeeds itself
		return errors.New("is about no key, or twice about the same one")
	case s.generation == 0 || s.succeeds() != (s.generation > 1):
		return errors.New("has a wrong generation")
	case s.created > math.MaxInt64 || s.expires > math.MaxInt64:
		return errors.New("has a time that is out of bounds")
	case s.expires != 0 && s.expires <= s.created, s.expires != 0 && s.retires():
		return errors.New("has a wrong time of expiry")
	case s.name != "" && ValidName(s.name) != nil:
		return errors.New("has a name that cannot name a key")
	case s.succeeds() && s.previous != sha256.Sum256(s.previousDER):
		return errors.New("names another previous key than the one in it")
	}
	return nil
}

// verify checks both signatures. The key is the one that the statement follows. It is not
// used for a retirement.
func (s *statement) verify(key *signature.PublicKey) error {
	if !s.retires() && key.Verify(statementUse, s.message(asKey), s.byKey) != nil {
		return errors.New("is not signed by its key")
	}
	if !s.succeeds() {
		return nil
	}
	_, err := recipient.ParseSPKI(s.previousDER[:encryptionDERSize])
	if err != nil {
		return errors.New("has a previous key that is none")
	}
	previous, err := signature.ParseSPKI(s.previousDER[encryptionDERSize:])
	if err != nil || previous.Verify(statementUse, s.message(asPrevious), s.byPrevious) != nil {
		return errors.New("is not signed by the previous key")
	}
	return nil
}

// follows checks that s can be the statement after that of the generation before, which
// is nil if there is none.
func (s *statement) follows(before *statement) error {
	generation, created := uint32(1), uint64(0)
	if before != nil {
		generation, created = before.generation, before.created
	}
	switch {
	case s.generation-1 != generation:
		return errors.New("does not count on from the generation before")
	case s.created < created:
		return errors.New("is older than that of the generation before")
	}
	return nil
}

// succeededBy reports whether s names p as its previous key.
func (p *Public) succeededBy(s *statement) bool {
	return s != nil && s.succeeds() && s.previous == p.fingerprint
}

// Name returns the name that the owner gave the identity, or "".
func (p *Public) Name() string {
	if p.statement == nil {
		return ""
	}
	return p.statement.name
}

// Generation returns the number of this generation, from 1.
func (p *Public) Generation() int {
	if p.statement == nil {
		return 1
	}
	return int(p.statement.generation)
}

// Created returns when the key was made, by its owner's clock, or zero if the file does
// not have it.
func (p *Public) Created() time.Time {
	if p.statement == nil {
		return time.Time{}
	}
	return unix(p.statement.created)
}

// Expires returns when the key expires, or zero. After that nothing should be encrypted
// to it.
func (p *Public) Expires() time.Time {
	if p.statement == nil {
		return time.Time{}
	}
	return unix(p.statement.expires)
}

// Retired returns when the key was succeeded by another one, or retired without a
// successor; zero while it is in use.
func (p *Public) Retired() time.Time {
	if p.successor == nil {
		return time.Time{}
	}
	return time.Unix(int64(p.successor.created), 0) // 0 is a time, too: that of a clock that was not set
}

func unix(seconds uint64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

// The reasons why a key must not encrypt or sign.
var (
	// ErrExpired means that the time of expiry that the owner set has passed.
	ErrExpired = errors.New("the key has expired")
	// ErrRetired means that the key was succeeded by another one, or retired without a
	// successor.
	ErrRetired = errors.New("the key was retired")
)

// Usable returns nil if the key may encrypt and sign at that time. Decrypting with it is
// always allowed. The error wraps [ErrRetired] or [ErrExpired]. A key that is known to be
// retired is not usable at any time, even if its retirement is dated in the future: after a
// theft, a wrong clock must not keep the key in use.
func (p *Public) Usable(now time.Time) error {
	const day = "2006-01-02"
	switch expires := p.Expires(); {
	case p.successor != nil:
		return fmt.Errorf("%w on %s", ErrRetired, p.Retired().UTC().Format(day))
	case !expires.IsZero() && now.Unix() >= expires.Unix(): // in seconds, which do not overflow
		return fmt.Errorf("%w on %s", ErrExpired, expires.UTC().Format(day))
	}
	return nil
}
