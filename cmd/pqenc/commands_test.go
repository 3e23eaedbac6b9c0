// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pqenc/pqenc/format"
	"github.com/pqenc/pqenc/internal/vectors"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/stream"
)

// condition adds conditions for scripts:
//
//	[root]     the tests run as root
//	[devfull]  there is a disk that is always full
//	[mounts]   "unshare -m" can mount one
func condition(name string) (bool, error) {
	switch name {
	case "root":
		return os.Getuid() == 0, nil
	case "devfull":
		_, err := os.Stat("/dev/full")
		return err == nil, nil
	case "mounts":
		return exec.Command("unshare", "-m", "mount", "-t", "tmpfs", "none", os.TempDir()).Run() == nil, nil
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

// exits is the script command
//
//	exits CODE COMMAND [ARG...]
//
// that runs a command and requires its exit code, 128 and the signal's number
// if one ended it. However it ends no temporary file may be left, and if it
// fails no file at all may have changed, except those that the shell writes
// for it: their names begin with "stdout". Of several files those change that do not
// fail.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	before, err := files(ts.Getenv("WORK"))
	ts.Check(err)
	got, err := exitCode(ts.Exec(args[1], args[2:]...))
	ts.Check(err)
	after, err := files(ts.Getenv("WORK"))
	ts.Check(err)
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	for name := range after {
		if strings.HasSuffix(name, ".pqenc-tmp") {
			ts.Fatalf("it left %s", name)
		}
		if want != 0 && want != exitSomeFailed && before[name] != after[name] {
			ts.Fatalf("it failed, and changed %s", name)
		}
		delete(before, name)
	}
	if want != 0 && len(before) > 0 {
		ts.Fatalf("it failed, and removed %v", before)
	}
}

// exitCode returns the exit code of a command, as a shell would.
func exitCode(err error) (int, error) {
	var exit *exec.ExitError
	if err == nil || !errors.As(err, &exit) {
		return 0, err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return exit.ExitCode(), nil
}

// files returns a fingerprint of the files in dir, which changes when one is written or
// replaced.
func files(dir string) (map[string]string, error) {
	all := make(map[string]string)
	return all, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() || strings.HasPrefix(d.Name(), "stdout") {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		inode := info.Sys().(*syscall.Stat_t).Ino
		all[name] = fmt.Sprint(inode, info.Mode(), info.Size(), info.ModTime().UnixNano())
		return nil
	})
}

// says is the script command
//
//	says [LINE...]
//
// that requires standard error to be just these lines, "pqenc: " in front of each,
// and TIME where there is one.
func says(ts *testscript.TestScript, neg bool, args []string) {
	var want strings.Builder
	for _, line := range args {
		want.WriteString("pqenc: " + line + "\n")
	}
	if got := timeless(ts.ReadFile("stderr")); neg || got != want.String() {
		ts.Fatalf("it says\n%swant\n%s", got, want.String())
	}
}

// shows is the script command
//
//	shows FILE
//
// that requires standard output to be what FILE holds, with variables in it, and
// TIME where there is one.
func shows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: shows FILE")
	}
	want := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	if got := timeless(ts.ReadFile("stdout")); got != want {
		ts.Fatalf("it shows\n%swant\n%s", got, want)
	}
}

var times = regexp.MustCompile(`20\d\d-\d\d-\d\d( \d\d:\d\d:\d\d UTC|T\d\d:\d\d:\d\dZ)`)

// timeless returns text with TIME instead of times.
func timeless(text string) string { return times.ReplaceAllString(text, "TIME") }

// samejson is the script command
//
//	samejson FILE1 FILE2
//
// that requires two JSON files to hold the same, with variables in the second, and
// TIME where there is one.
func samejson(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: samejson FILE1 FILE2")
	}
	var values [2]any
	texts := []string{timeless(ts.ReadFile(args[0])), os.Expand(ts.ReadFile(args[1]), ts.Getenv)}
	for i, text := range texts {
		d := json.NewDecoder(strings.NewReader(text))
		ts.Check(d.Decode(&values[i]))
		if d.More() {
			ts.Fatalf("%s holds more than one value", args[i])
		}
	}
	if !reflect.DeepEqual(values[0], values[1]) {
		ts.Fatalf("they differ:\n%v\n%v", values[0], values[1])
	}
}

// writeVector is the script command
//
//	vector NAME...
//
// that writes test vectors to NAME.pqe, the keys for them to NAME.key, and the public
// ones of their senders to NAME.pub.
func writeVector(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		v := vectorNamed(name)
		if neg || v == nil {
			ts.Fatalf("there is no vector %q", name)
		}
		ts.Check(os.WriteFile(ts.MkAbs(name+".pqe"), v.File, 0o666))
		for _, seed := range v.Identities {
			ts.Check(os.WriteFile(ts.MkAbs(name+".key"), keyOf(seed), 0o600))
		}
		for _, seeds := range v.From {
			sender, err := keyfile.ParseIdentity(keyOf(seeds))
			ts.Check(err)
			ts.Check(os.WriteFile(ts.MkAbs(name+".pub"), sender.Public().Marshal(), 0o666))
		}
	}
}

// writeKeys is the script command
//
//	keys COUNT FILE
//
// that writes a file of so many public keys.
func writeKeys(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: keys COUNT FILE")
	}
	count, err := strconv.Atoi(args[0])
	ts.Check(err)
	var all []byte
	for range count {
		id, err := keyfile.Generate()
		ts.Check(err)
		all = append(all, id.Public().Marshal()...)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), all, 0o666))
}

// succeed is the script command
//
//	succeed KEY NAME
//
// that writes to NAME.key and NAME.pub what comes after the private key in the file KEY,
// which stays.
func succeed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: succeed KEY NAME")
	}
	old, err := keyfile.LoadIdentity(ts.MkAbs(args[0]), nil)
	ts.Check(err)
	next, err := old.Rotate(keyfile.Details{})
	ts.Check(err)
	ts.Check(next.Save(ts.MkAbs(args[1])))
}

// replaceContents is the script command
//
//	replace FILE KEY CONTENTS OUT
//
// that writes to OUT what any recipient can make of a signed FILE: other contents
// under the same file key, between the header and the signature of the old ones.
func replaceContents(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: replace FILE KEY CONTENTS OUT")
	}
	file := []byte(ts.ReadFile(args[0]))
	header, fileKey := unlock(ts, file, args[1])
	keys := header.DeriveKeys(fileKey)
	out := bytes.NewBuffer(slices.Clone(file[:header.Size]))
	w := stream.New(&keys.Payload, &keys.NoncePrefix, header.ChunkLog2).NewWriter(out)
	_, err := w.Write([]byte(ts.ReadFile(args[2])))
	ts.Check(err)
	ts.Check(w.Close())
	const trailer = signature.Size + 12 + 16
	out.Write(file[len(file)-trailer:])
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), out.Bytes(), 0o666))
}

// forward is the script command
//
//	forward FILE KEY PUB OUT
//
// that writes to OUT the same file for another recipient.
func forward(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: forward FILE KEY PUB OUT")
	}
	file := []byte(ts.ReadFile(args[0]))
	header, fileKey := unlock(ts, file, args[1])
	size := header.Size
	to, err := keyfile.LoadPublic(ts.MkAbs(args[2]))
	ts.Check(err)
	stanza, err := to[0].Wrap(fileKey, header.Binding())
	ts.Check(err)
	header.Stanzas = []format.Stanza{header.Stanzas[0], stanza} // the signer's, and this one
	out, err := header.Seal(header.DeriveKeys(fileKey))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), append(out, file[size:]...), 0o666))
}

// unlock returns the header and the file key, as anybody with that private key can.
func unlock(ts *testscript.TestScript, file []byte, key string) (*format.Header, *format.FileKey) {
	header, err := format.Parse(bytes.NewReader(file))
	ts.Check(err)
	id, err := keyfile.LoadIdentity(ts.MkAbs(key), func() ([]byte, error) { return []byte(passphrase), nil })
	ts.Check(err)
	for _, s := range header.Stanzas {
		if fileKey, err := id.Unwrap(s, header.Binding()); err == nil {
			return header, fileKey
		}
	}
	ts.Fatalf("%s does not open it", key)
	return nil, nil
}

func vectorNamed(name string) *vectors.Vector {
	for _, v := range allVectors() {
		if v.Name == name {
			return v
		}
	}
	return nil
}

// pqencIn runs the command in a folder and returns its exit code.
func pqencIn(t *testing.T, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	cmd := exec.Command("pqenc", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	code, err := exitCode(cmd.Run())
	if err != nil {
		t.Fatal(err)
	}
	return code, out.String(), errs.String()
}
