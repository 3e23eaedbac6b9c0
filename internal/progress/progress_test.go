// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package progress

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

func Example() {
	var screen, copied bytes.Buffer // in a program, the screen is standard error
	source := strings.NewReader("a short file")
	meter := New(&screen, source.Size())
	defer meter.Stop()
	if _, err := io.Copy(&copied, meter.Reader(source)); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("copied %q, and showed %q since that took no time\n", copied.String(), screen.String())
	// Output: copied "a short file", and showed "" since that took no time
}

// screen is a terminal that says when it is drawn to.
type screen struct {
	mu    sync.Mutex
	text  []byte
	drawn chan struct{} // closed by the first Write
}

func newScreen() *screen { return &screen{drawn: make(chan struct{})} }

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.text) == 0 {
		close(s.drawn)
	}
	s.text = append(s.text, p...)
	return len(p), nil
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.text)
}

// newSlow returns the meter of a copy that has been running for a minute. One
// that nothing has been read through yet has no begin.
func newSlow(w io.Writer, total int64) *Meter {
	m := New(w, total)
	m.begin = time.Now().Add(-time.Minute)
	return m
}

func read(t *testing.T, m *Meter, text string) {
	t.Helper()
	got, err := io.ReadAll(m.Reader(strings.NewReader(text)))
	if err != nil || string(got) != text {
		t.Fatalf("read %q, %v", got, err)
	}
}

func TestShortCopy(t *testing.T) {
	for _, total := range []int64{-1, 0, 4, 100} {
		s := newScreen()
		m := New(s, total)
		m.begin = time.Now().Add(time.Hour) // it stays short, however slow this machine is
		for range 100 {
			read(t, m, "text")
		}
		m.Stop()
		if s.String() != "" {
			t.Errorf("total %d: shown %q", total, s)
		}
	}
}

func TestLongCopy(t *testing.T) {
	for total, want := range map[int64]string{
		-1:       "3.00 MiB",
		4 << 20:  "3.00 MiB / 4.00 MiB",
		0:        "3.00 MiB",
		64 << 40: "3.00 MiB / 64.00 TiB",
	} {
		s := newScreen()
		m := newSlow(s, total)
		read(t, m, strings.Repeat("x", 3<<20))
		<-s.drawn
		m.Stop()
		if shown := s.String(); !strings.Contains(shown, want) || strings.Contains(shown, "p/s") {
			t.Errorf("total %d: shown %q, want %q in it and bytes a second", total, shown, want)
		}
		wantWiped(t, s)
		before := s.String()
		read(t, m, "more")
		m.Stop()
		if after := s.String(); after != before {
			t.Errorf("total %d: shown after Stop: %q", total, after[len(before):])
		}
	}
}

// wantWiped checks that the last thing drawn is an empty line with the cursor at
// its begin, on the line of the bar, and that no other line has been used.
func wantWiped(t *testing.T, s *screen) {
	t.Helper()
	shown := s.String()
	lines := strings.Split(shown, "\r")
	if len(lines) < 3 || lines[len(lines)-1] != "" || !isBlank(lines[len(lines)-2]) {
		t.Errorf("not wiped: %q", shown)
		return
	}
	if bar := lines[1]; len(lines[len(lines)-2]) < len(strings.TrimRight(bar, " ")) {
		t.Errorf("the blanks are shorter than the bar %q", bar)
	}
	if strings.Contains(shown, "\n") {
		t.Errorf("more than one line: %q", shown)
	}
}

// isBlank reports whether a line shows nothing. It may reset the colors.
func isBlank(line string) bool {
	return strings.Trim(strings.ReplaceAll(line, "\x1b[0m", ""), " ") == ""
}

func TestStopAtOnce(t *testing.T) {
	s := newScreen()
	m := newSlow(s, 100)
	read(t, m, "text") // starts the bar, which draws a little later
	m.Stop()
	m.Stop()
	if shown := s.String(); shown != "" {
		wantBlank(t, shown)
	}
}

func wantBlank(t *testing.T, shown string) {
	t.Helper()
	for _, line := range strings.Split(shown, "\r") {
		if !isBlank(line) {
			t.Errorf("shown %q", shown)
		}
	}
}

// TestStopBeforeRead: whoever stops first wins.
func TestStopBeforeRead(t *testing.T) {
	s := newScreen()
	m := newSlow(s, 100)
	m.Stop()
	read(t, m, "text")
	if s.String() != "" || m.bar.IsStarted() {
		t.Errorf("shown %q, will be shown: %t", s, m.bar.IsStarted())
	}
}

// TestStopFromElsewhere is for the race detector.
func TestStopFromElsewhere(t *testing.T) {
	for range 50 {
		s := newScreen()
		m := newSlow(s, -1)
		var all sync.WaitGroup
		source := iotest.OneByteReader(strings.NewReader(strings.Repeat("x", 500)))
		all.Go(func() { io.Copy(io.Discard, m.Reader(source)) })
		all.Go(m.Stop)
		all.Go(m.Stop)
		all.Wait()
		before := s.String()
		m.Stop()
		read(t, m, "more")
		if after := s.String(); after != before || m.bar.IsStarted() {
			t.Errorf("shown after Stop: %q, will be shown: %t", after[len(before):], m.bar.IsStarted())
		}
		if before != "" {
			wantBlank(t, before)
		}
	}
}

// TestBegin: the time that a copy waits for its first byte does not count.
func TestBegin(t *testing.T) {
	m := New(newScreen(), 4)
	defer m.Stop()
	if !m.begin.IsZero() {
		t.Error("has begun before the first read")
	}
	before := time.Now()
	read(t, m, "text")
	if m.begin.Before(before) || m.begin.After(time.Now()) {
		t.Errorf("begin is %v, the first read was at %v", m.begin, before)
	}
}

func TestNilMeter(t *testing.T) {
	var m *Meter
	source := strings.NewReader("text")
	if r := m.Reader(source); r != io.Reader(source) {
		t.Error("a nil meter does not return the reader itself")
	}
	if r := m.ReaderAt(source); r != io.ReaderAt(source) {
		t.Error("a nil meter does not return the reader itself")
	}
	m.Reset(2, 4)
	m.Set(3)
	printed := false
	m.Aside(func() { printed = true })
	if !printed {
		t.Error("a nil meter prints nothing")
	}
	m.Stop()
}

func TestSet(t *testing.T) {
	m := newSlow(newScreen(), 12)
	defer m.Stop()
	m.Set(4)
	m.Set(7)
	m.Add(2)
	(*Meter)(nil).Add(2)
	if m.bar.Current() != 9 || !m.bar.IsStarted() {
		t.Errorf("is at %d bytes, will be shown: %t", m.bar.Current(), m.bar.IsStarted())
	}
}

// TestAside: a line of text gets a line of its own, and the bar comes back.
func TestAside(t *testing.T) {
	s := newScreen()
	m := newSlow(s, 100)
	m.Aside(func() { io.WriteString(s, "before it is shown\n") })
	if m.bar.IsStarted() {
		t.Error("shown by what is printed")
	}
	read(t, m, "text")
	m.Aside(func() { io.WriteString(s, "lost\n") })
	if !m.bar.IsStarted() {
		t.Error("does not come back")
	}
	m.Stop()
	m.Aside(func() { io.WriteString(s, "after the end\n") })
	if m.bar.IsStarted() {
		t.Error("comes back after the end")
	}
	for i, text := range []string{"before it is shown", "lost", "after the end"} {
		line := strings.Split(s.String(), "\n")[i]
		if at := strings.LastIndex(line, "\r"); line[at+1:] != text {
			t.Errorf("line %d is %q, not %q", i, line, text)
		}
	}
}

func TestReader(t *testing.T) {
	errDisk := errors.New("disk on fire")
	s := newScreen()
	m := New(s, -1)
	defer m.Stop()
	r := m.Reader(io.MultiReader(strings.NewReader("text"), iotest.ErrReader(errDisk)))
	if got, err := io.ReadAll(r); string(got) != "text" || err != errDisk {
		t.Errorf("%q, %v", got, err)
	}
	if err := iotest.TestReader(m.Reader(strings.NewReader("some text")), []byte("some text")); err != nil {
		t.Error(err)
	}
	if got := m.bar.Current(); got != int64(len("text")+len("some text")) {
		t.Errorf("counted %d bytes", got)
	}
}

func TestReaderAt(t *testing.T) {
	m := New(newScreen(), -1)
	defer m.Stop()
	b := make([]byte, 4)
	n, err := m.ReaderAt(strings.NewReader("text")).ReadAt(b, 1)
	if n != 3 || err != io.EOF || string(b[:n]) != "ext" {
		t.Errorf("read %q, %v", b[:n], err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { m.ReaderAt(strings.NewReader("text")).ReadAt(make([]byte, 4), 0) })
	}
	all.Wait()
	if got := m.bar.Current(); got != 3+8*4 {
		t.Errorf("counted %d bytes", got)
	}
}

// TestReset: what was counted before is forgotten.
func TestReset(t *testing.T) {
	m := newSlow(newScreen(), 4)
	defer m.Stop()
	read(t, m, "text")
	m.Reset(3, 12)
	read(t, m, "more ")
	if m.bar.Current() != 8 || m.bar.Total() != 12 {
		t.Errorf("is at %d of %d bytes", m.bar.Current(), m.bar.Total())
	}
}

// TestBeyondTotal: more is read than was to be, and not shown.
func TestBeyondTotal(t *testing.T) {
	m := newSlow(newScreen(), 6)
	defer m.Stop()
	read(t, m, "text")
	read(t, m, "more")
	if m.bar.Current() != 6 {
		t.Errorf("is at %d of %d bytes", m.bar.Current(), m.bar.Total())
	}
}

// TestLarge counts past what 32 bits hold: on 386, an int is no larger.
func TestLarge(t *testing.T) {
	const gib = 1 << 30
	m := New(newScreen(), 10*gib)
	defer m.Stop()
	for _, done := range []int64{2*gib - 1, 2 * gib, 4*gib + 1, 9 * gib, gib, 7 * gib} {
		m.Set(done)
		if got := m.bar.Current(); got != done {
			t.Errorf("%d bytes are shown as %d", done, got)
		}
	}
	m.Reset(3*gib, 10*gib)
	read(t, m, "text")
	if got := m.bar.Current(); got != 3*gib+4 {
		t.Errorf("%d bytes after 3 GiB and 4", got)
	}
}
