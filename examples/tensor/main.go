// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Command tensor lists the tensors of an encrypted safetensors file, or writes
// one of them to stdout: an example of reading a part of a large file on a server,
// without fetching the rest.
//
//	go run ./examples/tensor -i lab.key https://models.example.org/model.safetensors.pqe
//	go run ./examples/tensor -i lab.key https://models.example.org/model.safetensors.pqe lm_head.weight > lm_head.bin
//
// Any server that supports ranges works, such as nginx or an S3 bucket with a presigned
// link. The output is the data of the tensor as it is in the file: little-endian, with the
// last index fastest. It is authenticated, chunk by chunk. It does not check who made the
// file: see pqenc.OpenSigned for that.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/remote"
)

func main() {
	key := flag.String("i", "lab.key", "`file` of the private key")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: tensor [-i KEY] URL|FILE [NAME]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() < 1 || flag.NArg() > 2 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.Stderr, *key, flag.Arg(0), flag.Args()[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "tensor:", err)
		os.Exit(1)
	}
}

// run writes the list of all tensors to out, or the data of the one in names. It writes to
// log how much it fetched.
func run(ctx context.Context, out, log io.Writer, key, where string, names []string) error {
	id, err := keyfile.LoadIdentity(key, nil)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(where, "https://") && !strings.HasPrefix(where, "http://") {
		f, err := os.Open(where)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return read(out, f, info.Size(), id, names)
	}
	f, err := remote.Open(ctx, where, nil)
	if err != nil {
		return err
	}
	defer f.Close()
	err = read(out, f, f.Size(), id, names)
	n, requests := f.Fetched()
	fmt.Fprintf(log, "fetched %d of %d bytes in %d requests\n", n, f.Size(), requests)
	return err
}

// read reads the encrypted file in the first size bytes of src.
func read(out io.Writer, src io.ReaderAt, size int64, id pqenc.Identity, names []string) error {
	file, err := pqenc.Open(src, size, id)
	if err != nil {
		return err
	}
	tensors, err := readTensors(file, file.Size())
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return list(out, tensors)
	}
	i := slices.IndexFunc(tensors, func(t tensor) bool { return t.name == names[0] })
	if i < 0 {
		return errors.New("no tensor " + strconv.Quote(names[0]))
	}
	_, err = file.WriteRange(out, tensors[i].offset, tensors[i].size)
	return err
}

// list writes a line for each tensor.
func list(out io.Writer, tensors []tensor) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, t := range tensors {
		name := t.name
		if quoted := strconv.QuoteToGraphic(name); quoted != `"`+name+`"` {
			name = quoted // with escapes, so that a terminal obeys nothing in it
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d bytes\n", name, t.dtype, t.shape, t.size)
	}
	return w.Flush()
}
