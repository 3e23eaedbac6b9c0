// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/armor"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/recipient"
)

// rewrapper changes the recipients of files, as the flags of the command say.
type rewrapper struct {
	cmd *rewrapCmd
	app *app

	keys       []pqenc.Identity // keys that -i names
	named      []pqenc.Identity // the same for concurrent use
	defaultKey string           // name of the default identity, if that is used
	secret     pqenc.Identity   // passphrase of the files
	asking     sync.Mutex       // held while asking for a passphrase
	sealer     sealer           // encrypts to the new recipients
	changes    []pqenc.Change   // made one after the other
	work       manyFiles
	batch      durable.Batch // replaced files
	links      hardLinks     // files with several names

	mu     sync.Mutex
	signed int      // number of files signed for other recipients than the new ones
	others []string // new recipients without a signature for them
}

// one processes one file.
func (r *rewrapper) one(f found, p *fileProgress) (fileOutcome, error) {
	if f.size < 0 {
		return isFailed, in(f.title(), durable.ErrNotRegular)
	}
	if !r.cmd.Select.DryRun {
		repaired, err := r.repair(f)
		if err != nil || r.cmd.Repair {
			return repaired, err
		}
	}
	src, err := f.open(r.app)
	if err != nil {
		return isFailed, err
	}
	link, err := r.links.take(f, src)
	if err != nil {
		src.Close()
		return isFailed, err
	}
	result, err := r.opened(f, src, p)
	src.Close() // which unlocks it
	link.release(result, err)
	return result, err
}

// opened processes an open file.
func (r *rewrapper) opened(f found, src *input, p *fileProgress) (fileOutcome, error) {
	if err := r.hold(f, src); err != nil {
		return isFailed, err
	}
	file, err := r.read(f, src)
	if file == nil || err != nil {
		return isSkipped, in(src.name, err)
	}
	file.progress = p
	if r.cmd.ToCurrent && file.passphrase {
		return isUnchanged, nil // has no recipients
	}
	if r.cmd.Reencrypt {
		return isDone, in(src.name, r.reencrypt(file))
	}
	result, err := r.rewrap(file)
	return result, in(src.name, err)
}

// hold makes sure that the header is read at one moment, and does not change until the
// file is replaced. For --in-place, the overwrite checks that instead.
func (r *rewrapper) hold(f found, src *input) error {
	if r.cmd.InPlace || r.cmd.Select.DryRun {
		return f.readHead(src)
	}
	if err := durable.Lock(src.file); errors.Is(err, durable.ErrInUse) {
		return withHints(&fs.PathError{Op: "replace", Path: f.title(), Err: err}, inUseHint)
	}
	return nil // must suffice where there are no locks
}

const inUseHint = "another command is changing it: try again when that is done"

// repair repairs a torn header, and removes a log that is not needed.
func (r *rewrapper) repair(f found) (fileOutcome, error) {
	var choose durable.Choose
	if r.cmd.keyed() {
		choose = func(disk, old, new []byte) ([]byte, error) {
			head, err := r.choose(disk, old, new)
			return head, in(f.title(), err)
		}
	}
	repaired, err := durable.RepairHead(f.title(), format.SameFile, choose)
	if !repaired || err != nil {
		return isUnchanged, err
	}
	if !r.cmd.Repair {
		r.work.warn("%s: replacing its header was interrupted: it is repaired", f.title())
	}
	return isDone, nil
}

// choose returns the first header that opens: that of the file, which is then not torn,
// or one in the log.
func (r *rewrapper) choose(disk, old, new []byte) ([]byte, error) {
	keys := r.identities()
	first := keys.tryOn(disk)
	if first == nil {
		return disk, nil
	}
	for _, head := range [][]byte{new, old} {
		if keys.tryOn(head) == nil {
			return head, nil
		}
	}
	err := keys.explain(first, disk)
	return nil, fmt.Errorf("neither the header nor one in the log beside the file opens; nothing was changed: %w", err)
}

// identities returns the keys for one file.
func (r *rewrapper) identities() *identities {
	keys := newIdentities(r.named, r.defaultKey, nil)
	keys.list = append(keys.list, r.secret)
	return keys
}

// encryptedFile is a file whose recipients change.
type encryptedFile struct {
	found
	src      *input
	head     []byte   // its header
	rest     *sniffed // what follows the header
	keys     *identities
	progress *fileProgress

	passphrase bool // a passphrase instead of recipients
}

// read reads the header. It returns nil without an error for another kind of file in a
// folder, and for a protected private key, which only its owner could then still open.
func (r *rewrapper) read(f found, src *input) (*encryptedFile, error) {
	keys := r.identities()
	if err := src.settle(keys); err != nil {
		return nil, err
	}
	rest, err := sniff(src.reader())
	if err != nil {
		return nil, err
	}
	if rest.armored && strings.HasSuffix(src.name, ".key") {
		if f.folder != nil {
			return nil, nil
		}
		return nil, usageError("is a private key, by its name", `"pqenc key passphrase" gives it another passphrase`)
	}
	var head bytes.Buffer
	info, err := pqenc.Inspect(io.TeeReader(rest, &head))
	if f.folder != nil && (src.size == 0 || errors.Is(err, pqenc.ErrNotPqenc)) {
		if strings.HasSuffix(src.name, ".pqe") {
			r.work.warn("%s is left unchanged: it is not an encrypted file, despite its name", f.title())
		}
		return nil, nil
	}
	if err == nil && !rest.armored {
		_, err = info.ContentSize(src.size)
	}
	if err == nil && r.cmd.Add && hasPassphrase(info) {
		return nil, pqenc.ErrPassphraseAlone // before asking for the passphrase
	}
	file := &encryptedFile{found: f, src: src, head: head.Bytes(), rest: rest, keys: keys}
	file.passphrase = hasPassphrase(info)
	return file, keys.explain(err, rest.begin)
}

func hasPassphrase(info *pqenc.Info) bool {
	return info != nil && slices.Contains(info.Stanzas, format.TypePassphrase)
}

// header applies the changes to the header.
func (r *rewrapper) header(f *encryptedFile) (done *pqenc.Rewrapped, err error) {
	head := f.head
	for _, change := range r.changes {
		next, err := pqenc.Rewrap(bytes.NewReader(head), change, f.keys.list...)
		if errors.Is(err, pqenc.ErrUnchanged) {
			continue
		}
		if err != nil {
			return nil, f.keys.explain(err, f.rest.begin)
		}
		if done != nil {
			next.Old, next.Forwarded = done.Old, append(done.Forwarded, next.Forwarded...)
		}
		done, head = next, next.Header
	}
	if done == nil {
		return nil, pqenc.ErrUnchanged
	}
	return done, nil
}

// rewrap writes the new header of a file.
func (r *rewrapper) rewrap(f *encryptedFile) (fileOutcome, error) {
	done, err := r.header(f)
	if errors.Is(err, pqenc.ErrUnchanged) {
		return isUnchanged, nil
	}
	if err != nil {
		return isFailed, err
	}
	switch {
	case r.cmd.InPlace && f.rest.armored:
		err = usageError("is text, whose header cannot be replaced in place", notInPlaceHint)
	case r.cmd.InPlace && len(done.Header) != len(done.Old):
		err = usageError(fmt.Sprintf("the new header has %d bytes and the old one %d: it cannot be replaced in place", len(done.Header), len(done.Old)),
			notInPlaceHint+`; "pqenc encrypt --reserve N" leaves room for more recipients`)
	case r.cmd.Select.DryRun:
		err = r.explain(f, r.rehearse(f))
	case r.cmd.InPlace:
		err = r.overwrite(f, done)
	default:
		err = r.replace(f, done.Header)
	}
	if err != nil {
		return isFailed, err
	}
	r.forwarded(done.Forwarded)
	return isDone, nil
}

const notInPlaceHint = "without --in-place the file is replaced by a new one"

// overwrite overwrites the header in place.
func (r *rewrapper) overwrite(f *encryptedFile, done *pqenc.Rewrapped) error {
	r.app.brief.RLock()
	defer r.app.brief.RUnlock()
	return r.explain(f, durable.OverwriteHead(f.title(), done.Old, done.Header))
}

// replace replaces f with a new file of the new header and the old body.
func (r *rewrapper) replace(f *encryptedFile, header []byte) error {
	return r.explain(f, r.newFile(f, func(out *durable.File) error {
		if f.rest.armored {
			text := armor.NewWriter(out)
			if _, err := io.Copy(text, io.MultiReader(bytes.NewReader(header), f.progress.reader(f.rest))); err != nil {
				return err
			}
			return text.Close()
		}
		if _, err := out.Write(header); err != nil {
			return err
		}
		_, err := out.CopyFrom(f.src.file, int64(len(f.head)), f.progress.add)
		return err
	}))
}

// rehearse checks whether the file could be replaced.
func (r *rewrapper) rehearse(f *encryptedFile) error {
	if r.cmd.InPlace {
		return durable.CanOverwriteHead(f.title())
	}
	out, err := r.app.createOver(&r.batch, f.src, f.found)
	if err != nil {
		return err
	}
	defer r.app.ended(out)
	return out.Abort()
}

// newFile replaces f with a file that fill writes.
func (r *rewrapper) newFile(f *encryptedFile, fill func(*durable.File) error) error {
	out, err := r.app.createOver(&r.batch, f.src, f.found)
	if err != nil {
		return err
	}
	defer r.app.ended(out)
	if err := fill(out); err != nil {
		return errors.Join(err, out.Abort())
	}
	return out.Commit()
}

// explain adds hints to the error for a file that could not be replaced.
func (r *rewrapper) explain(f *encryptedFile, err error) error {
	info, failed := f.src.file.Stat()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, durable.ErrInUse):
		return withHints(err, inUseHint)
	case errors.Is(err, syscall.ENOSPC):
		return withHints(err, "free some space, or use --in-place, which needs it for two headers only")
	case errors.Is(err, fs.ErrPermission) && failed == nil && info.Mode().Perm()&0o222 == 0:
		return withHints(err, "the file is read-only: make it writable first")
	}
	return err
}

// forwarded records the new recipients whom the signer of a file did not name.
func (r *rewrapper) forwarded(to []pqenc.Recipient) {
	if len(to) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.signed++
	for _, key := range to {
		name := "the passphrase"
		switch key := key.(type) {
		case *keyfile.Public:
			name = who(key.Fingerprint())
		case *recipient.HybridRecipient:
			name = "the key of age"
		}
		if !slices.Contains(r.others, name) {
			r.others = append(r.others, name)
		}
	}
}

// sayForwarded warns that these recipients need --allow-forwarded.
func (r *rewrapper) sayForwarded() {
	if r.signed == 0 {
		return
	}
	files := "the signature stays: it is"
	switch {
	case r.signed > 1:
		files = fmt.Sprintf("the signatures of %d files stay: they are", r.signed)
	case !r.work.one:
		files = "the signature of one file stays: it is"
	}
	slices.Sort(r.others)
	r.app.warn("%s not for %s, who will need --allow-forwarded with --from", files, strings.Join(r.others, ", "))
}

// run processes all files.
func (r *rewrapper) run() error {
	r.work = manyFiles{several: several{app: r.app, verb: "rewrapped", skipped: "not encrypted and left alone", keep: r.cmd.JSON, tell: r.cmd.Select.DryRun, light: true}}
	switch {
	case r.cmd.Reencrypt:
		r.work.verb = "reencrypted"
	case r.cmd.Repair:
		r.work.verb = "repaired"
	}
	if r.cmd.Select.DryRun {
		r.work.verb = "to be " + r.work.verb
	}
	if err := r.work.find(&walker{selectFlags: &r.cmd.Select, hidden: true, once: true}, r.cmd.Files); err != nil {
		return err
	}
	workers := filesAtOnce
	if r.cmd.To.Passphrase {
		workers = 1 // each takes much memory
	}
	r.work.run(workers, r.one)
	err := r.app.syncing(r.batch.Sync)
	r.links.warn(r.app)
	r.sayForwarded()
	if r.work.total == r.work.count[isSkipped] {
		return cmp.Or(usageError("the arguments contain no encrypted file"), err)
	}
	return cmp.Or(r.work.end(), err)
}

// filesAtOnce is the number of files processed concurrently. It is larger than the number
// of cores, since most of the time is spent waiting for the disk.
const filesAtOnce = 8
