// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package batch

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
)

// memory are files in memory, by their names.
type memory struct {
	files map[string][]byte

	mu   sync.Mutex
	open int // now
	most int // at once
	all  int // so far

	warm map[*memFile]bool // what was read, and is not forgotten
	hot  int               // the most of those
}

// memFile is one of them, or what the parent reads.
type memFile struct {
	*io.SectionReader
	of *memory
}

func (f *memFile) Close() error {
	f.of.mu.Lock()
	defer f.of.mu.Unlock()
	f.of.open--
	delete(f.of.warm, f)
	return nil
}

func (f *memFile) Forget() {
	f.of.mu.Lock()
	defer f.of.mu.Unlock()
	delete(f.of.warm, f)
}

func (f *memFile) ReadAt(b []byte, off int64) (int, error) {
	f.of.mu.Lock()
	defer f.of.mu.Unlock()
	if f.of.warm != nil {
		f.of.warm[f] = true
		f.of.hot = max(f.of.hot, len(f.of.warm))
	}
	return f.SectionReader.ReadAt(b, off)
}

func (f *memFile) Stat() any { return map[string]int64{"size": f.Size()} }

func (f *memFile) WriteRange(dst io.Writer, off, n int64) (int64, error) {
	return io.Copy(dst, io.NewSectionReader(f, off, n))
}

var errNone = errors.New("no such file")

func (m *memory) Open(s Source) (File, error) {
	name, parent := s.Name, s.Parent
	src, size := io.ReaderAt(parent), int64(0)
	if parent != nil {
		size = parent.Size()
		if _, err := parent.ReadAt(make([]byte, min(size, 1)), 0); err != nil && err != io.EOF {
			return nil, err
		}
	} else if b, ok := m.files[name]; ok {
		src, size = bytes.NewReader(b), int64(len(b))
	} else {
		return nil, fmt.Errorf("%w: %q", errNone, name)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open++
	m.all++
	m.most = max(m.most, m.open)
	return &memFile{io.NewSectionReader(src, 0, size), m}, nil
}

// config serves what is in memory.
func (m *memory) config() Config {
	return Config{Open: m.Open, Distant: func(string) bool { return false }, Explain: explain}
}

func explain(err error) Failure {
	for code, kind := range map[string]error{"protocol": ErrProtocol, "request": ErrRequest, "upcall": ErrUpcall, "none": errNone} {
		if errors.Is(err, kind) {
			return Failure{Code: code, Message: err.Error()}
		}
	}
	return Failure{Code: "other", Message: err.Error()}
}

// answer is what the parent reads: a line, and the bytes that follow it.
type answer struct {
	ID        any
	Length    int
	More      bool
	Error     string
	Message   string
	Fatal     bool
	Stat      map[string]int64
	Read      int64
	File      string
	Base64    []byte `json:"file_base64"`
	Offset    int64
	Validator string

	data []byte
}

// readAnswer reads the next answer. Anything that docs/batch.md does not allow is an error.
func readAnswer(r *bufio.Reader) (*answer, error) {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	a := new(answer)
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(a); err != nil {
		return nil, fmt.Errorf("%s: %w", line, err)
	}
	if a.Length > MaxPiece && a.Read == 0 {
		return nil, fmt.Errorf("a piece of %d bytes", a.Length)
	}
	if a.Read == 0 {
		a.data = make([]byte, a.Length)
		_, err = io.ReadFull(r, a.data)
	}
	return a, err
}

// parent is the other side of a server.
type parent struct {
	t      *testing.T
	in     *io.PipeWriter
	out    *io.PipeReader
	read   *bufio.Reader
	server *Server
	end    chan error
}

func start(t *testing.T, m *memory) *parent {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	p := &parent{t: t, in: inW, out: outR, read: bufio.NewReader(outR), end: make(chan error, 1)}
	p.server = New(inR, outW, m.config())
	go func() {
		err := p.server.Serve()
		outW.Close()
		p.end <- err
	}()
	t.Cleanup(func() { inW.Close(); outR.Close(); inR.Close() })
	return p
}

// send sends a line, and bytes after it.
func (p *parent) send(line string, data ...byte) {
	p.t.Helper()
	if _, err := p.in.Write(append([]byte(line+"\n"), data...)); err != nil {
		p.t.Fatal(err)
	}
}

// next returns the next answer.
func (p *parent) next() *answer {
	p.t.Helper()
	a, err := readAnswer(p.read)
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

// ends requires that the server ends after what it has written already.
func (p *parent) ends(want error) {
	p.t.Helper()
	if rest, err := io.ReadAll(p.read); err != nil || len(rest) > 0 {
		p.t.Errorf("after the end: %q, %v", rest, err)
	}
	if err := <-p.end; !errors.Is(err, want) {
		p.t.Errorf("it ended with %v, want %v", err, want)
	}
}

// talk sends all lines, closes its end, and returns the answers.
func talk(t *testing.T, m *memory, lines ...string) (all []*answer, end error) {
	t.Helper()
	p := start(t, m)
	go func() {
		io.WriteString(p.in, strings.Join(lines, "\n"))
		p.in.Close()
	}()
	for {
		a, err := readAnswer(p.read)
		if err == io.EOF {
			return all, <-p.end
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
}

var contents = testkit.Contents(3*MaxPiece + 1000)

func oneFile() *memory { return &memory{files: map[string][]byte{"f": contents, "\xff": {1, 2, 3}}} }

// TestRead reads ranges inside and outside of a file, in order.
func TestRead(t *testing.T) {
	const size = 3*MaxPiece + 1000
	for _, test := range []struct {
		request  string
		from, to int
	}{
		{`{"file":"f","offset":5,"length":10}`, 5, 15},
		{`{"file":"f","length":10}`, 0, 10},
		{` { "file" : "f" , "offset" : 7 , "length" : 1 } `, 7, 8},
		{`{"file":"f","op":"read","offset":10,"length":0}`, 10, 10},
		{`{"file":"f","offset":3146700}`, 3146700, size},
		{`{"file":"f","offset":3146700,"length":1000000}`, 3146700, size},
		{`{"file":"f","offset":3146728}`, size, size},
		{`{"file":"f","offset":9223372036854775807,"length":9223372036854775807}`, size, size},
		{`{"file":"f","offset":-0,"length":1048576}`, 0, MaxPiece},
		{`{"file":"f","offset":1,"length":1048577}`, 1, MaxPiece + 2},
		{`{"file":"f"}`, 0, size},
		{`{"file":"f","length":9223372036854775807}`, 0, size},
	} {
		all, end := talk(t, oneFile(), test.request)
		var got []byte
		for i, a := range all {
			if a.Error != "" || a.ID != nil || a.More != (i < len(all)-1) {
				t.Errorf("%s: answer %d of %d: %+v", test.request, i, len(all), a)
			}
			got = append(got, a.data...)
		}
		if !bytes.Equal(got, contents[test.from:test.to]) || end != nil || len(all) == 0 {
			t.Errorf("%s: %d bytes in %d answers, %v", test.request, len(got), len(all), end)
		}
		if test.to-test.from <= MaxPiece && len(all) != 1 {
			t.Errorf("%s: %d pieces", test.request, len(all))
		}
	}
}

// TestWrongRequests: a wrong request gets an error, and the next one is answered.
func TestWrongRequests(t *testing.T) {
	for request, message := range map[string]string{
		`{"file":"f","offset":-1,"length":1}`:                 "offset is not a whole number",
		`{"file":"f","offset":0,"length":-5}`:                 "length is not a whole number",
		`{"file":"f","offset":9223372036854775808}`:           "offset is not a whole number",
		`{"file":"f","length":99999999999999999999999999999}`: "length is not a whole number",
		`{"file":"f","length":1.0}`:                           "length is not a whole number",
		`{"file":"f","length":1e3}`:                           "length is not a whole number",
		`{"file":"f","length":"1"}`:                           "length is not a whole number",
		`{"file":"f","length":null}`:                          "length is not a whole number",
		`{"file":"f","lenght":1}`:                             `unknown field "lenght"`,
		`{"file":"f","File":"g"}`:                             `unknown field "File"`,
		`{"file":"f","op":"write"}`:                           `unknown op "write"`,
		`{"file":"f","op":7}`:                                 "op is not a string",
		`{"file":"f","op":"stat","length":1}`:                 `unknown field "length"`,
		`{"file":"f","op":"close","offset":1}`:                `unknown field "offset"`,
		`{"op":"read"}`:                                       "names no file, or two",
		`{"file":""}`:                                         "names no file, or two",
		`{"file":"f","file_base64":"Zg=="}`:                   "names no file, or two",
		`{"file":["f"]}`:                                      "file is not a string",
		`{"file":null}`:                                       "file is not a string",
		"{\"file\":\"\xff\"}":                                 "file is not Unicode: give it in file_base64",
		`{"file":"\udcff"}`:                                   "file is not Unicode: give it in file_base64",
		`{"file":"f","digests":1}`:                            "digests is not a string",
		`{"file_base64":"Zg"}`:                                "file_base64 is not base64",
		`{"file_base64":"Zh=="}`:                              "file_base64 is not base64",
		`{"file":"g"}`:                                        `no such file: "g"`,
		`{"file":"f","upcall":true}`:                          "upcall is not an object",
		`{"file":"f","upcall":{}}`:                            "upcall has no size",
		`{"file":"f","upcall":{"size":-1}}`:                   "size is not a whole number",
		`{"file":"f","upcall":{"size":1,"etag":"x"}}`:         `unknown field "etag"`,
		`{"file":"f","upcall":{"size":1,"size":2}}`:           "upcall has a field twice",
		`{"file":"f","upcall":{"size":1,"validator":1}}`:      "validator is not a string",
		`{"file":"f","upcall":{"size":1,"validator":"` + pad(maxValidator+1) + `"}}`: "validator has more than 1024 bytes",
	} {
		all, end := talk(t, oneFile(), strings.Replace(request, "{", `{"id":"a",`, 1), `{"id":"b","file_base64":"/w=="}`)
		if len(all) != 2 || end != nil {
			t.Fatalf("%s: %d answers, %v", request, len(all), end)
		}
		if all[0].ID != "a" { // which took longer
			all[0], all[1] = all[1], all[0]
		}
		if a := all[0]; a.ID != "a" || a.Error == "" || !strings.Contains(a.Message, message) || a.Fatal {
			t.Errorf("%s: %+v", request, a)
		}
		if a := all[1]; a.ID != "b" || string(a.data) != "\x01\x02\x03" {
			t.Errorf("after %s: %+v", request, a)
		}
	}
}

func pad(n int) string { return strings.Repeat("x", n) }

// TestViolations: a violation of the protocol ends the server, after the answers to
// earlier requests.
func TestViolations(t *testing.T) {
	for _, line := range []string{
		"", "x", "{", "[]", "7", `"file"`, "null", `{"file":"f"}{"file":"f"}`, `{"file":"f"} x`, `{"file":"f",}`, `{file:"f"}`,
		`{"file":"f","file":"f"}`, `{"a":` + strings.Repeat("[", 20000),
		`{"file":"f","id":null}`, `{"file":"f","id":1.5}`, `{"file":"f","id":-1e9}`, `{"file":"f","id":[]}`, `{"file":"f","id":true}`,
		`{"file":"f","id":99999999999999999999}`, `{"file":"f","id":"` + pad(maxID-1) + `"}`, `{"file":"f","id":"\ud800"}`,
		`{"file":"f","x":"` + pad(MaxLine) + `"}`, pad(MaxLine),
		`{"read":1,"length":3}`, `{"read":0,"error":"x"}`, `{"read":1}`, `{"read":-1,"length":0}`, `{"read":1,"length":-1}`,
		`{"read":1,"length":3,"error":"x"}`, `{"read":1,"length":3,"x":1}`, `{"read":"1","length":3}`, `{"read":1,"error":7}`,
	} {
		all, end := talk(t, oneFile(), `{"file":"f","length":2}`, line, `{"file":"f","length":2}`)
		if len(all) != 2 || !errors.Is(end, ErrProtocol) {
			t.Errorf("%.60q: %d answers, %v", line, len(all), end)
			continue
		}
		if a := all[0]; a.Length != 2 {
			t.Errorf("before %.60q: %+v", line, a)
		}
		if a := all[1]; a.Error != "protocol" || !a.Fatal || a.Message == "" {
			t.Errorf("%.60q: %+v", line, a)
		}
	}
}

// TestLongest: the longest lines and ids are accepted.
func TestLongest(t *testing.T) {
	id := `"` + pad(maxID-2) + `"`
	name := pad(MaxLine - len(`{"file":"","length":3}`) - 1)
	m := oneFile()
	m.files[name] = []byte("long")
	all, end := talk(t, m, `{"file":"`+name+`","length":3}`, `{"id":`+id+`,"file":"f","length":1048576}`, `{"id":-9223372036854775808,"file":"f","length":1}`)
	if len(all) != 3 || end != nil {
		t.Fatalf("%d answers, %v", len(all), end)
	}
	for _, a := range all {
		if a.Error != "" || a.Length == 3 && string(a.data) != "lon" || a.Length == MaxPiece && a.ID != pad(maxID-2) {
			t.Errorf("%+v", a)
		}
	}
}

// TestLongHoldUpNobody: long answers do not delay short ones.
func TestLongHoldUpNobody(t *testing.T) {
	p := start(t, oneFile())
	long := 4 * runtime.GOMAXPROCS(0)
	for range long {
		p.send(`{"id":"long","file":"f"}`)
	}
	p.send(`{"id":"short","file":"f","length":5}`)
	for done := 0; ; {
		a := p.next()
		if a.ID == "short" {
			break
		}
		if !a.More {
			done++
		}
		if done == long {
			t.Fatal("the short answer is the last")
		}
	}
}

func TestStatAndClose(t *testing.T) {
	m := oneFile()
	p := start(t, m)
	for _, request := range []string{`{"file":"f","op":"stat"}`, `{"file":"f","op":"close"}`, `{"file":"f","op":"close"}`, `{"file":"f","op":"stat"}`} {
		p.send(request)
		a := p.next()
		if a.Error != "" || a.Length != 0 || strings.Contains(request, "stat") != (a.Stat["size"] == int64(len(contents))) {
			t.Errorf("%s: %+v", request, a)
		}
	}
	if m.all != 2 || m.open != 1 {
		t.Errorf("opened %d times, %d are open", m.all, m.open)
	}
	p.in.Close()
	p.ends(nil)
}

// TestCloseAtOnce: a request after a close reads the new file, although the requests
// before the close have not been answered.
func TestCloseAtOnce(t *testing.T) {
	m := oneFile()
	p := start(t, m)
	p.send(`{"id":1,"file":"f","length":1}`)
	if a := p.next(); a.data[0] != contents[0] {
		t.Fatalf("%+v", a)
	}
	m.files["f"] = []byte("new")
	go func() {
		p.send(`{"file":"f"}`)
		p.send(`{"file":"f","op":"close"}`)
		p.send(`{"file":"f"}`)
		p.in.Close()
	}()
	old := 0
	for a := p.next(); ; a = p.next() {
		old += a.Length
		if !a.More {
			break
		}
	}
	if old != len(contents) && old != 3 { // opened after the close, if that was quick
		t.Errorf("%d bytes", old)
	}
	if a := p.next(); a.Error != "" || a.Length != 0 {
		t.Errorf("%+v", a)
	}
	if a := p.next(); string(a.data) != "new" {
		t.Errorf("%+v", a)
	}
	p.ends(nil)
}

// TestManyFiles reads more files than may be open.
func TestManyFiles(t *testing.T) {
	m := &memory{files: map[string][]byte{}, warm: map[*memFile]bool{}}
	var lines []string
	for i := range 3 * maxFiles {
		name := fmt.Sprint("file", i)
		m.files[name] = []byte(name)
		lines = append(lines, fmt.Sprintf(`{"file":%q}`, name))
	}
	all, end := talk(t, m, append(lines, lines...)...)
	if end != nil || len(all) != 6*maxFiles {
		t.Fatal(len(all), end)
	}
	for i, a := range all {
		if want := fmt.Sprint("file", i%(3*maxFiles)); string(a.data) != want {
			t.Errorf("%q, want %q", a.data, want)
		}
	}
	if m.most > maxFiles {
		t.Errorf("%d files were open at once", m.most)
	}
	if busy := runtime.GOMAXPROCS(0); m.hot < maxWarm || m.hot > maxWarm+busy {
		t.Errorf("%d files had something in memory", m.hot)
	}
	if m.all != 6*maxFiles {
		t.Errorf("opened %d times", m.all)
	}
}

// TestBackPressure sends requests without end and reads no answers: neither answers nor
// requests pile up in memory. All are answered later, in order.
func TestBackPressure(t *testing.T) {
	const limit, requests = 64 << 10, 5000
	p := start(t, oneFile())
	p.server.queue.limit = limit
	sent := make(chan int, requests+1)
	go func() {
		for i := range requests {
			if _, err := fmt.Fprintf(p.in, "{\"file\":\"f\",\"offset\":%d,\"length\":1}\n", i); err != nil {
				return
			}
			sent <- i
		}
		p.in.Close()
	}()
	for n := range sent { // until the server takes no more
		p.server.queue.mu.Lock()
		full := p.server.queue.waiting > limit
		p.server.queue.mu.Unlock()
		if full {
			break
		}
		if n > limit/requestCost {
			t.Fatal("it takes everything")
		}
	}
	for i := range requests {
		if a := p.next(); len(a.data) != 1 || a.data[0] != contents[i] {
			t.Fatalf("answer %d: %+v", i, a)
		}
	}
	p.ends(nil)
}

// TestReaderGone: the server ends when nobody can read the answers any more.
func TestReaderGone(t *testing.T) {
	gone := errors.New("gone")
	p := start(t, oneFile())
	p.send(`{"file":"f"}`)
	p.next()
	p.out.CloseWithError(gone)
	if err := <-p.end; err != gone {
		t.Error(err)
	}
}

// TestStop stops the server while it waits for its parent.
func TestStop(t *testing.T) {
	gone := errors.New("gone")
	p := start(t, oneFile())
	p.send(`{"file":"u","upcall":{"size":7}}`)
	p.next()
	p.server.Stop(gone)
	p.ends(gone)
}
