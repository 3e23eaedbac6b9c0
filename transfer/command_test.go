// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// newCommand returns a folder with the command pqenc.exe, as Windows requires the name,
// and the keys of alice. The test is here because those of the command cannot have a
// hostile server, which needs internal packages of this one.
func newCommand(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "pqenc.exe"), "../cmd/pqenc")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	alice := testkit.Identity("alice")
	for name, content := range map[string][]byte{"alice.key": alice.Marshal(), "alice.pub": alice.Public().Marshal()} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestCommandNeverTwice is TestNeverTwice for the command, with a file that changes in
// between. Encrypting it again under the same key would reveal both contents, so nothing
// more is sent, and the error gives the reason.
func TestCommandNeverTwice(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	dir := newCommand(t)
	plain := filepath.Join(dir, "in")
	contents := testkit.Contents(40 << 20)
	if err := os.WriteFile(plain, contents, 0o600); err != nil {
		t.Fatal(err)
	}
	var first, later []byte
	asked := 0
	h := newHostile(t, func(conn *channel.Conn, attempt int) {
		if _, ok := receive(conn, wire.TypePush); !ok {
			return
		}
		asked++
		if attempt > 0 {
			if err := os.WriteFile(plain, bytes.Repeat([]byte("other\n"), len(contents)/6), 0o600); err != nil {
				t.Error(err)
			}
			conn.Send(wire.TypeReady, 1, readyAt(0))
			later = append(later, receiveBytes(conn, 1)...)
			conn.Fail(wire.CodeDenied, "") // ends a push that wrongly continues
			return
		}
		conn.Send(wire.TypeReady, 1, readyAt(0))
		first = receiveBytes(conn, 6<<20)
		conn.Send(wire.TypeDurable, 1, wire.Size(int64(len(first))))
		// Bytes after the window arrive only after that was read.
		first = append(first, receiveBytes(conn, 16<<20)...)
	})
	cmd := exec.Command(filepath.Join(dir, "pqenc.exe"), "push", "-i", "alice.key", "-r", "alice.pub",
		"--server", testkit.Identity("server").Fingerprint().String(), "in", h.url+"/a.pqe")
	cmd.Dir = dir
	said, _ := cmd.CombinedOutput()
	h.scripts.Wait()
	if asked != 2 || len(first) < 22<<20 || len(later) > 0 {
		t.Errorf("%d pushes, %d bytes in the first, and %d later", asked, len(first), len(later))
	}
	if code := cmd.ProcessState.ExitCode(); code != 10 {
		t.Errorf("exit code %d", code)
	}
	lines := strings.Split(string(said), "\n")
	end := len(lines) - 3
	if end < 0 || !strings.HasPrefix(lines[end], "pqenc: error: in: "+transfer.ErrRewound.Error()) ||
		lines[end+1] != "pqenc: hint: try again: it is encrypted from the start" || lines[end+2] != "" {
		t.Errorf("it says %q", said)
	}
}
