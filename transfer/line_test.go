// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// far is a network link to a server; both ends use the fake clock of a test.
type far struct {
	rate  int64         // bytes per second
	delay time.Duration // one way
	sync  time.Duration // from receiving a unit to acknowledging it
	disk  int64         // bytes synced per second; 0 is unlimited
	unit  int64         // 4 MiB if it is 0

	window int64 // that the client has announced
	most   int64 // maximum sent ahead of the last acknowledgement, at least

	mu   sync.Mutex
	told []told // the acknowledgements
}

type told struct {
	durable int64
	at      time.Time
}

// hop is one direction of a link, with an unlimited buffer.
type hop struct {
	far   *far
	queue chan piece
	gone  chan struct{}
	once  sync.Once
	mu    sync.Mutex
	free  time.Time // when the link is free
	rest  []byte
}

type piece struct {
	b   []byte
	due time.Time
}

func (h *hop) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := time.Now(); h.free.Before(now) {
		h.free = now
	}
	h.free = h.free.Add(lasts(int64(len(p)), h.far.rate))
	select {
	case h.queue <- piece{bytes.Clone(p), h.free.Add(h.far.delay)}:
		return len(p), nil
	case <-h.gone:
		return 0, io.ErrClosedPipe
	}
}

func (h *hop) Read(p []byte) (int, error) {
	if len(h.rest) == 0 {
		select {
		case next := <-h.queue:
			time.Sleep(time.Until(next.due))
			h.rest = next.b
		case <-h.gone:
			return 0, io.EOF
		}
	}
	n := copy(p, h.rest)
	h.rest = h.rest[n:]
	return n, nil
}

// lineEnd is one end of a link, with the byte stream of a connection.
type lineEnd struct {
	net.Conn // for unused methods
	in, out  *hop
}

func (e lineEnd) Read(p []byte) (int, error)       { return e.in.Read(p) }
func (e lineEnd) Write(p []byte) (int, error)      { return e.out.Write(p) }
func (e lineEnd) SetDeadline(time.Time) error      { return nil }
func (e lineEnd) SetReadDeadline(time.Time) error  { return nil }
func (e lineEnd) SetWriteDeadline(time.Time) error { return nil }
func (e lineEnd) Flush() error                     { return nil }
func (e lineEnd) Grow()                            {}

func (e lineEnd) Close() error {
	for _, h := range []*hop{e.in, e.out} {
		h.once.Do(func() { close(h.gone) })
	}
	return nil
}

// patient returns a context that ends a stuck test: with a fake clock, keepalives would
// otherwise continue without end.
func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	t.Cleanup(cancel)
	return ctx
}

var lineCertificate = sync.OnceValues(channel.NewCertificate)

// connect returns a client that is connected over the link to a server that stores
// nothing.
func (f *far) connect(t *testing.T) *Client {
	t.Helper()
	there := &hop{far: f, queue: make(chan piece, 1<<20), gone: make(chan struct{})}
	back := &hop{far: f, queue: make(chan piece, 1<<20), gone: make(chan struct{})}
	cert, err := lineCertificate()
	if err != nil {
		t.Fatal(err)
	}
	go f.serve(t, lineEnd{in: there, out: back}, cert)
	conn, err := channel.Connect(lineEnd{in: back, out: there}, f.login("alice"))
	if err != nil {
		t.Fatal(err)
	}
	go conn.Dispatch(nil)
	c := new(Client)
	c.pool.all = []*poolConn{newPoolConn(conn)}
	return c
}

func (f *far) login(who string) *channel.Login {
	return &channel.Login{Identity: testkit.Identity(who), Check: func(signature.Fingerprint) error { return nil }}
}

// serve accepts one push after the other.
func (f *far) serve(t *testing.T, s channel.Stream, cert *tls.Certificate) {
	conn, err := channel.Accept(s, cert, f.login("server"))
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	for {
		m, err := conn.Next()
		if err != nil {
			return
		}
		push, err := wire.ParsePush(m.Body)
		if err != nil {
			t.Error(err)
			return
		}
		f.window, f.told = int64(push.Window), nil
		f.receive(conn, m.Request)
	}
}

// receive receives one push.
func (f *far) receive(conn *channel.Conn, id uint32) {
	unit := cmp.Or(f.unit, 4<<20)
	conn.Send(wire.TypeReady, id, (&wire.Ready{Proven: true, Unit: uint32(unit)}).Marshal())
	written := make(chan int64, 1<<20)
	defer close(written)
	go f.acknowledge(conn, id, written)
	for size, unsynced := int64(0), int64(0); ; {
		m, err := conn.Next()
		switch {
		case err != nil:
			return
		case m.Type == wire.TypeData:
			size += int64(len(m.Body))
			f.most = max(f.most, size-f.known())
			unsynced += int64(len(m.Body))
		}
		if unsynced >= unit || m.Type == wire.TypeEnd {
			unsynced = 0
			written <- size
		}
		if m.Type == wire.TypeEnd {
			written <- -1
			return
		}
	}
}

// acknowledge syncs what was written: one sync covers everything received before it.
// After the end of the object, which is a negative size, the object is stored.
func (f *far) acknowledge(conn *channel.Conn, id uint32, written <-chan int64) {
	durable := int64(0)
	for size := range written {
		ended := size < 0
		for len(written) > 0 && !ended {
			more := <-written
			size, ended = max(size, more), more < 0
		}
		time.Sleep(f.sync)
		if f.disk > 0 {
			time.Sleep(lasts(max(size-durable, 0), f.disk))
		}
		durable = max(durable, size)
		f.mu.Lock()
		f.told = append(f.told, told{durable, time.Now()})
		f.mu.Unlock()
		conn.Send(wire.TypeDurable, id, wire.Size(durable))
		if ended {
			conn.Send(wire.TypeStored, id, wire.Size(durable))
		}
	}
}

// known returns the last acknowledgement that the client can have received when it sent
// the bytes that have just arrived.
func (f *far) known() (durable int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.told) - 1; i >= 0; i-- {
		if time.Since(f.told[i].at) >= 2*f.delay {
			return f.told[i].durable
		}
	}
	return 0
}

// lasts returns how long a number of bytes takes.
func lasts(n, rate int64) time.Duration {
	return time.Duration(float64(n) / float64(rate) * float64(time.Second))
}

// zeros looks like a pqenc file of n bytes.
func zeros(n int64) io.Reader {
	head := testkit.Sealed(0)
	return io.LimitReader(io.MultiReader(bytes.NewReader(head), endless{}), n)
}

const (
	gigabit = 125_000_000
	local   = 600_000_000 // between two processes on one machine
)

// TestWindowGrows pushes over many kinds of links and servers, and checks the final
// window size and the used part of the bandwidth.
func TestWindowGrows(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	for name, test := range map[string]struct {
		*far
		buffer     int64
		size       int64
		from, upTo int64   // MiB of the window
		least      float64 // of the bandwidth
	}{
		"loopback":                        {&far{rate: local, sync: time.Millisecond}, 0, 96 << 20, 16, 16, 0.95},
		"a fast near line":                {&far{rate: gigabit, delay: time.Millisecond / 2, sync: time.Millisecond}, 0, 96 << 20, 16, 16, 0.95},
		"a slow far line":                 {&far{rate: gigabit / 100, delay: 50 * time.Millisecond}, 0, 24 << 20, 16, 16, 0.95},
		"a slow disk":                     {&far{rate: local, sync: time.Millisecond, disk: 40_000_000}, 0, 64 << 20, 16, 16, 0},
		"a fast far line":                 {&far{rate: gigabit, delay: 50 * time.Millisecond}, 0, 224 << 20, 24, 64, 0.85},
		"half the world":                  {&far{rate: gigabit, delay: 100 * time.Millisecond, sync: 5 * time.Millisecond}, 0, 512 << 20, 32, 96, 0.8},
		"a server that is slow to say so": {&far{rate: gigabit, delay: time.Millisecond, sync: 200 * time.Millisecond}, 0, 256 << 20, 32, 96, 0.5},
		"the moon":                        {&far{rate: gigabit, delay: 1300 * time.Millisecond}, 0, 512 << 20, 128, 128, 0},
		"a small buffer":                  {&far{rate: gigabit, delay: 100 * time.Millisecond}, 20 << 20, 64 << 20, 20, 20, 0},
		"a buffer that is too small":      {&far{rate: gigabit, delay: 100 * time.Millisecond}, 1, 32 << 20, LeastBuffer >> 20, LeastBuffer >> 20, 0},
		"a large unit":                    {&far{rate: gigabit, delay: time.Millisecond, unit: 48 << 20}, 0, 256 << 20, 96, 128, 0.9},
		"the largest unit":                {&far{rate: gigabit, delay: time.Millisecond, unit: 64 << 20}, 0, 256 << 20, 128, 128, 0.85},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := test.connect(t)
				w := newWindow(test.buffer)
				go w.readFrom(zeros(test.size))
				begin := time.Now()
				if err := c.push(patient(t), "a.pqe", w, wire.Unknown, PushOptions{}); err != nil {
					t.Fatal(err)
				}
				used := lasts(test.size, test.rate).Seconds() / time.Since(begin).Seconds()
				c.Close()
				size, most := w.window()
				t.Logf("a window of %d MiB, %.2f of the line", size>>20, used)
				if size < test.from<<20 || size > test.upTo<<20 {
					t.Error("that window is too small, or too large")
				}
				if kept := int64(len(w.segments)+len(w.spare)) * segmentSize; kept > size {
					t.Errorf("%d bytes were kept", kept)
				}
				if used < test.least {
					t.Error("not enough of the line was used")
				}
				if test.far.window != most || test.far.most > size {
					t.Errorf("a window of %d was announced, and %d bytes were sent", test.far.window, test.far.most)
				}
			})
		})
	}
}

// TestWindowIsRemembered checks that a second push starts with the window that the link
// needs, up to the limit, and that the first unit is not used to measure it.
func TestWindowIsRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &far{rate: gigabit, delay: 50 * time.Millisecond}
		c := f.connect(t)
		push := func(size, buffer int64) int64 {
			t.Helper()
			w := newWindow(buffer)
			go w.readFrom(zeros(size))
			if err := c.push(patient(t), "a.pqe", w, wire.Unknown, PushOptions{}); err != nil {
				t.Fatal(err)
			}
			now, _ := w.window()
			return now
		}
		f.unit = 10 << 20
		if now := push(1<<20, 0); now != 20<<20 {
			t.Errorf("%d bytes for a large unit", now)
		}
		f.unit = 0
		if now := push(1<<20, 0); now != firstWindow {
			t.Errorf("%d bytes at first", now)
		}
		needed := push(256<<20, 0)
		if now := push(1<<20, 0); now != needed || needed <= firstWindow {
			t.Errorf("%d bytes after %d", now, needed)
		}
		if now := push(1<<20, 9<<20); now != 9<<20 {
			t.Errorf("%d bytes, more than there may be", now)
		}
		c.Close()
	})
}

// TestFilesNeedNoBuffer pushes a file over a link with more bytes in flight than any
// buffer has.
func TestFilesNeedNoBuffer(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	synctest.Test(t, func(t *testing.T) {
		f := &far{rate: gigabit, delay: 1300 * time.Millisecond}
		c := f.connect(t)
		defer c.Close()
		if err := c.PushFile(patient(t), "a.pqe", zerosAt{testkit.Sealed(0)}, 448<<20, PushOptions{Buffer: LeastBuffer}); err != nil {
			t.Fatal(err)
		}
		if f.window != fileWindow || f.most <= defaultBuffer {
			t.Errorf("a window of %d was announced, and no more than %d bytes were sent ahead", f.window, f.most)
		}
	})
}

// zerosAt is like zeros, as a file without an end.
type zerosAt struct{ head []byte }

func (z zerosAt) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	if off < int64(len(z.head)) {
		copy(p, z.head[off:])
	}
	return len(p), nil
}
