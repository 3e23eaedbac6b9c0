// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestCopyFromFallsBack has the system refuse to share, and then to copy, for all the
// reasons that it may have. Other errors end it.
func TestCopyFromFallsBack(t *testing.T) {
	_, content := random(t, filepath.Join(t.TempDir(), "content"), 1<<20+17)
	for _, call := range []string{"ioctl", "copy_file_range"} {
		for _, test := range []struct {
			reason string
			falls  bool
		}{{"EOPNOTSUPP", true}, {"EXDEV", true}, {"EINVAL", true}, {"ENOSYS", true}, {"EIO", false}, {"ENOSPC", false}} {
			t.Run(call+" "+test.reason, func(t *testing.T) {
				t.Parallel()
				directory := t.TempDir()
				src, out := filepath.Join(directory, "src"), filepath.Join(directory, "out")
				put(t, src, string(content))
				put(t, out, old)
				said, hit, err := injected(t, call+":error="+test.reason, "copy", src, out)
				if hit != true || (err == nil) != test.falls {
					t.Errorf("hit %v, %v: %s", hit, err, said)
				}
				if test.falls {
					wantSameBytes(t, out, strings.Repeat("h", 4096)+string(content[4096:]))
				} else {
					wantContent(t, out, old)
				}
				wantFiles(t, directory, "out", "src")
			})
		}
	}
}

// TestCopyRangeEnds has the system claim in the middle that there is nothing more.
func TestCopyRangeEnds(t *testing.T) {
	directory := t.TempDir()
	src, out := filepath.Join(directory, "src"), filepath.Join(directory, "out")
	_, content := random(t, src, 1<<20+17)
	said, hit, err := injected(t, "copy_file_range:retval=0", "copy", src, out)
	if !hit || err != nil {
		t.Errorf("hit %v, %v: %s", hit, err, said)
	}
	wantSameBytes(t, out, strings.Repeat("h", 4096)+string(content[4096:]))
}

// xfs mounts a file system that shares blocks.
func xfs(t *testing.T, size int64, options ...string) (directory string) {
	t.Helper()
	tool(t, "mkfs.xfs")
	tool(t, "filefrag")
	base := t.TempDir()
	image, directory := filepath.Join(base, "image"), filepath.Join(base, "disk")
	put(t, image, "")
	want(t, os.Truncate(image, size), nil)
	want(t, os.Mkdir(directory, 0o755), nil)
	command(t, "mkfs.xfs", append(append([]string{"-q", "-m", "reflink=1"}, options...), image)...)
	command(t, "mount", "-o", "loop", image, directory)
	t.Cleanup(func() { command(t, "umount", directory) })
	return directory
}

var extentLine = regexp.MustCompile(`(?m)^ *\d+: *(\d+)\.\. *\d+: *(\d+)\.\. *\d+: *(\d+):`)

// blocks returns where on the disk the blocks of a file are, whose size in bytes is that
// given, by their number in the file.
func blocks(t *testing.T, name string, size int) map[int]int {
	t.Helper()
	out, err := exec.Command("filefrag", "-s", "-v", fmt.Sprint("-b", size), name).CombinedOutput()
	if err != nil {
		t.Skipf("filefrag: %v: %s", err, out)
	}
	at := make(map[int]int)
	for _, m := range extentLine.FindAllStringSubmatch(string(out), -1) {
		logical, _ := strconv.Atoi(m[1])
		physical, _ := strconv.Atoi(m[2])
		n, _ := strconv.Atoi(m[3])
		for i := range n {
			at[logical+i] = physical + i
		}
	}
	return at
}

// wantBody checks that the blocks of a file after its head are those that were.
func wantBody(t *testing.T, before, after map[int]int, head int) {
	t.Helper()
	same := 0
	for i, physical := range before {
		if i < head {
			continue
		}
		if after[i] != physical {
			t.Fatalf("block %d was at %d and is at %d", i, physical, after[i])
		}
		same++
	}
	if same == 0 || len(before) != len(after) {
		t.Errorf("%d blocks are the same, of %d and %d", same, len(before), len(after))
	}
}

// replaceHead writes a new file with another head and the body of the old one.
func replaceHead(t *testing.T, name string, head []byte) (shared bool) {
	t.Helper()
	src, err := os.Open(name)
	want(t, err, nil)
	defer src.Close()
	f := create(t, name)
	write(t, f, string(head))
	shared, err = f.CopyFrom(src, int64(len(head)), nil)
	want(t, err, nil)
	commit(t, f)
	return shared
}

// TestXFS shares the body of a file with the one that takes its place, and leaves it alone
// when the head is replaced in place.
func TestXFS(t *testing.T) {
	name := filepath.Join(xfs(t, 400<<20), "f.pqe")
	src, content := random(t, name, 20<<20+17)
	want(t, src.Sync(), nil)
	head := make([]byte, headSize)
	before := blocks(t, name, 4096)
	if !replaceHead(t, name, head) {
		t.Error("the blocks are not shared")
	}
	shared := blocks(t, name, 4096)
	wantBody(t, before, shared, headSize/4096)
	if shared[0] == before[0] {
		t.Error("the new file is the old one")
	}
	copy(content, head)
	wantSameBytes(t, name, string(content))
	if got, _ := os.ReadFile(src.Name()); len(got) != len(content) {
		t.Error("not the same length")
	}

	// In place, with blocks that are still shared with the file that was replaced.
	_, new := heads()
	want(t, OverwriteHead(name, head, new), nil)
	wantBody(t, shared, blocks(t, name, 4096), headSize/4096)
	copy(content, new)
	wantSameBytes(t, name, string(content))
}

// TestXFSBlocks has blocks of 64 KiB, where a body that begins at 4096 cannot be shared, and
// one that begins at 64 KiB can. Some systems cannot mount that.
func TestXFSBlocks(t *testing.T) {
	name := filepath.Join(xfs(t, 600<<20, "-b", "size=65536"), "f.pqe")
	src, content := random(t, name, 5<<20+17)
	want(t, src.Sync(), nil)
	for head, can := range map[int]bool{4096: false, 65536: true} {
		if shared := replaceHead(t, name, make([]byte, head)); shared != can {
			t.Errorf("head of %d bytes: shared %v", head, shared)
		}
		clear(content[:head])
		wantSameBytes(t, name, string(content))
	}
}

// TestExt4 has no blocks to share.
func TestExt4(t *testing.T) {
	tool(t, "mkfs.ext4")
	base := t.TempDir()
	image, directory := filepath.Join(base, "image"), filepath.Join(base, "disk")
	put(t, image, "")
	want(t, os.Truncate(image, 64<<20), nil)
	want(t, os.Mkdir(directory, 0o755), nil)
	command(t, "mkfs.ext4", "-q", "-F", image)
	command(t, "mount", "-o", "loop", image, directory)
	t.Cleanup(func() { command(t, "umount", directory) })
	name := filepath.Join(directory, "f.pqe")
	src, content := random(t, name, 5<<20+17)
	want(t, src.Sync(), nil)
	head, new := heads()
	before := blocks(t, name, 4096)
	want(t, OverwriteHead(name, content[:headSize], new), nil)
	wantBody(t, before, blocks(t, name, 4096), headSize/4096)
	if replaceHead(t, name, head) {
		t.Error("the blocks are shared")
	}
	copy(content, head)
	wantSameBytes(t, name, string(content))
}

// TestXFSPowerCut takes the disk away at each step of the overwriting, with what the system
// has not written yet: first nothing beyond what was synced is on it, then the file, then
// the folder.
func TestXFSPowerCut(t *testing.T) {
	long(t)
	tool(t, "xfs_io")
	old, _ := heads()
	for n := 1; ; n++ {
		hits := 0
		for _, early := range []string{"", "f.pqe", "."} {
			directory := xfs(t, 400<<20)
			image := filepath.Join(filepath.Dir(directory), "image")
			name := filepath.Join(directory, "f.pqe")
			put(t, name, string(old)+headBody)
			syscall.Sync()
			_, hit, _ := injected(t, fmt.Sprint("write,pwrite64,fsync,linkat,unlinkat:signal=KILL:when=", n), "head", name)
			if hit {
				hits++
			}
			if early != "" {
				file, err := os.Open(filepath.Join(directory, early))
				want(t, err, nil)
				want(t, file.Sync(), nil)
				file.Close()
			}
			command(t, "xfs_io", "-x", "-c", "shutdown", directory)
			command(t, "umount", directory)
			command(t, "mount", "-o", "loop", image, directory)
			wantAnyTear(t, fmt.Sprintf("cut at call %d, %q early", n, early), name)
		}
		if hits == 0 {
			if n == 1 {
				t.Error("it was never killed")
			}
			return
		}
	}
}
