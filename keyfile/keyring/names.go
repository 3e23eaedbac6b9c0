// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyring

import (
	"os"
	"slices"
	"strings"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/keyfile"
)

// Names returns the sorted names of the own identities and of other people's keys. It
// reads no key: damaged ones have a name, too. A folder that does not exist has none.
func (r *Ring) Names() (own, others []string, err error) {
	root, err := r.open()
	if err != nil {
		return nil, nil, durable.IgnoreMissing(err)
	}
	defer root.Close()
	found, err := files(root)
	slices.Sort(found)
	private := func(name string) bool {
		_, is := slices.BinarySearch(found, name+privateEnd)
		return is
	}
	for _, name := range namesOf(found) {
		switch {
		case keyfile.ValidName(name) != nil:
		case private(name):
			own = append(own, name)
		default:
			others = append(others, name)
		}
	}
	return own, others, err
}

// files returns the names of all files in the folder.
func files(root *os.Root) ([]string, error) {
	dir, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}

// namesOf returns the names of the keys in files.
func namesOf(files []string) (all []string) {
	for _, file := range files {
		name, public := strings.CutSuffix(file, publicEnd)
		name, private := strings.CutSuffix(name, privateEnd)
		if public != private && !strings.HasPrefix(file, ".") {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
