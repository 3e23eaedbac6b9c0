// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// wantOldOrNew checks that the file reads with the old or the new head, as it is and after
// the repair, which leaves no log.
func wantOldOrNew(t *testing.T, what, name string) {
	t.Helper()
	old, new := heads()
	file, err := os.Open(name)
	want(t, err, nil)
	defer file.Close()
	head, _, err := headOf(file, name, headSize)
	if err != nil || !bytes.Equal(head, old) && !bytes.Equal(head, new) {
		t.Errorf("%s: neither the old head nor the new one, %v", what, err)
		return
	}
	if _, err := RepairHead(name, related, nil); err != nil {
		t.Errorf("%s: repair: %v", what, err)
	}
	wantBytes(t, name, head)
	wantFiles(t, filepath.Dir(name), "f.pqe")
}

// wantAnyTear does the same for what a power cut may leave: where there is a log, each block of
// the file may be of one head or the other.
func wantAnyTear(t *testing.T, what, name string) {
	t.Helper()
	old, new := heads()
	log, err := os.ReadFile(redoOf(name))
	if err == nil && parseRedo(log) != nil {
		for range 10 {
			wantOldOrNew(t, what, withRedo(t, tear(old, new, rand.Float64()), &redoLog{old, new}))
		}
		return
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	wantOldOrNew(t, what, name)
}

// headCalls are the system calls by which a head is overwritten or repaired.
const headCalls = "openat,newfstatat,fstat,flock,pread64,write,fchown,fchmod,fsync,linkat,pwrite64,unlinkat,close"

// TestHeadKilled kills the process before each of its system calls.
func TestHeadKilled(t *testing.T) {
	long(t)
	for _, what := range []string{"head", "repair"} {
		for call := range strings.SplitSeq(headCalls, ",") {
			t.Run(what+" "+call, func(t *testing.T) {
				t.Parallel()
				for n := 1; ; n++ {
					name := headVictim(t, what)
					_, hit, err := injected(t, fmt.Sprint(call, ":signal=KILL:when=", n), what, name)
					if hit == (err == nil) {
						t.Errorf("call %d: hit %v, %v", n, hit, err)
					}
					wantAnyTear(t, fmt.Sprint("call ", n), name)
					if !hit {
						wantCalls(t, what, call, n-1)
						return
					}
				}
			})
		}
	}
}

// wantCalls checks that a call was injected n times.
func wantCalls(t *testing.T, what, call string, n int) {
	t.Helper()
	onlyForLog := call == "write" || call == "fchown" || call == "fchmod" || call == "linkat"
	if n == 0 && !(what == "repair" && onlyForLog) {
		t.Error("there was none")
	}
}

// headVictim makes the file that a child is to overwrite or to repair.
func headVictim(t *testing.T, what string) (name string) {
	t.Helper()
	old, new := heads()
	if what == "head" {
		return withHead(t, old)
	}
	return withRedo(t, tear(old, new, 0.5), &redoLog{old, new})
}

// TestHeadFails lets each system call fail. Success is the new head and no log. An error
// other than that of a torn header leaves the file unchanged.
func TestHeadFails(t *testing.T) {
	long(t)
	for _, what := range []string{"head", "repair"} {
		for call := range strings.SplitSeq(headCalls, ",") {
			t.Run(what+" "+call, func(t *testing.T) {
				t.Parallel()
				for n := 1; ; n++ {
					name := headVictim(t, what)
					before, err := os.ReadFile(name)
					want(t, err, nil)
					out, hit, err := injected(t, fmt.Sprint(call, ":error=EIO:when=", n), what, name)
					after, _ := os.ReadFile(name)
					_, logErr := os.Lstat(redoOf(name))
					_, new := heads()
					switch {
					case err == nil && (logErr == nil || !bytes.HasPrefix(after, new)):
						t.Errorf("call %d: succeeds, and is not done", n)
					case err != nil && !strings.Contains(out, "the header may be torn") && !bytes.Equal(before, after):
						t.Errorf("call %d: the file was changed: %s", n, out)
					case err != nil && strings.Contains(out, "the header may be torn") && logErr != nil:
						t.Errorf("call %d: there is no log: %s", n, out)
					}
					wantAnyTear(t, fmt.Sprint("call ", n), name)
					if !hit {
						wantCalls(t, what, call, n-1)
						return
					}
				}
			})
		}
	}
}

// step is a system call of a child that changes what is on the disk, or makes it durable.
type step struct{ call, file string }

// steps returns those of a child, in order, with files named "file", "log" and "folder".
func steps(t *testing.T, what, name string) (all []step) {
	t.Helper()
	tool(t, "strace")
	trace := filepath.Join(t.TempDir(), "trace")
	victim := child(t, what, name)
	cmd := exec.Command("strace", append([]string{"-f", "-y", "-qq", "-s", "0", "-o", trace,
		"-e", "trace=write,pwrite64,fsync,linkat,unlinkat"}, victim.Args...)...)
	cmd.Env = victim.Env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("strace: %v: %s", err, out)
	}
	b, err := os.ReadFile(trace)
	want(t, err, nil)
	directory := filepath.Dir(name)
	for line := range strings.Lines(string(b)) {
		_, line, _ = strings.Cut(line, " ")
		call, of, _ := strings.Cut(strings.TrimSpace(line), "(")
		switch {
		case call == "linkat" && strings.Contains(of, RedoSuffix), call == "unlinkat" && strings.Contains(of, RedoSuffix):
			all = append(all, step{call, "log"})
		case strings.Contains(of, "<"+name+">"):
			all = append(all, step{call, "file"})
		case strings.Contains(of, "<"+directory+">"):
			all = append(all, step{call, "folder"})
		case strings.Contains(of, "<"+directory+"/"):
			all = append(all, step{call, "log"})
		}
	}
	return all
}

// disk is the state at a power cut: what is durable, and what was written after that.
type disk struct {
	head, pendingHead []byte // of the file; each block of it is one of the two
	data, pendingData bool   // of the log is written
	named             []bool // whether the log has its name: durably, and by each call since
}

// do applies a step to the disk.
func (d *disk) do(s step, to []byte) {
	switch s {
	case step{"write", "log"}:
		d.pendingData = true
	case step{"fsync", "log"}:
		d.data = d.pendingData
	case step{"linkat", "log"}, step{"unlinkat", "log"}:
		d.named = append(d.named, s.call == "linkat")
	case step{"fsync", "folder"}:
		d.named = d.named[len(d.named)-1:]
	case step{"pwrite64", "file"}:
		d.pendingHead = to
	case step{"fsync", "file"}:
		d.head = d.pendingHead
	}
}

// TestPowerCut cuts the power after each step. Whatever has not been synced is on the
// disk or not, in every combination, and a head in every mixture. The steps are those that
// strace reports.
func TestPowerCut(t *testing.T) {
	old, new := heads()
	log := &redoLog{old, new}
	for _, what := range []string{"head", "repair"} {
		name := headVictim(t, what)
		d := &disk{head: old, named: []bool{what == "repair"}, data: what == "repair"}
		if what == "repair" {
			b, err := os.ReadFile(name)
			want(t, err, nil)
			d.head = b[:headSize]
		}
		d.pendingHead, d.pendingData = d.head, d.data
		all := steps(t, what, name)
		for i, s := range all {
			if d.do(s, new); s.call == "fsync" && i > 0 && all[i-1] == s {
				t.Errorf("%v twice", s)
			}
			for range 20 {
				wantAfterCut(t, fmt.Sprint(what, ", cut after ", all[:i+1]), d, log)
			}
		}
		if !slices.Equal(d.head, new) || !slices.Equal(d.named, []bool{false}) {
			t.Errorf("%s: not durable at the end of %v", what, all)
		}
	}
}

// wantAfterCut makes the files that one power cut may leave, and reads them.
func wantAfterCut(t *testing.T, what string, d *disk, log *redoLog) {
	t.Helper()
	name := withHead(t, tear(d.head, d.pendingHead, rand.Float64()))
	if d.named[rand.IntN(len(d.named))] {
		b := log.marshal()
		if !d.data && rand.IntN(2) == 0 {
			b = make([]byte, len(b))
		}
		put(t, redoOf(name), string(b))
	}
	file, err := os.Open(name)
	want(t, err, nil)
	defer file.Close()
	head, _, err := headOf(file, name, headSize)
	if err != nil || !bytes.Equal(head, log.old) && !bytes.Equal(head, log.new) {
		t.Errorf("%s: neither the old head nor the new one, %v", what, err)
	}
}

// TestForeignRedo has logs next to the file that others could have put there. They have no
// effect, not even on reading the file.
func TestForeignRedo(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to give files away")
	}
	old, new := heads()
	torn := tear(old, new, 0.5)
	log := string((&redoLog{old, new}).marshal())
	for what, make := range map[string]func(t *testing.T, name string){
		"somebody's":         func(t *testing.T, name string) { put(t, name, log); want(t, os.Chown(name, 12345, -1), nil) },
		"for the group":      func(t *testing.T, name string) { put(t, name, log); chmod(t, name, 0o664) },
		"for all":            func(t *testing.T, name string) { put(t, name, log); chmod(t, name, 0o646) },
		"link":               func(t *testing.T, name string) { put(t, name+"2", log); symlink(t, name+"2", name) },
		"hard link":          func(t *testing.T, name string) { put(t, name+"2", log); want(t, os.Link(name+"2", name), nil) },
		"folder":             func(t *testing.T, name string) { want(t, os.Mkdir(name, 0o755), nil) },
		"pipe":               func(t *testing.T, name string) { want(t, syscall.Mkfifo(name, 0o644), nil) },
		"nobody may read it": func(t *testing.T, name string) { put(t, name, log); give(t, name); chmod(t, name, 0) },
	} {
		t.Run(what, func(t *testing.T) {
			name := withHead(t, torn)
			make(t, redoOf(name))
			wantHead(t, name, torn, false)
			if repaired, err := RepairHead(name, related, nil); repaired || err != nil {
				t.Errorf("repaired %v, %v", repaired, err)
			}
			want(t, OverwriteHead(name, torn, new), ErrStrayRedo)
			wantBytes(t, name, torn)
		})
	}
}

// TestReadHeadInClosedFolder reads in folders that may only be searched, and that may not be.
func TestReadHeadInClosedFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to become somebody else")
	}
	old, new := heads()
	torn := tear(old, new, 0.5)
	name := withRedo(t, torn, &redoLog{old, new})
	file, err := os.Open(name)
	want(t, err, nil)
	defer file.Close()
	for directory := filepath.Dir(filepath.Dir(name)); strings.Contains(directory, t.Name()); directory = filepath.Dir(directory) {
		chmod(t, directory, 0o755)
	}
	for mode, wanted := range map[fs.FileMode][]byte{0o711: new, 0o700: nil} {
		chmod(t, filepath.Dir(name), mode)
		t.Run(mode.String(), func(t *testing.T) {
			unprivileged(t)
			if head, _, err := headOf(file, name, headSize); err != nil || !bytes.Equal(head, wanted) {
				t.Errorf("%d bytes, %v", len(head), err)
			}
		})
	}
}

// TestRedoOfTwoNames has a log whose writer was stopped before it removed the temporary name.
func TestRedoOfTwoNames(t *testing.T) {
	old, new := heads()
	name := withRedo(t, old, &redoLog{old, new})
	want(t, os.Link(redoOf(name), filepath.Join(filepath.Dir(name), tempName("f.pqe"))), nil)
	wantHead(t, name, old, false)
	repaired, err := RepairHead(name, related, nil)
	if !repaired || err != nil {
		t.Errorf("repaired %v, %v", repaired, err)
	}
	wantBytes(t, name, old)
	wantFiles(t, filepath.Dir(name), "f.pqe")
}

// TestRedoAccess gives the log to the owner of the file, and to its readers.
func TestRedoAccess(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to give files away")
	}
	old, new := heads()
	for mode, wanted := range map[fs.FileMode]fs.FileMode{0o644: 0o644, 0o600: 0o600, 0o664: 0o644, 0o640: 0o640, 0o200: 0o600, 0o777: 0o644} {
		name := withHead(t, old)
		want(t, os.Chown(name, 12345, 23456), nil)
		chmod(t, name, mode)
		umask(t, 0o077)
		h, err := openHead(name)
		want(t, err, nil)
		want(t, h.writeRedo(&redoLog{old, new}), nil)
		h.close()
		wantMode(t, redoOf(name), wanted)
		if got := owners(t, redoOf(name)); got != [2]uint32{12345, 23456} {
			t.Errorf("owners %v", got)
		}
		wantHead(t, name, old, false)
	}
}

// TestHeadOfOthers refuses to change a file in place whose owner could not be that of the log.
func TestHeadOfOthers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to give files away")
	}
	old, new := heads()
	directory := openDirectory(t)
	name := filepath.Join(directory, "f.pqe")
	put(t, name, string(old)+headBody)
	chmod(t, name, 0o666)
	unprivileged(t)
	want(t, OverwriteHead(name, old, new), ErrNotInPlace)
	wantBytes(t, name, old)
	wantFiles(t, directory, "f.pqe")
}

// TestHeadInFolderOfOthers refuses where no log can be made.
func TestHeadInFolderOfOthers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to give files away")
	}
	old, new := heads()
	name := withHead(t, old)
	want(t, os.Chown(name, 65534, -1), nil)
	for directory := filepath.Dir(name); strings.Contains(directory, t.Name()); directory = filepath.Dir(directory) {
		chmod(t, directory, 0o755)
	}
	unprivileged(t)
	want(t, OverwriteHead(name, old, new), fs.ErrPermission)
	wantBytes(t, name, old)
}

// TestHeadOnFullDisk has no room for the log.
func TestHeadOnFullDisk(t *testing.T) {
	old, new := heads()
	directory := smallDisk(t)
	name := filepath.Join(directory, "f.pqe")
	put(t, name, string(old)+headBody)
	filler, err := os.Create(filepath.Join(directory, "filler"))
	want(t, err, nil)
	for err == nil {
		_, err = filler.Write(make([]byte, 4096))
	}
	filler.Close()
	want(t, OverwriteHead(name, old, new), syscall.ENOSPC)
	wantBytes(t, name, old)
	wantFiles(t, directory, "f.pqe", "filler")
}
