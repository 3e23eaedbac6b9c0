// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
)

// fromManual returns the one command of the manual that begins like that, with other
// paths.
func fromManual(t *testing.T, beginning string, oldnew ...string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^# (`+regexp.QuoteMeta(beginning)+`.*)$`).FindAllStringSubmatch(read(t, manualFile), -1)
	if len(found) != 1 {
		t.Fatalf("%d commands of the manual begin with %q", len(found), beginning)
	}
	command := found[0][1]
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(command, oldnew[i]) {
			t.Fatalf("%q does not have %q", command, oldnew[i])
		}
		command = strings.ReplaceAll(command, oldnew[i], oldnew[i+1])
	}
	return command
}

// vanished is rsync's exit code when files were deleted while it ran.
const vanished = 24

// TestLiveBackup makes backups while clients push, replace and delete. Each has whole
// objects and nothing else, and a server can be started on it.
func TestLiveBackup(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	program(t, "rsync")
	dir, backup := t.TempDir(), t.TempDir()
	s := serve(t, dir)
	command := fromManual(t, "rsync -a --delete --exclude '.*' /var/lib/pqenc/", "/var/lib/pqenc/", s.dir+"/", "/srv/backup/pqenc/", backup+"/store/")
	files := [][]byte{testkit.Sealed(0), testkit.Sealed(100_000), testkit.Sealed(1_000_000), testkit.Sealed(6_000_000)}
	stop, cancel := context.WithCancel(t.Context())
	var busy sync.WaitGroup
	for i := range 4 {
		c := client(t, "ws://"+s.addr+"/pqenc")
		busy.Go(func() { change(stop, t, c, i, files) })
	}
	objects := 0
	for range 20 {
		out, err := exec.Command("bash", "-c", command).CombinedOutput()
		var ended *exec.ExitError
		if err != nil && (!errors.As(err, &ended) || ended.ExitCode() != vanished) {
			t.Errorf("%v: %s", err, out)
		}
		objects += wantWhole(t, backup+"/store", files)
	}
	cancel()
	busy.Wait()
	if objects < 20 {
		t.Errorf("only %d objects in 20 backups", objects)
	}
	s.stop()
	if err := os.Rename(backup+"/store", backup+"/copy"); err != nil {
		t.Fatal(err)
	}
	wantServed(t, backup, files)
}

// change pushes, replaces and deletes until it is to stop.
func change(stop context.Context, t *testing.T, c *transfer.Client, seed int, files [][]byte) {
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	for stop.Err() == nil {
		name := fmt.Sprintf("%d/%d/file.pqe", seed, random.IntN(5))
		var err error
		if random.IntN(4) == 0 {
			err = c.Delete(stop, name)
		} else {
			err = c.Push(stop, name, bytes.NewReader(files[random.IntN(len(files))]), transfer.PushOptions{Overwrite: true})
		}
		if err != nil && stop.Err() == nil && !errors.Is(err, transfer.ErrNotFound) {
			t.Error(err)
			return
		}
	}
}

// wantWhole requires that each file in a folder is one of those, and returns how many
// there are.
func wantWhole(t *testing.T, dir string, files [][]byte) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		got, err := os.ReadFile(path)
		if !slices.ContainsFunc(files, func(file []byte) bool { return bytes.Equal(file, got) }) {
			t.Errorf("%s: %d bytes of no file", path, len(got))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return n
}

// wantServed starts a server on the folder copy, and pulls all that is there.
func wantServed(t *testing.T, dir string, files [][]byte) {
	t.Helper()
	want := wantWhole(t, dir+"/copy", files)
	s := serve(t, dir, "--dir", dir+"/copy")
	c := client(t, "ws://"+s.addr+"/pqenc")
	for object, err := range c.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := c.Pull(t.Context(), object.Name, &got, transfer.PullOptions{}); err != nil {
			t.Error(object.Name, err)
		}
		if !slices.ContainsFunc(files, func(file []byte) bool { return bytes.Equal(file, got.Bytes()) }) {
			t.Errorf("%s: another file", object.Name)
		}
		want--
	}
	if want != 0 {
		t.Errorf("%d objects more in the copy than in the list", want)
	}
}

// TestMoveResumes moves a store while a push waits for its server. The push resumes at
// the new place.
func TestMoveResumes(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	dir, other := t.TempDir(), t.TempDir()
	s := serve(t, dir)
	file := testkit.Sealed(10 << 20)
	r, w := io.Pipe()
	defer r.Close()
	safe, done := make(chan struct{}), make(chan error, 1)
	var once sync.Once
	c := client(t, "ws://"+s.addr+"/pqenc")
	go func() {
		done <- c.Push(t.Context(), "a/file.pqe", r, transfer.PushOptions{Progress: func(n int64) {
			if n > 0 {
				once.Do(func() { close(safe) })
			}
		}})
	}()
	if _, err := w.Write(file[:len(file)/2]); err != nil {
		t.Fatal(err)
	}
	select {
	case <-safe:
	case err := <-done:
		t.Fatal(err)
	}
	s.stop()
	pack := fromManual(t, "tar -C / -c", "-C /", "-C "+dir, "move.tar", other+"/move.tar", "etc/pqenc var/lib/pqenc etc/systemd/system/pqenc.service", "store")
	unpack := fromManual(t, "tar -C / -x", "-C /", "-C "+other, "move.tar", other+"/move.tar")
	run(t, "bash", "-c", pack)
	run(t, "bash", "-c", unpack)
	again := serve(t, other, "--listen", s.addr)
	if _, err := w.Write(file[len(file)/2:]); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := read(t, again.dir+"/a/file.pqe"); got != string(file) {
		t.Error("another file is stored")
	}
	if !regexp.MustCompile(` at=[1-9]`).MatchString(again.log.String()) {
		t.Errorf("the push starts over: %s", &again.log)
	}
}
