// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package interop

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/btcsuite/btcd/btcutil/bech32"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

// ageFolder is where age and age-keygen are, if they have been built.
var ageFolder string

// buildAge builds them, once.
var buildAge = sync.OnceValue(func() (err error) {
	if ageFolder, err = os.MkdirTemp("", "age"); err != nil {
		return err
	}
	// In the module that has them: users of pqenc do not get age.
	cmd := exec.Command("go", "build", "-o", ageFolder, "filippo.io/age/cmd/age", "filippo.io/age/cmd/age-keygen")
	cmd.Dir = filepath.Join("..", "..", "bench")
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(err, errors.New(string(out)))
	}
	return nil
})

func TestMain(m *testing.M) {
	m.Run()
	if ageFolder != "" {
		os.RemoveAll(ageFolder)
	}
}

// age runs one of the two programs.
func age(t *testing.T, stdin string, program string, args ...string) (stdout []byte, err error) {
	t.Helper()
	testkit.Long(t)
	if err := buildAge(); err != nil {
		unavailable(t, "age cannot be built", err)
	}
	cmd := exec.Command(filepath.Join(ageFolder, program), args...)
	cmd.Stdin = strings.NewReader(stdin)
	return cmd.Output()
}

// ageKeygen returns an identity file of age, and the public key in it.
func ageKeygen(t *testing.T, args ...string) (file, public string) {
	t.Helper()
	made, err := age(t, "", "age-keygen", args...)
	if err != nil {
		t.Fatal(err)
	}
	derived, err := age(t, string(made), "age-keygen", "-y")
	if err != nil {
		t.Fatal(err)
	}
	return string(made), string(derived)
}

func encrypt(t *testing.T, to ...pqenc.Recipient) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := pqenc.Encrypt(&file, to...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "weights"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func wantOpens(t *testing.T, file []byte, id pqenc.Identity) {
	t.Helper()
	r, err := pqenc.Decrypt(bytes.NewReader(file), id)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := io.ReadAll(r); err != nil || string(plain) != "weights" {
		t.Errorf("%q, error %v", plain, err)
	}
}

// TestAgeKeygen: a file for a key of age-keygen -pq opens with it, here and not in
// age, which has a format of its own.
func TestAgeKeygen(t *testing.T) {
	private, public := ageKeygen(t, "-pq")
	to, err := keyfile.ReadRecipients(strings.NewReader(public))
	if err != nil {
		t.Fatal(err)
	}
	ids, err := keyfile.ParseAgeIdentities([]byte(private))
	if err != nil || len(ids) != 1 {
		t.Fatalf("%d keys, error %v", len(ids), err)
	}
	if !bytes.Equal(ids[0].Recipient().Bytes(), to[0].(*recipient.HybridRecipient).Bytes()) {
		t.Error("the public key is another one")
	}
	file := encrypt(t, to...)
	wantOpens(t, file, ids[0])

	folder := t.TempDir()
	key := filepath.Join(folder, "key.txt")
	if err := os.WriteFile(key, []byte(private), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := age(t, string(file), "age", "-d", "-i", key); err == nil || len(out) > 0 {
		t.Errorf("age opens a pqenc file to %q", out)
	}
	theirs, err := age(t, "weights", "age", "-r", strings.TrimSpace(public))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := age(t, string(theirs), "age", "-d", "-i", key); err != nil || string(out) != "weights" {
		t.Errorf("age does not open its own file, so that the above proves nothing: %v", err)
	}
	if _, err := pqenc.Decrypt(bytes.NewReader(theirs), ids[0]); !errors.Is(err, pqenc.ErrNotPqenc) {
		t.Errorf("a file of age: %v", err)
	}
}

// TestClassicAge: what age-keygen makes without -pq is refused with the reason.
func TestClassicAge(t *testing.T) {
	private, public := ageKeygen(t)
	_, asRecipient := keyfile.ReadRecipients(strings.NewReader(public))
	_, asIdentity := keyfile.ReadIdentity(strings.NewReader(private), nil)
	for _, err := range []error{asRecipient, asIdentity} {
		kind := new(keyfile.KindError)
		if !errors.As(err, &kind) || kind.Kind != keyfile.AgeKey {
			t.Error(err)
		}
	}
}

// TestAgeAccepts: of altered keys pqenc accepts just those that age does.
func TestAgeAccepts(t *testing.T) {
	private, public := ageKeygen(t, "-pq")
	line := private[strings.LastIndex(strings.TrimSpace(private), "\n")+1:]
	one, two := strings.TrimSpace(line), strings.TrimSpace(public)
	secret := recode(t, one, bech32.Version0, 0)
	if secret != one || recode(t, two, bech32.Version0, 0) != two {
		t.Fatal("keys are not encoded again as they were")
	}
	accepted := 0
	for _, s := range []string{
		one, private, "# x\n\n" + line + line, "\n" + one, one + "\r\n", // good
		strings.ToLower(one), one[:30] + strings.ToLower(one[30:]), strings.ToLower(one[:19]) + one[19:],
		one + " ", " " + one, "\t" + one, one + "\n ", one[:len(one)-1], one + "Q", one[:40] + one[41:],
		recode(t, one, bech32.VersionM, 0), recode(t, one, bech32.Version0, 1),
		strings.Replace(one, "-PQ-", "-PX-", 1), strings.Replace(one, "PQ-1", "PQ1", 1), "",
	} {
		_, err := age(t, s, "age-keygen", "-y")
		_, ours := keyfile.ParseAgeIdentities([]byte(s))
		if (err == nil) != (ours == nil) {
			t.Errorf("%q: age %v, pqenc %v", s, err, ours)
		}
		if err == nil {
			accepted++
		}
	}
	for _, s := range []string{
		two, public, "# x\n\n" + public + public, two + "\r\n", // good
		strings.ToUpper(two), two[:30] + strings.ToUpper(two[30:]), strings.ToUpper(two[:7]) + two[7:],
		two + " ", " " + two, two[:len(two)-1], two + "q", two[:40] + two[41:],
		recode(t, two, bech32.VersionM, 0), recode(t, two, bech32.Version0, 1), "",
	} {
		list := filepath.Join(t.TempDir(), "list")
		if err := os.WriteFile(list, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := age(t, "weights", "age", "-R", list)
		_, ours := keyfile.ParseAgeRecipients([]byte(s))
		if (err == nil) != (ours == nil) {
			t.Errorf("%.20q… (%d): age %v, pqenc %v", s, len(s), err, ours)
		}
		if err == nil {
			accepted++
		}
	}
	if accepted != 9 {
		t.Errorf("age accepts %d keys, where 9 were thought to be good", accepted)
	}
}

// recode returns a key with another checksum, or with bits set after its end.
func recode(t *testing.T, s string, version bech32.Version, bits byte) string {
	t.Helper()
	hrp, values, _, err := bech32.DecodeNoLimitWithVersion(s)
	if err != nil {
		t.Fatal(err)
	}
	values[len(values)-1] |= bits
	encode := bech32.Encode
	if version == bech32.VersionM {
		encode = bech32.EncodeM
	}
	again, err := encode(hrp, values)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(s, "AGE") {
		return strings.ToUpper(again)
	}
	return again
}
