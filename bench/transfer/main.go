// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

// Command transfer measures pqenc push and pull beside scp and beside a bare TLS
// connection, all between processes of this machine, taking turns. From the
// bench folder:
//
//	go run ./transfer -dir /dev/shm -size 2048 -rounds 5
//
// scp needs OpenSSH's server, which is started with keys and a configuration of
// its own on a free port of the loopback interface. Times are medians of whole
// commands, from start to exit; CPU is that of the processors, of the command and its
// server together (on Linux); memory is the largest maximum resident set of the
// command. push encrypts on the way and pull decrypts, which scp does not. What a
// command is to write is removed before it runs.
//
// On a virtual machine that gives free memory back to its host, -hold keeps so many
// MiB of it in reach, which should be more than seven times the size:
//
//	go run ./transfer -dir /dev/shm -hold 15000 -size 2048 -rounds 5
//
// And
//
//	go run ./transfer -dir /dev/shm -clients 100 -each 50
//
// lets as many clients push so many MB each at once, and says what the server
// needed for it.
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
	"syscall"
	"time"

	"github.com/pqenc/pqenc/bench/internal/hold"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 && (os.Args[1] == "send" || os.Args[1] == "hold") {
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
	flag.Parse()
	work, err := os.MkdirTemp(*dir, "pqenc-bench-")
	if err != nil {
		log.Fatal(err)
	}
	b := &bench{dir: work}
	if err = b.prepare(*mib); err == nil {
		if *clients > 0 {
			err = b.crowd(*clients, *each*1e6)
		} else {
			err = b.compare(*size<<20, *rounds)
		}
	}
	b.stop()
	if err := errors.Join(err, os.RemoveAll(work)); err != nil {
		log.Fatal(err)
	}
}

// part is what another process of this command does for the measurement.
func part(what string, args []string) error {
	if what == "hold" {
		return hold.Run(args[0])
	}
	return send(args[0], args[1])
}

// bench is a folder to work in, and the servers that run in it.
type bench struct {
	dir     string
	servers []*exec.Cmd
}

// task is a command under measurement.
type task struct {
	name   string
	args   []string
	output string
	times  []time.Duration
	cpu    []time.Duration // of it and of its server; empty if unknown
	memory int64           // KiB
}

// compare runs all commands in turns on a file of that size.
func (b *bench) compare(size int64, rounds int) error {
	if err := b.write("plain", size); err != nil {
		return err
	}
	if err := b.command("./pqenc", "-r", "p.pub", "-o", "sealed.pqe", "plain"); err != nil {
		return err
	}
	scp, err := b.startSSH()
	if err != nil {
		return err
	}
	url, _, err := b.startServer("p.pub")
	if err != nil {
		return err
	}
	tls, err := b.startTLS()
	if err != nil {
		return err
	}
	push := []string{"./pqenc", "push", "-q", "-i", "p.key", "--server", "server.pub", "--overwrite"}
	pull := []string{"./pqenc", "pull", "-q", "-i", "p.key", "--server", "server.pub"}
	tasks := []*task{
		{name: "cp", output: "copy", args: []string{"cp", "plain", "copy"}},
		{name: "scp", output: "copy", args: append(scp, "plain", "127.0.0.1:"+b.dir+"/copy")},
		{name: "scp, aes256-gcm", output: "copy", args: append(slices.Clone(scp), "-c", "aes256-gcm@openssh.com", "plain", "127.0.0.1:"+b.dir+"/copy")},
		{name: "TLS 1.3 over TCP", output: "copy", args: []string{"./transfer", "send", tls, "plain"}},
		{name: "pqenc push, encrypting", output: "store/plain.pqe", args: append(push, "-r", "p.pub", "plain", url+"/plain.pqe")},
		{name: "pqenc pull, decrypting", output: "copy", args: append(pull, "-o", "copy", url+"/plain.pqe")},
		{name: "pqenc push, of a .pqe", output: "store/sealed.pqe", args: append(slices.Clone(push), "sealed.pqe", url+"/sealed.pqe")},
		{name: "pqenc pull --raw", output: "copy", args: append(slices.Clone(pull), "--raw", "-o", "copy", url+"/sealed.pqe")},
	}
	for range rounds {
		for _, t := range tasks {
			if err := b.run(t); err != nil {
				return err
			}
		}
	}
	if err := b.command("./pqenc", "pull", "-q", "-i", "p.key", "--server", "server.pub", "-o", "copy", url+"/plain.pqe"); err != nil {
		return err
	}
	if err := b.command("cmp", "plain", "copy"); err != nil {
		return err
	}
	report(tasks, size, rounds)
	return nil
}

func report(tasks []*task, size int64, rounds int) {
	fmt.Printf("%d MiB, %d rounds, %d CPUs, %s/%s, %s\n\n", size>>20, rounds, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	for _, t := range tasks {
		slices.Sort(t.times)
		slices.Sort(t.cpu)
		median, cpu := t.times[len(t.times)/2], "   -"
		if len(t.cpu) > 0 {
			cpu = fmt.Sprintf("%6.2f", t.cpu[len(t.cpu)/2].Seconds())
		}
		fmt.Printf("%-24s %6.2f s  (%.2f to %.2f)  %5.2f GB/s  CPU %s s  %6.1f MiB\n", t.name, median.Seconds(),
			t.times[0].Seconds(), t.times[len(t.times)-1].Seconds(), float64(size)/median.Seconds()/1e9, cpu, float64(t.memory)/1024)
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

// run runs the command of a task, where its output is not there yet, and notes what
// it took.
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
