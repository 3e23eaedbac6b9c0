// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package durable

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// partSize is the length of what the victim writes: numbers, each 8 bytes.
const partSize = 4 << 20

func numbers(from, to int64) (b []byte) {
	for i := from; i < to; i += 8 {
		b = binary.BigEndian.AppendUint64(b, uint64(i))
	}
	return b
}

// writePart resumes an output and saves again and again, with the length as the state. It
// prints a line each time, and never ends by itself.
func writePart(name string) error {
	p, err := OpenPartial(name, Options{})
	if err != nil {
		return err
	}
	state, length := p.State()
	if state != nil && string(state) != fmt.Sprint(length) {
		return fmt.Errorf("state %q of %d bytes", state, length)
	}
	if err := p.Begin(length); err != nil {
		return err
	}
	for {
		next := min(length+8*rand.Int64N(2000), partSize)
		if _, err := p.Write(numbers(length, next)); err != nil {
			return err
		}
		if err := p.Save(fmt.Append(nil, next), next); err != nil {
			return err
		}
		length = next
		fmt.Println(length)
	}
}

func victimState(name string) error {
	p, err := OpenPartial(name, Options{})
	if err != nil {
		return err
	}
	state, length := p.State()
	fmt.Printf("%s %d\n", state, length)
	return p.Close()
}

func victimSync(name string) error {
	p, err := OpenPartial(name, Options{})
	if err != nil {
		return err
	}
	if err := p.Begin(0); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	p.Write([]byte("1234"))
	if err := p.Save([]byte("four"), 4); err != nil {
		return fmt.Errorf("save 4: %w", err)
	}
	p.Write([]byte("5678"))
	failed := p.Save([]byte("eight"), 8)
	if failed == nil {
		return p.Commit()
	}
	fmt.Println(failed)
	if _, err := p.Write([]byte("9")); !errors.Is(err, failed) {
		return fmt.Errorf("write after a failed save: %w", err)
	}
	if err := p.Save([]byte("eight"), 8); !errors.Is(err, failed) {
		return fmt.Errorf("save after a failed save: %w", err)
	}
	if err := p.Prepare(nil); !errors.Is(err, failed) {
		return fmt.Errorf("prepare after a failed save: %w", err)
	}
	if state, length := p.State(); string(state) != "four" || length != 4 {
		return fmt.Errorf("state %q of %d bytes", state, length)
	}
	return p.Close()
}

// TestKillPartial kills process after process. Each resumes at the last save of the one
// before, and in the end the content is what one process would write.
func TestKillPartial(t *testing.T) {
	long(t)
	name := filepath.Join(t.TempDir(), "out")
	put(t, name, old)
	var before int64
	for range 10 {
		killAfter(t, 1+rand.IntN(30), "part", name)
		p := resume(t, name)
		state, length := p.State()
		if string(state) != fmt.Sprint(length) || length < before {
			t.Fatalf("state %q of %d bytes, after %d", state, length, before)
		}
		before = length
		part, err := os.ReadFile(filepath.Join(p.dir.Name(), p.part))
		if err != nil || !bytes.HasPrefix(part, numbers(0, length)) {
			t.Fatalf("the first %d bytes are not what was written: %v", length, err)
		}
		wantContent(t, name, old)
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	p := resume(t, name)
	if err := p.Begin(before); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write(numbers(before, partSize)); err != nil {
		t.Fatal(err)
	}
	if err := p.Commit(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(name)
	if err != nil || !bytes.Equal(got, numbers(0, partSize)) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	wantFiles(t, filepath.Dir(name), "out")
}

// TestInUseByProcess has the lock in another process, and tries again when that has ended.
func TestInUseByProcess(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	cmd := child(t, "part", name)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	if _, err := OpenPartial(name, Options{}); !errors.Is(err, ErrInUse) {
		t.Error(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	cmd.Wait()
	if _, length := resume(t, name).State(); length == 0 {
		t.Error("nothing was saved")
	}
}
