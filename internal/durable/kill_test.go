// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// childVariable makes the test binary run a victim instead of the tests: the value names
// it.
const childVariable = "DURABLE_TEST_CHILD"

const versionSize = 300 << 10

func TestMain(m *testing.M) {
	what := os.Getenv(childVariable)
	if what == "" {
		os.Exit(m.Run())
	}
	runtime.LockOSThread() // strace counts the calls of a thread
	if err := victim(what, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// long skips a test that takes a while, if the tests run with -short.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes a while")
	}
}

func child(t *testing.T, what string, arguments ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	cmd := exec.Command(binary, arguments...)
	cmd.Env = append(os.Environ(), childVariable+"="+what, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	return cmd
}

func victim(what string, arguments []string) error {
	switch what {
	case "stdout":
		f, err := Create(context.Background(), "/dev/stdout", Options{})
		if err != nil {
			return err
		}
		if _, err := f.Write([]byte(fresh)); err != nil {
			return err
		}
		return f.Commit()
	case "half":
		f, err := Create(context.Background(), arguments[0], Options{})
		if err != nil {
			return err
		}
		if _, err := f.Write([]byte(fresh[:5])); err != nil {
			return err
		}
		fmt.Println("written")
		_, err = io.Copy(io.Discard, os.Stdin) // until killed
		return err
	case "replace":
		f, err := Create(context.Background(), arguments[0], Options{})
		if err != nil {
			return err
		}
		f.Write([]byte(fresh))
		return f.Commit()
	case "replace part":
		p, err := OpenPartial(arguments[0], Options{})
		if err != nil {
			return err
		}
		if err := p.Begin(0); err != nil {
			return err
		}
		p.Write([]byte(fresh))
		return p.Commit()
	case "all":
		return replaceAll(arguments[0], arguments[1])
	case "copy":
		return copyBody(arguments[0], arguments[1])
	case "head":
		old, new := heads()
		return OverwriteHead(arguments[0], old, new)
	case "repair":
		_, err := RepairHead(arguments[0], related, nil)
		return err
	case "two":
		return replaceTwo(arguments[0])
	case "key":
		return WriteNew(arguments[0], []byte(fresh), 0o600)
	case "state":
		return victimState(arguments[0])
	case "sync":
		return victimSync(arguments[0])
	case "versions":
		return writeVersions(arguments[0])
	case "keys":
		return writeKeys(arguments[0])
	case "part":
		return writePart(arguments[0])
	}
	return fmt.Errorf("no such child: %s", what)
}

// replaceAll replaces content as a server does with a small object.
func replaceAll(directory, content string) error {
	root, err := os.OpenRoot(directory)
	if err != nil {
		return err
	}
	p, err := OpenPartialIn(root, "out", stem, Options{Private: true})
	if err != nil {
		return err
	}
	if err := p.PrepareAll([]byte(content), []byte(content)); err != nil {
		return errors.Join(err, p.Remove())
	}
	if err := p.Publish(); err != nil {
		return err
	}
	return p.Finish()
}

// copyBody replaces the first 4096 bytes of a file, for another one.
func copyBody(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	f, err := Create(context.Background(), to, Options{})
	if err != nil {
		return err
	}
	f.Write(bytes.Repeat([]byte("h"), 4096))
	if _, err := f.CopyFrom(src, 4096, nil); err != nil {
		f.Abort()
		return err
	}
	return f.Commit()
}

// replaceTwo renames two files before it syncs their folder for each of them.
func replaceTwo(directory string) error {
	runtime.LockOSThread() // strace counts calls by thread
	var files [2]*File
	for i := range files {
		f, err := Create(context.Background(), filepath.Join(directory, fmt.Sprint(i)), Options{})
		if err != nil {
			return err
		}
		if err := cmp.Or(f.begin(), f.prepare(), f.end()); err != nil {
			return err
		}
		files[i] = f
	}
	for _, f := range files {
		fmt.Println(errors.Is(f.settle(), ErrNotDurable))
	}
	return nil
}

func version(i int) []byte { return bytes.Repeat([]byte{byte('a' + i%26)}, versionSize) }

// writeVersions replaces one file again and again, and prints a line each time.
func writeVersions(name string) error {
	for i := 0; ; i++ {
		f, err := Create(context.Background(), name, Options{})
		if err != nil {
			return err
		}
		for piece := range slices.Chunk(version(i), 10000) {
			if _, err := f.Write(piece); err != nil {
				return err
			}
		}
		if err := f.Commit(); err != nil {
			return err
		}
		fmt.Println(i)
	}
}

func writeKeys(directory string) error {
	for i := 0; ; i++ {
		if err := WriteNew(filepath.Join(directory, fmt.Sprint("key", i)), version(i), 0o600); err != nil {
			return err
		}
		fmt.Println(i)
	}
}

// killAfter starts a child and kills it, with no chance to clean up, after it has printed
// said lines.
func killAfter(t *testing.T, said int, what string, arguments ...string) {
	t.Helper()
	cmd := child(t, what, arguments...)
	stdin, err := cmd.StdinPipe() // which stays open
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for range said {
		if !lines.Scan() {
			t.Errorf("the child ended by itself: %v", lines.Err())
			break
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	cmd.Wait()
}

// leftovers separates temporary files, of which a kill may leave one, from others.
func leftovers(t *testing.T, directory string) (temporary, others []string) {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := filepath.Join(directory, entry.Name())
		if strings.HasPrefix(entry.Name(), ".") && strings.HasSuffix(name, ".pqenc-tmp") {
			temporary = append(temporary, name)
		} else {
			others = append(others, name)
		}
	}
	return temporary, others
}

func TestKillDuringWrite(t *testing.T) {
	long(t)
	name := filepath.Join(t.TempDir(), "out")
	put(t, name, old)
	killAfter(t, 1, "half", name)
	wantContent(t, name, old)
	temporary, others := leftovers(t, filepath.Dir(name))
	if most := map[bool]int{true: 0, false: 1}[runtime.GOOS == "linux"]; len(temporary) > most || len(others) != 1 {
		t.Errorf("left behind: %q, %q", temporary, others)
	}
	f := create(t, name)
	write(t, f, fresh)
	commit(t, f)
	wantContent(t, name, fresh)
}

func TestKillAtAnyTime(t *testing.T) {
	long(t)
	for range 10 {
		name := filepath.Join(t.TempDir(), "out")
		said := 1 + rand.IntN(10)
		killAfter(t, said, "versions", name)
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(content, bytes.Repeat(content[:1], versionSize)) {
			t.Errorf("killed after %d versions: %d bytes, not one whole version", said, len(content))
		}
		if temporary, others := leftovers(t, filepath.Dir(name)); len(temporary) > 1 || len(others) != 1 {
			t.Errorf("left behind: %q, %q", temporary, others)
		}
	}
}

func TestKillDuringWriteNew(t *testing.T) {
	long(t)
	for range 10 {
		directory := t.TempDir()
		said := 1 + rand.IntN(10)
		killAfter(t, said, "keys", directory)
		temporary, keys := leftovers(t, directory)
		if len(temporary) > 1 || len(keys) < said {
			t.Errorf("left behind after %d keys: %q, %q", said, temporary, keys)
		}
		for _, key := range keys {
			content, err := os.ReadFile(key)
			if err != nil || len(content) == 0 || !bytes.Equal(content, bytes.Repeat(content[:1], versionSize)) {
				t.Errorf("%s: %d bytes, %v, not whole", filepath.Base(key), len(content), err)
			}
		}
	}
}
