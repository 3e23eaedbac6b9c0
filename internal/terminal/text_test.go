// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package terminal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func ExamplePrintable() {
	fmt.Println(Printable("model.pqe"))
	fmt.Println(Printable("\x1b[2Jmodel.pqe\r\n"))
	// Output:
	// model.pqe
	// \u001b[2Jmodel.pqe\u000d\u000a
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "",
		"model v1.0 (final)":    "model v1.0 (final)",
		"Größe 世界 🙂 \ufffd":     "Größe 世界 🙂 \ufffd", // the replacement character itself is one
		`C:\models`:             `C:\models`,
		"a\nb\tc\rd":            `a\u000ab\u0009c\u000dd`,
		"\x00\x07\b\x7f":        `\u0000\u0007\u0008\u007f`,
		"\x1b]0;title\x07":      `\u001b]0;title\u0007`,
		"\x1b[31mred\x1b[0m":    `\u001b[31mred\u001b[0m`,
		"\u009b2J":              `\u009b2J`, // CSI as a C1 control
		"\x9b2J":                `\x9b2J`,   // the same as one byte
		"gnp\u202egpj.exe":      `gnp\u202egpj.exe`,
		"\u2066\u200f\ufeff":    `\u2066\u200f\ufeff`,
		"a\u2028b\u00a0c":       `a\u2028b\u00a0c`, // line separator, no-break space
		"\U000e0041":            `\ue0041`,         // a tag character
		"\xff\xc3":              `\xff\xc3`,
		"\xe4\xb8 \xe4\xb8\x96": `\xe4\xb8 世`,
		"\xc0\xaf\xed\xa0\x80":  `\xc0\xaf\xed\xa0\x80`, // overlong, surrogate
		"\xf4\x90\x80\x80":      `\xf4\x90\x80\x80`,     // beyond U+10FFFF
		"\ufffd\x1b":            "\ufffd" + `\u001b`,
	} {
		if got := Printable(in); got != want {
			t.Errorf("Printable(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestPrintableAlways: nothing that a terminal could obey is left, whatever
// is next to it.
func TestPrintableAlways(t *testing.T) {
	check := func(in string) {
		out := Printable(in)
		if bad := strings.IndexFunc(out, func(r rune) bool { return !unicode.IsPrint(r) }); bad >= 0 || !utf8.ValidString(out) {
			t.Errorf("Printable(%q) = %q", in, out)
		}
	}
	for b := range 256 {
		check(string([]byte{byte(b)}))
		check(string([]byte{'a', byte(b), 'z'}))
	}
	for r := rune(0); r <= unicode.MaxRune; r += 1 + r/0x4000 { // each of the first 16,384, then fewer
		check(string(r))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		b := make([]byte, random.IntN(20))
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		check(string(b))
	}
}

// text is all that TextWriter lets pass, in characters of 1 to 4 bytes.
const text = "Größe\t世界 🙂\r\nnext\u00a0line,\u3000e\u0301 \ufffd\n"

func TestTextWriter(t *testing.T) {
	for size := 1; size <= len(text); size++ {
		var out bytes.Buffer
		w := &TextWriter{W: &out}
		for rest := []byte(text); len(rest) > 0; {
			n := min(size, len(rest))
			if wrote, err := w.Write(rest[:n]); wrote != n || err != nil {
				t.Fatalf("writes of %d bytes: %d, %v", size, wrote, err)
			}
			rest = rest[n:]
			if !utf8.Valid(out.Bytes()) {
				t.Fatalf("writes of %d bytes: part of a character in %q", size, out.Bytes())
			}
		}
		if err := w.Close(); out.String() != text || err != nil {
			t.Errorf("writes of %d bytes: %q, %v", size, out.String(), err)
		}
	}
}

func TestTextWriterRefuses(t *testing.T) {
	for _, bad := range []string{
		"\x1b[2J", "\x00", "\b", "\x07", "\v", "\f", "\x7f", // controls
		"\u0085", "\u009b2J", "\x9b2J", // C1
		"\u202e", "\u2066", "\u200f", "\ufeff", "\u2028", "\U000e0041",
		"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3(", "\xe4\xb8(",
	} {
		// Wherever it is and however it is split, no byte of it, and nothing of the
		// Write that contains it, is written.
		for split := range len(bad) {
			var out bytes.Buffer
			w := &TextWriter{W: &out}
			if n, err := w.Write([]byte("good")); n != 4 || err != nil {
				t.Fatal(err)
			}
			n, err := w.Write([]byte("more" + bad[:split]))
			allowed := "good"
			if err == nil {
				allowed = "goodmore"
				n, err = w.Write([]byte(bad[split:] + "rest"))
			}
			if n != 0 || !errors.Is(err, ErrBinary) {
				t.Errorf("%q at %d: %d, %v", bad, split, n, err)
			}
			if out.String() != allowed {
				t.Errorf("%q at %d: %q got through", bad, split, out.String())
			}
		}
	}
}

// TestTextWriterClose: a text that ends inside a character was not shown completely.
func TestTextWriterClose(t *testing.T) {
	for _, end := range []string{"\xc3", "\xe4\xb8", "\xf0\x9f\x99"} {
		var out bytes.Buffer
		w := &TextWriter{W: &out}
		if n, err := w.Write([]byte("good" + end)); n != 4+len(end) || err != nil {
			t.Fatal(n, err)
		}
		if err := w.Close(); !errors.Is(err, ErrBinary) || out.String() != "good" {
			t.Errorf("%q: %v, shown %q", end, err, out.String())
		}
	}
}

// TestTextWriterPassesErrorsOn also has a character that began before the error.
func TestTextWriterPassesErrorsOn(t *testing.T) {
	errGone := errors.New("gone")
	w := &TextWriter{W: writerFunc(func([]byte) (int, error) { return 0, errGone })}
	if n, err := w.Write([]byte("text\xe4")); n != 0 || !errors.Is(err, errGone) {
		t.Errorf("%d, %v", n, err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// What ASCII returns is the same JSON.
func TestASCII(t *testing.T) {
	for _, want := range []string{"", "plain", "ü", "\u009b31m", "\u007f", "\U0001f600", "\u2028"} {
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		ascii := ASCII(string(text))
		var got string
		if err := json.Unmarshal([]byte(ascii), &got); err != nil || got != want || strings.ContainsFunc(ascii, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("ASCII(%s) = %s, %v", text, ascii, err)
		}
	}
}
