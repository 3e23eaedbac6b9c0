// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/vectors"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

// TestVectors reads every key file of the second writer, and writes the valid ones again,
// byte for byte.
func TestVectors(t *testing.T) {
	all, err := vectors.LoadKeys("../testdata/keys")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		t.Run(v.Name, func(t *testing.T) {
			if v.Age {
				testAgeVector(t, v)
				return
			}
			identities, marshaled, err := readVector(v)
			if got := keyResult(err); got != v.Expect {
				t.Fatalf("%s, want %s: %v", got, v.Expect, err)
			}
			if !reflect.DeepEqual(identities, v.Identities) {
				t.Errorf("read %+v, want %+v", identities, v.Identities)
			}
			otherwise := strings.HasPrefix(v.Name, "public-retired-twice") // all copies get the same retirement
			if err == nil && v.Passphrase == "" && !otherwise && bare(marshaled) != bare(v.File) {
				t.Error("is written in another way")
			}
			if err != nil {
				wantDiscreet(t, v.Name, err, string(v.File))
			}
		})
	}
}

// testAgeVector reads a file of keys of age, which are known by their private keys.
func testAgeVector(t *testing.T, v *vectors.KeyVector) {
	var public, want [][]byte
	var err error
	for _, seed := range v.Seeds {
		id, err := recipient.NewHybridIdentity(seed)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, id.Recipient().Bytes())
	}
	if v.Private {
		var ids []*recipient.HybridIdentity
		ids, err = keyfile.ParseAgeIdentities(v.File)
		for _, id := range ids {
			public = append(public, id.Recipient().Bytes())
		}
	} else {
		var to []*recipient.HybridRecipient
		to, err = keyfile.ParseAgeRecipients(v.File)
		for _, r := range to {
			public = append(public, r.Bytes())
		}
	}
	if got := keyResult(err); got != v.Expect || !reflect.DeepEqual(public, want) {
		t.Errorf("%s, want %s: %d keys, want %d: %v", got, v.Expect, len(public), len(want), err)
	}
	if err != nil {
		wantDiscreet(t, v.Name, err, string(v.File))
	}
}

// readVector reads the file of a vector, and writes what was in it.
func readVector(v *vectors.KeyVector) (identities [][]vectors.Generation, marshaled []byte, err error) {
	var publics []*keyfile.Public
	if !v.Private {
		publics, err = keyfile.ParsePublic(v.File)
		for _, p := range publics {
			marshaled = append(marshaled, p.Marshal()...)
		}
	} else {
		ask := func() ([]byte, error) { return []byte(v.Passphrase), nil }
		if v.Passphrase == "" {
			ask = nil
		}
		var ids []*keyfile.Identity
		ids, err = keyfile.ReadIdentities(bytes.NewReader(v.File), ask)
		for _, id := range ids {
			publics = append(publics, id.Public())
			marshaled = append(marshaled, id.Marshal()...)
		}
	}
	for _, p := range publics {
		var generations []vectors.Generation
		for _, g := range p.Generations() {
			generations = append(generations, vectors.Generation{
				Fingerprint: g.Fingerprint(), Number: g.Generation(), Name: g.Name(),
				Created: seconds(g.Created()), Expires: seconds(g.Expires()), Retired: seconds(g.Retired()),
			})
		}
		identities = append(identities, generations)
	}
	return identities, marshaled, err
}

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func keyResult(err error) vectors.Result {
	for _, k := range []struct {
		err    error
		result vectors.Result
	}{
		{keyfile.ErrStatement, vectors.Statement},
		{keyfile.ErrIsPublic, vectors.WrongKind},
		{keyfile.ErrIsPrivate, vectors.WrongKind},
		{keyfile.ErrProtected, vectors.Protected},
		{keyfile.ErrPassphrase, vectors.NoMatch},
		{keyfile.ErrNotKey, vectors.NotKey},
		{pqenc.ErrArmor, vectors.Armor},
	} {
		if errors.Is(err, k.err) {
			return k.result
		}
	}
	if err != nil {
		return vectors.Result("another error: " + err.Error())
	}
	return vectors.Success
}
