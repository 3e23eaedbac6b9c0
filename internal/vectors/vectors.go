// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package vectors reads the test vectors in testdata/vectors. Its tests make them with a
// second implementation of the format, and compare.
package vectors

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Result is how reading a file ends.
type Result string

// The results in vectors, by their names in SPEC.md, section 9.
const (
	Success     Result = "success"
	NoMatch     Result = "no match"
	NotPqenc    Result = "not pqenc"
	Unsupported Result = "unsupported"
	Header      Result = "header"
	Body        Result = "body"
	Truncated   Result = "truncated"
	Armor       Result = "armor"
	NotSigned   Result = "not signed"
	WrongSigner Result = "wrong signer"
	Signature   Result = "signature"
	Replaced    Result = "replaced"
	Forwarded   Result = "forwarded"
	Context     Result = "context"
	Retired     Result = "retired"
	DigestList  Result = "digest list"
)

// Vector is a file, the keys and requirements of a reader, and the result of reading it.
type Vector struct {
	Name    string
	Comment string
	// Expect is the result of opening the file and reading all of it.
	Expect Result
	// Inspect is the result of checking the header and the length without a key.
	Inspect Result
	// Identities are private keys: the seed of the hybrid KEM, 32 bytes, or all seeds
	// of an identity, 96 bytes.
	Identities [][]byte
	// Passphrase opens the file instead, if not empty.
	Passphrase string
	// From are the private keys of senders, one of which must have signed the file.
	From [][]byte
	// FromFile is a public key file with senders, instead of From.
	FromFile []byte
	// RequiredContext, if not nil, must be the context of the signature.
	RequiredContext *string
	// AllowForwarded accepts files that are signed for other readers.
	AllowForwarded bool
	// Digests, if not nil, is a list of digests for the file, and ListExpect the result of
	// verifying the file with it and then reading all of it.
	Digests    []byte
	ListExpect Result
	// RedoLog, if not nil, is the log beside the file.
	RedoLog []byte
	// Repaired is the header after a repair with the identities, and after one without:
	// "disk" is that of the file, "old" and "new" are those of the log. The log is removed
	// then. "none" means that nothing is changed.
	Repaired [2]string
	// Released is the SHA-256 of what a reader in order may release: the contents, or
	// the chunks before a failure. A trailer is after all chunks.
	Released [32]byte
	// File is the encrypted file.
	File []byte
}

// Load reads all vectors of encrypted files in a folder.
func Load(dir string) ([]*Vector, error) {
	var all []*Vector
	err := load(dir, ".pqe", func(name string, data []byte) error {
		v, err := parse(data)
		if err == nil {
			v.Name = name
			all = append(all, v)
		}
		return err
	})
	return all, err
}

// load calls add for each file in a folder whose name ends in ext, which is removed from the
// name.
func load(dir, ext string, add func(name string, data []byte) error) error {
	names, err := filepath.Glob(filepath.Join(dir, "*"+ext))
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return fmt.Errorf("no vectors in %s", dir)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := add(strings.TrimSuffix(filepath.Base(name), ext), data); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// parse parses a vector.
func parse(data []byte) (v *Vector, err error) {
	v = new(Vector)
	v.File, err = pairs(data, v.set)
	return v, err
}

func (v *Vector) set(key, value string) (err error) {
	switch key {
	case "comment":
		v.Comment = value
	case "expect":
		v.Expect = Result(value)
	case "inspect":
		v.Inspect = Result(value)
	case "passphrase":
		v.Passphrase = value
	case "identity":
		return appendHex(&v.Identities, value)
	case "from":
		return appendHex(&v.From, value)
	case "from-file":
		v.FromFile, err = base64.StdEncoding.DecodeString(value)
		return err
	case "digests":
		v.Digests, err = hex.DecodeString(value)
		return err
	case "digests-expect":
		v.ListExpect = Result(value)
	case "redo-log":
		v.RedoLog, err = base64.StdEncoding.DecodeString(value)
		return err
	case "repaired":
		with, without, ok := strings.Cut(value, " ")
		v.Repaired = [2]string{with, without}
		if !ok {
			return fmt.Errorf("bad repairs %q", value)
		}
	case "context":
		v.RequiredContext = &value
	case "allow-forwarded":
		v.AllowForwarded = value == "yes"
	case "released-sha256":
		sum, err := hex.DecodeString(value)
		if err != nil || copy(v.Released[:], sum) != len(v.Released) {
			return fmt.Errorf("bad hash %q", value)
		}
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	return nil
}

func appendHex(list *[][]byte, value string) error {
	b, err := hex.DecodeString(value)
	*list = append(*list, b)
	return err
}

// HasSenders reports whether the file must be signed by somebody.
func (v *Vector) HasSenders() bool { return len(v.From) > 0 || len(v.FromFile) > 0 }

// Marshal returns the vector as it is in its file.
func (v *Vector) Marshal() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "comment: %s\nexpect: %s\ninspect: %s\n", v.Comment, v.Expect, v.Inspect)
	for _, seed := range v.Identities {
		fmt.Fprintf(&b, "identity: %x\n", seed)
	}
	if v.Passphrase != "" {
		fmt.Fprintf(&b, "passphrase: %s\n", v.Passphrase)
	}
	for _, seeds := range v.From {
		fmt.Fprintf(&b, "from: %x\n", seeds)
	}
	if len(v.FromFile) > 0 {
		fmt.Fprintf(&b, "from-file: %s\n", base64.StdEncoding.EncodeToString(v.FromFile))
	}
	if v.RequiredContext != nil {
		fmt.Fprintf(&b, "context: %s\n", *v.RequiredContext)
	}
	if v.AllowForwarded {
		b.WriteString("allow-forwarded: yes\n")
	}
	if v.Digests != nil {
		fmt.Fprintf(&b, "digests: %x\ndigests-expect: %s\n", v.Digests, v.ListExpect)
	}
	if v.RedoLog != nil {
		fmt.Fprintf(&b, "redo-log: %s\nrepaired: %s %s\n", base64.StdEncoding.EncodeToString(v.RedoLog), v.Repaired[0], v.Repaired[1])
	}
	fmt.Fprintf(&b, "released-sha256: %x\n\n", v.Released)
	b.Write(v.File)
	return b.Bytes()
}
