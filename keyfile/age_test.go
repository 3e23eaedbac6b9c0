// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/bech32"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

// ageKey is a key that age would make, and the lines of its files.
type ageKey struct {
	*recipient.HybridIdentity
	public, private string
}

func newAgeKey(t *testing.T) ageKey {
	t.Helper()
	id, err := recipient.GenerateHybrid()
	if err != nil {
		t.Fatal(err)
	}
	return ageKey{id, ageLine(t, "age1pq", id.Recipient().Bytes()), strings.ToUpper(ageLine(t, "age-secret-key-pq-", id.Seed()))}
}

// file is as age-keygen -pq writes it.
func (k ageKey) file() string {
	return "# created: 2026-11-28T12:00:00Z\n# public key: " + k.public + k.private
}

func TestAgeEncryptAndDecrypt(t *testing.T) {
	one, two := newAgeKey(t), newAgeKey(t)
	to, err := keyfile.ReadRecipients(strings.NewReader("\n# the lab\n" + one.public + two.public))
	if err != nil || len(to) != 2 {
		t.Fatalf("%d recipients, error %v", len(to), err)
	}
	file := encrypt(t, "weights", to...)
	ids, err := keyfile.ParseAgeIdentities([]byte(newAgeKey(t).file() + "\n" + two.file()))
	if err != nil || len(ids) != 2 {
		t.Fatalf("%d identities, error %v", len(ids), err)
	}
	for i, want := range []error{pqenc.ErrNoMatch, nil} {
		r, err := pqenc.Decrypt(bytes.NewReader(file), ids[i])
		if !errors.Is(err, want) {
			t.Fatalf("identity %d: %v, want %v", i, err, want)
		}
		if err != nil {
			continue
		}
		if plain, err := io.ReadAll(r); string(plain) != "weights" || err != nil {
			t.Errorf("%q, error %v", plain, err)
		}
	}
}

// TestAgeFiles has what may and what may not be in a file of age's keys.
func TestAgeFiles(t *testing.T) {
	k := newAgeKey(t)
	classic := "age1hq3jg5n4zr9fwswpsdgw4qxs9nqp4p0kl7zkzdlm5g4nk2c4xpcsp6hpfv\n"
	plugin := "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t\n"
	ssh := "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g alice\n"
	pub := string(alice().Public().Marshal())
	for what, c := range map[string]struct {
		file string
		want error // of reading recipients
	}{
		"one":              {k.public, nil},
		"no newline":       {strings.TrimSuffix(k.public, "\n"), nil},
		"CRLF":             {"# x\r\n\r\n" + strings.TrimSuffix(k.public, "\n") + "\r\n", nil},
		"byte order mark":  {"\ufeff" + k.public, nil},
		"twice":            {k.public + k.public, nil},
		"space at the end": {strings.TrimSuffix(k.public, "\n") + " \n", keyfile.ErrNotKey},
		"space at first":   {" " + k.public, keyfile.ErrNotKey},
		"two in a line":    {strings.TrimSuffix(k.public, "\n") + k.public, keyfile.ErrNotKey},
		"cut":              {k.public[:1000], keyfile.ErrNotKey},
		"text after it":    {k.public + "alice\n", keyfile.ErrNotKey},
		"private":          {k.file(), keyfile.ErrIsPrivate},
		"private after":    {k.public + k.private, keyfile.ErrIsPrivate},
		"and classic":      {k.public + classic, &keyfile.KindError{Kind: keyfile.AgeKey}},
		"classic and it":   {classic + k.public, &keyfile.KindError{Kind: keyfile.AgeKey}},
		"and a plugin's":   {k.public + plugin, &keyfile.KindError{Kind: keyfile.AgePlugin}},
		"and SSH":          {k.public + ssh, &keyfile.KindError{Kind: keyfile.SSHKey}},
		"and PEM":          {k.public + pub, keyfile.ErrNotKey},
		"PEM and it":       {pub + k.public, keyfile.ErrNotKey},
		"in UTF-16":        {inUTF16(k.public), &keyfile.KindError{Kind: keyfile.UTF16}},
	} {
		to, err := keyfile.ReadRecipients(strings.NewReader(c.file))
		if !sameKind(err, c.want) || (len(to) > 0) != (err == nil) {
			t.Errorf("%s: %d keys, error %v, want %v", what, len(to), err, c.want)
		}
		if err != nil {
			wantDiscreet(t, what, err, c.file)
		}
	}
	if to, err := keyfile.ReadRecipients(strings.NewReader(pub)); err != nil || len(to) != 1 {
		t.Errorf("a public key of pqenc: %d keys, error %v", len(to), err)
	}
	for what, file := range map[string]string{"PEM first": pub + k.public, "age first": k.public + pub} {
		if _, err := keyfile.ReadRecipients(strings.NewReader(file)); err == nil || !strings.Contains(err.Error(), "files of their own") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestAgeIdentities: errors neither quote the private key nor take it for another.
func TestAgeIdentities(t *testing.T) {
	k := newAgeKey(t)
	other := "Q"
	if k.private[20] == 'Q' {
		other = "P"
	}
	changed := k.private[:20] + other + k.private[21:]
	for what, c := range map[string]struct {
		file string
		want error
	}{
		"public":      {k.public, keyfile.ErrIsPublic},
		"one changed": {changed, recipient.ErrKey},
		"lower case":  {strings.ToLower(k.private), keyfile.ErrNotKey},
		"classic":     {"AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZ\n", &keyfile.KindError{Kind: keyfile.AgeKey}},
		"and PEM":     {k.private + string(alice().Marshal()), keyfile.ErrNotKey},
		"empty":       {"# nothing\n", keyfile.ErrNotKey},
	} {
		ids, err := keyfile.ParseAgeIdentities([]byte(c.file))
		if ids != nil || !sameKind(err, c.want) {
			t.Errorf("%s: %d keys, error %v, want %v", what, len(ids), err, c.want)
			continue
		}
		wantDiscreet(t, what, err, c.file)
	}
}

// sameKind is errors.Is, and compares KindErrors by what they say.
func sameKind(err, want error) bool {
	var kind, wantKind *keyfile.KindError
	if errors.As(want, &wantKind) {
		return errors.As(err, &kind) && *kind == *wantKind
	}
	return errors.Is(err, want)
}

// TestAgeIsNoIdentity: where an identity is needed, the error gives the reason.
func TestAgeIsNoIdentity(t *testing.T) {
	k := newAgeKey(t)
	_, private := keyfile.ReadIdentity(strings.NewReader(k.file()), nil)
	_, public := keyfile.ReadPublic(strings.NewReader(k.public))
	for _, err := range []error{private, public} {
		if !keyfile.IsAge(err) || !strings.Contains(err.Error(), "no signing key") {
			t.Error(err)
		}
	}
	to, err := keyfile.ReadRecipients(strings.NewReader(k.public))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pqenc.EncryptSigned(io.Discard, alice(), "", to...); !errors.Is(err, pqenc.ErrAnonymous) {
		t.Errorf("signed for a key of age: %v", err)
	}
}

// TestComplete: an encryption key becomes an identity that opens what the key alone
// opens, and signs.
func TestComplete(t *testing.T) {
	k := newAgeKey(t)
	block := pemOf(t, "PRIVATE KEY", struct {
		Version   int
		Algorithm any
		Key       []byte
	}{0, xwing, k.Seed()})
	for what, file := range map[string]string{"age": k.file(), "PKCS#8": "# noble\n" + block} {
		hybrid, err := keyfile.ParseForeign([]byte(file))
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		id, err := keyfile.Complete(hybrid, keyfile.Details{Name: "lab"})
		if err != nil {
			t.Fatal(err)
		}
		again, err := keyfile.ParseIdentity(id.Marshal())
		if err != nil || again.Fingerprint() != id.Fingerprint() || again.Public().Name() != "lab" {
			t.Fatalf("%s: the identity is not read again: %v", what, err)
		}
		r, err := pqenc.Decrypt(bytes.NewReader(encrypt(t, "weights", k.Recipient())), again)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if plain, err := io.ReadAll(r); string(plain) != "weights" || err != nil {
			t.Errorf("%s: %q, error %v", what, plain, err)
		}
		other, err := keyfile.Complete(hybrid, keyfile.Details{Name: "lab"})
		if err != nil || bytes.Equal(other.SigningKey().Seed(), id.SigningKey().Seed()) {
			t.Errorf("%s: the signing key is not a new one", what)
		}
	}
	if _, err := keyfile.ParseForeign([]byte(k.private + newAgeKey(t).private)); !errors.Is(err, keyfile.ErrSeveral) {
		t.Errorf("two keys of age: %v", err)
	}
	_, b := blocks(alice().Marshal())
	if _, err := keyfile.ParseIdentity([]byte(b[0])); !errors.Is(err, keyfile.ErrIncomplete) {
		t.Errorf("without a signing key: %v", err)
	}
	for what, file := range map[string]string{
		"an identity": string(alice().Marshal()),
		"signing key": b[1],
		"nothing":     "",
	} {
		if hybrid, err := keyfile.ParseForeign([]byte(file)); hybrid != nil || !errors.Is(err, keyfile.ErrNotKey) {
			t.Errorf("%s: key %t, error %v", what, hybrid != nil, err)
		}
	}
}

// FuzzParseAge: whatever is accepted is a list of keys in their only form, and is no
// key file of pqenc.
func FuzzParseAge(f *testing.F) {
	seed := make([]byte, recipient.SeedSize)
	id, err := recipient.NewHybridIdentity(seed)
	if err != nil {
		f.Fatal(err)
	}
	public := ageLine(f, "age1pq", id.Recipient().Bytes())
	private := strings.ToUpper(ageLine(f, "age-secret-key-pq-", seed))
	for _, s := range []string{"", "# x\r\n" + public, public + "\n" + public, "\ufeff\n" + private, private + public, strings.ToLower(private)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		to, err := keyfile.ParseAgeRecipients(data)
		checkAge(t, data, len(to), err, func(i int) string { return ageLine(t, "age1pq", to[i].Bytes()) })
		ids, err := keyfile.ParseAgeIdentities(data)
		checkAge(t, data, len(ids), err, func(i int) string { return strings.ToUpper(ageLine(t, "age-secret-key-pq-", ids[i].Seed())) })
	})
}

func checkAge(t *testing.T, data []byte, n int, err error, line func(i int) string) {
	if err != nil {
		if n > 0 || !errors.Is(err, keyfile.ErrNotKey) && !errors.Is(err, keyfile.ErrIsPublic) && !errors.Is(err, keyfile.ErrIsPrivate) {
			t.Errorf("%d keys, refused without a known reason: %v", n, err)
		}
		return
	}
	want := ""
	for i := range n {
		want += line(i)
	}
	if got := bare(data); n == 0 || got != want {
		t.Errorf("read\n%s\nwrites\n%s", got, want)
	}
	if _, err := keyfile.ParsePublic(data); !keyfile.IsAge(err) {
		t.Errorf("as a public key: %v", err)
	}
}

// ageLine returns the line of a key, in lower case.
func ageLine(t testing.TB, hrp string, raw []byte) string {
	t.Helper()
	s, err := bech32.EncodeFromBase256(hrp, raw)
	if err != nil {
		t.Fatal(err)
	}
	return s + "\n"
}
