// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pqenc/pqenc/internal/durable"
)

// copier encrypts or decrypts files into a folder, several at once.
type copier struct {
	manyFiles
	flags  *copyFlags
	output string
	rename func(path string) string // maps the path of an input to that of its output
	ready  func() error             // loads keys and passphrases, once there is work
	// copy writes the output for an input. It must create the output with
	// [copier.create].
	copy   func(f found, p *fileProgress) (fileOutcome, error)
	serial bool             // one file at a time
	told   func()           // prints a summary of all, or nil
	other  func(found) bool // reports whether to leave out a file of another kind
	hint   string           // hint if all files are left out

	into  *outFolder
	batch durable.Batch
	paths map[string]found // real paths of all inputs, once they are needed
}

// errNoFolder is for several files without an output folder.
func errNoFolder() error {
	return usageError("several files need a folder", "name it with -o FOLDER/, or -o ./ for the current folder")
}

// run writes all outputs.
func (c *copier) run(names []string) error {
	w := &walker{selectFlags: &c.flags.Select, hidden: true, spare: c.below(names)}
	if err := c.find(w, names); err != nil {
		return err
	}
	if c.total == 0 {
		return usageError("the arguments contain no file")
	}
	if err := c.plan(); err != nil {
		return err
	}
	if c.flags.Select.DryRun {
		return c.rehearse()
	}
	if len(c.list) > 0 {
		if err := c.work(); err != nil {
			return err
		}
	}
	if c.total == c.count[isSkipped] {
		return usageError("nothing to do: all arguments are "+c.skipped, c.hint)
	}
	return c.end()
}

// work writes the planned outputs.
func (c *copier) work() (err error) {
	if err := c.ready(); err != nil {
		return err
	}
	if c.into, err = c.app.openFolder(c.output, false); err != nil {
		return err
	}
	defer c.into.Close()
	workers := filesAtOnce
	if c.serial {
		workers = 1
	}
	c.manyFiles.run(workers, c.one)
	if c.told != nil {
		c.told()
	}
	err = c.app.syncing(c.batch.Sync)
	if c.flags.Preserve {
		c.keepFolders()
	}
	return err
}

// keepFolders gives folders the permission bits and times of those that their files come
// from, once nothing more is written to them.
func (c *copier) keepFolders() {
	kept := make(map[string]bool)
	for _, f := range c.list {
		from, to := path.Dir(f.path), path.Dir(f.out)
		for f.folder != nil && to != "." && !kept[to] {
			kept[to] = true
			if err := c.keepFolder(f.folder.root, from, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
				c.app.warn("%s: permission bits and times were not kept: %v", filepath.Join(c.output, to), causeOf(err))
			}
			if from == "." {
				break
			}
			from, to = path.Dir(from), path.Dir(to)
		}
	}
}

func (c *copier) keepFolder(root *os.Root, from, to string) error {
	info, err := root.Stat(from)
	if err == nil {
		err = c.into.root.Chmod(to, info.Mode().Perm())
	}
	if err == nil {
		err = c.into.root.Chtimes(to, info.ModTime(), info.ModTime())
	}
	return err
}

// one writes the output for one file.
func (c *copier) one(f found, p *fileProgress) (fileOutcome, error) {
	out := c.rename(f.out)
	if c.flags.Keep.NoClobber {
		if _, err := c.into.root.Lstat(filepath.FromSlash(out)); err == nil {
			return isThere, nil
		}
	}
	result, err := c.copy(f, p)
	if c.flags.Keep.NoClobber && errors.Is(err, fs.ErrExist) {
		return isThere, nil
	}
	return result, in(f.title(), err)
}

// create opens the output for an input.
func (c *copier) create(f found, src *input, o durable.Options) (*durable.File, error) {
	file, err := c.into.placeLocal(c.rename(f.out), c.reads)
	if err != nil {
		return nil, err
	}
	return c.app.createIn(&c.batch, file, o)
}

// finish closes an output, where err is the error of its writer, and changed reports
// whether the input was changed meanwhile. It discards the output after an error, except
// after one of a file that still counts as done.
func (c *copier) finish(out *durable.File, err error, changed func() error) error {
	defer c.app.ended(out)
	doubt := changed()
	if !isUnsteadyError(doubt) {
		err, doubt = cmp.Or(err, doubt), nil
	}
	if err != nil {
		return errors.Join(err, out.Abort())
	}
	return cmp.Or(out.Commit(), doubt)
}

// rehearse prints what would be done.
func (c *copier) rehearse() error {
	for _, f := range c.list {
		out := filepath.Join(c.output, filepath.FromSlash(c.rename(f.out)))
		_, there := os.Lstat(out)
		switch {
		case c.other(f):
			c.add(f.title(), f.size, isSkipped, nil)
		case c.flags.Keep.NoClobber && there == nil:
			c.add(f.title(), f.size, isThere, nil)
		default:
			c.add(f.title(), f.size, isDone, c.app.printPair(f.title(), out))
		}
	}
	c.verb, c.tell = "to be "+c.verb, true
	return c.end()
}

// below returns the real path of the output folder if it is inside one of the named
// folders, or "". The outputs must not be read as inputs.
func (c *copier) below(names []string) string {
	out, err := realPath(c.output)
	if err != nil {
		return ""
	}
	for _, name := range names {
		if real, err := realPath(name); err == nil && real != out && within(out, real) {
			return out
		}
	}
	return ""
}

// plan leaves out files whose outputs would collide, or refuses all of them.
func (c *copier) plan() error {
	paths := make(map[string]int32, len(c.list)) // index in the list by output path
	list := c.list[:0]
	for _, f := range c.list {
		out := c.rename(f.out)
		at, taken := paths[out]
		other := found{}
		if taken {
			other = list[at]
		}
		switch {
		case !taken:
			paths[out] = int32(len(list))
			list = append(list, f)
		case f.same(other):
			c.total--
		case c.other(f):
			c.add(f.title(), f.size, isSkipped, nil)
		case c.other(other):
			c.add(other.title(), other.size, isSkipped, nil)
			list[at] = f
		default:
			return usageError(other.title()+" and "+f.title()+" would both become "+filepath.Join(c.output, filepath.FromSlash(out)),
				"nothing was written: leave one of them out with --exclude, or give each a folder of its own")
		}
	}
	c.list = list
	return c.planFolded()
}

// planFolded leaves out files whose output names are the same on the file system of the
// output, so that neither replaces the other.
func (c *copier) planFolded() error {
	first := make(map[string]int32, len(c.list))
	var both []int
	for i, f := range c.list {
		key := folded(c.rename(f.out))
		if j, taken := first[key]; taken {
			both = append(both, int(j), i)
		} else {
			first[key] = int32(i)
		}
	}
	if len(both) == 0 {
		return nil
	}
	failed := make(map[int]error)
	for k := 0; k < len(both); k += 2 {
		one, two := c.list[both[k]], c.list[both[k+1]]
		if !sameName(c.output, c.rename(one.out), c.rename(two.out)) {
			continue
		}
		for _, pair := range [][2]int{{both[k], both[k+1]}, {both[k+1], both[k]}} {
			failed[pair[0]] = &failure{in(c.list[pair[0]].title(), errors.New("its output would be that of "+c.list[pair[1]].title()+" on this file system")),
				exitIO, []string{"names that differ only in upper and lower case, or in how accents are encoded, are one there: rename one of them, or write to another disk"}}
		}
	}
	list := c.list[:0]
	for i, f := range c.list {
		if err := failed[i]; err != nil {
			c.add(f.title(), f.size, isFailed, err)
			continue
		}
		list = append(list, f)
	}
	c.list = list
	return nil
}

// reads reports whether a path is that of an input file. It must not be called
// concurrently.
func (c *copier) reads(real string) bool {
	if c.paths == nil {
		c.paths = make(map[string]found, len(c.list))
		folders := make(map[*inFolder]string)
		for _, f := range c.list {
			if f.folder == nil {
				if real, err := realPath(f.file); err == nil {
					c.paths[real] = f
				}
				continue
			}
			if folders[f.folder] == "" {
				folders[f.folder], _ = realPath(f.folder.name)
			}
			c.paths[filepath.Join(folders[f.folder], filepath.FromSlash(f.path))] = f
		}
	}
	f, there := c.paths[real]
	return there && !c.other(f)
}

// sealedPath returns the path of the encrypted form of a file.
func sealedPath(path string) string { return path + sealedSuffix }

// openedPath returns the path for the contents of an encrypted file: without the suffix, if
// a name remains.
func openedPath(path string) string {
	opened := strings.TrimSuffix(path, sealedSuffix)
	switch opened[strings.LastIndexByte(opened, '/')+1:] {
	case "", ".", "..":
		return path
	}
	return opened
}

// sealedSuffix is the suffix of encrypted files.
const sealedSuffix = ".pqe"
