// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

import (
	"bytes"
	"fmt"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/text"
	"github.com/pqenc/pqenc/recipient"
)

// Kind describes a file that people mistake for a key file.
type Kind string

// The kinds that are recognized.
const (
	SSHKey        Kind = "an SSH key"
	PGPKey        Kind = "an OpenPGP key"
	Certificate   Kind = "a certificate"
	RSAKey        Kind = "an RSA key"
	ECKey         Kind = "an elliptic curve key"
	DSAKey        Kind = "a DSA key"
	EncryptedKey  Kind = "a private key that is encrypted by another program"
	EncryptedFile Kind = "an encrypted file"
	AgeFile       Kind = "a file encrypted with age"
	UTF16         Kind = "text in UTF-16, not in UTF-8"

	// Keys of age. [ReadRecipients] and [ParseAgeIdentities] accept the
	// post-quantum ones.
	AgePostQuantum Kind = "a post-quantum age key, which has no signing key and no fingerprint"
	AgeKey         Kind = "an age key that is not post-quantum"
	AgePlugin      Kind = "a key of an age plugin"
)

// KindError means that something else is where a key file should be. It wraps
// [ErrNotKey].
type KindError struct{ Kind Kind }

func (e *KindError) Error() string { return fmt.Sprintf("%v: it is %s", ErrNotKey, e.Kind) }

// Unwrap returns [ErrNotKey].
func (e *KindError) Unwrap() error { return ErrNotKey }

// starts are beginnings of a first line that no key file has.
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
	{recipient.AgePrivatePrefix, AgePostQuantum},
	{recipient.AgePublicPrefix, AgePostQuantum},
	{"AGE-PLUGIN-", AgePlugin},
	{"AGE-", AgeKey},
	{"age1", AgeKey}, // or AgePlugin
	{"age-encryption.org/", AgeFile},
	{"-----BEGIN AGE ENCRYPTED FILE", AgeFile},
	{"-----BEGIN PGP", PGPKey},
	{"-----BEGIN CERTIFICATE", Certificate},
	{"-----BEGIN X509 CERTIFICATE", Certificate},
	{"-----BEGIN TRUSTED CERTIFICATE", Certificate},
	{"-----BEGIN RSA ", RSAKey},
	{"-----BEGIN EC ", ECKey},
	{"-----BEGIN DSA ", DSAKey},
	{"-----BEGIN ENCRYPTED PRIVATE KEY", EncryptedKey},
}

// otherKind returns a [KindError] for a line outside of blocks that is not one of a key
// file, or nil if the kind of file is not recognized.
func otherKind(line []byte) error {
	for _, s := range starts {
		if !bytes.HasPrefix(line, []byte(s.start)) {
			continue
		}
		if s.start == "age1" && ofPlugin(line) {
			return &KindError{AgePlugin}
		}
		return &KindError{s.kind}
	}
	return nil
}

// ofPlugin reports whether a key that begins with age1 is one of a plugin,
// age1NAME1…: the data of Bech32 has no digit 1.
func ofPlugin(key []byte) bool {
	key, _, _ = bytes.Cut(key, []byte("\n"))
	return bytes.LastIndexByte(key, '1') > len("age")
}

// trim returns the text of a key file without a byte order mark.
func trim(data []byte) ([]byte, error) {
	data, err := text.Trim(data)
	if err != nil {
		return nil, &KindError{UTF16}
	}
	return data, nil
}
