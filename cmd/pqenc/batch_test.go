// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/testkit"
)

// batchAnswer is an answer of the process: a line, and the bytes that follow it.
type batchAnswer struct {
	ID      *int
	Length  int
	More    bool
	Error   string
	Message string
	Stat    *fileStat

	Read   int
	File   string
	Offset int64
}

// batchProcess is "pqenc cat --batch".
type batchProcess struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	err testkit.Log
}

// startBatch starts a process in a folder with alice.key and the given files.
func startBatch(t *testing.T, files map[string][]byte, args ...string) *batchProcess {
	t.Helper()
	dir := t.TempDir()
	writeIn(t, dir, "alice.key", people()["alice.key"])
	writeIn(t, dir, "bob.pub", people()["bob.pub"])
	for name, content := range files {
		writeIn(t, dir, name, content)
	}
	p := &batchProcess{t: t, cmd: exec.Command("pqenc", append([]string{"cat", "--batch", "-i", "alice.key"}, args...)...)}
	p.cmd.Dir, p.cmd.Stderr = dir, &p.err
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.in, p.out = in, bufio.NewReaderSize(out, 1<<20)
	t.Cleanup(func() { p.cmd.Process.Kill(); p.cmd.Wait() })
	return p
}

// next returns the next answer, and the bytes that follow it.
func (p *batchProcess) next() (a batchAnswer, data []byte) {
	p.t.Helper()
	line, err := p.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &a)
	}
	if err == nil && a.Read == 0 {
		data = make([]byte, a.Length)
		_, err = io.ReadFull(p.out, data)
	}
	if err != nil {
		p.t.Fatalf("%q: %v: %s", line, err, p.err.String())
	}
	return a, data
}

// ends requires that the process ends with the given code, without further output.
func (p *batchProcess) ends(want int) {
	p.t.Helper()
	if rest, err := io.ReadAll(p.out); err != nil || len(rest) > 0 {
		p.t.Errorf("%d bytes at the end, %v", len(rest), err)
	}
	if code, err := exitCode(p.cmd.Wait()); err != nil || code != want {
		p.t.Errorf("exit code %d, %v: %s", code, err, p.err.String())
	}
}

// TestBatchAtOnce requests many ranges of several files concurrently, some of them read
// by up-calls, and compares all answers.
func TestBatchAtOnce(t *testing.T) {
	t.Parallel()
	const size, requests = 9_000_000, 400 // three chunks
	plain, sealed := testkit.Contents(size), testkit.Sealed(size)
	p := startBatch(t, map[string][]byte{"a.pqe": sealed, "b.pqe": sealed}, "a.pqe")
	random := rand.New(rand.NewPCG(1, 2))
	type span struct{ from, to int }
	spans := make([]span, requests)
	got := make([][]byte, requests)
	var lines strings.Builder
	for i := range spans {
		from := random.IntN(size + 1)
		length := random.IntN(1 << random.IntN(23))
		spans[i] = span{from, min(from+length, size)}
		file := []string{`"file":"a.pqe"`, `"file":"b.pqe"`, fmt.Sprintf(`"file":"far","upcall":{"size":%d}`, len(sealed))}[i%3]
		fmt.Fprintf(&lines, `{"id":%d,%s,"offset":%d,"length":%d}`+"\n", i, file, from, length)
	}
	writes := make(chan string, 1000)
	go func() {
		for text := range writes {
			io.WriteString(p.in, text)
		}
		p.in.Close()
	}()
	writes <- lines.String()
	disorder := 0
	for left, last := requests, -1; left > 0; {
		a, data := p.next()
		switch {
		case a.Read != 0:
			writes <- fmt.Sprintf(`{"read":%d,"length":%d}`+"\n", a.Read, a.Length) + string(sealed[a.Offset:][:a.Length])
			continue
		case a.Error != "":
			t.Fatalf("%+v", a)
		}
		got[*a.ID] = append(got[*a.ID], data...)
		if !a.More {
			left--
			if *a.ID < last {
				disorder++
			}
			last = *a.ID
		}
	}
	close(writes)
	p.ends(exitOK)
	for i, s := range spans {
		if !bytes.Equal(got[i], plain[s.from:s.to]) {
			t.Errorf("request %d: %d bytes at %d are wrong", i, s.to-s.from, s.from)
		}
	}
	if disorder == 0 {
		t.Error("with ids, all was answered in order")
	}
}

// TestBatchInOrder is the same test without ids.
func TestBatchInOrder(t *testing.T) {
	t.Parallel()
	const size, requests = 9_000_000, 200
	plain := testkit.Contents(size)
	p := startBatch(t, map[string][]byte{"a.pqe": testkit.Sealed(size)})
	offset := func(i int) int { return i * 1_234_567 % size }
	length := func(i int) int { return 1 << (i % 23) }
	go func() {
		for i := range requests {
			fmt.Fprintf(p.in, `{"file":"a.pqe","offset":%d,"length":%d}`+"\n", offset(i), length(i))
		}
		p.in.Close()
	}()
	for i := range requests {
		var got []byte
		for more := true; more; {
			a, data := p.next()
			if a.Error != "" || a.ID != nil {
				t.Fatalf("%+v", a)
			}
			got, more = append(got, data...), a.More
		}
		if !bytes.Equal(got, plain[offset(i):min(offset(i)+length(i), size)]) {
			t.Fatalf("answer %d is wrong", i)
		}
	}
	p.ends(exitOK)
}

// TestBatchUpcallForged has a parent that answers up-calls wrongly: nothing is released.
func TestBatchUpcallForged(t *testing.T) {
	t.Parallel()
	const size = 9_000_000
	plain, sealed := testkit.Contents(size), testkit.Sealed(size)
	p := startBatch(t, nil)
	for name, forge := range map[string]func(offset int64, b []byte){
		"a byte of the second chunk": func(offset int64, b []byte) {
			if at := 6_000_000 - offset; at >= 0 && at < int64(len(b)) {
				b[at] ^= 1
			}
		},
		"the second chunk is the first": func(offset int64, b []byte) {
			if offset > 4_000_000 && offset < 8_000_000 {
				copy(b, sealed[offset-(4<<20+16):])
			}
		},
		"nothing but zeros": func(_ int64, b []byte) { clear(b) },
	} {
		fmt.Fprintf(p.in, `{"file":%q,"upcall":{"size":%d}}`+"\n", name, len(sealed))
		released := 0
		for {
			a, data := p.next()
			if a.Read != 0 {
				b := bytes.Clone(sealed[a.Offset:][:a.Length])
				forge(a.Offset, b)
				fmt.Fprintf(p.in, `{"read":%d,"length":%d}`+"\n", a.Read, len(b))
				p.in.Write(b)
				continue
			}
			if !bytes.HasPrefix(plain[released:], data) {
				t.Errorf("%s: it released what was forged", name)
			}
			released += len(data)
			if a.Error != "" {
				if a.Error != "damaged" || !strings.HasPrefix(a.Message, name+": ") {
					t.Errorf("%s: %+v", name, a)
				}
				break
			}
			if !a.More {
				t.Errorf("%s: it was not noticed", name)
				break
			}
		}
	}
	// A wrong size is detected before anything is read.
	fmt.Fprintf(p.in, `{"file":"cut","upcall":{"size":%d},"length":1}`+"\n", len(sealed)-1)
	for {
		a, _ := p.next()
		if a.Read == 0 {
			if a.Error != "damaged" {
				t.Errorf("%+v", a)
			}
			break
		}
		fmt.Fprintf(p.in, `{"read":%d,"length":%d}`+"\n", a.Read, a.Length)
		p.in.Write(sealed[a.Offset:][:a.Length])
	}
	p.in.Close()
	p.ends(exitOK)
}

// TestBatchDigests reads a part of a signed file by up-calls: a list of digests verifies
// the signer without reading the whole file.
func TestBatchDigests(t *testing.T) {
	t.Parallel()
	const size, chunk = 20_000_000, 4<<20 + 16
	plain := testkit.Contents(size)
	var file bytes.Buffer
	w, err := pqenc.EncryptSigned(&file, testkit.Identity("bob"), "", testkit.Identity("alice").Public())
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	sealed := file.Bytes()
	p := startBatch(t, map[string][]byte{"far.pqe": sealed}, "--from", "bob.pub")
	if code, _, stderr := pqencIn(t, p.cmd.Dir, "verify", "-q", "-i", "alice.key", "--write-digests", "list", "far.pqe"); code != exitOK {
		t.Fatal(stderr)
	}
	fmt.Fprintf(p.in, `{"file":"far","upcall":{"size":%d},"digests":"list","offset":9000000,"length":100}`+"\n", len(sealed))
	asked := 0
	for {
		a, data := p.next()
		if a.Read == 0 {
			if a.Error != "" || !bytes.Equal(data, plain[9_000_000:9_000_100]) {
				t.Errorf("%+v", a)
			}
			break
		}
		asked += a.Length
		fmt.Fprintf(p.in, `{"read":%d,"length":%d}`+"\n", a.Read, a.Length)
		p.in.Write(sealed[a.Offset:][:a.Length])
	}
	if asked > 64<<10+3*chunk { // the last chunk is read again with the list
		t.Errorf("it asked for %d bytes", asked)
	}
	fmt.Fprintf(p.in, `{"file":"far","upcall":{"size":%d},"digests":"list","op":"stat"}`+"\n", len(sealed))
	if a, _ := p.next(); a.Stat == nil || a.Stat.Signature.Level != "verified" {
		t.Errorf("%+v", a)
	}
	p.in.Close()
	p.ends(exitOK)
}

// TestBatchReaderGone requires that a waiting process ends when its standard output has
// no reader.
func TestBatchReaderGone(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("pqenc", "cat", "--batch")
	cmd.Stdout = w
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	io.WriteString(in, `{"file":"none"}`+"\n")
	if line, err := bufio.NewReader(r).ReadString('\n'); err != nil || !strings.Contains(line, `"error":"io"`) {
		t.Fatal(line, err)
	}
	r.Close()
	if code, err := exitCode(cmd.Wait()); err != nil || code != 128+int(syscall.SIGPIPE) {
		t.Errorf("exit code %d, %v", code, err)
	}
}

// TestBatchSignals interrupts the process while it waits for its parent.
func TestBatchSignals(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := startBatch(t, nil)
		io.WriteString(p.in, `{"file":"u","upcall":{"size":1000}}`+"\n")
		if a, _ := p.next(); a.Read == 0 {
			t.Fatalf("%+v", a)
		}
		p.cmd.Process.Signal(sig)
		p.ends(128 + int(sig))

		// And while the parent does not read, with a full pipe.
		p = startBatch(t, map[string][]byte{"a.pqe": testkit.Sealed(9_000_000)})
		io.WriteString(p.in, `{"file":"a.pqe"}`+"\n")
		if a, _ := p.next(); !a.More {
			t.Fatalf("%+v", a)
		}
		p.cmd.Process.Signal(sig)
		if code, err := exitCode(p.cmd.Wait()); err != nil || code != 128+int(sig) {
			t.Errorf("exit code %d, %v", code, err)
		}
	}
}

// TestBatchDocuments runs the client in docs/batch.md, and compares the table of codes.
func TestBatchDocuments(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/batch.md")
	if err != nil {
		t.Fatal(err)
	}
	for code, name := range codeNames {
		if row := fmt.Sprintf("| `%s` | %d | ", name, code); !strings.Contains(string(doc), row) {
			t.Errorf("docs/batch.md has no row %q", row)
		}
	}
	dir := t.TempDir()
	contents := append([]byte("12345678hello"), testkit.Contents(9_000_000)...)
	sealed := sealed(t, contents)
	writeIn(t, dir, "lab.key", people()["alice.key"])
	if err := os.Chmod(filepath.Join(dir, "lab.key"), 0o600); err != nil {
		t.Fatal(err)
	}
	writeIn(t, dir, "model.bin", contents)
	writeIn(t, dir, "model.pqe", sealed)
	writeIn(t, dir, "caf\xe9.pqe", sealed)

	session := regexp.MustCompile("(?s)```console\n\\$ (.*?)\n(.*?)```").FindStringSubmatch(string(doc))
	if session == nil {
		t.Fatal("docs/batch.md has no session")
	}
	if got := shell(dir, session[1]); !matches(got, session[2]) {
		t.Errorf("%s: %s", session[1], got)
	}
	blocks := regexp.MustCompile("(?s)```python\n(.*?)```").FindAllStringSubmatch(string(doc), -1)
	if len(blocks) != 2 {
		t.Fatalf("docs/batch.md has %d programs", len(blocks))
	}
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip(err)
	}
	writeIn(t, dir, "client.py", []byte(blocks[0][1]+blocks[1][1]+pythonChecks))
	cmd := exec.Command("python3", filepath.Join(dir, "client.py"))
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "all is well\n" {
		t.Errorf("%v: %s", err, out)
	}
}

// pythonChecks are appended to the programs in docs/batch.md.
const pythonChecks = `
whole = open("model.bin", "rb").read()
assert tail == whole[-100:] and part == whole[1000:1050] and size == len(whole)
assert pqenc.close() == 0

def failing(name, offset, length):
    if name == "gone":
        raise KeyError("no such object")
    return bucket["models/m.pqe"][offset:offset + length - 1]

pqenc = Pqenc("-i", "lab.key", storage=failing)
for name, error in ("gone", "no such object"), ("short", "the parent answered with 65535 bytes"):
    try:
        pqenc.read(name, 0, 10, upcall={"size": 1000000})
        assert False, name
    except ValueError as e:
        assert error in str(e) and str(e).startswith("io: "), e
try:
    pqenc.read("nowhere.pqe", 0, 10)
    assert False
except FileNotFoundError:
    pass
try:
    pqenc.read("model.bin", 0, 10)
    assert False
except ValueError as e:
    assert str(e).startswith("damaged: model.bin: "), e
assert pqenc.read("model.pqe", 0, len(whole) + 5) == whole
assert pqenc.read(os.fsdecode(b"caf\xe9.pqe"), 8, 5) == b"hello"
assert pqenc.read("model.pqe", len(whole), 5) == b""
assert pqenc.stat("model.pqe")["signature"] is None
pqenc.ask("model.pqe", op="close")
assert pqenc.close() == 0
print("all is well")
`
