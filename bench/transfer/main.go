// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

// Command transfer measures pqenc push and pull, scp, and a bare TLS connection, in turns,
// all between processes of this machine. From the bench folder:
//
//	go run ./transfer -dir /dev/shm -size 2048 -rounds 5
//
// scp needs OpenSSH's server, which is started with keys and a configuration of
// its own on a free port of the loopback interface. Times are medians of whole
// commands, from start to exit. CPU is the processor time of the command and its server
// together (on Linux). Memory is the largest maximum resident set of the command. push
// encrypts on the way and pull decrypts, which scp does not: on two cores push cannot take
// less processor time than TLS and pqenc to /dev/null together, except for reading. The
// output of a command is removed before it runs.
//
// On a virtual machine that gives free memory back to its host, -hold keeps that many MiB.
// It should be more than seven times the size:
//
//	go run ./transfer -dir /dev/shm -hold 15000 -size 2048 -rounds 5
//
// Without scp, over a line of 1 Gbit/s with a round trip of 100 ms, and TLS over the same
// line (-line loopback is without a line):
//
//	go run ./transfer -dir /dev/shm -line 1Gbit/100ms -size 1024 -rounds 5
//
// And
//
//	go run ./transfer -dir /dev/shm -clients 100 -each 50
//
// runs that many clients at once, each of which pushes that many MB, and reports what the
// server needed.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/pqenc/pqenc/bench/internal/hold"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 && slices.Contains([]string{"send", "fetch", "hold", "line"}, os.Args[1]) {
		if err := part(os.Args[1], os.Args[2:]); err != nil {
			log.Fatal(err)
		}
		return
	}
	dir := flag.String("dir", os.TempDir(), "where the files go: memory-backed storage measures the commands, not the disk")
	size := flag.Int64("size", 2048, "size of the file in MiB")
	rounds := flag.Int("rounds", 5, "how often each command runs")
	mib := flag.Int("hold", 0, "hold so many MiB of free memory that the host of a virtual machine may not take back")
	clients := flag.Int("clients", 0, "so many clients at once instead")
	each := flag.Int64("each", 50, "what each of them pushes, in MB")
	far := flag.String("line", "", "measure over a line with a rate and a round-trip time, such as 1Gbit/100ms, or over loopback, without scp")
	flag.Parse()
	work, err := os.MkdirTemp(*dir, "pqenc-bench-")
	if err != nil {
		log.Fatal(err)
	}
	b := &bench{dir: work}
	if err = b.prepare(*mib); err == nil {
		switch {
		case *clients > 0:
			err = b.crowd(*clients, *each*1e6)
		case *far != "":
			err = b.overLine(*far, *size<<20, *rounds)
		default:
			err = b.compare(*size<<20, *rounds)
		}
	}
	b.stop()
	if err := errors.Join(err, os.RemoveAll(work)); err != nil {
		log.Fatal(err)
	}
}

// part runs another process of this command for the measurement.
func part(what string, args []string) error {
	switch what {
	case "hold":
		return hold.Run(args[0])
	case "fetch":
		return fetch(args[0], args[1])
	case "line":
		l, err := parseLine(args[0])
		if err != nil {
			return err
		}
		return l.serve(args[1], args[2])
	}
	return send(args[0], args[1])
}

// bench is a folder to work in, and the servers that run in it.
type bench struct {
	dir     string
	servers []*exec.Cmd
}

// task is a command to measure.
type task struct {
	name   string
	args   []string
	output string
	like   string // the file that the output must be the same as, or ""
	times  []time.Duration
	cpu    []time.Duration // of it and of its server; empty if unknown
	memory int64           // KiB
}

// compare runs all commands in turns on a file of that size.
func (b *bench) compare(size int64, rounds int) error {
	scp, err := b.startSSH()
	if err != nil {
		return err
	}
	ours, err := b.ours(size, nil)
	if err != nil {
		return err
	}
	return b.turns(append([]*task{
		{name: "cp", output: "copy", like: "plain", args: []string{"cp", "plain", "copy"}},
		{name: "scp", output: "copy", like: "plain", args: append(scp, "plain", "127.0.0.1:"+b.dir+"/copy")},
		{name: "scp, aes256-gcm", output: "copy", like: "plain", args: append(slices.Clone(scp), "-c", "aes256-gcm@openssh.com", "plain", "127.0.0.1:"+b.dir+"/copy")},
	}, ours...), size, rounds)
}

// ours makes a file of that size, and returns the tasks of pqenc and of the bare
// connection, over a line to each server if there is one. The bare one is the first of each
// direction.
func (b *bench) ours(size int64, line func(addr string) (string, error)) ([]*task, error) {
	if err := b.write("plain", size); err != nil {
		return nil, err
	}
	if err := b.command("./pqenc", "-r", "p.pub", "-o", "sealed.pqe", "plain"); err != nil {
		return nil, err
	}
	host, _, err := b.startServer("p.pub")
	if err != nil {
		return nil, err
	}
	taking, giving, err := b.startTLS("plain")
	if err != nil {
		return nil, err
	}
	if line != nil {
		for _, addr := range []*string{&host, &taking, &giving} {
			if *addr, err = line(*addr); err != nil {
				return nil, err
			}
		}
	}
	url := "ws://" + host
	push := []string{"./pqenc", "push", "-q", "-i", "p.key", "--server", "server.pub", "--overwrite"}
	pull := []string{"./pqenc", "pull", "-q", "-i", "p.key", "--server", "server.pub"}
	return []*task{
		{name: "pqenc, to /dev/null", output: "none", args: []string{"./pqenc", "-r", "p.pub", "-o", "/dev/null", "plain"}},
		{name: bare + " there", output: "copy", like: "plain", args: []string{"./transfer", "send", taking, "plain"}},
		{name: "pqenc push, encrypting", output: "store/plain.pqe", args: append(push, "-r", "p.pub", "plain", url+"/plain.pqe")},
		{name: "pqenc push, of a .pqe", output: "store/sealed.pqe", like: "sealed.pqe", args: append(slices.Clone(push), "sealed.pqe", url+"/sealed.pqe")},
		{name: bare + " back", output: "copy", like: "plain", args: []string{"./transfer", "fetch", giving, "copy"}},
		{name: "pqenc pull, decrypting", output: "copy", like: "plain", args: append(pull, "-o", "copy", url+"/plain.pqe")},
		{name: "pqenc pull --raw", output: "copy", like: "sealed.pqe", args: append(slices.Clone(pull), "--raw", "-o", "copy", url+"/sealed.pqe")},
	}, nil
}

// turns runs the tasks in turns, and reports what they took.
func (b *bench) turns(tasks []*task, size int64, rounds int) error {
	for round := range rounds {
		for _, t := range tasks {
			if err := b.run(t); err != nil {
				return err
			}
			if round > 0 || t.like == "" {
				continue
			}
			if err := b.command("cmp", t.like, t.output); err != nil {
				return err
			}
		}
	}
	report(tasks, size, rounds)
	return nil
}

// bare is the start of the name of a task that the tasks after it are compared with.
const bare = "TLS 1.3"

func report(tasks []*task, size int64, rounds int) {
	fmt.Printf("%d MiB, %d rounds, %d CPUs, %s/%s, %s\n\n", size>>20, rounds, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	var beside *task
	for _, t := range tasks {
		slices.Sort(t.times)
		slices.Sort(t.cpu)
		if strings.HasPrefix(t.name, bare) {
			beside = t
		}
		median, cpu, ratios := t.times[len(t.times)/2], "   -", ""
		if len(t.cpu) > 0 {
			cpu = fmt.Sprintf("%6.2f", t.cpu[len(t.cpu)/2].Seconds())
		}
		if beside != nil && beside != t {
			ratios = fmt.Sprintf("  of %s %.2f, minima %.2f", bare, beside.times[len(beside.times)/2].Seconds()/median.Seconds(),
				beside.times[0].Seconds()/t.times[0].Seconds())
		}
		fmt.Printf("%-24s %6.2f s  (%.2f to %.2f)  %5.2f GB/s  CPU %s s  %6.1f MiB%s\n", t.name, median.Seconds(),
			t.times[0].Seconds(), t.times[len(t.times)-1].Seconds(), float64(size)/median.Seconds()/1e9, cpu, float64(t.memory)/1024, ratios)
	}
}

// write makes a file of random bytes.
func (b *bench) write(name string, size int64) error {
	f, err := os.Create(filepath.Join(b.dir, name))
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, rand.NewChaCha8([32]byte{}), size)
	return errors.Join(err, f.Close())
}

func (b *bench) command(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = b.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w\n%s", name, args, err, out)
	}
	return nil
}

// run runs the command of a task, whose output must not exist yet, and records what it
// took.
func (b *bench) run(t *task) error {
	if err := os.Remove(filepath.Join(b.dir, t.output)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	cmd := exec.Command(t.args[0], t.args[1:]...)
	cmd.Dir, cmd.Stderr = b.dir, os.Stderr
	before, known := b.serving()
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%v: %w", t.args, err)
	}
	t.times = append(t.times, time.Since(begin))
	if known {
		time.Sleep(100 * time.Millisecond) // sshd's processes end after scp
		after, _ := b.serving()
		t.cpu = append(t.cpu, after-before+cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	}
	memory := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	if runtime.GOOS == "darwin" {
		memory /= 1024 // there it is in bytes
	}
	t.memory = max(t.memory, int64(memory))
	return nil
}
