// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package armor

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

// random returns n bytes, the same ones every time.
func random(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

// onlyReader hides every other method, so that io.Copy uses the buffer it is given.
type onlyReader struct{ io.Reader }

func encode(tb testing.TB, content []byte) []byte {
	tb.Helper()
	var text bytes.Buffer
	w := NewWriter(&text)
	if _, err := w.Write(content); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return text.Bytes()
}

// reference builds the text form in the simplest way.
func reference(content []byte) string {
	text := Header + "\n"
	rest := base64.StdEncoding.EncodeToString(content)
	for len(rest) > 0 {
		n := min(64, len(rest))
		text += rest[:n] + "\n"
		rest = rest[n:]
	}
	return text + Footer + "\n"
}

func lengths() []int {
	var all []int
	for n := range 201 {
		all = append(all, n)
	}
	full := batch * lineBytes
	return append(all, full-49, full-48, full-1, full, full+1, full+48, 2*full, 2*full+100)
}

func TestWriter(t *testing.T) {
	for _, n := range lengths() {
		content := random(n)
		if got := string(encode(t, content)); got != reference(content) {
			t.Fatalf("length %d: got\n%s", n, got)
		}
	}
}

func TestWriterSmallWrites(t *testing.T) {
	content := random(2*batch*lineBytes + 17)
	for _, step := range []int{1, 7, 47, 48, 49, 5000} {
		var text bytes.Buffer
		w := NewWriter(&text)
		for rest := content; len(rest) > 0; {
			n, err := w.Write(rest[:min(step, len(rest))])
			if err != nil || n == 0 {
				t.Fatal(n, err)
			}
			rest = rest[n:]
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text.Bytes(), encode(t, content)) {
			t.Errorf("writes of %d bytes give another text", step)
		}
	}
}

func TestWriterAfterClose(t *testing.T) {
	var text bytes.Buffer
	w := NewWriter(&text)
	for range 2 {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := w.Write([]byte("x")); n != 0 || err == nil {
		t.Errorf("write after close: %d, %v", n, err)
	}
	if text.String() != Header+"\n"+Footer+"\n" {
		t.Errorf("got %q", text.String())
	}
}

// limited accepts a number of bytes and then fails, or reports a short write if err is nil.
type limited struct {
	left int
	err  error
	text []byte
}

func (w *limited) Write(p []byte) (int, error) {
	n := min(len(p), w.left)
	w.left -= n
	w.text = append(w.text, p[:n]...)
	if n < len(p) {
		return n, w.err
	}
	return n, nil
}

func TestWriterErrors(t *testing.T) {
	full := errors.New("disk full")
	for _, test := range []struct{ err, want error }{{full, full}, {nil, io.ErrShortWrite}} {
		dst := &limited{left: 1000, err: test.err}
		w := NewWriter(dst)
		if _, err := w.Write(random(1 << 20)); err != test.want {
			t.Errorf("write: %v, want %v", err, test.want)
		}
		dst.left = 1 << 20
		if _, err := w.Write([]byte("more")); err != test.want {
			t.Errorf("next write: %v, want %v", err, test.want)
		}
		if err := w.Close(); err != test.want {
			t.Errorf("close: %v, want %v", err, test.want)
		}
		if len(dst.text) != 1000 {
			t.Errorf("%d bytes were written after the error", len(dst.text)-1000)
		}
	}
}

// readers deliver the text in different pieces.
var readers = []struct {
	name string
	wrap func(io.Reader) io.Reader
}{
	{"whole", func(r io.Reader) io.Reader { return r }},
	{"one byte", iotest.OneByteReader},
	{"half", iotest.HalfReader},
	{"data with error", iotest.DataErrReader},
	{"one byte with error", func(r io.Reader) io.Reader { return iotest.DataErrReader(iotest.OneByteReader(r)) }},
	{"buffered", func(r io.Reader) io.Reader { return bufio.NewReader(r) }},
	{"large buffer", func(r io.Reader) io.Reader { return bufio.NewReaderSize(r, 1<<20) }},
}

func TestRoundTrip(t *testing.T) {
	for _, reader := range readers {
		t.Run(reader.name, func(t *testing.T) {
			for _, n := range lengths() {
				content := random(n)
				got, err := io.ReadAll(NewReader(reader.wrap(bytes.NewReader(encode(t, content)))))
				if err != nil || !bytes.Equal(got, content) {
					t.Fatalf("length %d: %d bytes, %v", n, len(got), err)
				}
			}
		})
	}
}

func TestReaderBuffers(t *testing.T) {
	content := random(3*batch*lineBytes + 5)
	text := encode(t, content)
	for _, size := range []int{1, 2, 47, 48, 55, 56, 57, 100, 4096, 1 << 20} {
		var got bytes.Buffer
		r := NewReader(bytes.NewReader(text))
		if _, err := io.CopyBuffer(&onlyWriter{&got}, onlyReader{r}, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), content) {
			t.Errorf("buffers of %d bytes: other content", size)
		}
	}
	for _, n := range []int{0, 100, 5000} {
		if err := iotest.TestReader(NewReader(bytes.NewReader(encode(t, content[:n]))), content[:n]); err != nil {
			t.Error(err)
		}
	}
}

type onlyWriter struct{ io.Writer }

// A reader must return the lines that have arrived before it waits for more.
func TestReaderDoesNotWait(t *testing.T) {
	content := random(10 * lineBytes)
	text := encode(t, content)
	src, dst := io.Pipe()
	defer src.Close()
	go dst.Write(text[:len(text)-len(Footer)-1]) // and the pipe stays open
	got := make([]byte, 4096)
	if n, err := io.ReadAtLeast(NewReader(src), got, len(content)); err != nil || !bytes.Equal(got[:n], content) {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestReaderAllocations(t *testing.T) {
	allocations := func(lines int) float64 {
		text := encode(t, random(lines*lineBytes))
		buf := make([]byte, 4096)
		return testing.AllocsPerRun(5, func() {
			io.CopyBuffer(io.Discard, onlyReader{NewReader(bytes.NewReader(text))}, buf)
		})
	}
	if few, many := allocations(10), allocations(20000); many > few+10 {
		t.Errorf("%v allocations for 20000 lines, %v for 10", many, few)
	}
}

// The last line of a file of full lines is full; so are these 3, by hand.
const (
	lineA = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
	line1 = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
	line2 = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQQ=="
)

func lines(all ...string) string { return strings.Join(all, "\n") + "\n" }

func TestReaderAccepts(t *testing.T) {
	a := strings.Repeat("A", 48)
	for _, test := range []struct{ name, text, want string }{
		{"empty", lines(Header, Footer), ""},
		{"one byte", lines(Header, "QQ==", Footer), "A"},
		{"two bytes", lines(Header, "QUE=", Footer), "AA"},
		{"full line", lines(Header, lineA, Footer), a},
		{"full line, padded", lines(Header, line1, Footer), a[1:]},
		{"full line, padded twice", lines(Header, line2, Footer), a[2:]},
		{"two lines", lines(Header, lineA, "QQ==", Footer), a + "A"},
		{"carriage returns", "\r\n" + Header + "\r\n" + lineA + "\r\nQQ==\r\n" + Footer + "\r\n", a + "A"},
		{"some carriage returns", Header + "\n" + lineA + "\r\nQQ==\n" + Footer, a + "A"},
		{"no final newline", Header + "\nQQ==\n" + Footer, "A"},
		{"final carriage return", Header + "\nQQ==\n" + Footer + "\r", "A"},
		{"space before", " \t\r\n \n" + lines(Header, "QQ==", Footer), "A"},
		{"space after", lines(Header, "QQ==", Footer) + " \t\r\n \n", "A"},
		{"most space and CR LF", strings.Repeat("\r\n", 1024) + Header + "\r\nQQ==\r\n" + Footer + "\r\n" + strings.Repeat("\r\n", 1024), "A"},
		{"most space after a line ending", Header + "\nQQ==\n" + Footer + "\n" + strings.Repeat(" ", 1024), "A"},
		{"space in the last line", Header + "\nQQ==\n" + Footer + "  \n", "A"},
		{"most space", strings.Repeat("\n", 1024) + Header + "\nQQ==\n" + Footer + strings.Repeat(" ", 1024), "A"},
	} {
		for _, reader := range readers {
			got, err := io.ReadAll(NewReader(reader.wrap(strings.NewReader(test.text))))
			if err != nil || string(got) != test.want {
				t.Errorf("%s, %s: %q, %v", test.name, reader.name, got, err)
			}
		}
	}
}

func TestReaderRefuses(t *testing.T) {
	for _, test := range []struct {
		name, text string
		line       int
	}{
		{"binary", "\x89PQENC\r\n", 1},
		{"text", "hello, this is no armor at all\n", 1},
		{"another header", lines("-----BEGIN AGE ENCRYPTED FILE-----", "QQ==", Footer), 1},
		{"footer only", lines(Footer), 1},
		{"text before", "x" + lines(Header, "QQ==", Footer), 1},
		{"text line before", lines("hello", Header, "QQ==", Footer), 1},
		{"too much space before", strings.Repeat("\n", 1025) + lines(Header, Footer), 1025},
		{"text after the header", lines(Header+"QQ==", Footer), 1},
		{"space after the header", lines(Header+" ", "QQ==", Footer), 1},
		{"two headers", lines(Header, Header, "QQ==", Footer), 2},
		{"empty line first", lines(Header, "", "QQ==", Footer), 2},
		{"empty line last", lines(Header, "QQ==", "", Footer), 3},
		{"empty line between", lines(Header, lineA, "", "QQ==", Footer), 3},
		{"empty line, carriage return", lines(Header, lineA, "\r", Footer), 3},
		{"line too long", lines(Header, lineA+"QUFB", Footer), 2},
		{"line too long by one", lines(Header, lineA+"Q", Footer), 2},
		{"very long line", lines(Header, strings.Repeat(lineA, 5000), Footer), 2},
		{"long line without end", Header + "\n" + lineA + "QUFB", 2},
		{"short line first", lines(Header, "QUFB", lineA, Footer), 3},
		{"short line between", lines(Header, lineA, lineA[4:], lineA, Footer), 4},
		{"two short lines", lines(Header, "QUFB", "QUFB", Footer), 3},
		{"padded line between", lines(Header, line1, lineA, Footer), 3},
		{"no padding", lines(Header, "QQ", Footer), 2},
		{"half the padding", lines(Header, "QQ=", Footer), 2},
		{"padding inside", lines(Header, "QQ==QUFB", Footer), 2},
		{"padding only", lines(Header, "====", Footer), 2},
		{"one character", lines(Header, "Q", Footer), 2},
		{"trailing bits, one byte", lines(Header, "QR==", Footer), 2},
		{"trailing bits, two bytes", lines(Header, "QUF=", Footer), 2},
		{"URL alphabet", lines(Header, "QU-_", Footer), 2},
		{"dash first", lines(Header, "-UFB", Footer), 2},
		{"foreign character", lines(Header, "QU*B", Footer), 2},
		{"zero byte", lines(Header, "QU\x00B", Footer), 2},
		{"eighth bit", lines(Header, "QU\xc2B", Footer), 2},
		{"leading space", lines(Header, " QUFB", Footer), 2},
		{"trailing space", lines(Header, "QUFB ", Footer), 2},
		{"carriage return inside", lines(Header, "QU\rFB", Footer), 2},
		{"carriage returns for characters", lines(Header, "QUFB\r\r\r\r\r", Footer), 2},
		{"two carriage returns", lines(Header, "QUFB\r\r", Footer), 2},
		{"carriage returns only", Header + "\r" + lineA + "\r" + Footer + "\r", 1},
		{"another footer", lines(Header, "QUFB", "-----END AGE ENCRYPTED FILE-----"), 3},
		{"text before the footer", lines(Header, "QUFB", " "+Footer), 3},
		{"text after the footer", lines(Header, "QUFB", Footer+"-"), 3},
		{"text after the footer line", lines(Header, "QUFB", Footer, "hello"), 4},
		{"zero after the footer", lines(Header, "QUFB", Footer, "\x00"), 4},
		{"another armor after the footer", lines(Header, "QUFB", Footer, Header, "QUFB", Footer), 4},
		{"too many lines after", lines(Header, "QUFB", Footer) + strings.Repeat("\r\n", 1025), 1028},
		{"too many carriage returns after", lines(Header, "QUFB", Footer) + strings.Repeat("\r", 1025), 4},
		{"too much space after", Header + "\nQUFB\n" + Footer + strings.Repeat(" ", 1025), 3},
	} {
		for _, reader := range readers {
			_, err := io.ReadAll(NewReader(reader.wrap(strings.NewReader(test.text))))
			if !errors.Is(err, ErrArmor) || errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s, %s: %v", test.name, reader.name, err)
				continue
			}
			if want := fmt.Sprintf("line %d: ", test.line); !strings.Contains(err.Error(), want) {
				t.Errorf("%s, %s: %q does not say %q", test.name, reader.name, err, want)
			}
			if strings.Contains(err.Error(), "QU") || strings.Contains(err.Error(), "hello") {
				t.Errorf("%s, %s: %q quotes the input", test.name, reader.name, err)
			}
		}
	}
}

// Every prefix of an armored file is truncated, except the one without the last newline.
func TestReaderCut(t *testing.T) {
	content := random(200)
	text := encode(t, content)
	for _, reader := range readers {
		for n := range len(text) - 1 {
			got, err := io.ReadAll(NewReader(reader.wrap(bytes.NewReader(text[:n]))))
			if !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, ErrArmor) {
				t.Fatalf("%s, cut at %d: %v", reader.name, n, err)
			}
			if !bytes.HasPrefix(content, got) {
				t.Fatalf("%s, cut at %d: delivered something else", reader.name, n)
			}
		}
	}
}

func TestReaderPassesErrorsOn(t *testing.T) {
	broken := errors.New("cable unplugged")
	text := encode(t, random(200))
	for n := range len(text) + 1 {
		for _, reader := range readers {
			src := io.MultiReader(bytes.NewReader(text[:n]), iotest.ErrReader(broken))
			r := NewReader(reader.wrap(src))
			for range 2 {
				if _, err := io.ReadAll(r); err != broken {
					t.Fatalf("%s, broken at %d: %v", reader.name, n, err)
				}
			}
		}
	}
}

func TestReaderDeliversNothingPastTheFault(t *testing.T) {
	text := lines(Header, lineA, lineA, "*"+lineA[1:], lineA, Footer)
	for _, reader := range readers {
		for _, size := range []int{1, 60, 4096} {
			var got bytes.Buffer
			r := NewReader(reader.wrap(strings.NewReader(text)))
			for range 2 {
				_, err := io.CopyBuffer(&onlyWriter{&got}, onlyReader{r}, make([]byte, size))
				if !errors.Is(err, ErrArmor) {
					t.Errorf("%s: %v", reader.name, err)
				}
			}
			if got.String() != strings.Repeat("A", 96) {
				t.Errorf("%s, buffer of %d: delivered %d bytes", reader.name, size, got.Len())
			}
		}
	}
}

// utf16Of returns a text as PowerShell writes it.
func utf16Of(s string, order binary.AppendByteOrder) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + s)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// TestByteOrderMark accepts a byte order mark in UTF-8, and refuses UTF-16.
func TestByteOrderMark(t *testing.T) {
	content := random(100)
	armored := string(encode(t, content))
	for _, reader := range readers {
		got, err := io.ReadAll(NewReader(reader.wrap(strings.NewReader("\ufeff" + armored))))
		if !bytes.Equal(got, content) || err != nil {
			t.Errorf("%s: %d bytes, %v", reader.name, len(got), err)
		}
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			_, err := io.ReadAll(NewReader(reader.wrap(strings.NewReader(utf16Of(armored, order)))))
			if !errors.Is(err, ErrArmor) || !strings.Contains(err.Error(), "UTF-16") {
				t.Errorf("%s, %s: %v", reader.name, order, err)
			}
		}
		if _, err := io.ReadAll(NewReader(reader.wrap(strings.NewReader("\ufeff")))); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s, a mark alone: %v", reader.name, err)
		}
	}
}

func TestDetect(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       bool
	}{
		{"armor", lines(Header, "QUFB", Footer), true},
		{"header only", Header, true},
		{"space before", " \r\n\t" + Header, true},
		{"most space before", strings.Repeat(" ", 1024) + Header, true},
		{"most CR LF before", "\ufeff" + strings.Repeat("\r\n", 1024) + Header, true},
		{"too many CR LF before", strings.Repeat("\r\n", 1025) + Header, false},
		{"byte order mark", "\ufeff" + Header, true},
		{"byte order mark and space", "\ufeff\r\n" + Header, true},
		{"byte order mark only", "\ufeff", false},
		{"part of a byte order mark", "\ufeff"[:2], false},
		{"two byte order marks", "\ufeff\ufeff" + Header, false},
		{"space and byte order mark", "\n\ufeff" + Header, false},
		{"UTF-16, little endian", utf16Of(Header, binary.LittleEndian), true},
		{"UTF-16, big endian", utf16Of(Header, binary.BigEndian), true},
		{"UTF-16 of something else", utf16Of("another text", binary.LittleEndian), false},
		{"too much space before", strings.Repeat(" ", 1025) + Header, false},
		{"binary", "\x89PQENC\r\n\x1a\n" + strings.Repeat("\x00", 4096), false},
		{"nothing", "", false},
		{"space only", strings.Repeat("\n", 4096), false},
		{"part of a header", Header[:20], false},
		{"another header", "-----BEGIN PGP MESSAGE-----\n", false},
		{"text before", "hello\n" + Header, false},
	} {
		for _, reader := range readers {
			r := bufio.NewReader(reader.wrap(strings.NewReader(test.text)))
			got, err := Detect(r)
			if err != nil || got != test.want {
				t.Errorf("%s, %s: %v, %v", test.name, reader.name, got, err)
			}
			if rest, err := io.ReadAll(r); err != nil || string(rest) != test.text {
				t.Errorf("%s, %s: Detect took something: %d bytes left, %v", test.name, reader.name, len(rest), err)
			}
		}
	}
}

func TestDetectErrors(t *testing.T) {
	broken := errors.New("cable unplugged")
	for _, start := range []string{"", "\n\n", Header[:10]} {
		r := bufio.NewReader(io.MultiReader(strings.NewReader(start), iotest.ErrReader(broken)))
		if _, err := Detect(r); err != broken {
			t.Errorf("after %q: %v", start, err)
		}
	}
}

// Detect must not wait for more input than it needs.
func TestDetectDoesNotWait(t *testing.T) {
	for text, want := range map[string]bool{Header: true, "\x89": false, "-----B!": false} {
		src, dst := io.Pipe()
		go dst.Write([]byte(text)) // and the pipe stays open
		if got, err := Detect(bufio.NewReader(src)); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
		src.Close()
	}
}
