// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/pqenc/pqenc/internal/armor"
	"github.com/pqenc/pqenc/keyfile"
)

// TestOtherKinds has what people take for a key file of pqenc: the error says what
// it is, and nothing of what is in it.
func TestOtherKinds(t *testing.T) {
	sealed := string(encrypt(t, strings.Repeat("weights", 1000), alice().Public()))
	for _, c := range []struct {
		file string
		want keyfile.Kind
	}{
		{"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n", keyfile.SSHKey},
		{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g alice\n", keyfile.SSHKey},
		{"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY= alice\n", keyfile.SSHKey},
		{"sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t alice\n", keyfile.SSHKey},
		{"---- BEGIN SSH2 PUBLIC KEY ----\n", keyfile.SSHKey},
		{"# created: 2026-01-02\n# public key: age1hq3jg5n4zr9f\nAGE-SECRET-KEY-1GFPYYSJZGFPYYSJZ\n", keyfile.AgeKey},
		{"age1hq3jg5n4zr9fwswpsdgw4qxs9nqp4p0kl7zkzdlm5g4nk2c4xpcsp6hpfv\n", keyfile.AgeKey},
		{"age-encryption.org/v1\n-> X25519 abc\n", keyfile.AgeFile},
		{"-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgI=\n-----END CERTIFICATE-----\n", keyfile.Certificate},
		{"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEZ\n", keyfile.PGPKey},
		{"age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t\n", keyfile.AgePlugin},
		{"age1hq3jg5n4zr9fwswpsdgw4qxs9nqp4p0kl7zkzdlm5g4nk2c4xpcsp6hpfv\nage1yubikey1qwt50d05nh5vut\n", keyfile.AgeKey},
		{"AGE-PLUGIN-YUBIKEY-1QQQQQQQQQQQQQQQQQQQQQQQ\n", keyfile.AgePlugin},
		{"AGE-SECRET-KEY-PQ-1QQQQQQQQQQQQQQQQQQQQQQQ\n", keyfile.AgePostQuantum},
		{"age1pq1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq\n", keyfile.AgePostQuantum},
		{"-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n", keyfile.RSAKey},
		{"-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIrYSSNQ\n", keyfile.ECKey},
		{"-----BEGIN DSA PRIVATE KEY-----\nMIIBuwIBAAKBgQDx\n", keyfile.DSAKey},
		{"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n", keyfile.EncryptedKey},
		{sealed, keyfile.EncryptedFile},
		{sealed + strings.Repeat("x", keyfile.MaxPublicSize), keyfile.EncryptedFile},
		{string(armored(t, "weights", alice().Public())), keyfile.EncryptedFile},
		{inUTF16(string(alice().Marshal())), keyfile.UTF16},
		{inUTF16(string(alice().Public().Marshal())), keyfile.UTF16},
		{inUTF16(armor.Header), keyfile.UTF16},
	} {
		ask := func() ([]byte, error) { t.Error("asked for a passphrase"); return nil, nil }
		_, private := keyfile.ReadIdentity(strings.NewReader(c.file), ask)
		_, public := keyfile.ReadPublic(strings.NewReader(c.file))
		for _, err := range []error{private, public} {
			kind := new(keyfile.KindError)
			if !errors.As(err, &kind) || kind.Kind != c.want || !errors.Is(err, keyfile.ErrNotKey) {
				t.Errorf("%s: %v", c.want, err)
				continue
			}
			wantDiscreet(t, string(c.want), err, c.file)
		}
	}
}

// inUTF16 returns a text as PowerShell writes it.
func inUTF16(s string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return string(b)
}

// TestProtectedWithMark: an editor has put a byte order mark before a protected key.
func TestProtectedWithMark(t *testing.T) {
	file := append([]byte("\ufeff"), armored(t, string(alice().Marshal()), cheap("open sesame"))...)
	if _, err := keyfile.ReadIdentity(bytes.NewReader(file), nil); !errors.Is(err, keyfile.ErrProtected) {
		t.Error("nobody to ask:", err)
	}
	ask, _ := answer("open sesame")
	if id, err := keyfile.ReadIdentity(bytes.NewReader(file), ask); err != nil || id.Fingerprint() != alice().Fingerprint() {
		t.Error(err)
	}
}
