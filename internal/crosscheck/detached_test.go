// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package crosscheck

import (
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/internal/vectors"
)

// TestDetached verifies signatures of pqenc, and those in vectors, with the composite of the
// standard library. The file is parsed by hand, following SPEC.md, section 6.5.
func TestDetached(t *testing.T) {
	alice := testkit.Identity("alice")
	contents, comment := testkit.Contents(100_000), "release 1.2: größer"
	file, err := pqenc.SignDetached(bytes.NewReader(contents), alice, comment)
	if err != nil {
		t.Fatal(err)
	}
	statement, sig := cutDetached(t, file)
	fingerprint, digest := alice.Fingerprint(), sha512.Sum512(contents)
	want := slices.Concat(fingerprint[:], statement[32:40], binary.BigEndian.AppendUint64(nil, 100_000), digest[:],
		binary.BigEndian.AppendUint16(nil, uint16(len(comment))), []byte(comment))
	if !bytes.Equal(statement, want) {
		t.Errorf("it signs %x, want %x", statement, want)
	}
	key := newComposite(t, alice.SigningKey().Seed())
	if !key.verify("pqenc/v1/detached", statement, sig) {
		t.Error("the standard library refuses a signature")
	}

	all, err := vectors.LoadDetached("../../testdata/vectors")
	if err != nil {
		t.Fatal(err)
	}
	good, bad := 0, 0
	for _, v := range all {
		if len(v.From) == 0 || v.Expect != vectors.Success && v.Expect != vectors.OtherFile && v.Expect != vectors.Signature {
			continue
		}
		statement, sig := cutDetached(t, v.File)
		verified := newComposite(t, v.From[len(v.From)-1][32:]).verify("pqenc/v1/detached", statement, sig)
		if verified != (v.Expect != vectors.Signature) {
			t.Errorf("%s: valid to the standard library %t", v.Name, verified)
		}
		if verified {
			good++
		} else {
			bad++
		}
	}
	requireSome(t, "valid signatures", good)
	requireSome(t, "signatures that are not valid", bad)
}

// cutDetached returns what is in a signature file.
func cutDetached(t *testing.T, file []byte) (statement, sig []byte) {
	t.Helper()
	words := strings.Fields(string(file)) // three of them in the first line and in the last
	raw, err := base64.StdEncoding.DecodeString(strings.Join(words[3:len(words)-3], ""))
	if err != nil {
		t.Fatal(err)
	}
	end := len(raw) - 3309 - 64
	return raw[:end], raw[end:]
}
