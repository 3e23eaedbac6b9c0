// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// tool is a program to measure, with one way to use it. Its functions return a command
// line, or nil if the program cannot do it. An empty name means standard input or output.
type tool struct {
	name             string
	version          string
	encrypt, decrypt func(in, out string) []string
	slow             bool // it runs three times only
	own              bool // it is pqenc
}

// names of tools, as in the table.
const (
	copying      = "cp, cat"
	pqencPlain   = "pqenc"
	pqencSigned  = "pqenc, signed"
	agePlain     = "age"
	opensslCTR   = "openssl aes-256-ctr"
	rcloneCrypt  = "rclone crypt"
	gpgSymmetric = "gpg, passphrase"
	gpgPublic    = "gpg, public key"
	bounds       = "bound"
)

// findTools builds what can be built, finds the rest, and makes the keys of all.
func (b *bench) findTools(ctx context.Context) error {
	if _, err := b.commandIn(ctx, "..", "go", "build", "-o", b.dir+"/", "./cmd/pqenc"); err != nil {
		return err
	}
	if _, err := b.commandIn(ctx, ".", "go", "build", "-o", b.dir+"/", "./measure"); err != nil {
		return err
	}
	b.tools = append(b.tools, copyTool())
	for _, add := range []func(context.Context) error{b.addPqenc, b.addAge, b.addOpenSSL, b.addRclone, b.addGPG} {
		if err := add(ctx); err != nil {
			return err
		}
	}
	return nil
}

// copyTool is the yardstick: it copies files and pipes.
func copyTool() tool {
	return tool{name: copying, encrypt: func(in, out string) []string {
		switch {
		case in == "":
			return []string{"cat"}
		case out == "":
			return []string{"cat", in}
		}
		return []string{"cp", in, out}
	}}
}

func (b *bench) addPqenc(ctx context.Context) error {
	if err := b.makePqencKeys(); err != nil {
		return err
	}
	version, err := b.command(ctx, "./pqenc", "version")
	if err != nil {
		return err
	}
	version = strings.TrimSpace(version)
	if commit, err := b.commandIn(ctx, "..", "git", "describe", "--always", "--dirty"); err == nil {
		version += ", commit " + strings.TrimSpace(commit)
	}
	use := func(args ...string) func(in, out string) []string {
		return func(in, out string) []string { return inAndOut(append([]string{"./pqenc"}, args...), "-o", out, in) }
	}
	decryptSigned := use("-d", "-q", "-i", "p.key", "--from", "p.pub")
	b.tools = append(b.tools,
		tool{name: pqencPlain, own: true, version: version, encrypt: use("-r", "p.pub"), decrypt: use("-d", "-i", "p.key")},
		tool{name: pqencSigned, own: true, encrypt: use("-r", "p.pub", "--sign", "p.key"), decrypt: func(in, out string) []string {
			if in == "" && out == "" {
				return nil // it writes nothing before all is verified
			}
			return decryptSigned(in, out)
		}})
	return nil
}

// inAndOut appends the names that are not empty to a command line.
func inAndOut(args []string, outFlag, out, in string) []string {
	if out != "" {
		args = append(args, outFlag, out)
	}
	if in != "" {
		args = append(args, in)
	}
	return args
}

func (b *bench) addAge(ctx context.Context) error {
	if _, err := b.commandIn(ctx, ".", "go", "build", "-o", b.dir+"/", "filippo.io/age/cmd/age"); err != nil {
		return b.leaveOut(ctx, "age", err)
	}
	if err := b.makeAgeKeys(); err != nil {
		return err
	}
	// A program that was built from a module without a tag has no version.
	version, err := b.commandIn(ctx, ".", "go", "list", "-m", "filippo.io/age")
	if err != nil {
		return err
	}
	use := func(args ...string) func(in, out string) []string {
		return func(in, out string) []string { return inAndOut(append([]string{"./age"}, args...), "-o", out, in) }
	}
	b.tools = append(b.tools, tool{name: agePlain, version: strings.TrimSpace(version) + ", with a post-quantum recipient", encrypt: use("-R", "age.pub"), decrypt: use("-d", "-i", "age.key")})
	return nil
}

func (b *bench) addOpenSSL(ctx context.Context) error {
	version, err := b.command(ctx, "openssl", "version")
	if err != nil {
		return b.leaveOut(ctx, "openssl", err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "passphrase"), []byte("correct horse battery staple\n"), 0o600); err != nil {
		return err
	}
	use := func(direction string) func(in, out string) []string {
		return func(in, out string) []string {
			args := []string{"openssl", "enc", direction, "-aes-256-ctr", "-pbkdf2", "-pass", "file:passphrase"}
			if in != "" {
				args = append(args, "-in", in)
			}
			if out != "" {
				args = append(args, "-out", out)
			}
			return args
		}
	}
	b.tools = append(b.tools, tool{name: opensslCTR, version: version, encrypt: use("-e"), decrypt: use("-d")})
	b.note("openssl enc has no authenticated mode: changes of such a file go unnoticed. It is here for the speed of the cipher.")
	return nil
}

func (b *bench) addRclone(ctx context.Context) error {
	if _, err := b.commandIn(ctx, ".", "go", "build", "-o", b.dir+"/", "./rclone"); err != nil {
		if b.leaveOut(ctx, "building rclone", err) != nil {
			return err
		}
		installed, err := exec.LookPath("rclone")
		if err != nil {
			return b.leaveOut(ctx, "rclone", err)
		}
		if err := os.Symlink(installed, filepath.Join(b.dir, "rclone")); err != nil {
			return err
		}
	}
	password, err := b.command(ctx, "./rclone", "obscure", "correct horse battery staple")
	if err != nil {
		return err
	}
	b.env = append(b.env, "RCLONE_CONFIG_SEALED_PASSWORD="+strings.TrimSpace(password))
	version, err := b.command(ctx, "./rclone", "version")
	if err != nil {
		return err
	}
	b.tools = append(b.tools, tool{
		name: rcloneCrypt, slow: true, version: firstLine(version),
		encrypt: func(in, out string) []string {
			if in == "" || out == "" {
				return nil // it has no name for standard output to write to
			}
			return []string{"./rclone", "copyto", in, "sealed:" + out}
		},
		decrypt: func(in, out string) []string {
			switch {
			case in == "":
				return nil
			case out == "":
				return []string{"./rclone", "cat", "sealed:" + in}
			}
			return []string{"./rclone", "copyto", "sealed:" + in, out}
		},
	})
	return nil
}

func (b *bench) addGPG(ctx context.Context) error {
	version, err := b.command(ctx, "gpg", "--version")
	if err != nil {
		return b.leaveOut(ctx, "gpg", err)
	}
	if err := os.Mkdir(filepath.Join(b.dir, "gnupg"), 0o700); err != nil {
		return err
	}
	common := []string{"gpg", "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", "correct horse battery staple"}
	key := append(common[:len(common)-1:len(common)-1], "", "--quick-gen-key", "bench@example.org", "future-default", "default", "never")
	if _, err := b.command(ctx, key...); err != nil {
		return b.leaveOut(ctx, "gpg", err)
	}
	use := func(passphrase string, args ...string) func(in, out string) []string {
		start := append(common[:len(common)-1:len(common)-1], passphrase)
		return func(in, out string) []string {
			if in == "" {
				return nil // it is slow, and in a pipe no slower
			}
			if out == "" {
				out = "-"
			}
			return slices.Concat(start, []string{"-o", out}, args, []string{in})
		}
	}
	const passphrase = "correct horse battery staple"
	b.tools = append(b.tools,
		tool{name: gpgSymmetric, slow: true, version: firstLine(version), encrypt: use(passphrase, "-z", "0", "--cipher-algo", "AES256", "-c"), decrypt: use(passphrase, "-d")},
		tool{name: gpgPublic, slow: true, encrypt: use("", "-z", "0", "--cipher-algo", "AES256", "--trust-model", "always", "-r", "bench@example.org", "-e"), decrypt: use("", "-d")})
	b.note("gpg runs without compression. This version has no post-quantum keys: its public key is for Curve25519.")
	return nil
}

// leaveOut notes that a program is missing. It returns an error only after an interruption.
func (b *bench) leaveOut(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	b.note("Left out: %s (%s).", what, firstLine(err.Error()))
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

// size formats a number of bytes for the table.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return strconv.FormatInt(n>>30, 10) + " GiB"
	case n == 0:
		return ""
	case n >= 1<<20:
		return strconv.FormatInt(n>>20, 10) + " MiB"
	}
	return fmt.Sprintf("%d KiB", n>>10)
}
