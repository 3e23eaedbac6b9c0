// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile_test

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/keyfile"
)

var (
	xwing     = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 62253, 25722}}
	composite = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 6, 48}}
)

// pemOf returns the PEM block of an ASN.1 structure.
func pemOf(t *testing.T, label string, v any) string {
	t.Helper()
	der, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

// TestForm writes both files again, with encoding/asn1 and the raw keys.
func TestForm(t *testing.T) {
	type pkcs8 struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}
	private := pairOf(alice().Marshal())
	seeds := rawKeys(t, private, 32, 64)
	want := "# pqenc private key: keep this file secret.\n" +
		pemOf(t, "PRIVATE KEY", pkcs8{0, xwing, seeds[0]}) +
		pemOf(t, "PRIVATE KEY", pkcs8{0, composite, seeds[1]})
	if string(private) != want {
		t.Error("the private key file has another form")
	}
	if !bytes.Equal(seeds[1], alice().SigningKey().Seed()) {
		t.Error("another signing key is in the private key file")
	}

	type spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	public := pairOf(alice().Public().Marshal())
	keys := rawKeys(t, public, 1216, 1984)
	want = "# pqenc public key: give this file to those who send to you.\n" +
		pemOf(t, "PUBLIC KEY", spki{xwing, asn1.BitString{Bytes: keys[0], BitLength: 8 * 1216}}) +
		pemOf(t, "PUBLIC KEY", spki{composite, asn1.BitString{Bytes: keys[1], BitLength: 8 * 1984}})
	if string(public) != want {
		t.Error("the public key file has another form")
	}
	if !bytes.Equal(keys[1], alice().Public().VerificationKey().Bytes()) {
		t.Error("another signing key is in the public key file")
	}
}

// rawKeys returns the last bytes of the DER of the two blocks.
func rawKeys(t *testing.T, file []byte, sizes ...int) (keys [][]byte) {
	t.Helper()
	for _, size := range sizes {
		var b *pem.Block
		if b, file = pem.Decode(file); b == nil {
			t.Fatal("no block")
		}
		keys = append(keys, b.Bytes[len(b.Bytes)-size:])
	}
	return keys
}

func TestRoundTrip(t *testing.T) {
	private := alice().Marshal()
	id, err := keyfile.ParseIdentity(private)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(id.Marshal(), private) {
		t.Error("the private key file changes")
	}
	if id.Public().Fingerprint() != alice().Public().Fingerprint() {
		t.Error("the private key has another fingerprint")
	}
	team := append(alice().Public().Marshal(), mallory().Public().Marshal()...)
	keys, err := keyfile.ParsePublic(team)
	if err != nil || len(keys) != 2 {
		t.Fatalf("%d keys, error %v", len(keys), err)
	}
	if !bytes.Equal(append(keys[0].Marshal(), keys[1].Marshal()...), team) {
		t.Error("the public key file changes")
	}
}

// TestAccepted has all that may be different in a key file.
func TestAccepted(t *testing.T) {
	for _, kind := range kinds() {
		c, b := blocks(kind.file)
		for what, file := range map[string]string{
			"no comment":            b[0] + b[1],
			"comments and lines":    "\n\n# a\n#\n" + b[0] + "\n#b\n\n" + b[1] + "\n# c\n\n#",
			"byte order mark":       "\ufeff" + c + b[0] + b[1],
			"Windows Notepad":       "\ufeff" + strings.ReplaceAll(b[0]+b[1], "\n", "\r\n"),
			"CRLF":                  strings.ReplaceAll(c+b[0]+b[1], "\n", "\r\n"),
			"CRLF and LF":           strings.ReplaceAll(b[0], "\n", "\r\n") + b[1],
			"no last newline":       c + b[0] + b[1][:len(b[1])-1],
			"CRLF, no last newline": strings.TrimSuffix(strings.ReplaceAll(b[0]+b[1], "\n", "\r\n"), "\r\n"),
			"a key in a comment":    "# " + b[0][:27] + "\n" + b[0] + b[1],
			"binary in a comment":   "#\x00\xff\x1b[2J\r \n" + b[0] + b[1],
		} {
			again, err := kind.parse([]byte(file))
			if err != nil || !bytes.Equal(again, kind.file) {
				t.Errorf("%s, %s: same %t, error %v", kind.name, what, bytes.Equal(again, kind.file), err)
			}
		}
	}
}

// kind is what private and public key files have in common.
type kind struct {
	name  string
	label string
	file  []byte
	other []byte // Mallory's
	parse func([]byte) (marshaled []byte, err error)
}

func kinds() []kind {
	return []kind{
		{"private", "PRIVATE KEY", pairOf(alice().Marshal()), pairOf(mallory().Marshal()), reparseIdentity},
		{"public", "PUBLIC KEY", pairOf(alice().Public().Marshal()), pairOf(mallory().Public().Marshal()), reparsePublic},
	}
}

// pairOf returns a key file without the statement, as all were before there were any.
func pairOf(file []byte) []byte {
	comment, b := blocks(file)
	return []byte(comment + b[0] + b[1])
}

func reparseIdentity(data []byte) (marshaled []byte, err error) {
	ids, err := keyfile.ParseIdentities(data)
	for _, id := range ids {
		marshaled = append(marshaled, id.Marshal()...)
	}
	return marshaled, err
}

func reparsePublic(data []byte) (marshaled []byte, err error) {
	keys, err := keyfile.ParsePublic(data)
	for _, key := range keys {
		marshaled = append(marshaled, key.Marshal()...)
	}
	return marshaled, err
}

// TestRefused has all that pem.Decode, on its own, would skip or put right.
func TestRefused(t *testing.T) {
	for _, k := range kinds() {
		c, b := blocks(k.file)
		begin, end := "-----BEGIN "+k.label+"-----\n", "-----END "+k.label+"-----\n"
		body := strings.TrimSuffix(strings.TrimPrefix(b[0], begin), end)
		joined := strings.ReplaceAll(body, "\n", "") + "\n"
		cases := map[string]string{
			"empty":                    "",
			"newline":                  "\n",
			"comment":                  c,
			"swapped":                  c + b[1] + b[0],
			"one block":                b[0],
			"the other block":          b[1],
			"three blocks":             b[0] + b[1] + b[0],
			"twice the same":           b[0] + b[0],
			"empty blocks":             begin + end + begin + end,
			"text above":               "alice\n" + b[0] + b[1],
			"text between":             b[0] + "alice\n" + b[1],
			"text below":               b[0] + b[1] + "alice",
			"space above":              " \n" + b[0] + b[1],
			"space before a comment":   " # comment\n" + b[0] + b[1],
			"space before the block":   " " + b[0] + b[1],
			"space before all lines":   " " + strings.ReplaceAll(b[0], "\n", "\n ") + b[1],
			"space after the begin":    strings.Replace(b[0], "-----\n", "----- \n", 1) + b[1],
			"space after the end":      b[0][:len(b[0])-1] + " \n" + b[1],
			"space in the base64":      begin + body[:20] + " " + body[20:] + end + b[1],
			"two byte order marks":     "\ufeff\ufeff" + b[0] + b[1],
			"late byte order mark":     b[0] + "\ufeff" + b[1],
			"zero byte":                b[0] + b[1] + "\x00",
			"carriage returns":         strings.ReplaceAll(b[0]+b[1], "\n", "\r"),
			"CR CR LF":                 strings.ReplaceAll(b[0]+b[1], "\n", "\r\r\n"),
			"header":                   begin + "Comment: Alice\n\n" + body + end + b[1],
			"header in the second":     b[0] + strings.Replace(b[1], "-----\n", "-----\nProc-Type: 4,ENCRYPTED\n\n", 1),
			"empty line in a block":    begin + "\n" + body + end + b[1],
			"comment in a block":       begin + "# comment\n" + body + end + b[1],
			"one long line":            begin + joined + end + b[1],
			"short lines":              begin + joined[:32] + "\n" + joined[32:] + end + b[1],
			"no begin":                 body + end + b[1],
			"no end":                   begin + body + b[1],
			"no end in the second":     b[0] + b[1][:len(b[1])-len(end)],
			"end cut":                  b[0] + b[1][:len(b[1])-2],
			"end of another type":      begin + body + "-----END CERTIFICATE-----\n" + b[1],
			"begin twice":              begin + b[0] + b[1],
			"no newline between":       b[0][:len(b[0])-1] + b[1],
			"two blocks in one":        begin + body + strings.TrimPrefix(b[1], begin),
			"invalid first character":  begin + "!" + body[1:] + end + b[1],
			"invalid in the second":    b[0] + b[1][:60] + "!" + b[1][61:],
			"first too short":          begin + body[:len(body)-5] + "\n" + end + b[1],
			"first one too many":       begin + body[:len(body)-1] + "AAAA\n" + end + b[1],
			"second cut":               b[0] + b[1][:len(b[1])-len(end)-8] + "\n" + end,
			"a certificate in between": b[0] + strings.ReplaceAll(b[1], k.label, "CERTIFICATE") + b[1],
			"another type":             strings.ReplaceAll(b[0]+b[1], k.label, "EC PRIVATE KEY"),
			"lower-case type":          strings.ReplaceAll(b[0]+b[1], k.label, strings.ToLower(k.label)),
			"binary":                   string(make([]byte, 1000)),
		}
		for what, file := range cases {
			wantRefused(t, k.name+", "+what, k, file, keyfile.ErrNotKey)
		}
	}
}

// TestTrailingBits: base64 with padding has unused bits, and another value of
// them would be another form of the same key.
func TestTrailingBits(t *testing.T) {
	for _, k := range kinds() {
		_, b := blocks(k.file)
		padded := 0
		for i := range b {
			at := strings.IndexByte(b[i], '=')
			if at < 0 {
				continue
			}
			padded++
			const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
			other := alphabet[strings.IndexByte(alphabet, b[i][at-1])^1]
			changed := append([]string(nil), b...)
			changed[i] = b[i][:at-1] + string(other) + b[i][at:]
			wantRefused(t, k.name, k, changed[0]+changed[1], keyfile.ErrNotKey)
		}
		if padded == 0 {
			t.Errorf("%s: no block has padding", k.name)
		}
	}
}

// TestRefusedKinds has files that people may take for the one that is needed.
func TestRefusedKinds(t *testing.T) {
	const (
		armored = "-----BEGIN PQENC FILE-----\niVBRRU5DDQo=\n-----END PQENC FILE-----\n"
		age     = "# created: 2026-01-02T03:04:05Z\n# public key: age1hq3jg5n4zr9fwswpsdgw4qxs9nqp4p0kl7zkzdlm5g4nk2c4xpcsp6hpfv\n" +
			"AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n"
		ssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n" +
			"-----END OPENSSH PRIVATE KEY-----\n"
	)
	private, public := kinds()[0], kinds()[1]
	_, privateBlocks := blocks(private.file)
	_, publicBlocks := blocks(public.file)
	otherPrivate, otherPublic := pem.EncodeToMemory(ed25519Key(t, "PRIVATE KEY")), pem.EncodeToMemory(ed25519Key(t, "PUBLIC KEY"))
	for _, c := range []struct {
		what string
		kind kind
		file string
		want error
	}{
		{"public for private", private, string(public.file), keyfile.ErrIsPublic},
		{"private for public", public, string(private.file), keyfile.ErrIsPrivate},
		{"public after private", private, string(private.file) + string(public.file), keyfile.ErrIsPublic},
		{"private after public", public, string(public.file) + string(private.file), keyfile.ErrIsPrivate},
		{"one private, one public", private, privateBlocks[0] + publicBlocks[1], keyfile.ErrIsPublic},
		{"one public, one private", public, publicBlocks[0] + privateBlocks[1], keyfile.ErrIsPrivate},
		{"protected", private, armored, keyfile.ErrProtected},
		{"protected for public", public, armored, keyfile.ErrProtected},
		{"DER of a public key", private, strings.ReplaceAll(string(public.file), "PUBLIC", "PRIVATE"), keyfile.ErrNotKey},
		{"DER of a private key", public, strings.ReplaceAll(string(private.file), "PRIVATE", "PUBLIC"), keyfile.ErrNotKey},
		{"Ed25519 private key", private, string(otherPrivate) + privateBlocks[1], keyfile.ErrNotKey},
		{"Ed25519 signing key", private, privateBlocks[0] + string(otherPrivate), keyfile.ErrNotKey},
		{"Ed25519 public key", public, string(otherPublic) + publicBlocks[1], keyfile.ErrNotKey},
		{"Ed25519 verifying key", public, publicBlocks[0] + string(otherPublic), keyfile.ErrNotKey},
		{"age key", private, age, keyfile.ErrNotKey},
		{"age recipient", public, "age1hq3jg5n4zr9fwswpsdgw4qxs9nqp4p0kl7zkzdlm5g4nk2c4xpcsp6hpfv\n", keyfile.ErrNotKey},
		{"ssh key", private, ssh, keyfile.ErrNotKey},
		{"ssh public key", public, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g alice\n", keyfile.ErrNotKey},
	} {
		wantRefused(t, c.what, c.kind, c.file, c.want)
	}
}

// ed25519Key returns a key of a kind that pqenc does not have (RFC 8410).
func ed25519Key(t *testing.T, label string) *pem.Block {
	t.Helper()
	prefix := "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"
	if label == "PUBLIC KEY" {
		prefix = "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"
	}
	return &pem.Block{Type: label, Bytes: append([]byte(prefix), make([]byte, 32)...)}
}

var sentinels = []error{keyfile.ErrNotKey, keyfile.ErrIsPublic, keyfile.ErrIsPrivate, keyfile.ErrProtected, keyfile.ErrTooLarge, keyfile.ErrPassphrase,
	keyfile.ErrStatement, keyfile.ErrSeveral}

// wantRefused checks the reason, that it is the only one, and that the message
// keeps quiet about the contents.
func wantRefused(t *testing.T, what string, k kind, file string, want error) {
	t.Helper()
	marshaled, err := k.parse([]byte(file))
	if marshaled != nil || err == nil {
		t.Errorf("%s: accepted", what)
		return
	}
	for _, sentinel := range sentinels {
		if errors.Is(err, sentinel) != (sentinel == want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	wantDiscreet(t, what, err, file)
}

// wantDiscreet checks that no 8 bytes of the contents are in the message. The
// lines of PEM and comments have words that may be.
func wantDiscreet(t *testing.T, what string, err error, file string) {
	t.Helper()
	message := err.Error()
	for line := range strings.FieldsFuncSeq(file, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") || strings.Contains(line, "-----") {
			continue
		}
		for i := range len(line) - 7 {
			if strings.Contains(message, line[i:i+8]) {
				t.Errorf("%s: the message tells %q", what, line[i:i+8])
				return
			}
		}
	}
}

// TestLineNumbers: the message tells where to look.
func TestLineNumbers(t *testing.T) {
	for _, k := range kinds() {
		c, b := blocks(k.file)
		for _, c := range []struct {
			file string
			line int // of the block or text at fault
		}{
			{"x\n", 1},
			{"\n# x\nx\n", 3},
			{b[1] + b[1], 1},
			{c + "\n" + b[0] + b[0], 3 + strings.Count(b[0], "\n")},
			{c + b[0] + "\n" + b[1][:40], 3 + strings.Count(b[0], "\n")},
			{b[0] + b[1] + "x\n", 1 + strings.Count(b[0]+b[1], "\n")},
			{strings.ReplaceAll(b[0]+b[1], "\n", "\r\n") + "x", 1 + strings.Count(b[0]+b[1], "\n")},
			{b[0] + strings.Replace(b[1], "-----\n", "-----\n\n", 1), 1 + strings.Count(b[0], "\n")},
		} {
			_, err := k.parse([]byte(c.file))
			if want := fmt.Sprintf("line %d ", c.line); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", k.name, err, want)
			}
		}
	}
}
