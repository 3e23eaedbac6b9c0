// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package vectors

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
)

// The results that only detached signatures have.
const (
	SignatureFile Result = "signature file"
	OtherFile     Result = "other file"
)

// Detached is a signature file, the file that is verified with it, and the result.
type Detached struct {
	Name    string
	Comment string
	// Expect is the result of verifying the contents.
	Expect Result
	// From are the private keys of senders, one of which must have signed the contents.
	From [][]byte
	// FromFile is a public key file with senders, instead of From.
	FromFile []byte
	// Contents are those of the file that is verified.
	Contents []byte
	// SignedTime and SignedComment are those of the signature, after success.
	SignedTime    uint64
	SignedComment string
	// File is the signature file.
	File []byte
}

// LoadDetached reads all vectors of detached signatures in a folder.
func LoadDetached(dir string) ([]*Detached, error) {
	var all []*Detached
	err := load(dir, ".pqs", func(name string, data []byte) error {
		v, err := parseDetached(data)
		if err == nil {
			v.Name = name
			all = append(all, v)
		}
		return err
	})
	return all, err
}

func parseDetached(data []byte) (*Detached, error) {
	v := new(Detached)
	var err error
	v.File, err = pairs(data, v.set)
	return v, err
}

func (v *Detached) set(key, value string) (err error) {
	switch key {
	case "comment":
		v.Comment = value
	case "expect":
		v.Expect = Result(value)
	case "from":
		return appendHex(&v.From, value)
	case "from-file":
		v.FromFile, err = base64.StdEncoding.DecodeString(value)
	case "contents":
		v.Contents, err = hex.DecodeString(value)
	case "signed-time":
		v.SignedTime, err = strconv.ParseUint(value, 10, 64)
	case "signed-comment":
		v.SignedComment = value
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	return err
}

// Marshal returns the vector as it is in its file.
func (v *Detached) Marshal() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "comment: %s\nexpect: %s\n", v.Comment, v.Expect)
	for _, seeds := range v.From {
		fmt.Fprintf(&b, "from: %x\n", seeds)
	}
	if len(v.FromFile) > 0 {
		fmt.Fprintf(&b, "from-file: %s\n", base64.StdEncoding.EncodeToString(v.FromFile))
	}
	fmt.Fprintf(&b, "contents: %x\n", v.Contents)
	if v.Expect == Success {
		fmt.Fprintf(&b, "signed-time: %d\nsigned-comment: %s\n", v.SignedTime, v.SignedComment)
	}
	b.WriteString("\n")
	b.Write(v.File)
	return b.Bytes()
}
