// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/remote"
)

// Sizes of an encrypted file with one recipient.
const (
	headerSize = 4096
	chunkSize  = 4 << 20
	sealedSize = chunkSize + 16
)

// model is a safetensors file that is made while it is read. Every other tensor looks
// random, the others are zero.
type model struct {
	header []byte
	sizes  []int64
}

func newModel(sizes ...int64) *model {
	m := &model{sizes: sizes}
	var fields []string
	end := int64(0)
	for i, size := range sizes {
		fields = append(fields, fmt.Sprintf(`"layer.%d":{"dtype":"F8_E4M3","shape":[%d],"data_offsets":[%d,%d]}`, i, size, end, end+size))
		end += size
	}
	text := "{" + strings.Join(fields, ",") + "}"
	m.header = append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	return m
}

// tensor returns the data of a tensor.
func (m *model) tensor(i int) io.Reader {
	if i%2 == 0 {
		return io.LimitReader(zeros{}, m.sizes[i])
	}
	return io.LimitReader(rand.NewChaCha8([32]byte{byte(i)}), m.sizes[i])
}

func (m *model) reader() io.Reader {
	all := []io.Reader{bytes.NewReader(m.header)}
	for i := range m.sizes {
		all = append(all, m.tensor(i))
	}
	return io.MultiReader(all...)
}

// chunks returns the first and the last chunk with data of a tensor in it.
func (m *model) chunks(i int) (first, last int64) {
	start := int64(len(m.header))
	for _, size := range m.sizes[:i] {
		start += size
	}
	return start / chunkSize, (start + m.sizes[i] - 1) / chunkSize
}

// length returns the length of the file.
func (m *model) length() int64 {
	all := int64(len(m.header))
	for _, size := range m.sizes {
		all += size
	}
	return all
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// holes writes a file with the header and the chunks in keep. The rest are holes: a file of
// any length takes little space, and reading a hole fails.
type holes struct {
	file *os.File
	keep map[int64]bool
	off  int64
}

func (h *holes) Write(p []byte) (int, error) {
	if h.off < headerSize || h.keep[(h.off-headerSize)/sealedSize] || h.keep[(h.off+int64(len(p))-1-headerSize)/sealedSize] {
		if n, err := h.file.WriteAt(p, h.off); err != nil {
			return n, err
		}
	}
	h.off += int64(len(p))
	return len(p), nil
}

// encrypt makes the file name from m, for the identity of the tests. It has the
// header and the last chunk, and the chunks of the odd tensors.
func (m *model) encrypt(t *testing.T, name string) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	h := &holes{file: file, keep: map[int64]bool{0: true, m.length() / chunkSize: true}}
	for i := 1; i < len(m.sizes); i += 2 {
		first, last := m.chunks(i)
		for c := first; c <= last; c++ {
			h.keep[c] = true
		}
	}
	w, err := pqenc.Encrypt(h, testkit.Identity("lab").Public())
	if err == nil {
		_, err = io.Copy(w, m.reader())
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = file.Truncate(h.off)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// writeKey returns the name of a file with the key of an identity.
func writeKey(t *testing.T, who string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), who+".key")
	if err := os.WriteFile(name, testkit.Identity(who).Marshal(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestServer reads tensors of a file on a server: of one of 3 GiB as of a smaller
// one, only the chunks that are needed.
func TestServer(t *testing.T) {
	t.Run("100 MB", func(t *testing.T) { testServer(t, 50_000_000) })
	t.Run("3 GiB", func(t *testing.T) {
		testkit.Long(t)
		testServer(t, 3<<29)
	})
}

func testServer(t *testing.T, between int64) {
	nginx := testkit.StartNginx(t)
	m := newModel(between, 5_000_000, between, 1000, 0, 2*chunkSize)
	m.encrypt(t, filepath.Join(nginx.Dir, "model.pqe"))
	key, url := writeKey(t, "lab"), nginx.URL+"/model.pqe"

	var fetched, requests int64
	read := func(names ...string) ([]byte, int64) {
		var out, log bytes.Buffer
		if err := run(t.Context(), &out, &log, key, url, names); err != nil {
			t.Fatal(names, err)
		}
		var n, all, calls int64
		if _, err := fmt.Sscanf(log.String(), "fetched %d of %d bytes in %d requests\n", &n, &all, &calls); err != nil || all < 2*between {
			t.Fatalf("%q: %v", log.String(), err)
		}
		fetched, requests = fetched+n, requests+calls
		return out.Bytes(), n
	}

	// What is fetched of any file: the start, the last chunk, and the one with the list.
	const start = remote.HeadSize + 2*sealedSize
	list, n := read()
	if lines := strings.Split(string(list), "\n"); len(lines) != 7 || strings.Join(strings.Fields(lines[1]), " ") != "layer.1 F8_E4M3 [5000000] 5000000 bytes" {
		t.Errorf("the list is\n%s", list)
	}
	if n > start {
		t.Errorf("the list: %d bytes fetched", n)
	}
	for _, i := range []int{1, 3, 5} {
		want, _ := io.ReadAll(m.tensor(i))
		got, n := read(fmt.Sprint("layer.", i))
		if !bytes.Equal(got, want) {
			t.Errorf("tensor %d: %d bytes, other ones than %d", i, len(got), len(want))
		}
		if first, last := m.chunks(i); n > start+(last-first+1)*sealedSize {
			t.Errorf("tensor %d: %d bytes fetched", i, n)
		}
	}
	if got, _ := read("layer.4"); len(got) > 0 {
		t.Errorf("an empty tensor has %d bytes", len(got))
	}

	var sent, answers int64
	for line := range strings.Lines(nginx.Stop(t)) {
		var status, n int64
		if _, err := fmt.Sscan(line, &status, &n); err != nil || status != 206 {
			t.Errorf("%q: %v", line, err)
		}
		sent, answers = sent+n, answers+1
	}
	if sent != fetched || answers != requests {
		t.Errorf("nginx sent %d bytes in %d answers, and %d were counted in %d", sent, answers, fetched, requests)
	}
}

// TestFile reads tensors of a local file, and has the errors.
func TestFile(t *testing.T) {
	m := newModel(1000, 5_000_000, chunkSize*2, 10)
	name := filepath.Join(t.TempDir(), "model.pqe")
	m.encrypt(t, name)
	key := writeKey(t, "lab")
	var out bytes.Buffer
	if err := run(t.Context(), &out, t.Output(), key, name, []string{"layer.1"}); err != nil {
		t.Fatal(err)
	}
	if want, _ := io.ReadAll(m.tensor(1)); !bytes.Equal(out.Bytes(), want) {
		t.Errorf("%d bytes, other ones than %d", out.Len(), len(want))
	}
	for _, test := range []struct {
		key, file, name string
		want            string
	}{
		{key, name, "layer.4", `no tensor "layer.4"`},
		{key, name, "layer.2", "body is damaged"}, // a hole
		{writeKey(t, "stranger"), name, "layer.1", "no matching key"},
		{key, key, "layer.1", "this is not a pqenc file"},
	} {
		out.Reset()
		err := run(t.Context(), &out, t.Output(), test.key, test.file, []string{test.name})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
		if out.Len() > 0 && test.name != "layer.2" { // which begins in a chunk that is there
			t.Errorf("%s: %d bytes were written", test.name, out.Len())
		}
	}
	for _, missing := range []struct{ key, file string }{{key, name + ".not"}, {key + ".not", name}} {
		if err := run(t.Context(), io.Discard, io.Discard, missing.key, missing.file, nil); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
}
