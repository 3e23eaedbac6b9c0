// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"filippo.io/age"

	"github.com/pqenc/pqenc/keyfile"
)

// crowds are the numbers of recipients that files have, in addition to one.
var crowds = []int{100, 1000}

// crowdFile names the file of so many public keys. The last one is of the key that
// decrypts.
func crowdFile(program string, n int) string { return fmt.Sprintf("%s.%d.pub", program, n) }

// makePqencKeys writes p.key, p.pub and the files of many keys.
func (b *bench) makePqencKeys() error {
	me, err := keyfile.Generate()
	if err != nil {
		return err
	}
	mine := me.Public().Marshal()
	if err := b.writeKeys("p", me.Marshal(), mine); err != nil {
		return err
	}
	return b.writeCrowds("pqenc", mine, func() ([]byte, error) {
		id, err := keyfile.Generate()
		if err != nil {
			return nil, err
		}
		return id.Public().Marshal(), nil
	})
}

// makeAgeKeys does the same with age's post-quantum keys.
func (b *bench) makeAgeKeys() error {
	me, err := age.GenerateHybridIdentity()
	if err != nil {
		return err
	}
	mine := []byte(me.Recipient().String() + "\n")
	if err := b.writeKeys("age", []byte(me.String()+"\n"), mine); err != nil {
		return err
	}
	return b.writeCrowds("age", mine, func() ([]byte, error) {
		id, err := age.GenerateHybridIdentity()
		if err != nil {
			return nil, err
		}
		return []byte(id.Recipient().String() + "\n"), nil
	})
}

func (b *bench) writeKeys(name string, private, public []byte) error {
	if err := os.WriteFile(filepath.Join(b.dir, name+".key"), private, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.dir, name+".pub"), public, 0o666)
}

// writeCrowds writes the files of many keys, of which mine is the last.
func (b *bench) writeCrowds(program string, mine []byte, other func() ([]byte, error)) error {
	var keys bytes.Buffer
	made := 0
	for _, n := range crowds {
		for ; made < n-1; made++ {
			key, err := other()
			if err != nil {
				return err
			}
			keys.Write(key)
		}
		all := append(bytes.Clone(keys.Bytes()), mine...)
		if err := os.WriteFile(filepath.Join(b.dir, crowdFile(program, n)), all, 0o666); err != nil {
			return err
		}
	}
	return nil
}
