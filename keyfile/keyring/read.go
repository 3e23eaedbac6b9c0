// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyring

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/keyfile"
)

// Entry is what the keyring has under a name.
type Entry struct {
	Name      string
	Own       bool            // there is a private key
	Protected bool            // which needs a passphrase
	Public    *keyfile.Public // with all its generations; nil after an error
	PublicErr error           // a [PublicError]: what is wrong with the .pub of a private key that needs none
	Err       error           // what is wrong with the entry, or nil
}

// Find returns the key of that name. The error wraps [ErrNotFound] if there is none, and
// otherwise says what is wrong with it.
func (r *Ring) Find(name string) (Entry, error) {
	e := Entry{Name: name}
	root, err := r.open()
	if errors.Is(err, fs.ErrNotExist) {
		return e, fmt.Errorf("%s %w", name, ErrNotFound)
	}
	if err != nil {
		return e, err
	}
	defer root.Close()
	return r.find(root, name)
}

func (r *Ring) find(root *os.Root, name string) (Entry, error) {
	if err := checkName(name); err != nil {
		return Entry{Name: name}, err
	}
	found, err := hasName(root, name)
	if err == nil && !found {
		err = fmt.Errorf("%s %w", name, ErrNotFound)
	}
	if err != nil {
		return Entry{Name: name}, err
	}
	e := r.read(root, name)
	return e, e.Err
}

// FindFingerprint returns the key that has that fingerprint in any of its generations.
// The error wraps [ErrNotFound] if there is none. Damaged entries are skipped.
func (r *Ring) FindFingerprint(f keyfile.Fingerprint) (Entry, error) {
	root, err := r.open()
	if durable.IgnoreMissing(err) != nil {
		return Entry{}, err
	}
	var found []Entry
	if err == nil {
		defer root.Close()
		if found, err = r.search(root, []keyfile.Fingerprint{f}); err != nil {
			return Entry{}, err
		}
	}
	if len(found) == 0 {
		return Entry{}, fmt.Errorf("%s %w", f, ErrNotFound)
	}
	return found[0], nil
}

// search returns the keys that have one of the fingerprints in any generation. It parses
// only those whose files may have one.
func (r *Ring) search(root *os.Root, want []keyfile.Fingerprint) (found []Entry, err error) {
	wanted := func(f keyfile.Fingerprint) bool { return slices.Contains(want, f) }
	all, err := each(root, func(name string) Entry {
		if r.lacks(root, name, wanted) {
			return Entry{}
		}
		return r.read(root, name)
	})
	for _, e := range all {
		if e.Public != nil && slices.ContainsFunc(e.Public.Fingerprints(), wanted) {
			found = append(found, e)
		}
	}
	return found, err
}

// lacks reports whether the files of a name show, without opening private keys, that its
// key is none of those that are wanted. Opening them would take most of the time of a
// search.
func (r *Ring) lacks(root *os.Root, name string, wanted func(keyfile.Fingerprint) bool) bool {
	found, err := r.scan(root, name)
	if err == nil && slices.ContainsFunc(found, func(g keyfile.Scanned) bool { return wanted(g.Fingerprint) }) {
		return false
	}
	private, unread := r.readFile(root, name+privateEnd, keyfile.MaxIdentitySize)
	defer clear(private)
	if errors.Is(unread, fs.ErrNotExist) {
		return true
	}
	// A rotation that was killed may have made a generation that is not in the .pub. Of a
	// protected key only the .pub can be read.
	n := keyfile.CountGenerations(private)
	return err == nil && unread == nil && (n == len(found) || n == 0)
}

// Related returns the keys that have a generation in common with one of these, or name
// it. A keyring that cannot be read has none.
func (r *Ring) Related(keys keyfile.Publics) (related keyfile.Publics) {
	root, err := r.open()
	if err != nil {
		return nil
	}
	defer root.Close()
	var want []keyfile.Fingerprint
	for _, key := range keys {
		want = append(want, key.Lineage()...)
	}
	found, _ := r.search(root, want)
	for _, e := range found {
		related = append(related, e.Public)
	}
	return related
}

func (e *Entry) has(f keyfile.Fingerprint) bool {
	return e.Public != nil && slices.Contains(e.Public.Fingerprints(), f)
}

// Item is an entry of the keyring in a list.
type Item struct {
	Name        string
	Own         bool              // there is a private key
	Protected   bool              // which needs a passphrase
	Generations []keyfile.Scanned // the newest first; none after an error
	PublicErr   error             // see [Entry]
	Err         error             // what is wrong with the key, or nil
}

// List returns all keys, sorted by name, damaged ones with what is wrong with them. A
// folder that does not exist has none. Other people's keys are not verified, which
// [Ring.Find] does: see [keyfile.ScanPublic].
func (r *Ring) List() ([]Item, error) {
	root, err := r.open()
	if err != nil {
		return nil, durable.IgnoreMissing(err)
	}
	defer root.Close()
	return each(root, func(name string) Item { return r.item(root, name) })
}

// item reads the key of that name for a list.
func (r *Ring) item(root *os.Root, name string) Item {
	own, err := has(root, name+privateEnd)
	if own && err == nil {
		e := r.read(root, name)
		i := Item{Name: name, Own: true, Protected: e.Protected, PublicErr: e.PublicErr, Err: e.Err}
		if e.Err == nil {
			i.Generations = e.Public.Scanned()
		}
		return i
	}
	if err == nil {
		err = r.checkFile(name)
	}
	i := Item{Name: name, Err: err}
	if err == nil {
		i.Generations, i.Err = r.scan(root, name)
	}
	return i
}

// scan reads a .pub without verifying it.
func (r *Ring) scan(root *os.Root, name string) ([]keyfile.Scanned, error) {
	data, err := r.readFile(root, name+publicEnd, keyfile.MaxPublicSize)
	if err != nil {
		return nil, err
	}
	found, err := only(keyfile.ScanPublic(data))
	return found, about(r.PublicFile(name), err)
}

// only returns the one key of a file.
func only[T any](all []T, err error) (key T, _ error) {
	if err == nil && len(all) != 1 {
		err = fmt.Errorf("%w: %d in the file", keyfile.ErrSeveral, len(all))
	}
	if err != nil {
		return key, err
	}
	return all[0], nil
}

// checkFile returns an error with the path of a file whose name is not valid for a key.
func (r *Ring) checkFile(name string) error {
	if err := keyfile.ValidName(name); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(r.dir, name), err)
	}
	return nil
}

// each returns what read returns for each name, in their order. It calls read from
// several goroutines, because most of the work is arithmetic.
func each[T any](root *os.Root, read func(name string) T) ([]T, error) {
	found, err := files(root)
	if err != nil {
		return nil, err
	}
	names := namesOf(found)
	all := make([]T, len(names))
	work := make(chan int, len(names))
	for i := range names {
		work <- i
	}
	close(work)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := range work {
				all[i] = read(names[i])
			}
		})
	}
	group.Wait()
	return all, nil
}

// read reads the key of that name.
func (r *Ring) read(root *os.Root, name string) Entry {
	e := Entry{Name: name}
	e.Err = e.load(r, root)
	if e.Err != nil {
		e.Public = nil
	}
	return e
}

func (e *Entry) load(r *Ring, root *os.Root) error {
	if err := r.checkFile(e.Name); err != nil {
		return err
	}
	var id *keyfile.Identity
	data, err := r.readFile(root, e.Name+privateEnd, keyfile.MaxIdentitySize)
	if e.Own = !errors.Is(err, fs.ErrNotExist); e.Own {
		if err != nil {
			return err
		}
		id, err = keyfile.ReadIdentity(bytes.NewReader(data), nil)
		clear(data)
		e.Protected = errors.Is(err, keyfile.ErrProtected)
		if err != nil && !e.Protected {
			return about(r.PrivateFile(e.Name), err)
		}
	}
	e.Public, err = r.readPublic(root, e.Name)
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case missing && e.Protected:
		return r.publicError(e.Name, fmt.Errorf("%s %w", r.PublicFile(e.Name), ErrNoPublic))
	case err != nil && e.Protected:
		return r.publicError(e.Name, err)
	case id == nil:
		return err
	case err == nil && !belong(id, e.Public):
		return fmt.Errorf("%s %w", r.PublicFile(e.Name), ErrHalves)
	case err != nil && !missing:
		e.PublicErr = r.publicError(e.Name, err)
	}
	e.Public = id.Public() // which a rotation that was killed has made, without its .pub
	return nil
}

// PublicError says that the .pub beside a private key is missing or cannot be read. The
// private key can make it again.
type PublicError struct {
	File string // the path of the .pub
	Name string // of the key
	Err  error
}

func (e *PublicError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong with the file.
func (e *PublicError) Unwrap() error { return e.Err }

func (r *Ring) publicError(name string, err error) error {
	return &PublicError{r.PublicFile(name), name, err}
}

// belong reports whether a public key is that of the identity, or was before the
// identity was rotated.
func belong(id *keyfile.Identity, p *keyfile.Public) bool {
	return slices.Contains(id.Public().Fingerprints(), p.Fingerprint())
}

// readPublic reads a .pub.
func (r *Ring) readPublic(root *os.Root, name string) (*keyfile.Public, error) {
	data, err := r.readFile(root, name+publicEnd, keyfile.MaxPublicSize)
	if err != nil {
		return nil, err
	}
	key, err := only(keyfile.ReadPublic(bytes.NewReader(data)))
	return key, about(r.PublicFile(name), err)
}

// readFile reads a file of up to limit bytes, and no link to one.
func (r *Ring) readFile(root *os.Root, file string, limit int64) ([]byte, error) {
	f, err := durable.OpenRegular(root, file)
	if err != nil {
		return nil, about(filepath.Join(r.dir, file), err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%w: it has more than %d bytes", keyfile.ErrTooLarge, limit)
	}
	return data, about(filepath.Join(r.dir, file), err)
}

// about adds the path to an error of the system, which has only the name of the file.
func about(path string, err error) error {
	var named *fs.PathError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &named):
		return &fs.PathError{Op: named.Op, Path: path, Err: named.Err}
	case errors.Is(err, durable.ErrNotRegular):
		return fmt.Errorf("%s %w", path, ErrNotFile)
	}
	return fmt.Errorf("%s: %w", path, err)
}

// OpenPrivate opens the file of the private key of that name.
func (r *Ring) OpenPrivate(name string) (*os.File, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	root, err := r.openPrivate()
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := durable.OpenRegular(root, name+privateEnd)
	return f, about(r.PrivateFile(name), err)
}

// Check requires that the .pub of that name, if there is one, can be read and belongs to
// the identity in the .key. The error is a [PublicError], or wraps [ErrHalves]. The
// private key is good all the same.
func (r *Ring) Check(name string, id *keyfile.Identity) error {
	root, err := r.open()
	if err != nil {
		return err
	}
	defer root.Close()
	p, err := r.readPublic(root, name)
	switch {
	case err == nil && !belong(id, p):
		return fmt.Errorf("%s %w", r.PublicFile(name), ErrHalves)
	case durable.IgnoreMissing(err) != nil:
		return r.publicError(name, err)
	}
	return nil
}

// Default returns the name of the own identity that is used when none is named, "" if
// there is none.
func (r *Ring) Default() (string, error) {
	root, err := r.open()
	if err != nil {
		return "", durable.IgnoreMissing(err)
	}
	defer root.Close()
	return r.readDefault(root)
}

func (r *Ring) readDefault(root *os.Root) (string, error) {
	data, err := r.readFile(root, defaultName, keyfile.MaxNameSize+2)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	name := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	found := false
	if keyfile.ValidName(name) == nil {
		found, err = has(root, name+privateEnd)
	}
	if err == nil && !found {
		err = fmt.Errorf("%s %w", filepath.Join(r.dir, defaultName), ErrDefault)
	}
	if err != nil {
		return "", err
	}
	return name, nil
}
