// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyring

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/keyfile"
)

// How long a change waits for those of other processes, and how often it looks.
const (
	lockPatience = 30 * time.Second
	lockEvery    = 5 * time.Millisecond
)

// Locked calls change while the folder is locked against other processes. It makes the
// folder if there is none. The error wraps [durable.ErrInUse] if others hold the lock for
// half a minute. change must not call a method of r that makes a change.
func (r *Ring) Locked(change func() error) error {
	return r.change(func(*os.Root) error { return change() })
}

func (r *Ring) change(change func(root *os.Root) error) error {
	if err := r.make(); err != nil {
		return err
	}
	root, err := r.open()
	if err != nil {
		return err
	}
	defer root.Close()
	lock, err := root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return about(filepath.Join(r.dir, lockName), err)
	}
	defer lock.Close()
	for begin := time.Now(); ; time.Sleep(lockEvery) {
		err = durable.Lock(lock)
		if !errors.Is(err, durable.ErrInUse) || time.Since(begin) > lockPatience {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%s %w", r.dir, err)
	}
	return r.guard(func() error { return change(root) })
}

// make makes the folder.
func (r *Ring) make() error {
	if _, err := os.Stat(r.dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return err
	}
	parent, err := os.OpenRoot(filepath.Dir(r.dir))
	if err != nil {
		return err
	}
	defer parent.Close()
	return durable.SyncFolder(parent)
}

// free requires that a name is free.
func free(root *os.Root, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	found, err := hasName(root, name)
	return taken(name, found, err)
}

// stranger requires that no generation of a key is there under another name.
func (r *Ring) stranger(root *os.Root, p *keyfile.Public, name string) error {
	all, err := r.search(root, p.Fingerprints())
	if err != nil {
		return err
	}
	for _, e := range all {
		if e.Name != name {
			return fmt.Errorf("the key %s %w, as %s", p.Fingerprint(), ErrTaken, e.Name)
		}
	}
	return nil
}

// Add adds somebody's public key. The error wraps [ErrTaken] if the name or the key is
// there already.
func (r *Ring) Add(name string, p *keyfile.Public) error {
	return r.change(func(root *os.Root) error {
		if err := free(root, name); err != nil {
			return err
		}
		if err := r.stranger(root, p, name); err != nil {
			return err
		}
		public, err := r.marshal(name, p)
		if err != nil {
			return err
		}
		return durable.WriteNew(r.PublicFile(name), public, 0o600)
	})
}

// marshal returns the file of a public key. It fails if that would be too long to be
// read.
func (r *Ring) marshal(name string, p *keyfile.Public) ([]byte, error) {
	data := p.Marshal()
	if len(data) > keyfile.MaxPublicSize {
		return nil, about(r.PublicFile(name), fmt.Errorf("%w: it would have more than %d bytes", keyfile.ErrTooLarge, keyfile.MaxPublicSize))
	}
	return data, nil
}

// AddIdentity adds an own identity: its private key file, protected or not,
// and its public half. It becomes the default if there is no default. The error wraps
// [ErrTaken] if the name or the key is there already.
func (r *Ring) AddIdentity(name string, private []byte, p *keyfile.Public) error {
	return r.change(func(root *os.Root) error {
		if err := r.check(root, 0o077); err != nil {
			return err
		}
		if err := free(root, name); err != nil {
			return err
		}
		if err := r.stranger(root, p, name); err != nil {
			return err
		}
		if err := durable.WriteNew(r.PrivateFile(name), private, 0o600); err != nil {
			return err
		}
		if err := durable.WriteNew(r.PublicFile(name), p.Marshal(), 0o600); err != nil {
			return err // which the private key can make again
		}
		if found, err := has(root, defaultName); found || err != nil {
			return err
		}
		return r.writeDefault(name)
	})
}

// Update replaces somebody's public key by what change returns: a successor, or the same
// key with more known generations.
func (r *Ring) Update(name string, change func(old *keyfile.Public) (*keyfile.Public, error)) error {
	return r.change(func(root *os.Root) error {
		e, err := r.find(root, name)
		if err != nil {
			return err
		}
		if e.Own {
			return fmt.Errorf("%s %w, as an identity of yours", name, ErrTaken)
		}
		next, err := change(e.Public)
		if err != nil {
			return err
		}
		if err := r.stranger(root, next, name); err != nil {
			return err
		}
		public, err := r.marshal(name, next)
		if err != nil {
			return err
		}
		return replace(r.PublicFile(name), public)
	})
}

// Remove removes what [Ring.Find] or [Ring.List] has returned, with its private key if
// it has one. The error wraps [ErrChanged] if the key has changed since.
func (r *Ring) Remove(e Entry) error {
	return r.change(func(root *os.Root) error {
		now := r.read(root, e.Name)
		if now.Own != e.Own || (now.Err == nil) != (e.Err == nil) || now.Err == nil && !e.has(now.Public.Fingerprint()) {
			return fmt.Errorf("%s %w", e.Name, ErrChanged)
		}
		files := []string{e.Name + publicEnd, e.Name + privateEnd}
		if name, err := r.readDefault(root); err == nil && name == e.Name {
			files = slices.Insert(files, 0, defaultName)
		}
		for _, file := range files {
			if err := durable.IgnoreMissing(durable.Remove(root, file)); err != nil {
				return about(filepath.Join(r.dir, file), err)
			}
		}
		return durable.SyncFolder(root)
	})
}

// Rename gives a key another name. The error wraps [ErrTaken] if that is not free.
//
// An own identity changes its name when its private key file is renamed. If the process
// is killed just before or after that, the public key is there under both names.
func (r *Ring) Rename(old, name string) error {
	return r.change(func(root *os.Root) error {
		e, err := r.find(root, old)
		if err != nil {
			return err
		}
		if err := free(root, name); err != nil && !r.leftOver(root, e, name) {
			return err
		}
		if !e.Own {
			return r.move(root, old+publicEnd, name+publicEnd)
		}
		return r.renameOwn(root, e, name)
	})
}

// leftOver reports whether a name is taken only by the public key of an own identity,
// left by a rename that was killed.
func (r *Ring) leftOver(root *os.Root, e Entry, name string) bool {
	there := r.read(root, name)
	return e.Own && !there.Own && there.Err == nil && e.has(there.Public.Fingerprint())
}

func (r *Ring) renameOwn(root *os.Root, e Entry, name string) error {
	standard, err := r.readDefault(root)
	if err != nil && !errors.Is(err, ErrDefault) {
		return err
	}
	if err := replace(r.PublicFile(name), e.Public.Marshal()); err != nil {
		return err
	}
	if err := r.move(root, e.Name+privateEnd, name+privateEnd); err != nil {
		return errors.Join(err, durable.Remove(root, name+publicEnd))
	}
	if standard == e.Name {
		if err := r.writeDefault(name); err != nil {
			return err
		}
	}
	if err := durable.IgnoreMissing(durable.Remove(root, e.Name+publicEnd)); err != nil {
		return err
	}
	return durable.SyncFolder(root)
}

// move renames a file to a name that is free.
func (r *Ring) move(root *os.Root, old, file string) error {
	if err := root.Rename(old, file); err != nil {
		return about(filepath.Join(r.dir, old), err)
	}
	return durable.SyncFolder(root)
}

// SetDefault makes an own identity the one that is used when none is named.
func (r *Ring) SetDefault(name string) error {
	return r.change(func(root *os.Root) error {
		e, err := r.find(root, name)
		if err != nil {
			return err
		}
		if !e.Own {
			return fmt.Errorf("%s %w", name, ErrDefault)
		}
		return r.writeDefault(name)
	})
}

func (r *Ring) writeDefault(name string) error {
	return replace(filepath.Join(r.dir, defaultName), []byte(name+"\n"))
}

// replace writes a file that only its owner can read, or replaces the one of that path.
func replace(path string, content []byte) error {
	return durable.Replace(path, content, durable.Options{Private: true})
}
