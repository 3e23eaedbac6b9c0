// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
)

const (
	batchReads = "1000 reads of 64 KiB"
	overPipes  = "cat --batch"
)

// batchCases reads pieces of the large file through one process.
func (b *bench) batchCases(t tool) group {
	if !b.knows("cat", "--batch") {
		b.note("Left out: reads through a process, as this pqenc has no cat --batch.")
		return nil
	}
	large := b.large()
	sealed := sealedName(t.name, large)
	return group{{what: what{batchReads, overPipes, large, false, t.name}, input: sealed,
		args: []string{b.self, "batch", strconv.FormatInt(large, 10), sealed, "./pqenc", "cat", "--batch", "-i", "p.key"}}}
}

// runBatch starts such a process, and reads the pieces at [randomOffsets] through it. The
// arguments are the size of the contents, the file, and the command.
func runBatch(args []string) error {
	contents, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return err
	}
	cmd := exec.Command(args[2], args[3:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	offsets := randomOffsets(contents)
	asked := make(chan error, 1)
	go func() { asked <- ask(in, args[1], offsets) }() // all of it is more than a pipe holds
	if err := receive(out, len(offsets)); err != nil {
		cmd.Process.Kill()
		return errors.Join(err, cmd.Wait())
	}
	return errors.Join(<-asked, cmd.Wait())
}

// ask sends a request for each of the offsets, and closes w.
func ask(w io.WriteCloser, name string, offsets []int64) error {
	requests := bufio.NewWriter(w)
	encoder := json.NewEncoder(requests)
	for _, off := range offsets {
		if err := encoder.Encode(map[string]any{"file": name, "offset": off, "length": readSize}); err != nil {
			return err
		}
	}
	return errors.Join(requests.Flush(), w.Close())
}

// receive reads n answers, each of the full length.
func receive(r io.Reader, n int) error {
	answers := bufio.NewReaderSize(r, readSize)
	for range n {
		line, err := answers.ReadSlice('\n')
		if err != nil {
			return err
		}
		var answer struct {
			Length  int64
			Message string
		}
		if err := json.Unmarshal(line, &answer); err != nil {
			return err
		}
		if answer.Length != readSize {
			return fmt.Errorf("an answer of %d bytes: %s", answer.Length, answer.Message)
		}
		if _, err := io.CopyN(io.Discard, answers, readSize); err != nil {
			return err
		}
	}
	return nil
}
