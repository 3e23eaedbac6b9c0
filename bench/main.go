// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

// Command bench measures pqenc beside age and cp: whole commands on one file,
// taking turns, so that whatever else the machine does hits all of them. From
// the bench folder:
//
//	go run . -dir /dev/shm -size 2048 -rounds 5
//
// Times are medians. Memory is the largest maximum resident set. It is a module
// of its own so that users of pqenc do not get what it needs.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0)
	dir := flag.String("dir", os.TempDir(), "where the files go: memory-backed storage measures the commands, not the disk")
	size := flag.Int64("size", 2048, "size of the file in MiB")
	rounds := flag.Int("rounds", 5, "how often each command runs")
	flag.Parse()
	work, err := os.MkdirTemp(*dir, "pqenc-bench-")
	if err != nil {
		log.Fatal(err)
	}
	err = run(work, *size<<20, *rounds)
	if err := errors.Join(err, os.RemoveAll(work)); err != nil {
		log.Fatal(err)
	}
}

// task is a command under measurement.
type task struct {
	name   string
	args   []string
	stdout string // a file; empty: /dev/null

	times  []time.Duration
	memory int64 // KiB
}

func run(dir string, size int64, rounds int) error {
	if err := prepare(dir, size); err != nil {
		return err
	}
	tasks := []*task{
		{name: "age, encrypt to /dev/null", args: []string{"./age", "-R", "age.pub", "plain"}},
		{name: "pqenc, encrypt to /dev/null", args: []string{"./pqenc", "-r", "p.pub", "plain"}},
		{name: "pqenc, sign to /dev/null", args: []string{"./pqenc", "-r", "p.pub", "--sign", "p.key", "plain"}},
		{name: "cp", args: []string{"cp", "plain", "copy"}},
		{name: "age, encrypt to a file", args: []string{"./age", "-R", "age.pub", "plain"}, stdout: "age.age"},
		{name: "pqenc, encrypt to a file", args: []string{"./pqenc", "-r", "p.pub", "plain"}, stdout: "p.pqe"},
		{name: "pqenc, sign to a file", args: []string{"./pqenc", "-r", "p.pub", "--sign", "p.key", "plain"}, stdout: "copy"},
		{name: "age, decrypt to /dev/null", args: []string{"./age", "-d", "-i", "age.key", "age.age"}},
		{name: "pqenc, decrypt to /dev/null", args: []string{"./pqenc", "-d", "-i", "p.key", "p.pqe"}},
		{name: "pqenc, verify", args: []string{"./pqenc", "verify", "-i", "p.key", "--from", "p.pub", "s.pqe"}},
		{name: "age, decrypt to a file", args: []string{"./age", "-d", "-i", "age.key", "age.age"}, stdout: "copy"},
		{name: "pqenc, decrypt to a file", args: []string{"./pqenc", "-d", "-i", "p.key", "p.pqe"}, stdout: "copy"},
	}
	for range rounds {
		for _, t := range tasks {
			if err := t.run(dir); err != nil {
				return err
			}
		}
	}
	fmt.Printf("%d MiB, %d rounds, %d CPUs, %s/%s, %s\n\n", size>>20, rounds, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	for _, t := range tasks {
		slices.Sort(t.times)
		median := t.times[len(t.times)/2]
		fmt.Printf("%-28s %6.2f s  (%.2f to %.2f)  %5.2f GB/s  %6.1f MiB\n", t.name, median.Seconds(),
			t.times[0].Seconds(), t.times[len(t.times)-1].Seconds(), float64(size)/median.Seconds()/1e9, float64(t.memory)/1024)
	}
	return nil
}

// prepare builds the commands and makes the keys and the file.
func prepare(dir string, size int64) error {
	for _, path := range []string{"filippo.io/age/cmd/age", "filippo.io/age/cmd/age-keygen", "github.com/pqenc/pqenc/cmd/pqenc"} {
		if err := command(".", "go", "build", "-o", dir+"/", path); err != nil {
			return err
		}
	}
	if err := command(dir, "./age-keygen", "-pq", "-o", "age.key"); err != nil {
		return err
	}
	if err := command(dir, "./age-keygen", "-y", "-o", "age.pub", "age.key"); err != nil {
		return err
	}
	if err := command(dir, "./pqenc", "keygen", "-o", "p"); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, "plain"))
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, rand.NewChaCha8([32]byte{}), size)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return command(dir, "./pqenc", "-r", "p.pub", "--sign", "p.key", "-o", "s.pqe", "plain") // to verify
}

func command(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w\n%s", name, args, err, out)
	}
	return nil
}

func (t *task) run(dir string) error {
	stdout := os.DevNull
	if t.stdout != "" {
		stdout = filepath.Join(dir, t.stdout)
	}
	// Write-only, as a shell opens it: pqenc takes /dev/null that can be read for a closed output.
	out, err := os.OpenFile(stdout, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(t.args[0], t.args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, os.Stderr
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%v: %w", t.args, err)
	}
	t.times = append(t.times, time.Since(begin))
	memory := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	if runtime.GOOS == "darwin" {
		memory /= 1024 // there it is in bytes
	}
	t.memory = max(t.memory, int64(memory))
	return nil
}
