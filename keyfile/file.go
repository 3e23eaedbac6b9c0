// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/armor"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/recipient"
)

// Longest key files in bytes: a private one has 14 KB for each generation, a public one
// may have a whole team.
const (
	MaxIdentitySize = 1 << 20
	MaxPublicSize   = 16 << 20
)

// ErrPassphrase means that a passphrase does not open a protected key file.
var ErrPassphrase = errors.New("wrong passphrase for the private key")

// Protect returns the private key file of id as [Identity.Marshal] does, in an
// armored pqenc file that the passphrase opens.
func (id *Identity) Protect(passphrase []byte) ([]byte, error) {
	to, err := recipient.NewPassphrase(passphrase)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	text := armor.NewWriter(&out)
	w, err := pqenc.Encrypt(text, to)
	if err != nil {
		return nil, err
	}
	plain := id.Marshal()
	defer clear(plain)
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := errors.Join(w.Close(), text.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// file returns the private key file of id, protected if there is a passphrase. It fails
// if the file would be too large to be read again.
func (id *Identity) file(passphrase []byte) (data []byte, err error) {
	if passphrase == nil {
		data = id.Marshal()
	} else if data, err = id.Protect(passphrase); err != nil {
		return nil, err
	}
	if len(data) > MaxIdentitySize {
		return nil, fmt.Errorf("%w: with %d generations it would have more than %d bytes", ErrTooLarge, len(id.Generations()), MaxIdentitySize)
	}
	return data, nil
}

// ReadIdentities reads a private key file of up to [MaxIdentitySize] bytes. If it
// is protected, ask is called for the passphrase, once; the error is
// [ErrPassphrase] when that does not open it, and [ErrProtected] when ask is nil.
func ReadIdentities(r io.Reader, ask func() ([]byte, error)) ([]*Identity, error) {
	data, err := readLimited(r, MaxIdentitySize)
	if err != nil {
		return nil, err
	}
	defer clear(data)
	all, err := ParseIdentities(data)
	if !errors.Is(err, ErrProtected) || ask == nil {
		return all, err
	}
	file, err := pqenc.Decrypt(armor.NewReader(bytes.NewReader(data)), recipient.NewPrompted(ask))
	if errors.Is(err, recipient.ErrWrongPassphrase) {
		return nil, ErrPassphrase
	}
	if err != nil {
		return nil, err
	}
	plain, err := readLimited(file, MaxIdentitySize)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	all, err = ParseIdentities(plain)
	if errors.Is(err, ErrProtected) {
		return nil, fmt.Errorf("%w: it is protected twice", ErrNotKey)
	}
	return all, err
}

// ReadIdentity is [ReadIdentities] for a file of one. The error is [ErrSeveral] if there
// are more.
func ReadIdentity(r io.Reader, ask func() ([]byte, error)) (*Identity, error) {
	return one(ReadIdentities(r, ask))
}

// LoadIdentities reads the private key file of that name; see [ReadIdentities].
func LoadIdentities(name string, ask func() ([]byte, error)) ([]*Identity, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadIdentities(f, ask)
}

// LoadIdentity reads the private key file of that name; see [ReadIdentity].
func LoadIdentity(name string, ask func() ([]byte, error)) (*Identity, error) {
	return one(LoadIdentities(name, ask))
}

// ReadPublic reads a file of up to [MaxPublicSize] bytes with one or more
// public keys.
func ReadPublic(r io.Reader) (Publics, error) {
	data, err := readLimited(r, MaxPublicSize)
	if err != nil {
		return nil, err
	}
	return ParsePublic(data)
}

// LoadPublic reads the public key file of that name; see [ReadPublic].
func LoadPublic(name string) (Publics, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadPublic(f)
}

// Save writes an identity into two new files: base.key, which only the owner
// can read, and base.pub. If either exists, the error wraps [fs.ErrExist] and
// both are left as they are. After an error there is neither, or both if only
// the sync to disk failed: never a public key whose private key is lost.
func (id *Identity) Save(base string) error { return id.save(base, nil) }

// SaveProtected is [Identity.Save] with [Identity.Protect].
func (id *Identity) SaveProtected(base string, passphrase []byte) error {
	if len(passphrase) == 0 {
		return recipient.ErrEmptyPassphrase
	}
	return id.save(base, passphrase)
}

func (id *Identity) save(base string, passphrase []byte) error {
	for _, name := range []string{base + ".key", base + ".pub"} {
		if _, err := os.Lstat(name); err == nil {
			return &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
		}
	}
	private, err := id.file(passphrase)
	if err != nil {
		return err
	}
	defer clear(private)
	keyErr := durable.WriteNew(base+".key", private, 0o600)
	if keyErr != nil && !errors.Is(keyErr, durable.ErrNotDurable) {
		return keyErr
	}
	pubErr := durable.WriteNew(base+".pub", id.Public().Marshal(), 0o644)
	if pubErr != nil && !errors.Is(pubErr, durable.ErrNotDurable) {
		return errors.Join(pubErr, os.Remove(base+".key"))
	}
	return cmp.Or(pubErr, keyErr)
}

// Exposed reports whether the mode of a file lets others than its owner read it, which
// it should not for a private key file.
func Exposed(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular() && exposedMode(info.Mode())
}

// readLimited reads all of r, or fails if that is more than limit bytes: a truncated
// key file can be a valid key file with fewer keys.
func readLimited(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		if err := otherKind(data); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%w: it has more than %d bytes", ErrTooLarge, limit)
	}
	return data, nil
}
