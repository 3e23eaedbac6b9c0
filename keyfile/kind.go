// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

import (
	"bytes"
	"fmt"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/text"
)

// Kind is what a file is that people take for a key file, in words.
type Kind string

// The kinds that are recognized.
const (
	SSHKey        Kind = "an SSH key"
	AgeKey        Kind = "an age key"
	PGPKey        Kind = "an OpenPGP key"
	Certificate   Kind = "a certificate"
	OtherKey      Kind = "a key of another kind"
	EncryptedFile Kind = "an encrypted file"
	AgeFile       Kind = "a file encrypted with age"
	UTF16         Kind = "text in UTF-16, not in UTF-8"
)

// KindError says that something else is where a key file should be. It wraps
// [ErrNotKey].
type KindError struct{ Kind Kind }

func (e *KindError) Error() string { return fmt.Sprintf("%v: it is %s", ErrNotKey, e.Kind) }

// Unwrap returns [ErrNotKey].
func (e *KindError) Unwrap() error { return ErrNotKey }

// starts are what the first line begins with that no key file has.
var starts = []struct {
	start string
	kind  Kind
}{
	{format.Magic[:6], EncryptedFile}, // up to its line end
	{"-----BEGIN OPENSSH PRIVATE KEY", SSHKey},
	{"---- BEGIN SSH2 ", SSHKey},
	{"ssh-", SSHKey},
	{"ecdsa-sha2-", SSHKey},
	{"sk-ssh-", SSHKey},
	{"sk-ecdsa-", SSHKey},
	{"PuTTY-User-Key-File", SSHKey},
	{"AGE-", AgeKey},
	{"age1", AgeKey},
	{"age-encryption.org/", AgeFile},
	{"-----BEGIN AGE ENCRYPTED FILE", AgeFile},
	{"-----BEGIN PGP", PGPKey},
	{"-----BEGIN CERTIFICATE", Certificate},
	{"-----BEGIN X509 CERTIFICATE", Certificate},
	{"-----BEGIN TRUSTED CERTIFICATE", Certificate},
	{"-----BEGIN RSA ", OtherKey},
	{"-----BEGIN EC ", OtherKey},
	{"-----BEGIN DSA ", OtherKey},
	{"-----BEGIN ENCRYPTED PRIVATE KEY", OtherKey},
}

// otherKind returns an error that says what a file is whose line, outside of
// blocks, is not one of a key file; nil if that is not known.
func otherKind(line []byte) error {
	for _, s := range starts {
		if bytes.HasPrefix(line, []byte(s.start)) {
			return &KindError{s.kind}
		}
	}
	return nil
}

// trim returns the text of a key file without a byte order mark.
func trim(data []byte) ([]byte, error) {
	data, err := text.Trim(data)
	if err != nil {
		return nil, &KindError{UTF16}
	}
	return data, nil
}
