// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const headSize = 3 * headUnit

// headBody is what follows the heads of the tests.
const headBody = "the body, which nobody touches"

// heads returns an old and a new head, of which the first and the tenth block are the same.
func heads() (old, new []byte) {
	r := rand.NewChaCha8([32]byte{7})
	old, new = make([]byte, headSize), make([]byte, headSize)
	r.Read(old)
	r.Read(new)
	for _, block := range []int{0, 9} {
		copy(new[block*tearUnit:(block+1)*tearUnit], old[block*tearUnit:])
	}
	return old, new
}

// tear returns a head of which each block is by chance the old or the new one. With share 0
// it is all old, with 1 all new.
func tear(old, new []byte, share float64) []byte {
	torn := slices.Clone(old)
	for i := 0; i < len(torn); i += tearUnit {
		if rand.Float64() < share {
			copy(torn[i:i+tearUnit], new[i:])
		}
	}
	return torn
}

// related is a Related of the tests: heads are of one file if they have the same start.
func related(old, new []byte) bool { return bytes.Equal(old[:80], new[:80]) }

// headOf reads the head of an open file, for callers that cannot verify heads.
func headOf(file *os.File, name string, size int) (head []byte, torn bool, err error) {
	head, completed, err := ReadHead(file, name, size, related)
	if completed != nil {
		return completed, true, err
	}
	return head, false, err
}

// withHead makes a file of that head in a folder of its own.
func withHead(t *testing.T, head []byte) (name string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "f.pqe")
	put(t, name, string(head)+headBody)
	return name
}

func redoOf(name string) string {
	return filepath.Join(filepath.Dir(name), redoName(filepath.Base(name)))
}

// withRedo makes the file and the log beside it.
func withRedo(t *testing.T, head []byte, log *redoLog) (name string) {
	t.Helper()
	name = withHead(t, head)
	put(t, redoOf(name), string(log.marshal()))
	return name
}

func wantHead(t *testing.T, name string, want []byte, wantTorn bool) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	head, torn, err := headOf(file, name, headSize)
	if err != nil || torn != wantTorn || !bytes.Equal(head, want) {
		t.Errorf("torn %v, want %v; the same %v, %v", torn, wantTorn, bytes.Equal(head, want), err)
	}
	if at, _ := file.Seek(0, 1); at != 0 {
		t.Errorf("the file is read from %d", at)
	}
}

func wantBytes(t *testing.T, name string, head []byte) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || string(got) != string(head)+headBody {
		t.Errorf("%d bytes, %v, not what they should be", len(got), err)
	}
}

func TestOverwriteHead(t *testing.T) {
	old, new := heads()
	name := withHead(t, old)
	before, err := os.Stat(name)
	want(t, err, nil)
	want(t, OverwriteHead(name, old, new), nil)
	wantBytes(t, name, new)
	wantFiles(t, filepath.Dir(name), "f.pqe")
	if after, err := os.Stat(name); err != nil || !os.SameFile(before, after) || after.Mode() != before.Mode() {
		t.Error("it is another file", err)
	}
	wantHead(t, name, new, false)
	want(t, OverwriteHead(name, old, new), ErrHeadChanged)
	want(t, OverwriteHead(name, new, old), nil)
	wantBytes(t, name, old)
}

// TestTornHead reads and repairs heads that are torn in every way.
func TestTornHead(t *testing.T) {
	old, new := heads()
	log := &redoLog{old, new}
	for i := range 300 {
		torn := tear(old, new, float64(i%11)/10)
		name := withRedo(t, torn, log)
		whole := new
		if bytes.Equal(torn, old) {
			whole = old
		}
		wantHead(t, name, whole, !bytes.Equal(torn, whole))
		wantBytes(t, name, torn) // readers write nothing
		wantFiles(t, filepath.Dir(name), filepath.Base(redoOf(name)), "f.pqe")
		repaired, err := RepairHead(name, related, nil)
		if !repaired || err != nil {
			t.Fatalf("repaired %v, %v", repaired, err)
		}
		wantBytes(t, name, whole)
		wantHead(t, name, whole, false)
		wantFiles(t, filepath.Dir(name), "f.pqe")
		if repaired, err := RepairHead(name, related, nil); repaired || err != nil {
			t.Errorf("repaired again: %v, %v", repaired, err)
		}
	}
}

// TestTornByOneBlock tries all heads that are torn in a single block.
func TestTornByOneBlock(t *testing.T) {
	old, new := heads()
	log := &redoLog{old, new}
	for i := 0; i < headSize; i += tearUnit {
		for _, pair := range [][2][]byte{{old, new}, {new, old}} {
			torn := slices.Clone(pair[0])
			copy(torn[i:i+tearUnit], pair[1][i:])
			if whole := log.whole(torn); !bytes.Equal(whole, new) && !bytes.Equal(torn, old) {
				t.Errorf("block %d: not the new head", i/tearUnit)
			}
			if torn[i]++; log.whole(torn) != nil {
				t.Errorf("block %d is of neither head, and the log applies", i/tearUnit)
			}
		}
	}
}

// TestOverwriteTornHead overwrites a head again that was torn and repaired.
func TestOverwriteTornHead(t *testing.T) {
	old, new := heads()
	newest := bytes.Repeat([]byte("n"), headSize)
	for _, share := range []float64{0, 0.5, 1} {
		torn := tear(old, new, share)
		name := withRedo(t, torn, &redoLog{old, new})
		whole := new
		if share == 0 {
			whole = old
		}
		if share == 0.5 {
			want(t, OverwriteHead(name, whole, newest), ErrHeadChanged)
		} else {
			want(t, OverwriteHead(name, whole, newest), ErrStrayRedo)
		}
		wantBytes(t, name, torn)
		_, err := RepairHead(name, related, nil)
		want(t, err, nil)
		want(t, OverwriteHead(name, whole, newest), nil)
		wantBytes(t, name, newest)
		wantFiles(t, filepath.Dir(name), "f.pqe")
	}
}

// TestStrayRedo has logs that are not about the file: they change nothing.
func TestStrayRedo(t *testing.T) {
	old, new := heads()
	good := (&redoLog{old, new}).marshal()
	other := bytes.Repeat([]byte("o"), headSize)
	damaged := slices.Clone(good)
	damaged[redoFixed+headSize+100]++
	unknown := slices.Clone(good)
	unknown[11] = 2
	torn := tear(old, new, 0.5)
	for what, log := range map[string][]byte{
		"empty": nil, "zeros": make([]byte, len(good)), "cut": good[:len(good)-1], "longer": append(slices.Clone(good), 0),
		"damaged": damaged, "of another version": unknown, "too large": make([]byte, redoSize(MaxHead)+1),
		"of another file":          (&redoLog{other, new}).marshal(),
		"of an earlier state":      (&redoLog{other, old}).marshal(),
		"of another length":        (&redoLog{old[:headUnit], new[:headUnit]}).marshal(),
		"of more than the file":    (&redoLog{bytes.Repeat(old, 2), bytes.Repeat(new, 2)}).marshal(),
		"of an unaligned length":   (&redoLog{old[:tearUnit], new[:tearUnit]}).marshal(),
		"of two different lengths": (&redoLog{old, new[:headUnit]}).marshal(),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			if what == "of another length" { // it would be about this file
				torn := slices.Clone(torn)
				torn[0]++
				name := withHead(t, torn)
				put(t, redoOf(name), string(log))
				wantHead(t, name, torn, false)
				return
			}
			name := withHead(t, torn)
			put(t, redoOf(name), string(log))
			wantHead(t, name, torn, false)
			repaired, err := RepairHead(name, related, nil)
			if repaired || err != nil {
				t.Errorf("repaired %v, %v", repaired, err)
			}
			want(t, OverwriteHead(name, torn, new), ErrStrayRedo)
			wantBytes(t, name, torn)
			wantContent(t, redoOf(name), string(log)) // it may be that of a file which was moved
		})
	}
}

func TestParseRedo(t *testing.T) {
	old, new := heads()
	b := (&redoLog{old, new}).marshal()
	if r := parseRedo(b); r == nil || !bytes.Equal(r.old, old) || !bytes.Equal(r.new, new) {
		t.Fatal("not what was marshaled")
	}
	for range 2000 {
		bad := slices.Clone(b)
		bad[rand.IntN(len(bad))] ^= 1 << rand.IntN(8)
		if parseRedo(bad) != nil || parseRedo(bad[:rand.IntN(len(bad))]) != nil {
			t.Fatal("a damaged log is one")
		}
	}
}

// TestNotInPlace refuses before anything happens.
func TestNotInPlace(t *testing.T) {
	old, new := heads()
	directory := t.TempDir()
	in := func(base string) string { return filepath.Join(directory, base) }
	for base := range map[string]bool{"file": true, "read-only": true, "linked": true, "short": true} {
		put(t, in(base), string(old)+headBody)
	}
	want(t, os.Chmod(in("read-only"), 0o444), nil)
	if err := os.Link(in("linked"), in("link")); err != nil {
		t.Skip(err)
	}
	want(t, os.Truncate(in("short"), headSize-1), nil)
	want(t, os.Mkdir(in("folder"), 0o755), nil)
	for base, wanted := range map[string]error{
		"none": fs.ErrNotExist, "read-only": fs.ErrPermission, "linked": ErrNotInPlace, "link": ErrNotInPlace,
		"short": ErrHeadChanged, "folder": errDirectory,
	} {
		before, _ := os.ReadFile(in(base))
		err := OverwriteHead(in(base), old, new)
		if !errors.Is(err, wanted) || !strings.Contains(err.Error(), in(base)) || errors.Is(err, ErrTorn) {
			t.Errorf("%s: %v, want %v", base, err, wanted)
		}
		if after, _ := os.ReadFile(in(base)); !bytes.Equal(before, after) {
			t.Errorf("%s was changed", base)
		}
	}
	for _, length := range []int{0, 1, headUnit - 1, headUnit + tearUnit, MaxHead + headUnit} {
		want(t, OverwriteHead(in("file"), make([]byte, length), make([]byte, length)), errLength)
	}
	want(t, OverwriteHead(in("file"), old, new[:headUnit]), errLength)
	wantFiles(t, directory, "file", "folder", "link", "linked", "read-only", "short")
}

func TestHeadInUse(t *testing.T) {
	old, new := heads()
	name := withRedo(t, tear(old, new, 0.5), &redoLog{old, new})
	h, err := openHead(name)
	want(t, err, nil)
	want(t, OverwriteHead(name, old, new), ErrInUse)
	_, err = RepairHead(name, related, nil)
	want(t, err, ErrInUse)
	wantHead(t, name, new, true) // readers need no lock
	h.close()
	_, err = RepairHead(name, related, nil)
	want(t, err, nil)
}

// TestHeadThroughLink has the log beside the file, and not beside the link.
func TestHeadThroughLink(t *testing.T) {
	old, new := heads()
	torn := tear(old, new, 0.5)
	name := withRedo(t, torn, &redoLog{old, new})
	link := filepath.Join(t.TempDir(), "other name")
	if err := os.Symlink(name, link); err != nil {
		t.Skip(err)
	}
	wantHead(t, link, new, true)
	if repaired, err := RepairHead(link, related, nil); !repaired || err != nil {
		t.Errorf("repaired %v, %v", repaired, err)
	}
	want(t, OverwriteHead(link, new, old), nil)
	wantBytes(t, name, old)
	wantFiles(t, filepath.Dir(name), "f.pqe")
	wantFiles(t, filepath.Dir(link), "other name")
}

// TestReadHeadOf is for what has no head, or no name.
func TestReadHeadOf(t *testing.T) {
	old, _ := heads()
	name := withHead(t, old)
	file, err := os.Open(name)
	want(t, err, nil)
	defer file.Close()
	for _, size := range []int{0, -headUnit, 1, headSize + headUnit, MaxHead + headUnit} {
		if head, torn, err := headOf(file, name, size); head != nil || torn || err != nil {
			t.Errorf("%d bytes: %d, %v, %v", size, len(head), torn, err)
		}
	}
	want(t, os.Rename(name, name+"2"), nil)
	if head, torn, err := headOf(file, name, headSize); head != nil || torn || err != nil {
		t.Errorf("moved: %d, %v, %v", len(head), torn, err)
	}
	head, completed, err := ReadHeadIn(rootOf(t, filepath.Dir(name)), "f.pqe2", file, headSize, related)
	if !bytes.Equal(head, old) || completed != nil || err != nil {
		t.Errorf("in the folder: %v, %v", completed != nil, err)
	}
}

// TestLongNameOfRedo finds the log of a name that has no room for a suffix.
func TestLongNameOfRedo(t *testing.T) {
	old, new := heads()
	directory := t.TempDir()
	name := filepath.Join(directory, strings.Repeat("n", 255))
	put(t, name, string(tear(old, new, 0.5))+headBody)
	put(t, redoOf(name), string((&redoLog{old, new}).marshal()))
	wantHead(t, name, new, true)
	_, err := RepairHead(name, related, nil)
	want(t, err, nil)
	want(t, OverwriteHead(name, new, old), nil)
	wantBytes(t, name, old)
}

// TestRedoName has the names that docs/redo-log.md gives to logs.
func TestRedoName(t *testing.T) {
	n := func(n int) string { return strings.Repeat("n", n) }
	for base, kept := range map[string]string{
		n(96): n(96), n(97): n(96),
		n(95) + "é": n(95), n(94) + "é" + n(10): n(94) + "é",
		n(93) + "𝄞": n(93), n(92) + "𝄞n": n(92) + "𝄞",
		n(90) + strings.Repeat("\x80", 10): n(89), // not UTF-8: all continuation bytes are cut
		strings.Repeat("\xbf", 97):         "",
		n(95) + "\xff\xff":                 n(95) + "\xff", // no continuation byte
	} {
		want := "." + kept + ".pqenc-redo"
		if len(base) > 96 {
			sum := sha256.Sum256([]byte(base))
			want = "." + kept + "." + hex.EncodeToString(sum[:8]) + ".pqenc-redo"
		}
		if got := redoName(base); got != want {
			t.Errorf("%q: %q, not %q", base, got, want)
		}
	}
}

// TestUnrelatedRedo has a log whose heads are not those of one file.
func TestUnrelatedRedo(t *testing.T) {
	old, new := heads()
	new[79]++
	name := withRedo(t, tear(old, new, 0.5), &redoLog{old, new})
	before, err := os.ReadFile(name)
	want(t, err, nil)
	wantHead(t, name, before[:headSize], false)
	repaired, err := RepairHead(name, related, nil)
	if repaired || err != nil {
		t.Errorf("repaired %v, %v", repaired, err)
	}
	wantBytes(t, name, before[:headSize])
	wantFiles(t, filepath.Dir(name), filepath.Base(redoOf(name)), "f.pqe")
}

// TestChooseHead repairs with a choice that knows a good head.
func TestChooseHead(t *testing.T) {
	old, new := heads()
	torn := tear(old, new, 0.5)
	for i, wanted := range [][]byte{torn, old, new} {
		name := withRedo(t, torn, &redoLog{old, new})
		repaired, err := RepairHead(name, related, func(disk, old, new []byte) ([]byte, error) {
			return [][]byte{disk, old, new}[i], nil
		})
		if !repaired || err != nil {
			t.Errorf("repaired %v, %v", repaired, err)
		}
		wantBytes(t, name, wanted)
		wantFiles(t, filepath.Dir(name), "f.pqe")
	}
	name := withRedo(t, torn, &redoLog{old, new})
	none := errors.New("none")
	repaired, err := RepairHead(name, related, func(disk, old, new []byte) ([]byte, error) { return nil, none })
	if repaired {
		t.Error("repaired")
	}
	want(t, err, none)
	wantBytes(t, name, torn)
	wantFiles(t, filepath.Dir(name), filepath.Base(redoOf(name)), "f.pqe")
}

// TestReadHeadMeanwhile reads while heads are overwritten, again and again.
func TestReadHeadMeanwhile(t *testing.T) {
	long(t)
	old, new := heads()
	name := withHead(t, old)
	done := make(chan error)
	go func() {
		from, to := old, new
		for range 100 {
			if err := OverwriteHead(name, from, to); err != nil {
				done <- err
				return
			}
			from, to = to, from
		}
		close(done)
	}()
	file, err := os.Open(name)
	want(t, err, nil)
	defer file.Close()
	for reads := 0; ; reads++ {
		select {
		case err := <-done:
			want(t, err, nil)
			if reads == 0 {
				t.Error("nothing was read")
			}
			return
		default:
		}
		head, _, err := headOf(file, name, headSize)
		if err != nil || !bytes.Equal(head, old) && !bytes.Equal(head, new) {
			t.Fatalf("read %d: neither the old head nor the new one, %v", reads, err)
		}
	}
}
