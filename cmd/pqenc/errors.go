// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

// The rules for messages to the user:
//
//   - Questions go to the terminal, wherever the standard streams go.
//   - Results go to standard output, everything else to standard error with a
//     "pqenc: " in front, lower case and without a period.
//   - Every failure is one line of error, then hints on what to do. Hints are
//     made here only: the library says what is wrong.
//   - Nothing that came from a file name or a file reaches the terminal raw.

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/armor"
	"github.com/pqenc/pqenc/internal/batch"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/internal/terminal"
	"github.com/pqenc/pqenc/internal/text"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/keyfile/keyring"
	"github.com/pqenc/pqenc/recipient"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
)

// Exit codes. They are part of the interface: see exitStatus for their text.
const (
	exitOK          = 0
	exitIO          = 1
	exitUsage       = 2
	exitNoKey       = 3
	exitDamaged     = 4
	exitSigner      = 5
	exitUnsupported = 6
	exitKeyFile     = 7
	exitRefused     = 8
	exitServer      = 9
	exitConnection  = 10
	exitSomeFailed  = 11
	exitUnsteady    = 12
	exitCommand     = 13
	exitRound       = 14
)

// exitStatus describes the exit codes for the man page and README.md.
var exitStatus = []struct {
	code int
	text string
}{
	{exitOK, "success: the whole output was written"},
	{exitIO, "a file could not be read or written: no such file, disk full, file exists"},
	{exitUsage, "the command line is wrong, or the answer to a question was no"},
	{exitNoKey, "none of the keys opens the file, or the passphrase is wrong"},
	{exitDamaged, "the file is damaged, forged, truncated, or not a pqenc file"},
	{exitSigner, "the file is not signed as --from requires, or its contents are not those that were signed; or a key has a second successor"},
	{exitUnsupported, "the file has a version or a feature that this release does not know, or FIPS 140-only mode forbids what pqenc needs"},
	{exitKeyFile, "a key file is invalid or of the wrong kind, or there is no key of that name"},
	{exitRefused, "the server refused the request: no access, no such object, name taken or invalid, over quota, too large"},
	{exitServer, "the server is unknown, or has another key than expected"},
	{exitConnection, "the server could not be reached, or the connection was lost for too long"},
	{exitSomeFailed, "some of several files failed; the others are done"},
	{exitUnsteady, "done, but a file changed while it was read"},
	{exitCommand, "the command of --from-command failed, or could not be started"},
	{exitRound, "a round of secure aggregation failed: too few clients, terms or an update that were refused, or a wrong message"},
	{130, "interrupted by Ctrl-C; 129, 131 or 143 if ended by SIGHUP, SIGQUIT or SIGTERM, and 141 if the reader of standard output is gone"},
}

// failure is an error with its exit code and hints.
type failure struct {
	err   error
	code  int
	hints []string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usageError returns an error for a wrong command line. Without hints it refers to the
// help of the command.
func usageError(message string, hints ...string) error {
	if len(hints) == 0 {
		hints = []string{ownHelp}
	}
	return &failure{errors.New(message), exitUsage, hints}
}

// ownHelp is a hint that refers to the help of the command that ran.
const ownHelp = "see --help"

// withHints adds hints to an error. The kind of the error determines the exit code.
func withHints(err error, hints ...string) error {
	if err == nil {
		return nil
	}
	return &failure{err, classify(err), hints}
}

// in adds the name of the file to an error.
func in(name string, err error) error {
	var path *fs.PathError
	if err == nil || errors.As(err, &path) || errors.Is(err, pqenc.ErrFIPS) {
		return err // has a name already, or is not about the file
	}
	return fmt.Errorf("%s: %w", name, err)
}

// plain returns the text of an error. It replaces the name of the system call stat, which
// means nothing to users, with open.
func plain(err error) string {
	// the rest of the text says of what
	text := strings.ReplaceAll(err.Error(), io.ErrUnexpectedEOF.Error(), "it ends too early")
	var path *fs.PathError
	if errors.As(err, &path) && strings.HasSuffix(path.Op, "stat") {
		text = strings.Replace(text, path.Op+" "+path.Path, "open "+path.Path, 1)
	}
	return text
}

// kind maps a sentinel error to its exit code and usual hints.
type kind struct {
	err   error
	code  int
	hints []string
}

// fileKinds are the kinds of errors about files. The first match counts, in [remoteKinds]
// and then in this list.
var fileKinds = []kind{
	{keyfile.ErrIsPublic, exitKeyFile, []string{"the private key is in the file that ends in .key"}},
	{keyfile.ErrIsAgePrivate, exitKeyFile, []string{`its public key is in the comment above it, or run "age-keygen -y"; never give away the private key`}},
	{keyfile.ErrIsPrivate, exitKeyFile, []string{"name the file that ends in .pub instead; never give away the private key"}},
	{keyfile.ErrProtected, exitKeyFile, []string{"name the file that ends in .pub instead; never give away the private key"}},
	{keyfile.ErrIncomplete, exitKeyFile, []string{`is the file complete? For a key that another program made, use "pqenc key import"`}},
	{recipient.ErrKey, exitKeyFile, []string{"copy the whole key again, or ask whoever gave it to you"}},
	{keyfile.ErrNotKey, exitKeyFile, []string{`make keys with "pqenc keygen"`}},
	{keyfile.ErrStatement, exitKeyFile, []string{"the key file was changed: get it again from its owner"}},
	{keyfile.ErrSeveral, exitKeyFile, []string{"give a file with only the right one"}},
	{keyfile.ErrTooLarge, exitKeyFile, nil},
	{keyfile.ErrExpired, exitKeyFile, nil},
	{keyfile.ErrRetired, exitKeyFile, nil},
	{keyfile.ErrName, exitUsage, nil},
	{armor.ErrUTF16, exitDamaged, []string{utf8Hint}},
	{text.ErrUTF16, exitUsage, []string{utf8Hint}},
	{signature.ErrFingerprint, exitUsage, []string{`it is "SHA256:" and 43 characters: copy the whole of it again`}},
	{keyfile.ErrPassphrase, exitNoKey, nil},
	{recipient.ErrEmptyPassphrase, exitUsage, nil},
	{recipient.ErrWeak, exitNoKey, []string{
		"the operator of the server could use that to find the passphrase: ask the sender for a file made by pqenc -p",
		"if you trust the server, pull the file with --raw, and decrypt it",
	}},
	{pqenc.ErrAnonymous, exitUsage, []string{"leave --sign out, or encrypt only to pqenc keys"}},
	{pqenc.ErrNotSigned, exitSigner, []string{"ask the sender to sign it with --sign, or leave --from out"}},
	{pqenc.ErrWrongSigner, exitSigner, []string{"if you trust whoever has this fingerprint, name their public key with --from"}},
	{pqenc.ErrForwarded, exitSigner, []string{"somebody forwarded it: to accept that, use --allow-forwarded"}},
	{pqenc.ErrContext, exitSigner, []string{"the sender signed it for another purpose: do not use it for this one"}},
	{pqenc.ErrSignature, exitSigner, []string{"somebody forged it: do not use it, and ask the sender for another one"}},
	{pqenc.ErrDigests, exitSigner, []string{`make it again with "pqenc verify --write-digests", or leave --digests out: the whole file is read instead`}},
	{pqenc.ErrRetired, exitSigner, []string{"whoever has the old key may have signed it: ask the sender to sign it with the new one"}},
	{pqenc.ErrReplaced, exitSigner, []string{"another recipient of the file forged it: do not use it, and ask the sender for another one"}},
	{pqenc.ErrOtherFile, exitSigner, []string{"the file was changed, or the signature is for another file or version: get both again"}},
	{pqenc.ErrMalformedSignature, exitDamaged, []string{"--signature takes the file that \"pqenc sign\" made, and FILE is the signed file: get the signature again"}},
	{pqenc.ErrComment, exitUsage, []string{"a comment is one line of text"}},
	{errEncrypted, exitUsage, []string{"to encrypt it once more, use --force"}},
	{errWrongPassphrase, exitNoKey, nil},
	{pqenc.ErrPassphraseAlone, exitUsage, []string{"give the complete new list with -r, or -p alone, instead of adding to it"}},
	{pqenc.ErrTooMany, exitUsage, []string{"encrypt to one key that they share, or make several files"}},
	{pqenc.ErrNoMatch, exitNoKey, nil},
	{pqenc.ErrNotPqenc, exitDamaged, nil},
	{pqenc.ErrFIPS, exitUnsupported, []string{"run it with GODEBUG=fips140=on, which allows algorithms outside of the FIPS module"}},
	{pqenc.ErrUnsupported, exitUnsupported, []string{"a newer release of pqenc may read it"}},
	{pqenc.ErrHeader, exitDamaged, []string{"get the file again from its source"}},
	{pqenc.ErrBody, exitDamaged, []string{"get the file again from its source"}},
	{pqenc.ErrTruncated, exitDamaged, []string{"the transfer may have been cut off: compare the sizes, and get the file again"}},
	{armor.ErrArmor, exitDamaged, []string{"get the file again from its source"}},
	{durable.ErrTorn, exitIO, []string{repairHint}},
	{durable.ErrNotInPlace, exitIO, []string{"leave --in-place out: the file is then replaced by a new one"}},
	{durable.ErrChanged, exitIO, []string{"another process has changed it: try again"}},
	{durable.ErrHeadChanged, exitIO, []string{"another process has changed it: try again"}},
	{durable.ErrStrayRedo, exitIO, nil},
	{syscall.ENOSPC, exitIO, []string{"free some space, or write to another disk with -o"}},
	{errClosed, exitIO, []string{"to read nothing or to discard the output, use /dev/null"}},
	{terminal.ErrBinary, exitUsage, []string{"write to a file with -o, or to a pipe"}},
	{terminal.ErrNoTerminal, exitUsage, []string{"give it with --passphrase-file or --passphrase-fd"}},
	{terminal.ErrNoAnswer, exitUsage, nil},
	{batch.ErrProtocol, exitUsage, []string{batchHint}},
	{batch.ErrRequest, exitUsage, []string{batchHint}},
	{batch.ErrUpcall, exitIO, nil},
	{durable.ErrSync, exitIO, []string{"check the disk: it may be full or failing. Data that was saved before is good, and a pull resumes from it"}},
	{durable.ErrReplace, exitIO, []string{"write to another name, and copy that file over the one that cannot be replaced"}},
	{durable.ErrNotDurable, exitIO, nil},
	{durable.ErrInUse, exitIO, []string{"wait until the other process ends, or write to another file"}},
}

// remoteKinds are the kinds of errors about servers and connections. ErrGaveUp, which
// wraps its reason, comes first.
var remoteKinds = []kind{
	{transfer.ErrGaveUp, exitConnection, []string{"try again: a push of an encrypted file and a pull to a file resume"}},
	{transfer.ErrUnknownServer, exitServer, nil},
	{transfer.ErrForged, exitServer, []string{"this may be a man in the middle: tell the operator of the server"}},
	{transfer.ErrDenied, exitRefused, []string{`ask the operator of the server for access, or for this right: "pqenc fingerprint KEY" shows who you are`}},
	{transfer.ErrNotFound, exitRefused, []string{`"pqenc ls" lists the objects; the URL of a folder ends in /`}},
	{transfer.ErrExists, exitRefused, []string{"choose another name, replace it with --overwrite, or leave it alone with --skip-existing"}},
	{transfer.ErrQuota, exitRefused, []string{
		`remove something with "pqenc rm", or ask for more`,
		"interrupted pushes count as well: push the file again under the same name, or wait until the server removes partial uploads",
	}},
	{transfer.ErrTooLarge, exitRefused, []string{"ask the operator of the server for more"}},
	{transfer.ErrName, exitRefused, []string{"choose another name"}},
	{transfer.ErrNotPqenc, exitDamaged, []string{"get the file again from its source"}},
	{transfer.ErrWindow, exitRefused, []string{"allow more memory with --buffer"}},
	{transfer.ErrUnsupported, exitRefused, []string{"the server may run an older release of pqenc"}},
	{transfer.ErrApart, exitRefused, []string{"pull it, push it to the new name, and remove the old one"}},
	{transfer.ErrTakenOver, exitConnection, []string{"stop one of the two"}},
	{transfer.ErrChanged, exitConnection, []string{"try again: it starts over with the new one"}},
	{transfer.ErrNotServer, exitConnection, []string{"is the URL right? A server may be at another path, which --endpoint names"}},
	{transfer.ErrProtocol, exitConnection, []string{"the client and the server may run different releases of pqenc"}},
	{transfer.ErrRewound, exitConnection, []string{"try again: it is encrypted from the start"}},
	{transfer.ErrNoSpace, exitConnection, []string{"tell the operator of the server"}},
	{transfer.ErrBusy, exitConnection, []string{"try again later"}},
	{transfer.ErrServer, exitConnection, []string{"try again later"}},
}

const utf8Hint = `write it again in UTF-8: in PowerShell, with "Out-File -Encoding utf8"`

// keyHint returns a hint for a file that is not a key file but something known.
func keyHint(k keyfile.Kind) string {
	switch k {
	case keyfile.UTF16:
		return utf8Hint
	case keyfile.EncryptedFile, keyfile.AgeFile:
		return "name a key here, and the encrypted file without a flag"
	case keyfile.AgePostQuantum:
		return `age keys can encrypt (-r) and decrypt (-d -i); "pqenc key import" adds a signing key to a private one`
	case keyfile.AgeKey, keyfile.AgePlugin:
		return `only post-quantum age keys, from "age-keygen -pq", are supported: they start with age1pq1 or AGE-SECRET-KEY-PQ-1`
	case keyfile.SSHKey:
		return `SSH keys are not post-quantum: make keys with "pqenc keygen"`
	case keyfile.EncryptedKey:
		return `decrypt it with the program that made it, and then use "pqenc key import"`
	default:
		return `pqenc has its own keys: make them with "pqenc keygen"`
	}
}

// kindOf returns the kind of an error, or nil.
func kindOf(err error) *kind {
	if other := (*keyfile.KindError)(nil); errors.As(err, &other) {
		return &kind{err, exitKeyFile, []string{keyHint(other.Kind)}}
	}
	if half := (*keyring.PublicError)(nil); errors.As(err, &half) {
		hint := fmt.Sprintf("\"pqenc key public %s -o %s\" makes it from the private key", half.Name, half.File)
		if !errors.Is(err, keyring.ErrNoPublic) {
			hint = "remove it, and " + hint
		}
		return &kind{err, exitKeyFile, []string{hint}}
	}
	if k := webKind(err); k != nil {
		return k
	}
	for _, kinds := range [][]kind{webKinds, remoteKinds, ringKinds, fileKinds} {
		for i := range kinds {
			if errors.Is(err, kinds[i].err) {
				return &kinds[i]
			}
		}
	}
	return nil
}

// fromServer reports whether an error is of one of the remote kinds.
func fromServer(err error) bool {
	return slices.ContainsFunc(remoteKinds, func(k kind) bool { return errors.Is(err, k.err) })
}

func classify(err error) int {
	if k := kindOf(err); k != nil {
		return k.code
	}
	return exitIO
}

// end reports the result of the process, and returns its exit code.
func (a *app) end(err error) int {
	if err == nil {
		err = a.stdout.Close()
	}
	code := a.report(err)
	a.stderr.flush()
	return code
}

// report prints the error of a command, and returns its exit code.
func (a *app) report(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errReaderGone):
		return interrupted(syscall.SIGPIPE) // silently, as if ended by the signal
	}
	code, hints := codeOf(err)
	if code == exitUnsteady { // the work is done
		a.warn("%s", plain(err))
		return code
	}
	if hint := notFileHint(err); hint != "" && len(hints) == 0 {
		hints = []string{hint}
	}
	a.say("error: " + plain(err))
	for _, h := range append(signerHints(err), hints...) {
		if h == ownHelp {
			h = seeHelp(a.selected, a.grammar.Main.Decrypt)
		}
		a.hint(h)
	}
	return code
}

// codeOf returns the exit code and the hints for an error.
func codeOf(err error) (code int, hints []string) {
	var f *failure
	if errors.As(err, &f) {
		return f.code, f.hints
	}
	if k := kindOf(err); k != nil {
		return k.code, k.hints
	}
	return exitIO, nil
}

// signerHints returns hints for a file signed by a key that --from does not name.
func signerHints(err error) []string {
	var other *pqenc.SignerError
	if !errors.As(err, &other) {
		return nil
	}
	if name := nameOf(other.Signer); name != "" {
		return []string{"in your keyring that is " + name}
	}
	if r, err := ring(); err == nil {
		if all, err := r.List(); err == nil && len(all) > 0 {
			return []string{`if somebody in your keyring has rotated their key, accept the new one: "pqenc key add NAME FILE"`}
		}
	}
	return nil
}

// inform prints what was done, unless -q is given.
func (a *app) inform(format string, args ...any) {
	if !a.grammar.Quiet {
		a.say(fmt.Sprintf(format, args...))
	}
}

// warn prints a warning, unless the same one was printed before.
func (a *app) warn(format string, args ...any) {
	if text := "warning: " + fmt.Sprintf(format, args...); !a.grammar.Quiet && a.said.first(text) {
		a.say(text)
	}
}

// hint prints a hint once: with many files, that is enough.
func (a *app) hint(text string) {
	if a.said.first(text) {
		a.say("hint: " + text)
	}
}

// said remembers messages that are printed only once.
type said struct {
	mu   sync.Mutex
	seen map[string]bool
}

// mostSaid limits the number of remembered messages, since each of many files can cause
// one.
const mostSaid = 1000

// first reports whether a text is new, as far as remembered.
func (s *said) first(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[text] {
		return false
	}
	if s.seen == nil {
		s.seen = make(map[string]bool)
	}
	if len(s.seen) < mostSaid {
		s.seen[text] = true
	}
	return true
}

// say prints one line to standard error, unless the process was interrupted: the
// interruption has its own message.
func (a *app) say(line string) {
	if !a.ending.Load() {
		a.print(line)
	}
}

func (a *app) print(line string) {
	fmt.Fprintln(a.stderr, "pqenc: "+terminal.Printable(strings.ReplaceAll(withoutSecrets(line), "\n", "; ")))
}

// looksLike recognizes other kinds of files that users pass to pqenc by mistake.
func looksLike(begin []byte) string {
	for _, k := range []struct{ magic, hint string }{
		{"age-encryption.org/", "this is an age file: decrypt it with age"},
		{"-----BEGIN AGE", "this is an age file: decrypt it with age"},
		{"age1", "this is a public key of age: name it with -r"},
		{"AGE-SECRET-KEY-", "this is a private key of age: name it with -i"},
		{"# pqenc public key", "this is a public key: name it with -r or --from"},
		{"-----BEGIN PUBLIC KEY", "this is a public key: name it with -r or --from"},
		{"# pqenc private key", "this is a private key: name it with -i"},
		{"-----BEGIN PRIVATE KEY", "this is a private key: name it with -i"},
		{"-----BEGIN OPENSSH PRIVATE KEY", "this is an SSH key"},
		{"-----BEGIN CERTIFICATE", "this is a certificate"},
		{"\xff\xfe", "this is text in UTF-16"},
		{"\xfe\xff", "this is text in UTF-16"},
		{"-----BEGIN PQENC SIGNATURE", "this is a signature: name it with --signature, and as FILE what was signed"},
		{"-----BEGIN PGP", "this is an OpenPGP file: decrypt it with gpg"},
		{"-----BEGIN ", "this is some other PEM file"},
		{"\x1f\x8b", "this is a gzip file, which is not encrypted by pqenc: did you compress it after encrypting?"},
		{"\x28\xb5\x2f\xfd", "this is a zstd file, which is not encrypted by pqenc: did you compress it after encrypting?"},
		{"PK\x03\x04", "this is a zip file (or a PyTorch checkpoint), which is not encrypted by pqenc"},
	} {
		if strings.HasPrefix(string(begin), k.magic) {
			return k.hint
		}
	}
	return ""
}

// exists reports whether err is about a file that exists but must not.
func exists(err error) bool { return errors.Is(err, os.ErrExist) }
