// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/terminal"
)

type inspectCmd struct {
	Keys identityFlag   `embed:"" set:"otherwise=Default: no key is tried."`
	Has  passphraseFlag `embed:""`

	URL  urlFlags `embed:""`
	JSON bool     `name:"json" help:"Print JSON."`
	File string   `arg:"" optional:"" type:"path" name:"FILE" help:"An encrypted file or its URL; or a key, a signature or another file made by pqenc. Default, or if FILE is -: standard input."`

	Secret secretFlags `embed:""`
}

func (inspectCmd) Help() string {
	return `Without a key it shows what everybody can see, none of which is authenticated.
With -i it also reports whether the key opens the file, checks the header and, if the
input can be read at any offset, the length, and names the signer. The exit code is 3 if
the key does not open the file, and 4 if the file is damaged or truncated. It does not
check the contents: "pqenc verify" does. It also recognizes other files made by pqenc,
such as keys and signatures.

Examples:

    pqenc inspect model.pqe
    pqenc inspect --json model.pqe | jq .content_size
    pqenc inspect -i alice.key model.pqe
    pqenc inspect https://example.org/model.pqe`
}

// report is the output of inspect in its JSON form.
type report struct {
	File        string         `json:"file"`
	Version     int            `json:"version"`
	Suite       int            `json:"suite"`
	Signed      bool           `json:"signed"`
	Armored     bool           `json:"armored"`
	Stanzas     map[string]int `json:"stanzas"`
	HeaderSize  int            `json:"header_size"`
	ChunkSize   int            `json:"chunk_size"`
	FileSize    int64          `json:"file_size"` // of the binary form
	ContentSize int64          `json:"content_size"`
	Overhead    int64          `json:"overhead"`
	Torn        bool           `json:"torn,omitempty"`    // the header is from the log beside the file
	Opens       *bool          `json:"opens,omitempty"`   // only with -i
	Damaged     bool           `json:"damaged,omitempty"` // only with -i: the last chunk is not authentic
	Signer      string         `json:"signer,omitempty"`  // only with -i, not verified
	Fetched     int64          `json:"fetched,omitempty"` // bytes read from a URL

	order []format.StanzaType // of the stanza types, each once
}

func (c *inspectCmd) Run(a *app) error {
	src, err := a.openEncrypted(c.File, c.URL)
	if err != nil {
		return err
	}
	defer src.Close()
	keys, err := c.keys(a, src)
	if err != nil {
		return in(src.name, err)
	}
	r, begin, err := inspect(src)
	if errors.Is(err, pqenc.ErrNotPqenc) && keys == nil {
		if other := inspectOther(src, string(begin)); other != nil {
			if c.JSON {
				return printJSON(a.stdout, other)
			}
			return other.print(a.stdout)
		}
	}
	if err != nil {
		return in(src.name, err)
	}
	var opening error
	if keys != nil {
		opening = r.open(src, keys)
	}
	r.Fetched = src.fetched()
	if c.JSON {
		err = printJSON(a.stdout, r)
	} else {
		err = r.print(a.stdout)
	}
	return errors.Join(err, in(src.name, src.doubt(opening)))
}

// keys returns the keys to try, or nil, and selects the header to inspect.
func (c *inspectCmd) keys(a *app, src *input) (*identities, error) {
	if len(c.Keys.Identity) == 0 {
		src.complete() // without a key, nobody can tell which is right
		return nil, nil
	}
	if src.size < 0 {
		return nil, usageError("a key can be tried only on a file, not on a pipe", "save it to a file first, or decrypt it")
	}
	keys, err := a.identities(&c.Keys, c.Has.Passphrase, &c.Secret, src)
	if err == nil {
		_ = src.settle(keys) // if neither opens, that of the file is used
	}
	return keys, err
}

// inspect reads the public properties of a file. It also returns its first bytes.
func inspect(src *input) (r *report, begin []byte, err error) {
	file, err := sniff(src.reader())
	if err != nil {
		return nil, nil, err
	}
	info, err := pqenc.Inspect(file)
	if err != nil {
		if errors.Is(err, pqenc.ErrNotPqenc) {
			err = withHints(err, cmp.Or(looksLike(file.begin), "pqenc did not make it, or its first bytes were changed"))
		}
		return nil, file.begin, err
	}
	r = &report{
		File: src.name, Version: info.Version, Suite: info.Suite,
		Signed: info.Signed, Armored: file.armored,
		Stanzas: map[string]int{}, HeaderSize: info.HeaderSize, ChunkSize: info.ChunkSize,
		FileSize: src.size, Torn: src.torn,
	}
	for _, t := range info.Stanzas {
		if r.Stanzas[t.String()]++; r.Stanzas[t.String()] == 1 {
			r.order = append(r.order, t)
		}
	}
	if r.FileSize, r.ContentSize, err = file.sizes(info, src.size); err != nil {
		return nil, file.begin, err
	}
	r.Overhead = r.FileSize - r.ContentSize
	return r, file.begin, nil
}

// open tries the keys. It returns no error if they do not open the file, or if the file
// is damaged: that is part of the report.
func (r *report) open(src *input, keys *identities) (opening error) {
	section := src.section()
	var sig *pqenc.Signature
	if r.Armored {
		var plain *pqenc.Reader
		if plain, opening = pqenc.Decrypt(pqenc.Dearmor(section), keys.list...); opening == nil {
			sig = plain.Signature()
		}
	} else {
		var f *pqenc.File
		if f, opening = pqenc.Open(section, src.size, keys.list...); opening == nil {
			sig = f.Signature()
		} else if errors.Is(opening, pqenc.ErrBody) || errors.Is(opening, pqenc.ErrTruncated) {
			if plain, err := pqenc.Decrypt(src.section(), keys.list...); err == nil {
				r.Damaged, sig = true, plain.Signature()
			}
		}
	}
	if sig != nil {
		r.Signer = sig.Signer.String()
	}
	if errors.Is(opening, pqenc.ErrNoMatch) {
		opening = keys.noMatch(opening)
	}
	opens := opening == nil || r.Damaged
	r.Opens = &opens
	return opening
}

// print writes the report for people.
func (r *report) print(w io.Writer) error {
	var rows [][2]string
	row := func(name, format string, args ...any) {
		rows = append(rows, [2]string{name, fmt.Sprintf(format, args...)})
	}
	row("format", "version %d, suite %d (X25519 + ML-KEM-768, HKDF-SHA256, AES-256-GCM)", r.Version, r.Suite)
	for _, t := range r.order {
		row("stanzas", "%d %s", r.Stanzas[t.String()], t)
	}
	row("signed", "%s", yesNo(r.Signed))
	row("armored", "%s", yesNo(r.Armored))
	row("header", "%d bytes", r.HeaderSize)
	row("chunks", "%d of %s", r.ContentSize/int64(r.ChunkSize)+1, sizeText(int64(r.ChunkSize)))
	row("contents", "%d bytes (%s)", r.ContentSize, sizeText(r.ContentSize))
	row("overhead", "%d bytes (%s)", r.Overhead, percent(r.Overhead, r.ContentSize))
	if probablyKey(r) {
		row("probably", "a private key that is protected by a passphrase, by its name")
	}
	if r.Torn {
		row("torn", "%s: this is the header in the log beside the file", map[bool]string{true: "yes", false: "probably"}[r.Opens != nil])
	}
	if r.Opens != nil {
		row("opens", "%s", yesNo(*r.Opens))
	}
	if r.Damaged {
		row("damaged", "yes: the end of the file is missing or was changed")
	}
	if r.Signer != "" {
		row("signed by", "%s %s", r.Signer, notChecked)
	}
	return printRows(w, rows)
}

// printRows writes names and values in two columns.
func printRows(w io.Writer, rows [][2]string) error {
	for _, r := range rows {
		if _, err := fmt.Fprintf(w, "%-11s %s\n", r[0], r[1]); err != nil {
			return err
		}
	}
	return nil
}

// printJSON writes v as JSON in ASCII.
func printJSON(w io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, terminal.ASCII(string(text)))
	return err
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// probablyKey reports whether a file looks like a protected private key, by its name and
// structure.
func probablyKey(r *report) bool {
	return strings.HasSuffix(r.File, ".key") && r.Armored && r.Stanzas["passphrase"] == 1
}

// percent returns part/whole in percent with two significant digits.
func percent(part, whole int64) string {
	if part > whole {
		return "more than the contents"
	}
	p := 100 * float64(part) / float64(whole)
	if p >= 10 {
		return fmt.Sprintf("%.0f %%", p) // %g would use an exponent
	}
	return fmt.Sprintf("%.2g %%", p)
}

// sizeText formats a number of bytes with a binary unit.
func sizeText(n int64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, u := float64(n)/1024, 0
	for ; f >= 1024; u++ {
		f /= 1024
	}
	return fmt.Sprintf("%.4g %ciB", f, units[u])
}
