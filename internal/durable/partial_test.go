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
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const partName, stateName = ".out.pqenc-part", ".out.pqenc-state"

func resume(t *testing.T, name string) *Partial {
	t.Helper()
	p, err := OpenPartial(name, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// want checks the error of a call.
func want(t *testing.T, err, wanted error) {
	t.Helper()
	if !errors.Is(err, wanted) || err != nil && wanted == nil {
		t.Fatalf("%v, want %v", err, wanted)
	}
}

func writePartial(t *testing.T, p *Partial, content string) {
	t.Helper()
	if n, err := p.Write([]byte(content)); n != len(content) || err != nil {
		t.Fatalf("wrote %d bytes, %v", n, err)
	}
}

func wantState(t *testing.T, p *Partial, state string, length int64) {
	t.Helper()
	got, n := p.State()
	if string(got) != state || n != length || (got == nil) != (state == "") {
		t.Fatalf("state %q of %d bytes, want %q of %d", got, n, state, length)
	}
}

// starting is held while a child is started in parallel with other tests. Until the child
// has called exec it has all files of this process, and so their locks, even if they are
// closed here.
var starting sync.RWMutex

// leave makes an output of which the first 4 bytes are saved.
func leave(t *testing.T, name string) {
	t.Helper()
	starting.RLock()
	defer starting.RUnlock()
	p := resume(t, name)
	wantState(t, p, "", 0)
	want(t, p.Begin(0), nil)
	writePartial(t, p, "the ")
	want(t, p.Save([]byte("four"), 4), nil)
	writePartial(t, p, "rest, which is not saved")
	want(t, p.Close(), nil)
}

func TestPartialInOneGo(t *testing.T) {
	for _, exists := range []bool{false, true} {
		for _, content := range []string{"", fresh, strings.Repeat(fresh, 100000)} {
			name := filepath.Join(t.TempDir(), "out")
			if exists {
				put(t, name, old)
			}
			p := resume(t, name)
			want(t, p.Begin(0), nil)
			writePartial(t, p, content)
			if exists {
				wantContent(t, name, old)
				wantFiles(t, filepath.Dir(name), partName, stateName, "out")
			} else {
				wantFiles(t, filepath.Dir(name), partName, stateName)
			}
			want(t, p.Commit(), nil)
			wantContent(t, name, content)
			wantFiles(t, filepath.Dir(name), "out")
			want(t, p.Close(), nil)
			want(t, p.Remove(), nil)
			wantContent(t, name, content)
		}
	}
}

func TestPartialGoesOn(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	put(t, name, old)
	leave(t, name)
	wantContent(t, name, old)
	wantFiles(t, filepath.Dir(name), partName, stateName, "out")

	p := resume(t, name)
	wantState(t, p, "four", 4)
	want(t, p.Begin(4), nil)
	writePartial(t, p, "new ")
	want(t, p.Save([]byte("eight"), 8), nil)
	want(t, p.Save(nil, 8), nil)
	want(t, p.Save([]byte("still eight"), 8), nil)
	want(t, p.Close(), nil)

	p = resume(t, name)
	wantState(t, p, "still eight", 8)
	want(t, p.Begin(8), nil)
	writePartial(t, p, "content\n")
	wantContent(t, name, old)
	want(t, p.Commit(), nil)
	wantContent(t, name, fresh)
	wantFiles(t, filepath.Dir(name), "out")
	wantState(t, resume(t, name), "", 0)
}

// TestPartialStartsOver discards a state with the content that it is about.
func TestPartialStartsOver(t *testing.T) {
	for _, offset := range []int64{0, 3} {
		name := filepath.Join(t.TempDir(), "out")
		leave(t, name)
		p := resume(t, name)
		want(t, p.Begin(offset), nil)
		wantState(t, p, "", 0)
		writePartial(t, p, "something else, and long")
		// As after a kill: the state of old must not be about the new content.
		want(t, p.journal.file.Close(), nil)
		p = resume(t, name)
		wantState(t, p, "", 0)
		want(t, p.Close(), nil)
		wantFiles(t, filepath.Dir(name))
	}
}

// TestPartialBeginsAgain tries again in the same process.
func TestPartialBeginsAgain(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	leave(t, name)
	p := resume(t, name)
	for _, offset := range []int64{4, 4, 0, 0} {
		want(t, p.Begin(offset), nil)
		writePartial(t, p, "xyz")
	}
	want(t, p.Save([]byte("three"), 3), nil)
	writePartial(t, p, "more")
	want(t, p.Begin(3), nil)
	writePartial(t, p, "!")
	want(t, p.Commit(), nil)
	wantContent(t, name, "xyz!")
}

// TestPartialUnused closes a Partial that was not begun: nothing changes, also after the
// mark.
func TestPartialUnused(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	leave(t, name)
	part := filepath.Join(filepath.Dir(name), partName)
	put(t, part, "1234more")
	p := resume(t, name)
	want(t, p.Close(), nil)
	wantContent(t, part, "1234more")
}

func TestPartialNotAsItShouldBe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	p := resume(t, name)
	_, err := p.Write([]byte("x"))
	want(t, err, errNotBegun)
	want(t, p.Save(nil, 0), errNotBegun)
	want(t, p.Commit(), errNotBegun)
	want(t, p.Begin(1), errLength)
	want(t, p.Begin(-1), errLength)
	want(t, p.Begin(0), nil)
	writePartial(t, p, "1234")
	want(t, p.Save(nil, 5), errLength)
	want(t, p.Save(nil, -1), errLength)
	want(t, p.Save(make([]byte, MaxState+1), 4), errState)
	wantState(t, p, "", 0)
	longest := strings.Repeat("s", MaxState)
	want(t, p.Save([]byte(longest), 4), nil)
	want(t, p.Save([]byte(longest[1:]), 3), nil)
	want(t, p.Begin(4), errLength)
	want(t, p.Close(), nil)

	_, err = p.Write([]byte("x"))
	want(t, err, ErrAborted)
	want(t, p.Begin(0), ErrAborted)
	want(t, p.Save(nil, 0), ErrAborted)
	want(t, p.Commit(), ErrAborted)
	want(t, p.Close(), nil)
	want(t, p.Remove(), nil)
	p = resume(t, name)
	wantState(t, p, longest[1:], 3)
	want(t, p.Remove(), nil)
	want(t, p.Commit(), ErrAborted)
	wantFiles(t, filepath.Dir(name))
}

// TestPartialLeavesNothing closes outputs that cannot be continued.
func TestPartialLeavesNothing(t *testing.T) {
	for i, end := range []func(*Partial) error{(*Partial).Close, (*Partial).Remove} {
		name := filepath.Join(t.TempDir(), "out")
		for range 2 {
			p := resume(t, name)
			want(t, end(p), nil)
			wantFiles(t, filepath.Dir(name))
			p = resume(t, name)
			want(t, p.Begin(0), nil)
			writePartial(t, p, fresh)
			want(t, end(p), nil)
			wantFiles(t, filepath.Dir(name))
		}
		if leave(t, name); i == 1 {
			want(t, resume(t, name).Remove(), nil)
			wantFiles(t, filepath.Dir(name))
		}
	}
}

// TestPartialInUse has one winner, and the next one after it.
func TestPartialInUse(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	leave(t, name)
	p := resume(t, name)
	for _, other := range []string{name, filepath.Join(filepath.Dir(name), ".", "out")} {
		_, err := OpenPartial(other, Options{})
		want(t, err, ErrInUse)
		if !strings.Contains(err.Error(), other) || strings.Contains(err.Error(), "pqenc-") {
			t.Errorf("the error does not name the file: %v", err)
		}
	}
	wantState(t, p, "four", 4)
	resume(t, name+"2")
	want(t, p.Close(), nil)
	p = resume(t, name)
	want(t, p.Begin(4), nil)
	want(t, p.Commit(), nil)
	resume(t, name)
}

// TestPartialRace opens and ends one output from many goroutines. Whoever has it
// open has it alone, whatever the others remove or rename under the same names.
func TestPartialRace(t *testing.T) {
	long(t)
	name := filepath.Join(t.TempDir(), "out")
	var all sync.WaitGroup
	var inside sync.Mutex
	for i := range 4 {
		all.Go(func() {
			content := strings.Repeat(fmt.Sprint(i), 100+i)
			for round := 0; round < 20; {
				p, err := OpenPartial(name, Options{})
				if errors.Is(err, ErrInUse) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if !inside.TryLock() {
					t.Error("two have it open")
					return
				}
				round++
				err = p.Begin(0)
				p.Write([]byte(content))
				inside.Unlock()
				switch round % 3 {
				case 0:
					err = errors.Join(err, p.Close())
				case 1:
					err = errors.Join(err, p.Commit())
				case 2:
					err = errors.Join(err, p.Save([]byte("state"), 100), p.Close())
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got, err := os.ReadFile(name)
	if err != nil || len(got) < 100 || len(got) != 100+int(got[0]-'0') || !bytes.Equal(got, bytes.Repeat(got[:1], len(got))) {
		t.Errorf("content %q, %v", got, err)
	}
}

// TestTornState changes and cuts what two saves left: it is the second state, or
// the first, or none.
func TestTornState(t *testing.T) {
	long(t)
	name := filepath.Join(t.TempDir(), "out")
	p := resume(t, name)
	want(t, p.Begin(0), nil)
	writePartial(t, p, "1234")
	want(t, p.Save([]byte("two"), 2), nil)
	want(t, p.Save([]byte("four"), 4), nil)
	want(t, p.Close(), nil)
	stateFile := filepath.Join(filepath.Dir(name), stateName)
	good, err := os.ReadFile(stateFile)
	want(t, err, nil)
	good = good[:largeSlot+recordHeader+4+32] // what follows is reserved
	restore := func() {
		want(t, os.WriteFile(filepath.Join(filepath.Dir(name), partName), []byte("1234"), 0o600), nil)
		want(t, os.WriteFile(stateFile, nil, 0o600), nil)
		overwrite(t, stateFile, 0, good[:recordHeader+3+32])
		overwrite(t, stateFile, largeSlot, good[largeSlot:])
	}
	const record = recordHeader + 3 + 32 // the first one
	for at := range len(good) {
		if at == record {
			at = largeSlot - 1
		} else if at > record && at < largeSlot {
			continue
		}
		overwrite(t, stateFile, int64(at), []byte{good[at] ^ 0x10})
		if at < largeSlot {
			wantNext(t, name, "four", 4)
		} else {
			wantNext(t, name, "two", 2)
		}
		want(t, os.Truncate(stateFile, int64(at)), nil)
		if at < record {
			wantNext(t, name, "", 0)
		} else {
			wantNext(t, name, "two", 2)
		}
		restore()
	}
	wantNext(t, name, "four", 4)
	// A part that lacks what the state is about.
	want(t, os.Truncate(filepath.Join(filepath.Dir(name), partName), 3), nil)
	wantNext(t, name, "", 0)
	restore()
	overwrite(t, stateFile, 0, bytes.Repeat([]byte("garbage"), 2000000))
	wantNext(t, name, "", 0)
}

// overwrite changes a part of a file.
func overwrite(t *testing.T, name string, at int64, b []byte) {
	t.Helper()
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteAt(b, at)
	want(t, errors.Join(err, file.Close()), nil)
}

// wantNext is what the next process finds, which then ends at once.
func wantNext(t *testing.T, name, state string, length int64) {
	t.Helper()
	starting.RLock()
	defer starting.RUnlock()
	p := resume(t, name)
	wantState(t, p, state, length)
	p.file.Close()
	p.journal.file.Close()
}

// TestDisbelievedState has a state that is about more than there is. It must not count later,
// when there is as much of other content.
func TestDisbelievedState(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	leave(t, name)
	p := resume(t, name)
	want(t, p.Begin(4), nil)
	for range 3 { // both records, and newer than what comes
		want(t, p.Save([]byte("still four"), 4), nil)
	}
	want(t, p.Close(), nil)
	want(t, os.Remove(filepath.Join(filepath.Dir(name), partName)), nil)
	p = resume(t, name)
	wantState(t, p, "", 0)
	want(t, p.Begin(0), nil)
	writePartial(t, p, "something else")
	want(t, p.Save([]byte("one"), 1), nil)
	want(t, p.Close(), nil)
	wantNext(t, name, "one", 1)
}

// TestSaveFails keeps the state from before.
func TestSaveFails(t *testing.T) {
	for what, file := range map[string]func(p *Partial) **os.File{
		"sync":  func(p *Partial) **os.File { return &p.file },
		"state": func(p *Partial) **os.File { return &p.journal.file },
	} {
		t.Run(what, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "out")
			put(t, name, old)
			leave(t, name)
			p := resume(t, name)
			want(t, p.Begin(4), nil)
			writePartial(t, p, "new ")
			good := *file(p)
			*file(p) = closedFile(t)
			err := p.Save([]byte("eight"), 8)
			*file(p) = good
			want(t, err, os.ErrClosed)
			if !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "pqenc-") {
				t.Errorf("the error does not name the file: %v", err)
			}
			if what == "sync" {
				_, err := p.Write([]byte("x"))
				want(t, err, os.ErrClosed)
				want(t, p.Commit(), os.ErrClosed)
			}
			p.Close()
			wantContent(t, name, old)
			wantNext(t, name, "four", 4)
		})
	}
}

func closedFile(t *testing.T) *os.File {
	t.Helper()
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	want(t, file.Close(), nil)
	return file
}

// TestPartialCommitFails keeps the part, and the old target.
func TestPartialCommitFails(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	leave(t, name)
	p := resume(t, name)
	want(t, p.Begin(4), nil)
	want(t, os.Mkdir(name, 0o755), nil)
	put(t, filepath.Join(name, "precious"), old)
	err := p.Commit()
	want(t, p.Commit(), ErrAborted)
	wantContent(t, filepath.Join(name, "precious"), old)
	wantFiles(t, filepath.Dir(name), partName, stateName, "out")
	wantKept(t, err, name, "the ")
}

// TestPartialSavesWhileWriting saves while another goroutine writes.
func TestPartialSavesWhileWriting(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	content := strings.Repeat(fresh, 1000)
	p := resume(t, name)
	want(t, p.Begin(0), nil)
	lengths := make(chan int64)
	saved := make(chan error)
	go func() {
		var all error
		for n := range lengths {
			all = errors.Join(all, p.Save(fmt.Append(nil, n), n))
		}
		saved <- all
	}()
	for n := 0; n < len(content); {
		m := min(1+rand.IntN(3000), len(content)-n)
		writePartial(t, p, content[n:n+m])
		n += m
		select {
		case lengths <- int64(n):
		default:
		}
	}
	lengths <- int64(len(content))
	close(lengths)
	want(t, <-saved, nil)
	want(t, p.Close(), nil)
	p = resume(t, name)
	wantState(t, p, fmt.Sprint(len(content)), int64(len(content)))
	want(t, p.Begin(int64(len(content))), nil)
	want(t, p.Commit(), nil)
	wantContent(t, name, content)
}

// TestPartialNames: each target has its own part.
func TestPartialNames(t *testing.T) {
	seen := make(map[string]string)
	long := strings.Repeat("n", 200)
	for _, base := range []string{"out", "out.pqe", long, long + "1", long + "2", long[:maxBase], strings.Repeat("ü", 100)} {
		stem := stemOf(base)
		if other, ok := seen[stem]; ok || len(stem+JournalSuffix) > 143 {
			t.Errorf("%q for %q and %q", stem, base, other)
		}
		seen[stem] = base
	}
}

func TestPartialRefusedNames(t *testing.T) {
	directory := t.TempDir()
	file := filepath.Join(directory, "file")
	put(t, file, old)
	slash := string(filepath.Separator)
	for _, name := range []string{
		"", ".", "..", directory, directory + slash, directory + slash + ".",
		filepath.Join(directory, "none") + slash, file + slash, filepath.Join(file, "below"),
	} {
		if p, err := OpenPartial(name, Options{}); err == nil {
			t.Errorf("OpenPartial(%q) succeeds", name)
			p.Remove()
		}
	}
	_, err := OpenPartial(filepath.Join(directory, "none", "out"), Options{})
	wantDirectoryError(t, err, filepath.Join(directory, "none"), fs.ErrNotExist)
	wantFiles(t, directory, "file")
}

// TestPartialRelativeName works in the current directory.
func TestPartialRelativeName(t *testing.T) {
	t.Chdir(t.TempDir())
	leave(t, "out")
	p := resume(t, "out")
	want(t, p.Begin(4), nil)
	want(t, p.Commit(), nil)
	wantContent(t, "out", "the ")
	wantFiles(t, ".", "out")
}
