// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package batch

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// reads requires that the next line asks for bytes, and returns them.
func (p *parent) reads(of []byte) (call *answer, data []byte) {
	p.t.Helper()
	call = p.next()
	if call.Read == 0 || call.Offset < 0 || call.Length <= 0 || call.Offset+int64(call.Length) > int64(len(of)) {
		p.t.Fatalf("%+v", call)
	}
	return call, of[call.Offset:][:call.Length]
}

// TestUpcall: requests for a file that the parent reads are answered like any other.
func TestUpcall(t *testing.T) {
	for _, size := range []int{0, 1, headSize, headSize + 1, len(contents)} {
		p := start(t, oneFile())
		p.send(fmt.Sprintf(`{"file":"s3://b/k","upcall":{"size":%d,"validator":"\"v1\""},"offset":3}`, size))
		var got []byte
		calls := 0
		for {
			a := p.next()
			if a.Read == 0 {
				if got = append(got, a.data...); a.Error != "" || !a.More {
					break
				}
				continue
			}
			calls++
			if a.File != "s3://b/k" || a.Validator != `"v1"` || a.Length > size {
				t.Errorf("%+v", a)
			}
			p.send(fmt.Sprintf(`{"read":%d,"length":%d}`, a.Read, a.Length), contents[a.Offset:][:a.Length]...)
		}
		if want := contents[min(3, size):size]; !bytes.Equal(got, want) {
			t.Errorf("of %d bytes %d were right", size, len(got))
		}
		if size <= headSize && calls > 1 {
			t.Errorf("%d up-calls for %d bytes", calls, size)
		}
		p.in.Close()
		p.ends(nil)
	}
}

// TestUpcallKeys: another size or validator is another file, as is one of the same name
// that the parent does not read.
func TestUpcallKeys(t *testing.T) {
	m := oneFile()
	p := start(t, m)
	for _, test := range []struct {
		file string
		new  bool
	}{
		{`"file":"f","upcall":{"size":2}`, true},
		{`"file":"f","upcall":{"size":2}`, false},
		{`"file":"f","upcall":{"size":2,"validator":"a"}`, true},
		{`"file":"f","upcall":{"size":3,"validator":"a"}`, true},
		{`"file":"f","upcall":{"size":2}`, false},
		{`"file_base64":"Zg==","upcall":{"size":2}`, false},
		{`"file_base64":"/w==","upcall":{"size":2}`, true},
	} {
		p.send(`{` + test.file + `,"length":1}`)
		a := p.next()
		if test.new != (a.Read != 0) {
			t.Errorf("%s: %+v", test.file, a)
		}
		if a.Read != 0 {
			if name := string(a.Base64); name != "f" && name != "\xff" || (a.File == "") != (name == "\xff") {
				t.Errorf("%s: %+v", test.file, a)
			}
			p.send(fmt.Sprintf(`{"read":%d,"length":%d}`, a.Read, a.Length), contents[:a.Length]...)
			a = p.next()
		}
		if len(a.data) != 1 || a.data[0] != contents[0] {
			t.Errorf("%s: %+v", test.file, a)
		}
	}
	p.send(`{"file":"f","length":1}`)
	if a := p.next(); len(a.data) != 1 {
		t.Errorf("%+v", a)
	}
}

// TestWrongUpcallAnswers: an answer that is too short, too long or missing fails the
// request, and the next one is answered.
func TestWrongUpcallAnswers(t *testing.T) {
	for line, message := range map[string]string{
		`{"read":%d,"length":0}`:                                  "the up-call failed: the parent answered with 0 bytes, and was asked for 9",
		`{"read":%d,"length":8}12345678`:                          "the up-call failed: the parent answered with 8 bytes, and was asked for 9",
		`{"read":%d,"length":100}` + pad(100):                     "the up-call failed: the parent answered with 100 bytes, and was asked for 9",
		`{"read":%d,"error":"no such key"}`:                       "the up-call failed: no such key",
		`{"read":%d,"error":""}`:                                  "the up-call failed: ",
		`{"read":%d,"error":"` + strings.Repeat("é", 3000) + `"}`: "the up-call failed: éé",
	} {
		p := start(t, oneFile())
		for range 2 { // it is not remembered
			p.send(`{"file":"u","upcall":{"size":9}}`)
			call, _ := p.reads(contents[:9])
			line, rest, _ := strings.Cut(fmt.Sprintf(line, call.Read), "}")
			p.send(line+"}", []byte(rest)...)
			if a := p.next(); a.Error != "upcall" || !strings.HasPrefix(a.Message, message) || len(a.Message) > 2000 {
				t.Errorf("%.50s: %+v", line, a)
			}
		}
		p.send(`{"file":"u","upcall":{"size":9}}`)
		call, data := p.reads(contents[:9])
		p.send(fmt.Sprintf(`{"read":%d,"length":9}`, call.Read), data...)
		if a := p.next(); !bytes.Equal(a.data, data) {
			t.Errorf("after %.50s: %+v", line, a)
		}
	}
}

// TestUpcallsAtOnce: up-calls of several requests are in flight at once, and may be
// answered in any order.
func TestUpcallsAtOnce(t *testing.T) {
	p := start(t, oneFile())
	for i := range distant {
		p.send(fmt.Sprintf(`{"id":%d,"file":"u%d","upcall":{"size":9}}`, i, i))
	}
	var calls []*answer
	for range distant {
		call, _ := p.reads(contents[:9])
		calls = append(calls, call)
	}
	for i := len(calls) - 1; i >= 0; i-- {
		p.send(fmt.Sprintf(`{"read":%d,"length":9}`, calls[i].Read), []byte(fmt.Sprintf("%-9s", calls[i].File))...)
		if a := p.next(); strings.TrimSpace(string(a.data)) != fmt.Sprint("u", a.ID) || string(a.data) != fmt.Sprintf("%-9s", calls[i].File) {
			t.Errorf("%+v", a)
		}
	}
	p.in.Close()
	p.ends(nil)
}

// TestUpcallsHoldUpNobody: a file that waits for the parent does not delay others.
func TestUpcallsHoldUpNobody(t *testing.T) {
	p := start(t, oneFile())
	for range 3 * distant { // more than are under way
		p.send(`{"id":"u","file":"u","upcall":{"size":9}}`)
	}
	call, data := p.reads(contents[:9])
	for range 100 {
		p.send(`{"id":"f","file":"f","length":9}`)
		if a := p.next(); a.ID != "f" || !bytes.Equal(a.data, data) {
			t.Fatalf("%+v", a)
		}
	}
	p.send(fmt.Sprintf(`{"read":%d,"length":9}`, call.Read), data...)
	for range 3 * distant {
		if a := p.next(); a.ID != "u" || !bytes.Equal(a.data, data) {
			t.Fatalf("%+v", a)
		}
	}
}

// TestParentEnds: if the parent ends before it has answered an up-call, the request
// fails, and the others are answered.
func TestParentEnds(t *testing.T) {
	p := start(t, oneFile())
	p.send(`{"file":"f","length":1}`)
	p.send(`{"file":"u","upcall":{"size":9}}`)
	p.send(`{"file":"v","upcall":{"size":9}}`)
	p.send(`{"file":"f","length":1}`)
	for got := 0; got < 3; got++ { // two up-calls, in any order with the first answer
		p.next()
	}
	p.in.Close()
	for range 2 {
		if a := p.next(); a.Error != "upcall" || !strings.Contains(a.Message, "the parent has closed its end") {
			t.Errorf("%+v", a)
		}
	}
	if a := p.next(); a.Length != 1 {
		t.Errorf("%+v", a)
	}
	p.ends(nil)
}

// TestParentEndsShort: a parent that ends in the middle of an answer breaks the protocol.
func TestParentEndsShort(t *testing.T) {
	for _, answer := range []string{`{"read":%d,"length":9}` + "\n1234", `{"read":%d,"length":9}`, `{"read":%d,"length":90}` + "\n1234", `{"read":%d,`} {
		p := start(t, oneFile())
		p.send(`{"file":"u","upcall":{"size":9}}`)
		call, _ := p.reads(contents[:9])
		fmt.Fprintf(p.in, answer, call.Read)
		p.in.Close()
		if a := p.next(); a.Error != "upcall" || a.Fatal {
			t.Errorf("%q: %+v", answer, a)
		}
		if a := p.next(); a.Error != "protocol" || !a.Fatal {
			t.Errorf("%q: %+v", answer, a)
		}
		p.ends(ErrProtocol)
	}
}

// TestAnsweredTwice: a second answer to an up-call breaks the protocol.
func TestAnsweredTwice(t *testing.T) {
	p := start(t, oneFile())
	p.send(`{"file":"u","upcall":{"size":9}}`)
	call, data := p.reads(contents[:9])
	line := fmt.Sprintf(`{"read":%d,"length":9}`, call.Read)
	p.send(line, data...)
	if a := p.next(); a.Length != 9 {
		t.Errorf("%+v", a)
	}
	p.send(line)
	if a := p.next(); a.Error != "protocol" || !a.Fatal {
		t.Errorf("%+v", a)
	}
	p.ends(ErrProtocol)
}

// TestTooManyRequests: while an up-call waits, too many requests break the protocol.
func TestTooManyRequests(t *testing.T) {
	const limit = 64 << 10
	p := start(t, oneFile())
	p.server.queue.limit = limit
	p.send(`{"file":"u","upcall":{"size":9}}`)
	call, data := p.reads(contents[:9])
	request := `{"file":"f","length":1}`
	n := limit/(len(request)+1+requestCost) - 1
	for range n {
		p.send(request)
	}
	p.send(fmt.Sprintf(`{"read":%d,"length":9}`, call.Read), data...)
	for range n + 1 {
		if a := p.next(); a.Error != "" {
			t.Fatalf("%+v", a)
		}
	}

	p.send(`{"file":"v","upcall":{"size":9}}`)
	p.next()
	go func() {
		for range n + MaxLine {
			if _, err := fmt.Fprintln(p.in, request); err != nil {
				return
			}
		}
	}()
	if a := p.next(); a.Error != "upcall" {
		t.Errorf("%+v", a)
	}
	for a := p.next(); ; a = p.next() {
		if a.Fatal {
			if !strings.Contains(a.Message, "too many requests") {
				t.Errorf("%+v", a)
			}
			break
		}
	}
	if err := <-p.end; !errors.Is(err, ErrProtocol) {
		t.Error(err)
	}
}
