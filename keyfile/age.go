// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/fips"
	"github.com/pqenc/pqenc/recipient"
)

// ReadRecipients reads the keys to encrypt to from a file of up to [MaxPublicSize]
// bytes: public keys as [ReadPublic] reads them, each a [*Public],
// or post-quantum ones of age, each a [*recipient.HybridRecipient].
func ReadRecipients(r io.Reader) ([]pqenc.Recipient, error) {
	data, err := readLimited(r, MaxPublicSize)
	if err != nil {
		return nil, err
	}
	keys, err := ParsePublic(data)
	if !IsAge(err) {
		return keys.Recipients(), err
	}
	ofAge, err := ParseAgeRecipients(data)
	if err != nil {
		return nil, err
	}
	return each(ofAge, func(r *recipient.HybridRecipient) pqenc.Recipient { return r }), nil
}

// LoadRecipients reads the file of that name; see [ReadRecipients].
func LoadRecipients(name string) ([]pqenc.Recipient, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadRecipients(f)
}

// IsAge reports whether err means that a file has post-quantum keys of age, which
// [ParseAgeRecipients] and [ParseAgeIdentities] read. They encrypt and decrypt;
// without a signing half they have no fingerprint, and are no identity.
func IsAge(err error) bool {
	var other *KindError
	return errors.As(err, &other) && other.Kind == AgePostQuantum
}

// ParseAgeRecipients returns the public keys in a recipients file of age, one a
// line (age1pq1…), among empty lines and lines that begin with '#'. Errors are
// those of [ParsePublic].
func ParseAgeRecipients(data []byte) ([]*recipient.HybridRecipient, error) {
	return parseAge(data, recipient.AgePublicPrefix, recipient.ParseAgeRecipient)
}

// ParseAgeIdentities returns the private keys in an identity file of age, one a
// line (AGE-SECRET-KEY-PQ-1…), among empty lines and lines that begin with '#'.
// Errors are those of [ParseIdentity].
func ParseAgeIdentities(data []byte) ([]*recipient.HybridIdentity, error) {
	return parseAge(data, recipient.AgePrivatePrefix, recipient.ParseAgeIdentity)
}

func parseAge[K any](data []byte, prefix string, parse func(string) (K, error)) (keys []K, err error) {
	if err := fips.Check(); err != nil {
		return nil, err // otherwise the keys would seem to be at fault
	}
	if data, err = trim(data); err != nil {
		return nil, err
	}
	n := 0
	for line := range bytes.Lines(data) {
		n++
		if text, ended := bytes.CutSuffix(line, []byte("\n")); ended { // a CR belongs to a line end, or to the line
			line = bytes.TrimSuffix(text, []byte("\r"))
		}
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if !bytes.HasPrefix(line, []byte(prefix)) {
			return nil, wrongAgeLine(line, n)
		}
		key, err := parse(string(line))
		if err != nil {
			return nil, fmt.Errorf("%w: the age key at line %d is %w", ErrNotKey, n, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: it has no keys", ErrNotKey)
	}
	return keys, nil
}

// wrongAgeLine explains a line that does not belong in a file of age's keys.
func wrongAgeLine(line []byte, n int) error {
	switch {
	case bytes.HasPrefix(line, []byte(recipient.AgePrivatePrefix)):
		return ErrIsAgePrivate
	case bytes.HasPrefix(line, []byte(recipient.AgePublicPrefix)):
		return ErrIsPublic
	case bytes.HasPrefix(line, []byte("-----BEGIN ")):
		return fmt.Errorf("%w: it has keys of age, and PEM at line %d; keep the two in files of their own", ErrNotKey, n)
	}
	if err := otherKind(line); err != nil {
		return err
	}
	return fmt.Errorf("%w: line %d is neither a comment nor an age key", ErrNotKey, n)
}
