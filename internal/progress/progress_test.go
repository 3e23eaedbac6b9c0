// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package progress

import (
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
	meter := NewLog(func(line string) { fmt.Println(line) }, 3)
	defer meter.Stop()
	copied, err := io.ReadAll(meter.Reader(strings.NewReader("abc")))
	fmt.Printf("copied %q, %v: nothing was shown, since that took no time\n", copied, err)
	// Output: copied "abc", <nil>: nothing was shown, since that took no time
}

// screen is a terminal of 80 columns whose writes a test can wait for.
type screen struct {
	mu      sync.Mutex
	text    []byte
	columns int
	busy    bool
	drawn   chan struct{} // closed by the first Write
}

func newScreen() *screen { return &screen{drawn: make(chan struct{}), columns: 80} }

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.text) == 0 {
		close(s.drawn)
	}
	s.text = append(s.text, p...)
	return len(p), nil
}

func (s *screen) Columns() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.columns
}

func (s *screen) Idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.busy
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.text)
}

// shows returns what is on the line of the cursor, by obeying \r and \n.
func (s *screen) shows() string {
	text := s.String()
	line := []byte{}
	at := 0
	for _, c := range []byte(text[strings.LastIndex(text, "\n")+1:]) {
		switch {
		case c == '\r':
			at = 0
			continue
		case at == len(line):
			line = append(line, c)
		default:
			line[at] = c
		}
		at++
	}
	return strings.TrimRight(string(line), " ")
}

// newSlow returns the meter of a copy that has been running for a minute, and that is
// drawn by the test alone.
func newSlow(s *screen, total int64) *Meter {
	m := New(s, total)
	m.begin, m.wait, m.every = time.Now().Add(-time.Minute), 2*time.Hour, time.Hour
	return m
}

// drawNow draws the meter.
func (m *Meter) drawNow() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.stopped {
		m.draw()
	}
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

// TestLongCopy waits for the bar to be drawn by itself.
func TestLongCopy(t *testing.T) {
	for total, want := range map[int64]string{
		-1:       "3 MiB  ",
		4 << 20:  "3.0/4 MiB  [=====================>      ] 75%",
		0:        "3 MiB  ",
		64 << 30: "0.0/64 GiB  [>                           ] 0%",
	} {
		s := newScreen()
		m := newSlow(s, total)
		m.wait = 0
		read(t, m, strings.Repeat("x", 3<<20))
		<-s.drawn
		m.drawNow()
		if !strings.HasPrefix(s.shows(), want) {
			t.Errorf("total %d: shown %q, want %q", total, s.shows(), want)
		}
		m.Stop()
		wantWiped(t, s)
		before := s.String()
		read(t, m, "more")
		m.drawNow()
		m.Stop()
		if after := s.String(); after != before {
			t.Errorf("total %d: shown after Stop: %q", total, after[len(before):])
		}
	}
}

// wantWiped checks that the line is empty, with the cursor at its start, and that no other
// line has been used.
func wantWiped(t *testing.T, s *screen) {
	t.Helper()
	if text := s.String(); s.shows() != "" || !strings.HasSuffix(text, "\r") || strings.Contains(text, "\n") {
		t.Errorf("not wiped: %q", text)
	}
}

// TestStopBeforeRead: whoever stops first wins.
func TestStopBeforeRead(t *testing.T) {
	s := newScreen()
	m := newSlow(s, 100)
	m.Stop()
	m.Stop()
	read(t, m, "text")
	if s.String() != "" || m.ticker != nil {
		t.Errorf("shown %q, will be shown: %t", s, m.ticker != nil)
	}
}

// TestFromElsewhere is for the race detector.
func TestFromElsewhere(t *testing.T) {
	for range 50 {
		s := newScreen()
		m := New(s, -1)
		m.wait, m.every = 0, time.Microsecond
		var all sync.WaitGroup
		source := iotest.OneByteReader(strings.NewReader(strings.Repeat("x", 500)))
		all.Go(func() { io.Copy(io.Discard, m.Reader(source)) })
		all.Go(func() {
			m.Files(2)
			m.Name("a")
			m.FileDone()
			m.Syncing()
			m.Skip(3)
			m.Reset(4, 5)
		})
		all.Go(func() { m.Aside(func() {}) })
		all.Go(m.Stop)
		all.Go(m.Stop)
		all.Wait()
		before := s.String()
		read(t, m, "more")
		if after := s.String(); after != before {
			t.Errorf("shown after Stop: %q", after[len(before):])
		}
		if s.shows() != "" {
			t.Errorf("left %q", s.shows())
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
	m.Add(1)
	m.Skip(1)
	m.Files(2)
	m.FileDone()
	m.Name("a")
	m.Syncing()
	printed := false
	m.Aside(func() { printed = true })
	if !printed {
		t.Error("a nil meter prints nothing")
	}
	m.Stop()
}

// TestCounts: bytes of a failed attempt are taken back, and no more than all is shown.
func TestCounts(t *testing.T) {
	m := newSlow(newScreen(), 12)
	defer m.Stop()
	m.Skip(1)
	m.Set(4)
	m.Set(7)
	m.Add(2)
	want := func(done int64) {
		t.Helper()
		if got := m.count.load(0, 0).done; got != done {
			t.Errorf("shows %d bytes, want %d", got, done)
		}
	}
	want(9)
	m.Set(2)
	want(2)
	if got := m.count.moved.Load(); got != 8 {
		t.Errorf("%d bytes took time, not 8", got)
	}
	m.Add(100)
	want(12)
	m.Set(5) // what was shown decides nothing
	want(5)
	m.Reset(3, 20)
	read(t, m, "more ")
	want(8)
	m.Set(-1)
	want(0)
}

// TestAside: a line of text gets a line of its own, and the bar comes back.
func TestAside(t *testing.T) {
	s := newScreen()
	m := newSlow(s, 100)
	m.Aside(func() { io.WriteString(s, "before it is shown\n") })
	if s.shows() != "" {
		t.Error("shown by what is printed")
	}
	read(t, m, "text")
	m.drawNow()
	m.Aside(func() { io.WriteString(s, "lost\n") })
	if s.shows() == "" {
		t.Error("does not come back")
	}
	m.Stop()
	m.Aside(func() { io.WriteString(s, "after the end\n") })
	if s.shows() != "" {
		t.Error("comes back after the end")
	}
	for i, text := range []string{"before it is shown", "lost", "after the end"} {
		line := strings.Split(s.String(), "\n")[i]
		if at := strings.LastIndex(line, "\r"); line[at+1:] != text {
			t.Errorf("line %d is %q, not %q", i, line, text)
		}
	}
}

// TestSyncing: the next bytes end it, or the next file.
func TestSyncing(t *testing.T) {
	s := newScreen()
	m := newSlow(s, 10)
	defer m.Stop()
	want := func(syncing bool) {
		t.Helper()
		m.drawNow()
		if strings.Contains(s.shows(), "syncing") != syncing {
			t.Errorf("shows %q", s.shows())
		}
	}
	m.Syncing()
	want(true)
	m.Add(1)
	want(false)
	m.Syncing()
	want(true)
	m.FileDone()
	want(false)
}

// TestNotNow: nothing is drawn in the background, or on a screen that is stuck. Only the
// latter is wiped: what it has not shown yet comes first.
func TestNotNow(t *testing.T) {
	s := newScreen()
	m := newSlow(s, 10)
	read(t, m, "text")
	s.columns = 0
	m.drawNow()
	s.columns, s.busy = 80, true
	m.drawNow()
	if s.String() != "" {
		t.Errorf("shown %q", s)
	}
	s.busy = false
	m.drawNow()
	before := s.String()
	s.columns = 0
	m.Aside(func() { io.WriteString(s, "line\n") })
	if got := strings.TrimPrefix(s.String(), before); got != "line\n" {
		t.Errorf("in the background: %q", got)
	}
	s.columns = 80
	m.drawNow()
	s.busy = true
	m.Stop()
	if s.shows() != "" {
		t.Errorf("left %q", s.shows())
	}
}

// TestResized: on a narrower screen the bar is shorter, and so is what wipes it.
func TestResized(t *testing.T) {
	s := newScreen()
	m := newSlow(s, 10)
	m.Name("a file")
	m.drawNow()
	s.columns = 20
	before := len(s.String())
	m.drawNow()
	m.Stop()
	for _, line := range strings.Split(s.String()[before:], "\r") {
		if len(line) > 19 {
			t.Errorf("%q on 20 columns", line)
		}
	}
	if strings.TrimSpace(s.shows()[:19]) != "" {
		t.Errorf("left %q", s.shows()[:19])
	}
}

// TestLog: a log has whole lines.
func TestLog(t *testing.T) {
	lines := make(chan string)
	m := NewLog(func(line string) { lines <- line }, 4<<30)
	m.wait, m.every = 0, 0
	m.Files(3)
	m.FileDone()
	m.Reset(1<<30, 4<<30)
	m.Name("a\nb")
	for line := range lines {
		if line == `1/3 files, 1.0/4 GiB, 25%, a\u000ab` {
			break
		}
	}
	stopped := make(chan struct{})
	go func() { m.Stop(); close(stopped) }()
	for {
		select {
		case <-lines: // which Stop waits for
		case <-stopped:
			return
		}
	}
}

func TestReader(t *testing.T) {
	errDisk := errors.New("disk on fire")
	m := New(newScreen(), -1)
	defer m.Stop()
	r := m.Reader(io.MultiReader(strings.NewReader("text"), iotest.ErrReader(errDisk)))
	if got, err := io.ReadAll(r); string(got) != "text" || err != errDisk {
		t.Errorf("%q, %v", got, err)
	}
	if err := iotest.TestReader(m.Reader(strings.NewReader("some text")), []byte("some text")); err != nil {
		t.Error(err)
	}
	if got := m.count.done.Load(); got != int64(len("text")+len("some text")) {
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
	if got := m.count.done.Load(); got != 3+8*4 {
		t.Errorf("counted %d bytes", got)
	}
}

// TestRate: recent seconds count more, and nothing else is needed than a clock.
func TestRate(t *testing.T) {
	now := time.Now()
	r := rate{since: now, moved: 1000}
	if got := r.at(now.Add(100*time.Millisecond), 1100); got != 0 {
		t.Errorf("%v after a moment", got)
	}
	if got := r.at(now.Add(time.Second), 2000); got != 1000 {
		t.Errorf("%v bytes a second, not 1000", got)
	}
	got := r.at(now.Add(2*time.Second), 5000)
	if got <= 1000 || got >= 3000 {
		t.Errorf("%v bytes a second", got)
	}
	if got := r.at(now.Add(time.Hour), 5000); got != 0 {
		t.Errorf("%v bytes a second after an hour of none", got)
	}
}
