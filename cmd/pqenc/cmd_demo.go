// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/internal/terminal"
)

type demoCmd struct {
	Size int64  `name:"mib" default:"64" placeholder:"N" help:"Size of the file, in MiB (default: 64)."`
	Keep bool   `help:"Do not remove the files at the end."`
	Dir  string `arg:"" optional:"" type:"path" name:"DIR" help:"A folder for the files, which must not exist. Default: a new folder pqenc-demo-* here."`
}

func (demoCmd) Help() string {
	return `Makes a key pair and a test file, encrypts and decrypts the file, and compares the
result. It prints the commands that it runs. It needs three times the size of the file on
the disk, and removes the files at the end.

Examples:

    pqenc demo
    pqenc demo --mib 4096 --keep /mnt/disk/demo`
}

func (c *demoCmd) Run(a *app) error {
	dir, err := c.makeDir()
	if err != nil {
		return err
	}
	d := &demo{a: a, dir: dir, size: c.Size << 20}
	if !c.Keep {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return err
		}
		d.remove = sync.OnceValue(func() error { return removeDemo(root, dir) })
		a.setScratch(d.remove)
		defer d.remove() // also after an error
	}
	d.announce(c.Keep)
	for _, step := range []func() error{d.makeFile, d.keygen, d.encrypt, d.decrypt, d.compare} {
		if err := step(); err != nil {
			return err
		}
	}
	if c.Keep {
		d.say("# the files are in %s", dir)
		return nil
	}
	if err := d.remove(); err != nil {
		return err
	}
	d.say("# removed %s", dir)
	return nil
}

// removeDemo removes the files of a demo, and the folder that they are in unless others have
// put something there, or something else in its place.
func removeDemo(root *os.Root, dir string) error {
	all, err := fs.ReadDir(root.FS(), ".")
	for _, file := range all {
		if name := file.Name(); slices.Contains(demoFiles, name) || durable.Unfinished(name) {
			err = cmp.Or(err, root.Remove(name))
		}
	}
	made, failed := root.Stat(".")
	now, gone := os.Lstat(dir)
	err = cmp.Or(err, failed, gone)
	root.Close() // before it is removed, which Windows wants
	if err == nil && !os.SameFile(made, now) {
		err = errors.New(dir + " is another folder now, and stays")
	}
	return cmp.Or(err, os.Remove(dir))
}

// demoFiles are the files that a demo makes.
var demoFiles = []string{"model.bin", "model.pqe", "model.back", "alice.key", "alice.pub"}

// announce prints what the demo will do, before anything that takes time.
func (d *demo) announce(keep bool) {
	end := "removes it at the end (--keep keeps it)"
	if keep {
		end = "keeps it"
	}
	d.say("# This makes keys and a test file, encrypts and decrypts it, and compares. It writes %s to", sizeText(3*d.size))
	d.say("# the folder %s, and %s.", d.dir, end)
}

func (c *demoCmd) makeDir() (string, error) {
	if c.Size < 1 || c.Size > 1<<24 {
		return "", usageError("the size must be 1 MiB to 16 TiB")
	}
	if c.Dir == "" {
		dir, err := os.MkdirTemp(".", "pqenc-demo-")
		return filepath.Clean(dir), err
	}
	return c.Dir, os.Mkdir(c.Dir, 0o777)
}

// demo is one run.
type demo struct {
	a    *app
	dir  string
	size int64

	remove func() error // removes what was made, once; nil if it is kept
}

func (d *demo) path(name string) string { return filepath.Join(d.dir, name) }

// show prints a command line.
func (d *demo) show(format string, args ...any) { d.say("$ "+format, args...) }

func (d *demo) say(format string, args ...any) {
	fmt.Fprintln(d.a.stdout, terminal.Printable(fmt.Sprintf(format, args...)))
}

func (d *demo) makeFile() error {
	d.say("# %s of random bytes, which do not compress, like a model", sizeText(d.size))
	f, err := os.Create(d.path("model.bin"))
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(f, io.LimitReader(rand.NewChaCha8([32]byte{}), d.size))
	return errors.Join(err, f.Close())
}

func (d *demo) keygen() error {
	d.show("pqenc keygen -o %s", d.path("alice"))
	return (&keygenCmd{Output: d.path("alice")}).Run(d.a)
}

func (d *demo) encrypt() error {
	plain, sealed := d.path("model.bin"), d.path("model.pqe")
	d.show("pqenc -r %s.pub -o %s %s", d.path("alice"), sealed, plain)
	cmd := &encryptCmd{
		To:    recipientFlags{Recipient: []string{d.path("alice.pub")}},
		Files: fileArgs{In: names{plain}, Output: sealed},
	}
	return d.timed(sealed, func() error { return cmd.Run(d.a) })
}

func (d *demo) decrypt() error {
	sealed, back := d.path("model.pqe"), d.path("model.back")
	d.show("pqenc -d -i %s.key -o %s %s", d.path("alice"), back, sealed)
	cmd := &decryptCmd{
		Keys:  identityFlag{Identity: []string{d.path("alice.key")}},
		Files: fileArgs{In: names{sealed}, Output: back},
	}
	return d.timed(back, func() error { return cmd.Run(d.a) })
}

// timed runs a command, and prints the size of its output and the speed.
func (d *demo) timed(name string, run func() error) error {
	begin := time.Now()
	if err := run(); err != nil {
		return err
	}
	took := time.Since(begin)
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	d.say("%s: %d bytes (%+d) in %.2f s, %.2f GB/s, on disk", name, info.Size(), info.Size()-d.size,
		took.Seconds(), float64(d.size)/took.Seconds()/1e9)
	return nil
}

func (d *demo) compare() error {
	d.show("cmp %s %s", d.path("model.bin"), d.path("model.back"))
	one, err := fileSum(d.path("model.bin"))
	if err != nil {
		return err
	}
	two, err := fileSum(d.path("model.back"))
	if err != nil {
		return err
	}
	if !bytes.Equal(one, two) {
		return errors.New("the decrypted file differs from the original: please report this")
	}
	d.say("identical")
	return nil
}

func fileSum(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return h.Sum(nil), err
}
