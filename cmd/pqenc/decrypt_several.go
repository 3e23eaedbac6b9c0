// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/recipient"
)

// several decrypts files into a folder.
func (c *decryptCmd) several(a *app) error {
	if c.Part != (partFlags{}) || c.Stream.StreamUnverified || c.URL.RangeOnly {
		return usageError("--range, --digests, --range-only and --stream-unverified are for one file", "leave them out, or name one file")
	}
	if slices.ContainsFunc(c.Files.In, isURL) {
		return usageError("a URL cannot be decrypted together with other files", `name it alone, or use "pqenc cat"`)
	}
	if isStdio(c.Files.Output) {
		return errNoFolder()
	}
	keys, err := a.keychain(&c.Keys, c.Has, &c.Secret, &c.Trust, &c.Context)
	if err != nil {
		return err
	}
	k := &copier{flags: &c.Copy, output: c.Files.Output, rename: openedPath, serial: c.Has.Passphrase, ready: func() error { return nil }}
	k.manyFiles = manyFiles{slots: true, several: several{app: a, verb: "decrypted", skipped: "not encrypted"}}
	k.hint = "only files that pqenc made can be decrypted"
	k.other = func(f found) bool { return !k.several.one && looksOther(a, f) }
	by := &signers{app: a, all: make(map[signer]int)}
	k.copy = func(f found, p *fileProgress) (fileOutcome, error) { return c.one(k, keys, by, f, p) }
	k.told = by.say
	return k.run(c.Files.In)
}

// keychain has the keys for decrypting several files at once.
type keychain struct {
	named  []pqenc.Identity
	own    string         // name of the default identity, if that is tried
	secret pqenc.Identity // passphrase of the files
	policy pqenc.Policy
	asking sync.Mutex // held while asking for a passphrase
}

// keychain loads the keys and the policy that the flags name.
func (a *app) keychain(of *identityFlag, has passphraseFlag, secret *secretFlags, trust *fromFlags, context *contextFlag) (*keychain, error) {
	k := new(keychain)
	ofFile, ofKeys := secret.roles(has.Passphrase || len(of.Identity) == 0)
	named, own, err := a.decryptors(of, ofKeys)
	if err != nil {
		return nil, err
	}
	if err := secret.check(&input{size: -1}, len(named) > 0); err != nil {
		return nil, err
	}
	for _, id := range named {
		k.named = append(k.named, oneAtATime(id, &k.asking))
	}
	k.own = own
	k.secret = oneAtATime(recipient.NewPrompted(ofFile.ask(a, "the files")), &k.asking)
	k.policy, err = trust.policy(context)
	return k, err
}

// identities returns the keys for one file.
func (k *keychain) identities() *identities {
	keys := newIdentities(k.named, k.own, nil)
	keys.list = append(keys.list, k.secret)
	return keys
}

// opener opens one of several files. It returns nil if the file is not encrypted.
func (k *keychain) opener(m *manyFiles, f found, p *fileProgress) (*opener, error) {
	src, err := f.open(m.app)
	if err != nil {
		return nil, err
	}
	src.onTorn = func() {
		m.warn("%s: %v, and read from the log beside the file: %s", src.name, durable.ErrTorn, repairHint)
	}
	err = f.readHead(src)
	other := false
	if err == nil {
		other, err = isOther(src, f, m.one)
	}
	if other || err != nil {
		src.Close()
		return nil, err
	}
	src.count(p)
	return &opener{app: m.app, src: src, policy: k.policy, keys: k.identities()}, nil
}

// one decrypts one of several files.
func (c *decryptCmd) one(k *copier, keys *keychain, by *signers, f found, p *fileProgress) (fileOutcome, error) {
	o, err := keys.opener(&k.manyFiles, f, p)
	if err != nil {
		return isFailed, err
	}
	if o == nil {
		return isSkipped, nil
	}
	src := o.src
	defer src.Close()
	plain, err := o.open(true)
	if err != nil {
		return isFailed, err
	}
	options, err := c.options(src)
	if err != nil {
		return isFailed, err
	}
	out, err := k.create(f, src, options)
	if err != nil {
		return isFailed, err
	}
	_, err = plain.WriteTo(io.NewOffsetWriter(out, 0))
	err = src.doubt(cmp.Or(err, src.unchanged()))
	hideKey(out)
	if err := k.finish(out, err, func() error { return nil }); err != nil {
		return isFailed, err
	}
	by.add(plain.Signature())
	return isDone, nil
}

// isOther reports whether to leave out a file that is neither encrypted nor named as if
// it were, unless it is the only one. It also leaves out private keys with a passphrase,
// which are encrypted files, but not meant.
func isOther(src *input, f found, one bool) (bool, error) {
	if one || strings.HasSuffix(f.out, sealedSuffix) {
		return false, nil
	}
	if src.size == 0 {
		return true, nil
	}
	file, err := sniff(src.reader())
	if err != nil {
		return false, err
	}
	if file.armored {
		return strings.HasSuffix(src.name, ".key"), nil
	}
	_, err = pqenc.Inspect(file)
	return errors.Is(err, pqenc.ErrNotPqenc), nil // other errors appear when it is opened
}

// looksOther is like isOther for a file that is not open.
func looksOther(a *app, f found) bool {
	src, err := f.open(a)
	if err != nil {
		return false
	}
	defer src.Close()
	other, err := isOther(src, f, false)
	return other && err == nil
}

// signer is the signer of files, and how it was verified.
type signer struct {
	level pqenc.Level
	by    pqenc.Fingerprint
	what  string // signed context
}

// signers counts the signers of several files.
type signers struct {
	app *app
	mu  sync.Mutex
	all map[signer]int
	few []signer // in order of appearance
	not int      // number of unsigned files
}

func (s *signers) add(of *pqenc.Signature) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if of == nil {
		s.not++
		return
	}
	by := signer{of.Level, of.Signer, of.Context}
	if s.all[by]++; s.all[by] == 1 {
		s.few = append(s.few, by)
	}
}

// say prints how many files each signer signed.
func (s *signers) say() {
	for _, by := range s.few {
		name, check := who(by.by), ""
		if by.level == pqenc.Unverified {
			name, check = by.by.String(), " "+notChecked
		}
		s.app.inform("%s signed by %s%s%s", filesText(s.all[by]), name, contextText(by.what), check)
		if check != "" {
			s.app.inform("hint: %s", checkHint(by.by))
		}
	}
	if len(s.few) > 0 && s.not > 0 {
		s.app.inform("%s not signed", filesText(s.not))
	}
}

func filesText(n int) string {
	if n == 1 {
		return "1 file is"
	}
	return fmt.Sprintf("%d files are", n)
}
