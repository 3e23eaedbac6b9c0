// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/armor"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

// cheap is the recipient with a passphrase, which TestMain makes cheap.
func cheap(secret string) *recipient.Passphrase {
	to, err := recipient.NewPassphrase([]byte(secret))
	if err != nil {
		panic(err)
	}
	return to
}

// armored returns a file as those that Protect makes.
func armored(t *testing.T, plain string, to pqenc.Recipient) []byte {
	t.Helper()
	var out bytes.Buffer
	w := armor.NewWriter(&out)
	if _, err := w.Write(encrypt(t, plain, to)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// answer returns a way to ask for the passphrase, and what counts the questions.
func answer(secret string) (ask func() ([]byte, error), asked *int) {
	asked = new(int)
	return func() ([]byte, error) {
		*asked++
		return []byte(secret), nil
	}, asked
}

func TestProtectWithoutPassphrase(t *testing.T) {
	for _, secret := range [][]byte{nil, {}} {
		if file, err := alice().Protect(secret); file != nil || !errors.Is(err, recipient.ErrEmptyPassphrase) {
			t.Errorf("%d bytes, error %v", len(file), err)
		}
	}
}

func TestReadProtected(t *testing.T) {
	private := string(alice().Marshal())
	good := armored(t, private, cheap("open sesame"))
	twice := string(armored(t, string(good), cheap("open sesame")))
	for _, c := range []struct {
		what, file string
		asked      int
		want       error
	}{
		{"good", string(good), 1, nil},
		{"with CRLF", strings.ReplaceAll(string(good), "\n", "\r\n"), 1, nil},
		{"with empty lines around", "\n\n" + string(good) + "\n\n", 1, nil},
		{"of a key with comments", string(armored(t, "# Alice\n"+private, cheap("open sesame"))), 1, nil},
		{"of another passphrase", string(armored(t, private, cheap("something else"))), 1, keyfile.ErrPassphrase},
		{"twice", twice, 1, keyfile.ErrNotKey},
		{"for a key pair", string(armored(t, private, alice().Public())), 0, keyfile.ErrNotKey},
		{"of a public key", string(armored(t, string(alice().Public().Marshal()), cheap("open sesame"))), 1, keyfile.ErrIsPublic},
		{"of something else", string(armored(t, "weights and measures", cheap("open sesame"))), 1, keyfile.ErrNotKey},
		{"of nothing", string(armored(t, "", cheap("open sesame"))), 1, keyfile.ErrNotKey},
		{"cut", string(good[:len(good)-40]), 1, io.ErrUnexpectedEOF},
		{"cut in the header", string(good[:2000]), 0, io.ErrUnexpectedEOF},
		{"with text after it", string(good) + "text\n", 1, armor.ErrArmor},
		{"after a key", private + string(good), 0, keyfile.ErrNotKey},
		{"after a comment", "# a\n" + string(good), 0, keyfile.ErrNotKey},
		{"with a comment after it", string(good) + "# a\n", 1, armor.ErrArmor},
		{"of no pqenc file", strings.Replace(string(good), "\n", "\nAAAA", 1), 0, armor.ErrArmor},
		{"damaged padding", string(changed(good, 1000)), 0, pqenc.ErrHeader},
		{"damaged commitment", string(changed(good, 170)), 1, keyfile.ErrPassphrase},
		{"damaged sealed key", string(changed(good, 240)), 1, pqenc.ErrHeader},
		{"damaged body", string(changed(good, len(good)-60)), 1, pqenc.ErrBody},
	} {
		ask, asked := answer("open sesame")
		id, err := keyfile.ReadIdentity(strings.NewReader(c.file), ask)
		if !errors.Is(err, c.want) || *asked != c.asked || (id != nil) != (c.want == nil) {
			t.Errorf("%s: key %t, error %v, want %v; asked %d times, want %d", c.what, id != nil, err, c.want, *asked, c.asked)
		}
		if err == nil {
			if !bytes.Equal(id.Marshal(), alice().Marshal()) {
				t.Errorf("%s: another key", c.what)
			}
			continue
		}
		if c.want != keyfile.ErrPassphrase && errors.Is(err, keyfile.ErrPassphrase) || errors.Is(err, keyfile.ErrProtected) {
			t.Errorf("%s: a wrong hint to the passphrase: %v", c.what, err)
		}
		wantDiscreet(t, c.what, err, c.file)
		wantDiscreet(t, c.what, err, private+"weights and measures")
	}
}

// changed returns armor with one character of its base64 replaced.
func changed(armored []byte, at int) []byte {
	armored = bytes.Clone(armored)
	if armored[at] == '\n' {
		at++
	}
	if armored[at] == 'A' {
		armored[at] = 'B'
	} else {
		armored[at] = 'A'
	}
	return armored
}

func TestAsk(t *testing.T) {
	file := armored(t, string(alice().Marshal()), cheap("open sesame"))
	if id, err := keyfile.ReadIdentity(bytes.NewReader(file), nil); id != nil || !errors.Is(err, keyfile.ErrProtected) {
		t.Errorf("nobody to ask: %v", err)
	}
	errGone := errors.New("gone to lunch")
	ask := func() ([]byte, error) { return []byte("open sesame"), errGone }
	if id, err := keyfile.ReadIdentity(bytes.NewReader(file), ask); id != nil || !errors.Is(err, errGone) {
		t.Errorf("no answer: %v", err)
	}
	ask, _ = answer("")
	if id, err := keyfile.ReadIdentity(bytes.NewReader(file), ask); id != nil || !errors.Is(err, recipient.ErrEmptyPassphrase) {
		t.Errorf("empty answer: %v", err)
	}
	ask, asked := answer("open sesame")
	if _, err := keyfile.ReadIdentity(bytes.NewReader(alice().Marshal()), ask); err != nil || *asked != 0 {
		t.Errorf("asked %d times for an unprotected key, error %v", *asked, err)
	}
}

// TestSizes: a file that is cut at the limit would be a good one.
func TestSizes(t *testing.T) {
	readIdentity := func(r io.Reader) error { _, err := keyfile.ReadIdentity(r, nil); return err }
	readPublic := func(r io.Reader) error { _, err := keyfile.ReadPublic(r); return err }
	for what, c := range map[string]struct {
		file  []byte
		limit int
		read  func(io.Reader) error
	}{
		"private": {alice().Marshal(), keyfile.MaxIdentitySize, readIdentity},
		"public":  {alice().Public().Marshal(), keyfile.MaxPublicSize, readPublic},
	} {
		line := strings.Repeat("#", 79) + "\n"
		file := append(c.file, strings.Repeat(line, c.limit/len(line)+1)...)
		for name, wrap := range map[string]func(io.Reader) io.Reader{
			"plain":         func(r io.Reader) io.Reader { return r },
			"data with EOF": iotest.DataErrReader,
			"halves":        iotest.HalfReader,
		} {
			if err := c.read(wrap(bytes.NewReader(file[:c.limit]))); err != nil {
				t.Errorf("%s, %s: at the limit: %v", what, name, err)
			}
			if err := c.read(wrap(bytes.NewReader(file[:c.limit+1]))); !errors.Is(err, keyfile.ErrTooLarge) {
				t.Errorf("%s, %s: one byte over the limit: %v", what, name, err)
			}
		}
		// Nothing after the limit is waited for, and a failing disk is not the end of the file.
		errDisk := errors.New("disk on fire")
		broken := func(n int) io.Reader { return io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(errDisk)) }
		if err := c.read(broken(c.limit + 1)); !errors.Is(err, keyfile.ErrTooLarge) {
			t.Errorf("%s: read past the limit: %v", what, err)
		}
		if err := c.read(broken(len(c.file))); !errors.Is(err, errDisk) {
			t.Errorf("%s: %v, want the error of the reader", what, err)
		}
	}
}

func TestEndlessFile(t *testing.T) {
	const zeros = "/dev/zero"
	if _, err := os.Stat(zeros); err != nil {
		t.Skip("there is no " + zeros)
	}
	if _, err := keyfile.LoadIdentity(zeros, nil); !errors.Is(err, keyfile.ErrTooLarge) {
		t.Errorf("LoadIdentity: %v", err)
	}
	if _, err := keyfile.LoadPublic(zeros); !errors.Is(err, keyfile.ErrTooLarge) {
		t.Errorf("LoadPublic: %v", err)
	}
}

func TestLoad(t *testing.T) {
	directory := t.TempDir()
	private, public := filepath.Join(directory, "a.key"), filepath.Join(directory, "a.pub")
	put(t, private, string(alice().Marshal()))
	put(t, public, string(alice().Public().Marshal()))
	id, err := keyfile.LoadIdentity(private, nil)
	if err != nil || id.Public().Fingerprint() != alice().Public().Fingerprint() {
		t.Errorf("LoadIdentity: %v", err)
	}
	keys, err := keyfile.LoadPublic(public)
	if err != nil || len(keys) != 1 || keys[0].Fingerprint() != alice().Public().Fingerprint() {
		t.Errorf("LoadPublic: %d keys, error %v", len(keys), err)
	}
	if _, err := keyfile.LoadIdentity(public, nil); !errors.Is(err, keyfile.ErrIsPublic) {
		t.Errorf("LoadIdentity of a public key: %v", err)
	}
	if _, err := keyfile.LoadPublic(private); !errors.Is(err, keyfile.ErrIsPrivate) {
		t.Errorf("LoadPublic of a private key: %v", err)
	}
	for _, name := range []string{directory, filepath.Join(directory, "none")} {
		if id, err := keyfile.LoadIdentity(name, nil); id != nil || err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("LoadIdentity(%s): %v", name, err)
		}
		if keys, err := keyfile.LoadPublic(name); keys != nil || err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("LoadPublic(%s): %v", name, err)
		}
	}
}

func put(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
