// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vectors

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
)

// The results of reading key files, by their names in SPEC.md, section 9. A wrong
// passphrase is [NoMatch].
const (
	NotKey    Result = "not a key file"
	WrongKind Result = "wrong kind"
	Statement Result = "statement"
	Protected Result = "protected"
)

// KeyVector is a key file and the result of reading it.
type KeyVector struct {
	Name    string
	Comment string
	Private bool
	// Age reports whether the file is read as keys of age.
	Age    bool
	Expect Result
	// Passphrase opens a protected file, if not empty.
	Passphrase string
	// Identities has the generations of each identity, newest first.
	Identities [][]Generation
	// Seeds are the private keys of the keys of age in the file.
	Seeds [][]byte
	// File is the key file.
	File []byte
}

// Generation is the statement of a key file about a generation.
type Generation struct {
	Fingerprint               [32]byte
	Number                    int
	Created, Expires, Retired int64 // seconds since 1970 UTC, or 0
	Name                      string
}

// LoadKeys reads all vectors of key files in a folder.
func LoadKeys(dir string) ([]*KeyVector, error) {
	var all []*KeyVector
	err := load(dir, ".txt", func(name string, data []byte) (err error) {
		v := &KeyVector{Name: name}
		if v.File, err = pairs(data, v.set); err == nil {
			all = append(all, v)
		}
		return err
	})
	return all, err
}

func (v *KeyVector) set(key, value string) (err error) {
	switch key {
	case "comment":
		v.Comment = value
	case "kind":
		v.Private = strings.HasSuffix(value, "private")
		v.Age = strings.HasPrefix(value, "age ")
	case "expect":
		v.Expect = Result(value)
	case "passphrase":
		v.Passphrase = value
	case "identity":
		v.Identities = append(v.Identities, nil)
		return v.add(value)
	case "previous":
		return v.add(value)
	case "seed":
		seed, err := hex.DecodeString(value)
		v.Seeds = append(v.Seeds, seed)
		return err
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	return nil
}

// add adds a generation to the last identity.
func (v *KeyVector) add(value string) error {
	var g Generation
	var fingerprint string
	if _, err := fmt.Sscanf(value, "%64s %d %d %d %d %q", &fingerprint, &g.Number, &g.Created, &g.Expires, &g.Retired, &g.Name); err != nil {
		return err
	}
	b, err := hex.DecodeString(fingerprint)
	if err != nil || len(b) != len(g.Fingerprint) || len(v.Identities) == 0 {
		return fmt.Errorf("bad generation %q", value)
	}
	g.Fingerprint = [32]byte(b)
	last := &v.Identities[len(v.Identities)-1]
	*last = append(*last, g)
	return nil
}

// Marshal returns the vector as it is in its file.
func (v *KeyVector) Marshal() []byte {
	kind := "public"
	if v.Private {
		kind = "private"
	}
	if v.Age {
		kind = "age " + kind
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "comment: %s\nkind: %s\nexpect: %s\n", v.Comment, kind, v.Expect)
	if v.Passphrase != "" {
		fmt.Fprintf(&b, "passphrase: %s\n", v.Passphrase)
	}
	for _, generations := range v.Identities {
		for i, g := range generations {
			key := "previous"
			if i == 0 {
				key = "identity"
			}
			fmt.Fprintf(&b, "%s: %x %d %d %d %d %q\n", key, g.Fingerprint, g.Number, g.Created, g.Expires, g.Retired, g.Name)
		}
	}
	for _, seed := range v.Seeds {
		fmt.Fprintf(&b, "seed: %x\n", seed)
	}
	b.WriteByte('\n')
	b.Write(v.File)
	return b.Bytes()
}

// pairs calls set for each line of "key: value" before an empty line, and returns the rest.
func pairs(data []byte, set func(key, value string) error) (rest []byte, err error) {
	for {
		line, rest, ok := bytes.Cut(data, []byte("\n"))
		if !ok {
			return nil, fmt.Errorf("no empty line")
		}
		if data = rest; len(line) == 0 {
			return data, nil
		}
		key, value, ok := strings.Cut(string(line), ": ")
		if !ok {
			return nil, fmt.Errorf("line without a value: %q", line)
		}
		if err := set(key, value); err != nil {
			return nil, err
		}
	}
}
