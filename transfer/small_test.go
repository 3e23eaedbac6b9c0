// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// refuse answers a request with an error.
func refuse(conn *channel.Conn, id uint32, code uint16) {
	conn.Send(wire.TypeError, id, (&wire.Error{Code: code}).Marshal())
}

var unsupported = wire.CodeOf(wire.ErrUnsupported)

// TestPutAgain cuts the connection after a small object has arrived. The next connection
// gets exactly the same message, and the source is read once.
func TestPutAgain(t *testing.T) {
	t.Parallel()
	file := testkit.Sealed(1000)
	var bodies [][]byte
	h := newHostile(t, func(conn *channel.Conn, attempt int) {
		m, err := conn.Next()
		if err != nil || m.Type != wire.TypePut {
			t.Errorf("0x%02x, %v", m.Type, err)
			return
		}
		bodies = append(bodies, bytes.Clone(m.Body))
		if attempt > 0 {
			conn.Send(wire.TypeStored, m.Request, wire.Size(int64(len(file))))
			conn.Next()
		}
	})
	src := &once{t: t, src: bytes.NewReader(file)}
	var durable int64
	o := transfer.PushOptions{Small: true, Overwrite: true, Progress: func(n int64) { durable = n }}
	if err := h.client(t).Push(t.Context(), "a.pqe", src, o); err != nil {
		t.Fatal(err)
	}
	if len(bodies) != 2 || !bytes.Equal(bodies[0], bodies[1]) || durable != int64(len(file)) {
		t.Errorf("%d messages, and %d bytes are said to be durable", len(bodies), durable)
	}
	put, err := wire.ParsePut(bodies[0])
	if err != nil || !put.Overwrite || put.Name.String() != "a.pqe" || !bytes.Equal(put.Object, file) || put.ID == (wire.PushID{}) {
		t.Errorf("%+v, %v", put, err)
	}
}

// pushes are the ways to push a file.
var pushes = map[string]func(c *transfer.Client, file []byte, o transfer.PushOptions) error{
	"stream": func(c *transfer.Client, file []byte, o transfer.PushOptions) error {
		return c.Push(context.Background(), "a.pqe", bytes.NewReader(file), o)
	},
	"function": func(c *transfer.Client, file []byte, o transfer.PushOptions) error {
		return c.PushFunc(context.Background(), "a.pqe", func(w io.Writer) error {
			for rest := file; len(rest) > 0; rest = rest[min(len(rest), 10_000):] {
				if _, err := w.Write(rest[:min(len(rest), 10_000)]); err != nil {
					return err
				}
			}
			return nil
		}, o)
	},
	"file": func(c *transfer.Client, file []byte, o transfer.PushOptions) error {
		return c.PushFile(context.Background(), "a.pqe", bytes.NewReader(file), int64(len(file)), o)
	},
}

// storing answers pushes, and puts unless it is an old release. It returns what was
// received.
func storing(old bool) (script func(conn *channel.Conn, attempt int), types func() string, objects func() [][]byte) {
	var mu sync.Mutex
	var got [][]byte
	said := ""
	script = func(conn *channel.Conn, _ int) {
		for {
			m, err := conn.Next()
			if err != nil {
				return
			}
			mu.Lock()
			if m.Type.Starts() {
				said += fmt.Sprintf("%02x ", m.Type)
			}
			switch {
			case m.Type == wire.TypePut && old:
				refuse(conn, m.Request, unsupported)
			case m.Type == wire.TypePut:
				put, _ := wire.ParsePut(m.Body)
				got = append(got, bytes.Clone(put.Object))
				conn.Send(wire.TypeStored, m.Request, wire.Size(int64(len(put.Object))))
			case m.Type == wire.TypePush:
				conn.Send(wire.TypeReady, m.Request, readyAt(0))
				data, _ := receive(conn, wire.TypeEnd)
				got = append(got, data)
				conn.Send(wire.TypeStored, m.Request, wire.Size(int64(len(data))))
			}
			mu.Unlock()
		}
	}
	return script, func() string { mu.Lock(); defer mu.Unlock(); return said },
		func() [][]byte { mu.Lock(); defer mu.Unlock(); return got }
}

// TestOldPushServer has a server without support for small objects. They are pushed as
// others, and the server is asked only once.
func TestOldPushServer(t *testing.T) {
	t.Parallel()
	for way, push := range pushes {
		t.Run(way, func(t *testing.T) {
			file := testkit.Sealed(1000)
			script, types, objects := storing(true)
			c := newHostile(t, script).client(t)
			for range 2 {
				if err := push(c, file, transfer.PushOptions{Small: true}); err != nil {
					t.Fatal(err)
				}
			}
			if got := types(); got != "16 10 10 " {
				t.Errorf("requests %s", got)
			}
			for _, got := range objects() {
				if !bytes.Equal(got, file) {
					t.Errorf("%d bytes came of %d", len(got), len(file))
				}
			}
		})
	}
}

// TestNotSmall pushes the largest object that fits into a message, and one that is one
// byte longer.
func TestNotSmall(t *testing.T) {
	t.Parallel()
	for way, push := range pushes {
		t.Run(way, func(t *testing.T) {
			overhead := len(testkit.Sealed(0))
			for more, want := range map[int]string{0: "16 ", 1: "10 ", 300_000: "10 "} {
				file := testkit.Sealed(transfer.MaxSmall - overhead + more)
				script, types, objects := storing(false)
				c := newHostile(t, script).client(t)
				if err := push(c, file, transfer.PushOptions{Small: true}); err != nil {
					t.Fatal(err)
				}
				if got := objects(); types() != want || len(got) != 1 || !bytes.Equal(got[0], file) {
					t.Errorf("%d bytes: requests %s", len(file), types())
				}
			}
		})
	}
}

// TestSmallSourceFails has sources that fail, at once, late, or without an error. Nothing
// of them is sent.
func TestSmallSourceFails(t *testing.T) {
	t.Parallel()
	file := testkit.Sealed(1000)
	broken := errors.New("broken")
	for what, test := range map[string]struct {
		write func(w io.Writer) error
		want  error
	}{
		"at once":   {func(io.Writer) error { return broken }, broken},
		"late":      {func(w io.Writer) error { w.Write(file); return broken }, broken},
		"with EOF":  {func(w io.Writer) error { w.Write(file); return io.EOF }, io.ErrUnexpectedEOF},
		"too short": {func(w io.Writer) error { w.Write(file[:100]); return nil }, nil},
		"no file":   {func(w io.Writer) error { w.Write([]byte("plain text, and not encrypted")); return nil }, nil},
	} {
		script, types, _ := storing(false)
		err := newHostile(t, script).client(t).PushFunc(t.Context(), "a.pqe", test.write, transfer.PushOptions{Small: true})
		if err == nil || test.want != nil && !errors.Is(err, test.want) || types() != "" {
			t.Errorf("%s: %v, requests %s", what, err, types())
		}
	}
	err := new(transfer.Client).Push(t.Context(), "../a", bytes.NewReader(file), transfer.PushOptions{Small: true})
	if !errors.Is(err, transfer.ErrName) {
		t.Error(err)
	}
}

// TestSmallSourceIsLeft cancels a push whose source blocks. The source may continue, and
// its data is discarded.
func TestSmallSourceIsLeft(t *testing.T) {
	t.Parallel()
	for _, first := range []int{0, 300_000} {
		file := testkit.Sealed(1 << 20)
		script, _, _ := storing(false)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		err := newHostile(t, script).client(t).PushFunc(ctx, "a.pqe", func(w io.Writer) error {
			w.Write(file[:first])
			stop()
			<-t.Context().Done()
			return nil
		}, transfer.PushOptions{Small: true})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		err = newHostile(t, script).client(t).PushFunc(ctx, "a.pqe", func(w io.Writer) error {
			var err error
			for err == nil {
				_, err = w.Write(file)
			}
			go func() { ended <- err }()
			return err
		}, transfer.PushOptions{Small: true})
		if err == nil || <-ended == nil {
			t.Errorf("the writer continues: %v", err)
		}
	}
}

// TestManyAtOnce has a server that answers only after 16 small objects have arrived. The
// 17th is sent after an answer.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	file := testkit.Sealed(1000)
	h := newHostile(t, func(conn *channel.Conn, _ int) {
		for range 3 {
			var ids []uint32
			for len(ids) < wire.MaxSmall {
				m, err := conn.Next()
				if err != nil {
					return
				}
				ids = append(ids, m.Request)
			}
			for _, id := range ids {
				conn.Send(wire.TypeStored, id, wire.Size(int64(len(file))))
			}
		}
		conn.Next()
	})
	c := h.client(t)
	var all sync.WaitGroup
	for i := range 3 * wire.MaxSmall {
		all.Go(func() {
			if err := c.Push(t.Context(), fmt.Sprint(i), bytes.NewReader(file), transfer.PushOptions{Small: true}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := h.connections.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestMoreConnections pushes more than one connection accepts to a server that answers
// only after more have arrived on others; and to one that accepts a single connection.
func TestMoreConnections(t *testing.T) {
	t.Parallel()
	file := testkit.Sealed(1000)
	const number = 40
	pushAll := func(t *testing.T, h *hostile) {
		c := h.client(t)
		c.Connections = 3
		var all sync.WaitGroup
		for i := range number {
			all.Go(func() {
				if err := c.Push(t.Context(), fmt.Sprint(i), bytes.NewReader(file), transfer.PushOptions{Small: true}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	t.Run("taken", func(t *testing.T) {
		var come atomic.Int64
		everything := make(chan struct{})
		h := newHostile(t, func(conn *channel.Conn, _ int) {
			for {
				m, err := conn.Next()
				if err != nil {
					return
				}
				if come.Add(1) == number {
					close(everything)
				}
				go func() {
					<-everything
					conn.Send(wire.TypeStored, m.Request, wire.Size(int64(len(file))))
				}()
			}
		})
		pushAll(t, h)
		if n := h.connections.Load(); n != 3 {
			t.Errorf("%d connections", n)
		}
	})
	t.Run("refused", func(t *testing.T) {
		second := make(chan struct{})
		h := newHostile(t, func(conn *channel.Conn, attempt int) {
			if attempt > 0 {
				close(second) // a third one would panic
				conn.Fail(wire.CodeOf(wire.ErrBusy), "")
				return
			}
			for {
				m, err := conn.Next()
				if err != nil {
					return
				}
				go func() {
					<-second
					conn.Send(wire.TypeStored, m.Request, wire.Size(int64(len(file))))
				}()
			}
		})
		pushAll(t, h)
	})
}

// TestLyingPutServers reports that something else was stored than was sent.
func TestLyingPutServers(t *testing.T) {
	t.Parallel()
	file := testkit.Sealed(1000)
	for what, answer := range map[string]struct {
		typ  wire.Type
		body []byte
	}{
		"less":      {wire.TypeStored, wire.Size(int64(len(file)) - 1)},
		"more":      {wire.TypeStored, wire.Size(int64(len(file)) + 1)},
		"malformed": {wire.TypeStored, nil},
		"ready":     {wire.TypeReady, readyAt(0)},
		"durable":   {wire.TypeDurable, wire.Size(int64(len(file)))},
		"content":   {wire.TypeContent, make([]byte, 40)},
	} {
		h := newHostile(t, func(conn *channel.Conn, _ int) {
			m, _ := conn.Next()
			conn.Send(answer.typ, m.Request, answer.body)
			conn.Next()
		})
		err := h.client(t).Push(t.Context(), "a.pqe", bytes.NewReader(file), transfer.PushOptions{Small: true})
		if !errors.Is(err, transfer.ErrProtocol) || h.connections.Load() != 1 {
			t.Errorf("%s: %v, %d connections", what, err, h.connections.Load())
		}
	}
}

// contentOf returns the CONTENT message for an object that is the given file.
func contentOf(file []byte, from, to int) *wire.Content {
	return &wire.Content{Object: wire.Object{Length: int64(len(file)), Digest: digestOf(file)}, Bytes: file[from:to]}
}

func digestOf(file []byte) [32]byte { return sha256.Sum256(file[:4096]) }

// TestLyingGetServers sends something else than requested. Nothing of it is accepted.
func TestLyingGetServers(t *testing.T) {
	t.Parallel()
	file, other, large := testkit.Sealed(1000), testkit.Sealed(2000), testkit.Sealed(1<<20)
	long := contentOf(file, 0, len(file))
	long.Bytes = append(bytes.Clone(long.Bytes), 0)
	digest := contentOf(file, 0, len(file))
	digest.Digest = digestOf(other)
	length := contentOf(file, 0, len(file))
	length.Length, length.Bytes = 4097, length.Bytes[:4097]
	endless := contentOf(large, 0, wire.MaxGet)
	endless.Length = 1<<63 - 1
	negative := contentOf(file, 0, len(file)).Marshal()
	negative[0] = 0x80
	for what, test := range map[string]struct {
		body   []byte
		digest [32]byte
		want   error
	}{
		"longer than the object":  {long.Marshal(), [32]byte{}, transfer.ErrProtocol},
		"less than there is":      {contentOf(file, 0, len(file)-1).Marshal(), [32]byte{}, transfer.ErrProtocol},
		"less than was asked for": {contentOf(large, 0, wire.MaxGet-1).Marshal(), [32]byte{}, transfer.ErrProtocol},
		"another header":          {digest.Marshal(), [32]byte{}, transfer.ErrProtocol},
		"an impossible length":    {length.Marshal(), [32]byte{}, transfer.ErrProtocol},
		"a length beyond all":     {endless.Marshal(), [32]byte{}, transfer.ErrProtocol},
		"a negative length":       {negative, [32]byte{}, transfer.ErrProtocol},
		"empty":                   {make([]byte, 40), [32]byte{}, transfer.ErrProtocol},
		"cut":                     {make([]byte, 39), [32]byte{}, transfer.ErrProtocol},
		"not a pqenc file":        {(&wire.Content{Object: wire.Object{Length: 20}, Bytes: make([]byte, 20)}).Marshal(), [32]byte{}, transfer.ErrNotPqenc},
		"not what was resumed":    {contentOf(file, 0, len(file)).Marshal(), digestOf(other), transfer.ErrChanged},
	} {
		h := newHostile(t, func(conn *channel.Conn, _ int) {
			m, _ := conn.Next()
			if m.Type != wire.TypeGet {
				t.Errorf("%s: 0x%02x", what, m.Type)
			}
			conn.Send(wire.TypeContent, m.Request, test.body)
			conn.Next()
		})
		var got bytes.Buffer
		err := h.client(t).Pull(t.Context(), "a.pqe", &got, transfer.PullOptions{Small: true, Digest: test.digest})
		if !errors.Is(err, test.want) || got.Len() == len(file) && what != "another header" {
			t.Errorf("%s: %d bytes, %v", what, got.Len(), err)
		}
	}
}

// TestOldPullServer has a server that does not support GET.
func TestOldPullServer(t *testing.T) {
	t.Parallel()
	file := testkit.Sealed(1000)
	var types string
	h := newHostile(t, func(conn *channel.Conn, _ int) {
		for {
			m, err := conn.Next()
			if err != nil {
				return
			}
			types += fmt.Sprintf("%02x ", m.Type)
			if m.Type == wire.TypeGet {
				refuse(conn, m.Request, unsupported)
				continue
			}
			conn.Send(wire.TypeObject, m.Request, (&wire.Object{Length: int64(len(file)), Digest: digestOf(file)}).Marshal())
			conn.Send(wire.TypeData, m.Request, file)
			conn.Send(wire.TypeEnd, m.Request, wire.Size(int64(len(file))))
		}
	})
	c := h.client(t)
	for range 2 {
		var got bytes.Buffer
		if err := c.Pull(t.Context(), "a.pqe", &got, transfer.PullOptions{Small: true}); err != nil || !bytes.Equal(got.Bytes(), file) {
			t.Errorf("%d bytes, %v", got.Len(), err)
		}
	}
	c.Close()
	h.scripts.Wait()
	if types != "17 11 11 " {
		t.Errorf("requests %s", types)
	}
}

// failing returns an error after n bytes.
type failing struct{ n int }

var errFull = errors.New("full")

func (f *failing) Write(b []byte) (int, error) {
	if len(b) > f.n {
		return f.n, errFull
	}
	f.n -= len(b)
	return len(b), nil
}

// TestOthersGoOn has pulls that fail locally, small and large ones, during another pull,
// which continues over the same connection.
func TestOthersGoOn(t *testing.T) {
	t.Parallel()
	file, large := testkit.Sealed(1000), testkit.Sealed(1<<20)
	pushing := make(chan struct{})
	release := make(chan struct{})
	h := newHostile(t, func(conn *channel.Conn, _ int) {
		for {
			m, err := conn.Next()
			if err != nil {
				return
			}
			switch m.Type {
			case wire.TypePut:
				close(pushing)
				go func() {
					<-release
					conn.Send(wire.TypeStored, m.Request, wire.Size(int64(len(file))))
				}()
			case wire.TypeGet:
				conn.Send(wire.TypeContent, m.Request, contentOf(file, 0, len(file)).Marshal())
			case wire.TypePull:
				conn.Send(wire.TypeObject, m.Request, (&wire.Object{Length: int64(len(large)), Digest: digestOf(large)}).Marshal())
				conn.Send(wire.TypeData, m.Request, large[:wire.MaxData])
			case wire.TypeError: // of the pull
				refuse(conn, m.Request, wire.CodeAbandoned)
			}
		}
	})
	c := h.client(t)
	pushed := make(chan error)
	go func() {
		pushed <- c.Push(t.Context(), "a.pqe", bytes.NewReader(file), transfer.PushOptions{Small: true})
	}()
	<-pushing
	for _, small := range []bool{true, false} {
		if err := c.Pull(t.Context(), "b.pqe", &failing{100}, transfer.PullOptions{Small: small}); !errors.Is(err, errFull) {
			t.Error(err)
		}
	}
	close(release)
	if err := <-pushed; err != nil || h.connections.Load() != 1 {
		t.Errorf("%v, %d connections", err, h.connections.Load())
	}
}

// TestWaitIsLeft cancels a request that waits for its turn.
func TestWaitIsLeft(t *testing.T) {
	t.Parallel()
	file := testkit.Sealed(1000)
	come := make(chan struct{}, wire.MaxSmall)
	h := newHostile(t, func(conn *channel.Conn, _ int) {
		for {
			if _, err := conn.Next(); err != nil {
				return
			}
			come <- struct{}{}
		}
	})
	c := h.client(t)
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for i := range wire.MaxSmall {
		all.Go(func() {
			if err := c.Push(ctx, fmt.Sprint(i), bytes.NewReader(file), transfer.PushOptions{Small: true}); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	for range wire.MaxSmall {
		<-come
	}
	late, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := c.Push(late, "late", bytes.NewReader(file), transfer.PushOptions{Small: true}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	stop()
	all.Wait()
}
