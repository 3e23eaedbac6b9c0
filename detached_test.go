// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/vectors"
	"github.com/pqenc/pqenc/keyfile"
)

// detachedResult names the error as the vectors do.
func detachedResult(err error) vectors.Result {
	switch {
	case errors.Is(err, pqenc.ErrMalformedSignature):
		return vectors.SignatureFile
	case errors.Is(err, pqenc.ErrOtherFile):
		return vectors.OtherFile
	}
	return result(err)
}

func TestDetachedVectors(t *testing.T) {
	all, err := vectors.LoadDetached("testdata/vectors")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		t.Run(v.Name, func(t *testing.T) {
			var from []pqenc.Sender
			for _, seeds := range v.From {
				from = append(from, wholeIdentity(t, seeds).Public())
			}
			if len(v.FromFile) > 0 {
				keys, err := keyfile.ParsePublic(v.FromFile)
				if err != nil {
					t.Fatal(err)
				}
				from = append(from, keys.Senders()...)
			}
			d, err := pqenc.VerifyDetached(bytes.NewReader(v.Contents), v.File, from)
			if got := detachedResult(err); got != v.Expect {
				t.Fatalf("%s (%v), want %s", got, err, v.Expect)
			}
			if (d != nil) != (err == nil) {
				t.Error(d, err)
			}
			if err != nil {
				return
			}
			if signer := from[len(from)-1].Fingerprint(); d.Signer != signer {
				t.Errorf("signed by %s, want %s", d.Signer, signer)
			}
			if d.Comment != v.SignedComment || uint64(d.Time.Unix()) != v.SignedTime || d.Length != int64(len(v.Contents)) {
				t.Errorf("it says %+v", d)
			}
		})
	}
}

// signDetached returns a signature file by alice.
func signDetached(t testing.TB, contents []byte, comment string) []byte {
	t.Helper()
	sig, err := pqenc.SignDetached(bytes.NewReader(contents), alice, comment)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

func TestDetachedRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, pqenc.HashBuffer - 1, pqenc.HashBuffer, pqenc.HashBuffer + 1, 3*pqenc.HashBuffer + 7} {
		contents := pattern(n, 1)
		before := time.Now().Truncate(time.Second)
		sig, err := pqenc.SignDetached(iotest.HalfReader(bytes.NewReader(contents)), alice, "größer")
		if err != nil {
			t.Fatal(err)
		}
		for name, src := range map[string]io.Reader{
			"whole":         bytes.NewReader(contents),
			"half":          iotest.HalfReader(bytes.NewReader(contents)),
			"data with EOF": iotest.DataErrReader(bytes.NewReader(contents)),
		} {
			d, err := pqenc.VerifyDetached(src, sig, []pqenc.Sender{bob.Public(), alice.Public()})
			if err != nil {
				t.Fatalf("%d bytes, %s: %v", n, name, err)
			}
			if d.Signer != alice.Fingerprint() || d.Length != int64(n) || d.Comment != "größer" {
				t.Errorf("%d bytes, %s: %+v", n, name, d)
			}
			if d.Time.Before(before) || d.Time.After(time.Now()) {
				t.Errorf("signed at %s", d.Time)
			}
		}
	}
}

// Signing is randomized, and both signatures are good.
func TestDetachedTwice(t *testing.T) {
	a, b := signDetached(t, nil, ""), signDetached(t, nil, "")
	if bytes.Equal(a, b) {
		t.Error("two signatures are equal")
	}
}

// Without senders nothing is accepted.
func TestDetachedFromNobody(t *testing.T) {
	_, err := pqenc.VerifyDetached(strings.NewReader(""), signDetached(t, nil, ""), nil)
	if !errors.Is(err, pqenc.ErrWrongSigner) || !strings.Contains(err.Error(), alice.Fingerprint().String()) {
		t.Error(err)
	}
}

// counter counts what is read of an endless file.
type counter struct{ n int64 }

func (c *counter) Read(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// No more of a file is read than shows that it is too long, and nothing if the signature is
// bad.
func TestDetachedReadsNoMore(t *testing.T) {
	from := []pqenc.Sender{alice.Public()}
	sig := signDetached(t, pattern(1000, 1), "")
	var endless counter
	_, err := pqenc.VerifyDetached(&endless, sig, from)
	if !errors.Is(err, pqenc.ErrOtherFile) || endless.n > 2*pqenc.HashBuffer {
		t.Errorf("%v after %d bytes", err, endless.n)
	}
	for want, bad := range map[error]struct {
		sig  []byte
		from pqenc.Sender
	}{
		pqenc.ErrMalformedSignature: {sig[:1000], alice.Public()},
		pqenc.ErrWrongSigner:        {sig, bob.Public()},
		pqenc.ErrSignature:          {sig, sender{alice.Fingerprint(), mallory.Public()}},
	} {
		var unread counter
		if _, err := pqenc.VerifyDetached(&unread, bad.sig, []pqenc.Sender{bad.from}); !errors.Is(err, want) || unread.n > 0 {
			t.Errorf("%v after %d bytes", err, unread.n)
		}
	}
}

// An error of the reader is not an error of the signature.
func TestDetachedReadErrors(t *testing.T) {
	broken := errors.New("the disk is broken")
	src := func() io.Reader { return io.MultiReader(strings.NewReader("contents"), iotest.ErrReader(broken)) }
	if _, err := pqenc.SignDetached(src(), alice, ""); err != broken {
		t.Errorf("signing: %v", err)
	}
	sig := signDetached(t, []byte("contents"), "")
	if d, err := pqenc.VerifyDetached(src(), sig, []pqenc.Sender{alice.Public()}); err != broken || d != nil {
		t.Errorf("verifying: %v", err)
	}
}

func TestDetachedComments(t *testing.T) {
	for _, good := range []string{"", "release 1.2", "größer ☃ \U0001f600", strings.Repeat("c", 4096), "\u2028", "a\u00a0b"} {
		if err := pqenc.ValidComment(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
		d, err := pqenc.VerifyDetached(strings.NewReader(""), signDetached(t, nil, good), []pqenc.Sender{alice.Public()})
		if err != nil || d.Comment != good {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{strings.Repeat("c", 4097), "a\nb", "a\tb", "\x00", "\x1f", "\x7f", "\u0080", "\u009f", "\xff", "gr\xf6\xdfer"} {
		var unread counter
		if _, err := pqenc.SignDetached(&unread, alice, bad); !errors.Is(err, pqenc.ErrComment) || unread.n > 0 {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// The sizes are those in the comment of MaxSignatureFile.
func TestMaxSignatureFile(t *testing.T) {
	sig := signDetached(t, nil, strings.Repeat("c", pqenc.MaxCommentSize))
	crlf := append([]byte("\ufeff"), bytes.ReplaceAll(sig, []byte("\n"), []byte("\r\n"))...)
	if len(sig) != 10332 || len(crlf) != 10495 || len(crlf) > pqenc.MaxSignatureFile {
		t.Errorf("the largest have %d and %d bytes", len(sig), len(crlf))
	}
	if _, err := pqenc.VerifyDetached(strings.NewReader(""), crlf, []pqenc.Sender{alice.Public()}); err != nil {
		t.Error(err)
	}
}

// Somebody else by whose key a signature verifies is not its signer.
func TestDetachedNamesItsSigner(t *testing.T) {
	impostor := sender{mallory.Fingerprint(), alice.Public()}
	_, err := pqenc.VerifyDetached(strings.NewReader(""), signDetached(t, nil, ""), []pqenc.Sender{impostor})
	if !errors.Is(err, pqenc.ErrWrongSigner) {
		t.Error(err)
	}
}

// sender has the name of one and the key of another.
type sender struct {
	name pqenc.Fingerprint
	pqenc.Sender
}

func (s sender) Fingerprint() pqenc.Fingerprint { return s.name }

// A key that was retired counts for what it signed before, in whichever of the
// senders that is known.
func TestDetachedRetired(t *testing.T) {
	sig := signDetached(t, nil, "")
	now := time.Now()
	for _, tt := range []struct {
		retired time.Time
		want    error
	}{
		{now.Add(time.Minute), nil},
		{now.Add(-time.Minute), pqenc.ErrRetired},
		{time.Time{}, nil},
	} {
		for _, from := range [][]pqenc.Sender{
			{retiredSender{alice.Public(), tt.retired}},
			{alice.Public(), retiredSender{alice.Public(), tt.retired}},
			{retiredSender{bob.Public(), now.Add(-time.Hour)}, retiredSender{alice.Public(), tt.retired}},
		} {
			if _, err := pqenc.VerifyDetached(strings.NewReader(""), sig, from); !errors.Is(err, tt.want) {
				t.Errorf("retired at %s: %v", tt.retired, err)
			}
		}
	}
	// A forged time does not count.
	forged := []pqenc.Sender{sender{alice.Fingerprint(), mallory.Public()}, retiredSender{alice.Public(), now.Add(-time.Minute)}}
	if _, err := pqenc.VerifyDetached(strings.NewReader(""), sig, forged); !errors.Is(err, pqenc.ErrSignature) {
		t.Error(err)
	}
}

type retiredSender struct {
	pqenc.Sender
	at time.Time
}

func (s retiredSender) Retired() time.Time { return s.at }
