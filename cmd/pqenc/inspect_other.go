// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/terminal"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/server"
)

// otherReport is the output of inspect for other files made by pqenc, in its JSON form.
type otherReport struct {
	File string     `json:"file"`
	Kind string     `json:"kind"`
	Keys []shownKey `json:"keys,omitempty"`

	use string // its use, for people
}

// maxAllow is the maximum size of an access list that is recognized, in bytes.
const maxAllow = 1 << 20

// inspectOther returns the report for a file that is not encrypted. It returns nil for
// files of other programs, and for streams.
func inspectOther(src *input, begin string) *otherReport {
	if src.file == nil || src.section() == nil {
		return nil
	}
	r := &otherReport{File: src.name}
	if keys, err := look(src.name); err == nil && len(keys) > 0 {
		r.Kind, r.Keys = "public keys", keys
		if len(keys) == 1 {
			r.Kind = "public key"
		}
		r.use = "to encrypt to (-r), and to check who signed (--from)"
		if keys[0].Private {
			r.Kind = "private key"
			r.use = "to decrypt (-d -i) and to sign (--sign): never give it away"
		}
		return r
	}
	switch {
	case strings.HasPrefix(begin, "-----BEGIN PQENC SIGNATURE"):
		r.Kind = "signature"
		r.use = `of another file: "pqenc verify --from PUB --signature ` + shown(src.name) + ` FILE" checks it`
	case strings.HasSuffix(src.name, digestsSuffix) && src.size > 0 && src.size%pqenc.DigestSize == 0:
		r.Kind = "list of digests"
		r.use = fmt.Sprintf("of a file of %d chunk(s), by its name: %q uses it", src.size/pqenc.DigestSize, "pqenc -d --range --from")
	case isAllow(src):
		r.Kind = "access list"
		r.use = `of a server: "pqenc serve --allow" uses it`
	default:
		return nil
	}
	return r
}

// isAllow reports whether a file is the access list of a server. The keys that it names
// need not exist here.
func isAllow(src *input) bool {
	var anybody signature.Fingerprint
	if src.size > maxAllow {
		return false
	}
	list, err := server.ParseAllow(src.section(), func(string) ([]signature.Fingerprint, error) {
		return []signature.Fingerprint{anybody}, nil
	})
	return err == nil && list.Known(anybody)
}

// print writes the report for people.
func (r *otherReport) print(w io.Writer) error {
	err := printRows(w, [][2]string{{"kind", r.Kind}, {"use", terminal.Printable(r.use)}})
	for i := range r.Keys {
		if err != nil {
			return err
		}
		if i > 0 {
			fmt.Fprintln(w)
		}
		err = r.Keys[i].print(w)
	}
	return err
}
