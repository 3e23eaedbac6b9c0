// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// hostile is a server with the right key that runs a script for each connection, counted
// from 0. It closes the connection at the end of the script.
type hostile struct {
	url         string
	connections atomic.Int64
	scripts     sync.WaitGroup // running scripts
}

func newHostile(t *testing.T, script func(conn *channel.Conn, attempt int)) *hostile {
	t.Helper()
	cert, err := channel.NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	h := new(hostile)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stream, err := channel.Upgrade(w, r)
		if err != nil {
			t.Error(err)
			return
		}
		conn, err := channel.Accept(stream, cert, &channel.Login{
			Identity: testkit.Identity("server"),
			Check:    func(signature.Fingerprint) error { return nil },
		})
		if err != nil {
			t.Error(err)
			return
		}
		h.scripts.Add(1)
		defer h.scripts.Done()
		defer conn.Close()
		script(conn, int(h.connections.Add(1))-1)
	}))
	t.Cleanup(server.Close)
	h.url = "ws" + strings.TrimPrefix(server.URL, "http")
	return h
}

func (h *hostile) client(t *testing.T) *transfer.Client {
	c := &transfer.Client{URL: h.url, Identity: testkit.Identity("alice"), CheckServer: is(testkit.Identity("server")), GiveUpAfter: 20 * time.Second}
	t.Cleanup(func() { c.Close() })
	return c
}

func is(want *keyfile.Identity) func(signature.Fingerprint) error {
	return func(got signature.Fingerprint) error {
		if got != want.Fingerprint() {
			return fmt.Errorf("%w: %s", transfer.ErrUnknownServer, got)
		}
		return nil
	}
}

// readyAt is the answer of a server that has the given number of bytes of this push.
func readyAt(offset int64) []byte {
	return (&wire.Ready{Proven: true, Offset: offset, Unit: 4 << 20}).Marshal()
}

// receive reads messages up to one of the given type or an error, and returns the data
// before it.
func receive(conn *channel.Conn, until wire.Type) (data []byte, ok bool) {
	for {
		m, err := conn.Next()
		if err != nil || m.Type == until || m.Type == wire.TypeError {
			return data, err == nil && m.Type == until
		}
		if m.Type == wire.TypeData {
			data = append(data, m.Body...)
		}
	}
}

// receiveBytes reads at least the given number of bytes.
func receiveBytes(conn *channel.Conn, n int) (data []byte) {
	for len(data) < n {
		m, err := conn.Next()
		if err != nil {
			return data
		}
		if m.Type == wire.TypeData {
			data = append(data, m.Body...)
		}
	}
	return data
}

// once counts the bytes read, and fails a test that reads after the end.
type once struct {
	t     *testing.T
	src   io.Reader
	n     atomic.Int64
	ended bool
}

func (o *once) Read(p []byte) (int, error) {
	if o.ended {
		o.t.Error("the source is read again")
	}
	n, err := o.src.Read(p)
	o.n.Add(int64(n))
	o.ended = err != nil
	return n, err
}

// TestNeverTwice has a server that acknowledges a part of a push, disconnects, and asks
// for all of it again. The source is not read a second time.
func TestNeverTwice(t *testing.T) {
	t.Parallel()
	file := testkit.Sealed(40 << 20)
	var first, second []byte
	h := newHostile(t, func(conn *channel.Conn, attempt int) {
		receive(conn, wire.TypePush)
		conn.Send(wire.TypeReady, 1, readyAt(0))
		if attempt > 0 {
			second, _ = receive(conn, 0)
			return
		}
		first = receiveBytes(conn, 6<<20)
		conn.Send(wire.TypeDurable, 1, wire.Size(int64(len(first))))
		// Bytes after the window arrive only after that was read.
		first = append(first, receiveBytes(conn, 16<<20)...)
	})
	src := &once{t: t, src: bytes.NewReader(file)}
	err := h.client(t).Push(t.Context(), "a.pqe", src, transfer.PushOptions{})
	if !errors.Is(err, transfer.ErrRewound) {
		t.Errorf("%v", err)
	}
	h.scripts.Wait()
	if n := h.connections.Load(); n != 2 || len(second) > 0 {
		t.Errorf("%d connections, and %d bytes on the second", n, len(second))
	}
	if !bytes.HasPrefix(file, first) || src.n.Load() > int64(len(file)) {
		t.Errorf("%d bytes sent, %d read of %d", len(first), src.n.Load(), len(file))
	}
}

// TestSentAgain disconnects at the acknowledged offset, and requires the same bytes
// again, from memory.
func TestSentAgain(t *testing.T) {
	t.Parallel()
	file := testkit.Sealed(20 << 20)
	const durable = 3<<20 + 12345
	got := make([]byte, 0, len(file))
	h := newHostile(t, func(conn *channel.Conn, attempt int) {
		receive(conn, wire.TypePush)
		if attempt == 0 {
			conn.Send(wire.TypeReady, 1, readyAt(0))
			got = append(got, receiveBytes(conn, 8<<20)[:durable]...)
			conn.Send(wire.TypeDurable, 1, wire.Size(durable))
			receiveBytes(conn, 1<<20)
			return
		}
		conn.Send(wire.TypeReady, 1, readyAt(durable))
		for len(got) < len(file) {
			more := receiveBytes(conn, 1)
			if len(more) == 0 {
				return
			}
			got = append(got, more...)
			conn.Send(wire.TypeDurable, 1, wire.Size(int64(len(got))))
		}
		receive(conn, wire.TypeEnd)
		conn.Send(wire.TypeStored, 1, wire.Size(int64(len(got))))
		conn.Next()
	})
	src := &once{t: t, src: bytes.NewReader(file)}
	if err := h.client(t).Push(t.Context(), "a.pqe", src, transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, file) || src.n.Load() != int64(len(file)) {
		t.Errorf("%d bytes came, %d were read, of %d", len(got), src.n.Load(), len(file))
	}
}

// TestFilesCanBeRewound requires that a server that lost a part of a pqenc file gets it
// again: this does not encrypt anything twice.
func TestFilesCanBeRewound(t *testing.T) {
	file := testkit.Sealed(3 << 20)
	var got []byte
	h := newHostile(t, func(conn *channel.Conn, attempt int) {
		receive(conn, wire.TypePush)
		conn.Send(wire.TypeReady, 1, readyAt(0))
		if attempt == 0 {
			receiveBytes(conn, 2<<20)
			conn.Send(wire.TypeDurable, 1, wire.Size(2<<20))
			return
		}
		got, _ = receive(conn, wire.TypeEnd)
		conn.Send(wire.TypeStored, 1, wire.Size(int64(len(got))))
		conn.Next()
	})
	err := h.client(t).PushFile(t.Context(), "a.pqe", bytes.NewReader(file), int64(len(file)), transfer.PushOptions{})
	if err != nil || !bytes.Equal(got, file) {
		t.Errorf("%d bytes of %d, %v", len(got), len(file), err)
	}
}

// TestLyingPushServers acknowledges more or fewer bytes than possible. The client must
// not treat that as success, or retry.
func TestLyingPushServers(t *testing.T) {
	t.Parallel()
	file := testkit.Sealed(2 << 20)
	size := int64(len(file))
	ready := func(conn *channel.Conn, at int64) {
		receive(conn, wire.TypePush)
		conn.Send(wire.TypeReady, 1, readyAt(at))
	}
	for name, script := range map[string]func(conn *channel.Conn){
		"ready beyond the end": func(c *channel.Conn) { ready(c, size+1) },
		"unproven far beyond": func(c *channel.Conn) {
			receive(c, wire.TypePush)
			c.Send(wire.TypeReady, 1, (&wire.Ready{Offset: 1e18, Unit: 1}).Marshal())
			receive(c, wire.TypeCheck)
			c.Send(wire.TypeChecked, 1, wire.Size(1<<20))
			c.Send(wire.TypeChecked, 1, wire.Size(1<<20-1))
		},
		"unproven, and no digest": func(c *channel.Conn) {
			receive(c, wire.TypePush)
			c.Send(wire.TypeReady, 1, (&wire.Ready{Offset: 8192, Unit: 1}).Marshal())
			receive(c, wire.TypeCheck)
			c.Send(wire.TypePrefix, 1, nil)
		},
		"checked beyond": func(c *channel.Conn) {
			receive(c, wire.TypePush)
			c.Send(wire.TypeReady, 1, (&wire.Ready{Offset: 8192, Unit: 1}).Marshal())
			receive(c, wire.TypeCheck)
			c.Send(wire.TypeChecked, 1, wire.Size(8193))
		},
		"a unit of a window": func(c *channel.Conn) {
			receive(c, wire.TypePush)
			c.Send(wire.TypeReady, 1, (&wire.Ready{Proven: true, Unit: 1<<29 + 1}).Marshal())
		},
		"stored before it was sent": func(c *channel.Conn) { receive(c, wire.TypePush); c.Send(wire.TypeStored, 1, wire.Size(size)) },
		"another request":           func(c *channel.Conn) { ready(c, 0); c.Send(wire.TypeStored, 2, wire.Size(0)) },
		"no request":                func(c *channel.Conn) { ready(c, 0); c.Send(wire.TypeError, 2, (&wire.Error{Code: 1}).Marshal()) },
		"ready far beyond":          func(c *channel.Conn) { ready(c, 1e18) },
		"stored at once":            func(c *channel.Conn) { ready(c, 0); c.Send(wire.TypeStored, 1, wire.Size(0)) },
		"stored instead":            func(c *channel.Conn) { receive(c, wire.TypePush); c.Send(wire.TypeStored, 1, wire.Size(size)) },
		"done instead":              func(c *channel.Conn) { receive(c, wire.TypePush); c.Send(wire.TypePage, 1, []byte{0}) },
		"stored before the end":     func(c *channel.Conn) { ready(c, 0); receiveBytes(c, 1); c.Send(wire.TypeStored, 1, wire.Size(1)) },
		"stored for less": func(c *channel.Conn) {
			ready(c, 0)
			receive(c, wire.TypeEnd)
			c.Send(wire.TypeStored, 1, wire.Size(size-1))
		},
		"stored for more": func(c *channel.Conn) {
			ready(c, 0)
			receive(c, wire.TypeEnd)
			c.Send(wire.TypeStored, 1, wire.Size(size+1))
		},
		"durable beyond":         func(c *channel.Conn) { ready(c, 0); c.Send(wire.TypeDurable, 1, wire.Size(size+1)) },
		"durable 2^63-1":         func(c *channel.Conn) { ready(c, 0); c.Send(wire.TypeDurable, 1, wire.Size(1<<63-1)) },
		"durable 2^64-1":         func(c *channel.Conn) { ready(c, 0); c.Send(wire.TypeDurable, 1, wire.Size(-1)) },
		"ready twice":            func(c *channel.Conn) { ready(c, 0); c.Send(wire.TypeReady, 1, readyAt(0)) },
		"done in a push":         func(c *channel.Conn) { ready(c, 0); receive(c, wire.TypeEnd); c.Send(wire.TypePage, 1, []byte{0}) },
		"data in a push":         func(c *channel.Conn) { ready(c, 0); c.Send(wire.TypeData, 1, file) },
		"an accept in a push":    func(c *channel.Conn) { ready(c, 0); c.Send(wire.TypeAccept, 1, nil) },
		"malformed in a push":    func(c *channel.Conn) { ready(c, 0); c.Send(wire.TypeDurable, 1, nil) },
		"an unknown type":        func(c *channel.Conn) { ready(c, 0); c.Send(0x99, 1, nil) },
		"an error of order":      func(c *channel.Conn) { ready(c, 0); c.Fail(wire.CodeProtocol, "") },
		"an unknown final error": func(c *channel.Conn) { ready(c, 0); c.Fail(31, "\x1b[31mno\n") },
		"durable falls": func(c *channel.Conn) {
			ready(c, 0)
			receive(c, wire.TypeEnd)
			c.Send(wire.TypeDurable, 1, wire.Size(1<<20))
			c.Send(wire.TypeDurable, 1, wire.Size(1<<20-1))
		},
	} {
		for _, way := range []string{"stream", "file"} {
			t.Run(name+", "+way, func(t *testing.T) {
				h := newHostile(t, func(conn *channel.Conn, _ int) { script(conn); receive(conn, 0) })
				var err error
				if way == "file" {
					err = h.client(t).PushFile(t.Context(), "a.pqe", bytes.NewReader(file), size, transfer.PushOptions{})
				} else {
					err = h.client(t).Push(t.Context(), "a.pqe", bytes.NewReader(file), transfer.PushOptions{})
				}
				if err == nil {
					t.Error("success")
				}
				if errors.Is(err, transfer.ErrProtocol) != (name != "an unknown final error") {
					t.Error(err)
				}
				if n := h.connections.Load(); n != 1 {
					t.Errorf("%d connections", n)
				}
			})
		}
	}
}

// TestUnitOfAnotherServer has servers whose unit is larger than half of the buffer. An
// honest server announces it. One that does not causes an error, and so does one that
// waits for more than it is sent.
func TestUnitOfAnotherServer(t *testing.T) {
	file := testkit.Sealed(2 << 20)
	for name, test := range map[string]struct {
		unit   uint32
		refuse bool
		want   error
	}{
		"half":                   {8 << 20, false, nil},
		"more, and says it":      {8<<20 + 1, true, transfer.ErrWindow},
		"more, and goes ahead":   {8<<20 + 1, false, transfer.ErrProtocol},
		"as much as a number is": {1<<32 - 1, false, transfer.ErrProtocol},
	} {
		h := newHostile(t, func(c *channel.Conn, _ int) {
			m, err := c.Next()
			if err != nil {
				return
			}
			ask, err := wire.ParsePush(m.Body)
			if err != nil || ask.Window != 16<<20 {
				t.Errorf("%s: a window of %d, %v", name, ask.Window, err)
			}
			if test.refuse {
				c.Send(wire.TypeError, 1, wire.Refusal(wire.ErrWindow).Marshal())
				c.Next()
				return
			}
			c.Send(wire.TypeReady, 1, (&wire.Ready{Proven: true, Unit: test.unit}).Marshal())
			if data, ok := receive(c, wire.TypeEnd); ok {
				c.Send(wire.TypeStored, 1, wire.Size(int64(len(data))))
			}
			c.Next()
		})
		err := h.client(t).Push(t.Context(), "a.pqe", bytes.NewReader(file), transfer.PushOptions{Buffer: 16 << 20})
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
		if n := h.connections.Load(); n != 1 {
			t.Errorf("%s: %d connections", name, n)
		}
	}
}

// TestEarlyAcknowledgement has a server that acknowledges bytes in flight. They may not
// be overwritten meanwhile, which the race detector would report.
func TestEarlyAcknowledgement(t *testing.T) {
	file := testkit.Sealed(40 << 20)
	h := newHostile(t, func(conn *channel.Conn, _ int) {
		receive(conn, wire.TypePush)
		conn.Send(wire.TypeReady, 1, readyAt(0))
		var got int64
		for {
			m, err := conn.Next()
			if err != nil {
				return
			}
			if m.Type == wire.TypeEnd {
				conn.Send(wire.TypeStored, 1, wire.Size(got))
				conn.Next()
				return
			}
			got += int64(len(m.Body))
			// Up to what the client allows: bytes in flight are acknowledged as well.
			if conn.Send(wire.TypeDurable, 1, wire.Size(got+wire.MaxData)) != nil {
				return
			}
		}
	})
	h.client(t).Push(t.Context(), "a.pqe", bytes.NewReader(file), transfer.PushOptions{}) // any result
}

// TestFailingSource requires that the server is told, every time.
func TestFailingSource(t *testing.T) {
	file := testkit.Sealed(1 << 20)
	broken := errors.New("broken")
	for range 20 {
		code := make(chan uint16, 1)
		h := newHostile(t, func(conn *channel.Conn, _ int) {
			receive(conn, wire.TypePush)
			conn.Send(wire.TypeReady, 1, readyAt(0))
			for {
				m, err := conn.Next()
				if err == nil && m.Type == wire.TypeError {
					if e, err := wire.ParseError(m.Body); err == nil {
						code <- e.Code
						return
					}
				}
				if err != nil {
					code <- 0
					return
				}
			}
		})
		src := io.MultiReader(bytes.NewReader(file[:500000]), iotest.ErrReader(broken))
		if err := h.client(t).Push(t.Context(), "a.pqe", src, transfer.PushOptions{}); !errors.Is(err, broken) {
			t.Error(err)
		}
		if c := <-code; c != wire.CodeAbandoned {
			t.Errorf("the server was told %d", c)
		}
	}
}

// TestHangingSource requires that a refusal does not wait for a source that delivers
// nothing.
func TestHangingSource(t *testing.T) {
	file := testkit.Sealed(1000)
	h := newHostile(t, func(conn *channel.Conn, _ int) {
		receive(conn, wire.TypePush)
		conn.Fail(wire.CodeDenied, "")
	})
	src, w := io.Pipe()
	defer w.Close()
	go w.Write(file[:4096])
	if err := h.client(t).Push(t.Context(), "a.pqe", src, transfer.PushOptions{}); !errors.Is(err, transfer.ErrDenied) {
		t.Error(err)
	}
}

// TestLyingPullServers has servers that send something else than they announce, or
// announce something else than before.
func TestLyingPullServers(t *testing.T) {
	t.Parallel()
	file := testkit.Sealed(5000) // with a header of 4096 bytes
	digest := sha256.Sum256(file[:4096])
	object := func(c *channel.Conn, length int64, digest [32]byte) {
		receive(c, wire.TypePull)
		c.Send(wire.TypeObject, 1, (&wire.Object{Length: length, Digest: digest}).Marshal())
	}
	b := file[:1000]
	for name, test := range map[string]struct {
		script func(c *channel.Conn, attempt int)
		want   error // nil means any
		most   int   // maximum number of bytes written
	}{
		"too much": {func(c *channel.Conn, _ int) {
			object(c, 1500, digest)
			c.Send(wire.TypeData, 1, b)
			c.Send(wire.TypeData, 1, b)
		}, nil, 1500},
		"ends too early": {func(c *channel.Conn, _ int) {
			object(c, 1500, digest)
			c.Send(wire.TypeData, 1, b)
			c.Send(wire.TypeEnd, 1, wire.Size(1000))
		}, nil, 1000},
		"ends at once": {func(c *channel.Conn, _ int) { object(c, 1500, digest); c.Send(wire.TypeEnd, 1, wire.Size(0)) }, nil, 0},
		"ends elsewhere": {func(c *channel.Conn, _ int) {
			object(c, 1000, digest)
			c.Send(wire.TypeData, 1, b)
			c.Send(wire.TypeEnd, 1, wire.Size(999))
		}, nil, 1000},
		"unknown and less": {func(c *channel.Conn, _ int) {
			object(c, -1, digest)
			c.Send(wire.TypeData, 1, b)
			c.Send(wire.TypeEnd, 1, wire.Size(1001))
		}, nil, 1000},
		"data first": {func(c *channel.Conn, _ int) { receive(c, wire.TypePull); c.Send(wire.TypeData, 1, b) }, nil, 0},
		"end first":  {func(c *channel.Conn, _ int) { receive(c, wire.TypePull); c.Send(wire.TypeEnd, 1, wire.Size(0)) }, nil, 0},
		"object twice": {func(c *channel.Conn, _ int) {
			object(c, 1000, digest)
			c.Send(wire.TypeData, 1, b[:500])
			c.Send(wire.TypeObject, 1, (&wire.Object{Length: 1000, Digest: digest}).Marshal())
		}, nil, 500},
		"stored":           {func(c *channel.Conn, _ int) { object(c, 1000, digest); c.Send(wire.TypeStored, 1, wire.Size(1000)) }, nil, 0},
		"malformed object": {func(c *channel.Conn, _ int) { receive(c, wire.TypePull); c.Send(wire.TypeObject, 1, b[:39]) }, nil, 0},
		"without length": {func(c *channel.Conn, _ int) {
			object(c, -1, digest)
			c.Send(wire.TypeData, 1, file)
			c.Send(wire.TypeEnd, 1, wire.Size(5000))
		}, transfer.ErrProtocol, 0},
		"length 2^64-2": {func(c *channel.Conn, _ int) { object(c, -2, digest) }, nil, 0},
		"not the header": {func(c *channel.Conn, _ int) {
			object(c, int64(len(file)), sha256.Sum256([]byte("other")))
			c.Send(wire.TypeData, 1, file)
			c.Send(wire.TypeEnd, 1, wire.Size(int64(len(file))))
		}, transfer.ErrProtocol, 0},
		"no header": {func(c *channel.Conn, _ int) {
			object(c, 5000, digest)
			c.Send(wire.TypeData, 1, make([]byte, 5000))
			c.Send(wire.TypeEnd, 1, wire.Size(5000))
		}, transfer.ErrNotPqenc, 0},
		"a length that no file has": {func(c *channel.Conn, _ int) {
			object(c, 4096+15, digest)
			c.Send(wire.TypeData, 1, file[:4096+15])
			c.Send(wire.TypeEnd, 1, wire.Size(4096+15))
		}, transfer.ErrProtocol, 0},
		"an end that no file has": {func(c *channel.Conn, _ int) {
			object(c, -1, digest)
			c.Send(wire.TypeData, 1, file[:4096+15])
			c.Send(wire.TypeEnd, 1, wire.Size(4096+15))
		}, transfer.ErrProtocol, 4096 + 15},
		"another object": {func(c *channel.Conn, attempt int) {
			object(c, 1500, sha256.Sum256([]byte{byte(attempt)}))
			c.Send(wire.TypeData, 1, b[:500])
			c.Close()
		}, transfer.ErrChanged, 500},
		"another length": {func(c *channel.Conn, attempt int) {
			object(c, 1500+int64(attempt), digest)
			c.Send(wire.TypeData, 1, b[:500])
			c.Close()
		}, transfer.ErrChanged, 500},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t, func(c *channel.Conn, attempt int) { test.script(c, attempt); receive(c, 0) })
			var got bytes.Buffer
			follow := name == "unknown and less" || name == "an end that no file has"
			err := h.client(t).Pull(t.Context(), "a.pqe", &got, transfer.PullOptions{Follow: follow})
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("%v", err)
			}
			if got.Len() > test.most || !bytes.HasPrefix(append(bytes.Clone(b), b...), got.Bytes()) && !bytes.HasPrefix(file, got.Bytes()) {
				t.Errorf("%d bytes", got.Len())
			}
			if n := h.connections.Load(); n > 2 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

// TestWrongDigest has a server with another object than the one that the caller started
// to pull, which reports that or not.
func TestWrongDigest(t *testing.T) {
	h := newHostile(t, func(c *channel.Conn, _ int) {
		receive(c, wire.TypePull)
		c.Send(wire.TypeObject, 1, (&wire.Object{Length: 2000, Digest: sha256.Sum256([]byte("other"))}).Marshal())
		c.Send(wire.TypeData, 1, make([]byte, 1000))
		c.Send(wire.TypeEnd, 1, wire.Size(2000))
	})
	var got bytes.Buffer
	o := transfer.PullOptions{Offset: 1000, Digest: sha256.Sum256([]byte("mine"))}
	if err := h.client(t).Pull(t.Context(), "a.pqe", &got, o); !errors.Is(err, transfer.ErrChanged) || got.Len() > 0 {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
}

// TestResumedLength resumes a pull for which the server states a length that is
// impossible with that header.
func TestResumedLength(t *testing.T) {
	file := testkit.Sealed(5000)
	for length, good := range map[int64]bool{int64(len(file)): true, 4096 + 15: false} {
		h := newHostile(t, func(c *channel.Conn, _ int) {
			receive(c, wire.TypePull)
			c.Send(wire.TypeObject, 1, (&wire.Object{Length: length, Digest: sha256.Sum256(file[:4096])}).Marshal())
			c.Send(wire.TypeData, 1, file[4100:length])
			c.Send(wire.TypeEnd, 1, wire.Size(length))
		})
		var got bytes.Buffer
		o := transfer.PullOptions{Offset: 4100, Digest: sha256.Sum256(file[:4096]), Header: file[:4096]}
		err := h.client(t).Pull(t.Context(), "a.pqe", &got, o)
		if good && err != nil || !good && (!errors.Is(err, transfer.ErrProtocol) || got.Len() > 0) {
			t.Errorf("%d bytes: %v, %d came", length, err, got.Len())
		}
	}
}

// page is a page of these names, valid or not.
func page(more bool, names ...string) []byte {
	b := (&wire.Page{More: more}).Marshal()
	for _, name := range names {
		b = append(b, make([]byte, 16)...)
		b = binary.BigEndian.AppendUint16(b, uint16(len(name)))
		b = append(b, name...)
	}
	return b
}

// TestLyingLists has names that are invalid, or that were not requested.
func TestLyingLists(t *testing.T) {
	for _, name := range []string{
		"../../.ssh/authorized_keys", "a/../../x", "/etc/passwd", "a/\x1b[2J", "a/.hidden", "", "b/other.pqe", `a\b`, "a/\xff", "a/good.pqe", "a/before.pqe",
	} {
		h := newHostile(t, func(c *channel.Conn, _ int) {
			receive(c, wire.TypeList)
			c.Send(wire.TypePage, 1, page(false, "a/good.pqe", name))
			receive(c, 0)
		})
		if _, err := listed(h.client(t), "a/"); err == nil || strings.ContainsRune(err.Error(), 0x1b) || !utf8.ValidString(err.Error()) {
			t.Errorf("%q: %q", name, err)
		}
	}
	negative := page(false, "a/x")
	negative[9] = 0x80
	for name, send := range map[string]func(c *channel.Conn){
		"data":         func(c *channel.Conn) { c.Send(wire.TypeData, 1, nil) },
		"end":          func(c *channel.Conn) { c.Send(wire.TypeEnd, 1, wire.Size(0)) },
		"short":        func(c *channel.Conn) { c.Send(wire.TypePage, 1, page(false, "a/x")[:20]) },
		"1970 minus":   func(c *channel.Conn) { c.Send(wire.TypePage, 1, negative) },
		"empty, more":  func(c *channel.Conn) { c.Send(wire.TypePage, 1, page(true)) },
		"another page": func(c *channel.Conn) { c.Send(wire.TypePage, 2, page(false)) },
		"page again": func(c *channel.Conn) {
			c.Send(wire.TypePage, 1, page(true, "a/x"))
			receive(c, wire.TypeList)
			c.Send(wire.TypePage, 2, page(true, "a/x"))
		},
	} {
		h := newHostile(t, func(c *channel.Conn, _ int) { receive(c, wire.TypeList); send(c); receive(c, 0) })
		if _, err := listed(h.client(t), "a/"); err == nil || h.connections.Load() != 1 {
			t.Errorf("%s: %v, %d connections", name, err, h.connections.Load())
		}
	}
}

// TestEndlessList has a server whose list never ends. The client reads it page by page,
// and only as far as it needs.
func TestEndlessList(t *testing.T) {
	asked := 0
	h := newHostile(t, func(c *channel.Conn, _ int) {
		for id := uint32(1); ; id++ {
			if _, ok := receive(c, wire.TypeList); !ok {
				return
			}
			asked++
			c.Send(wire.TypePage, id, page(true, fmt.Sprintf("%09d", id)))
		}
	})
	c := h.client(t)
	n := 0
	for _, err := range c.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 100 {
			break
		}
	}
	c.Close()
	h.scripts.Wait()
	if asked != 100 {
		t.Errorf("%d pages for %d objects", asked, n)
	}
}

// TestLongPrefix lists with a prefix longer than any name. The server is not asked, since
// it would report a malformed message.
func TestLongPrefix(t *testing.T) {
	h := newHostile(t, func(c *channel.Conn, _ int) {
		receive(c, wire.TypeList)
		c.Send(wire.TypePage, 1, page(false))
		receive(c, 0)
	})
	c := h.client(t)
	if _, err := listed(c, strings.Repeat("a", wire.MaxName+1)); !errors.Is(err, transfer.ErrName) || h.connections.Load() > 0 {
		t.Errorf("too long: %v, %d connections", err, h.connections.Load())
	}
	if _, err := listed(c, strings.Repeat("a", wire.MaxName)); err != nil {
		t.Errorf("the longest: %v", err)
	}
}

// TestHostileText requires that texts of a server are returned unchanged, for the caller
// to sanitize, and that only the code matters.
func TestHostileText(t *testing.T) {
	const text = "\x1b]0;owned\a\x1b[2J\u009b31m\n\r"
	for code, want := range map[uint16]error{
		wire.CodeDenied: transfer.ErrDenied, wire.CodeOf(wire.ErrQuota): transfer.ErrQuota, wire.CodeOf(wire.ErrTakenOver): transfer.ErrTakenOver, 31: transfer.ErrServer, 0: transfer.ErrServer,
	} {
		h := newHostile(t, func(c *channel.Conn, _ int) {
			receive(c, wire.TypeDelete)
			c.Fail(code, text)
		})
		err := h.client(t).Delete(t.Context(), "a.pqe")
		if !errors.Is(err, want) || !strings.HasSuffix(err.Error(), ": "+text) {
			t.Errorf("%d: %q", code, err)
		}
		if n := h.connections.Load(); n != 1 {
			t.Errorf("%d: %d connections", code, n)
		}
	}
}

// TestTemporaryErrors requires that codes from 32, also unknown ones, are retried until
// there is no progress for too long.
func TestTemporaryErrors(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	h := newHostile(t, func(c *channel.Conn, attempt int) {
		receive(c, wire.TypeDelete)
		if attempt < 3 {
			c.Fail([]uint16{wire.CodeOf(wire.ErrBusy), wire.CodeOf(wire.ErrShutdown), 65535}[attempt], "later")
			return
		}
		c.Send(wire.TypeResults, 1, wire.Results{0}.Marshal())
		c.Next()
	})
	if err := h.client(t).Delete(t.Context(), "a.pqe"); err != nil || h.connections.Load() != 4 {
		t.Errorf("%v, %d connections", err, h.connections.Load())
	}
	h = newHostile(t, func(c *channel.Conn, _ int) { c.Fail(wire.CodeOf(wire.ErrBusy), "later") })
	c := h.client(t)
	c.GiveUpAfter = time.Millisecond
	if err := c.Delete(t.Context(), "a.pqe"); !errors.Is(err, transfer.ErrGaveUp) || !errors.Is(err, transfer.ErrBusy) {
		t.Error(err)
	}
}

// TestLastAttempt requires that a client retries until the end of its time, even if the
// next wait would be longer than the rest.
func TestLastAttempt(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close() // nobody listens
	retries := 0
	c := &transfer.Client{URL: "ws://" + listener.Addr().String(), Identity: testkit.Identity("alice"), CheckServer: is(testkit.Identity("server"))}
	c.GiveUpAfter = 100 * time.Millisecond // less than the shortest wait
	c.OnRetry = func(r transfer.Retry) {
		if retries++; r.Wait > c.GiveUpAfter {
			t.Errorf("waits for %v", r.Wait)
		}
	}
	if err := c.Delete(t.Context(), "a.pqe"); !errors.Is(err, transfer.ErrGaveUp) || retries != 1 {
		t.Errorf("%v, %d retries", err, retries)
	}
}

// TestLostAnswer deletes an object on a connection that is cut before the answer. If the
// object is then gone, that is success; if it never existed, it is not.
func TestLostAnswer(t *testing.T) {
	for _, lost := range []int{0, 1} {
		h := newHostile(t, func(c *channel.Conn, attempt int) {
			receive(c, wire.TypeDelete)
			if attempt == lost {
				c.Send(wire.TypeResults, 1, wire.Results{wire.CodeOf(wire.ErrNotFound)}.Marshal())
				c.Next()
			}
		})
		if err := h.client(t).Delete(t.Context(), "a.pqe"); (err == nil) != (lost == 1) {
			t.Errorf("not found at attempt %d: %v", lost, err)
		}
	}
}

// listed returns a complete list.
func listed(c *transfer.Client, prefix string) (all []transfer.Object, err error) {
	for object, err := range c.List(context.Background(), prefix) {
		if err != nil {
			return nil, err
		}
		all = append(all, object)
	}
	return all, nil
}
