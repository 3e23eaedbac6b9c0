// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
	"github.com/pqenc/pqenc/transfer/server"
)

// fuzzed is a server for all runs of a fuzz target, and the possible contents of its
// store.
type fuzzed struct {
	dir, url string
	server   *server.Server
	files    [2][]byte
}

// The names that a script can use: of objects with and without rights for the client, and
// invalid ones.
var fuzzNames = []string{"a/x.pqe", "a/y/z.pqe", "b/there.pqe", "b/new.pqe", "../a/x.pqe", "a/.hidden", "", "a"}

func newFuzzed(f *testing.F) *fuzzed {
	z := &fuzzed{dir: f.TempDir(), files: [2][]byte{testkit.Sealed(0), testkit.Sealed(9000)}}
	if err := os.MkdirAll(filepath.Join(z.dir, "b"), 0o700); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(z.dir, "b", "there.pqe"), z.files[0], 0o600); err != nil {
		f.Fatal(err)
	}
	list := allow(f, "{bob} push,pull,list,delete a/** quota=40KB overwrite")
	var err error
	z.server, err = server.New(server.Config{
		Dir: z.dir, Identity: testkit.Identity("server"), Authorizer: list, Logger: slog.New(slog.DiscardHandler),
		Limits: server.Limits{Silence: 2 * time.Second}, // so that there is a keepalive each half second
	})
	if err != nil {
		f.Fatal(err)
	}
	web := httptest.NewServer(z.server)
	z.url = "ws" + strings.TrimPrefix(web.URL, "http")
	f.Cleanup(func() {
		z.server.Shutdown(f.Context())
		web.Close()
	})
	return z
}

// FuzzSession is a logged-in client that sends the messages of a script, see fuzzed.send.
// The seeds are in testdata/fuzz/FuzzSession.
func FuzzSession(f *testing.F) {
	z := newFuzzed(f)
	f.Fuzz(func(t *testing.T, script []byte) {
		z.clear(t)
		conn := dial(t, z.url, "bob", channel.Times{Beat: time.Second})
		answered := make(chan struct{})
		go z.listen(t, conn, answered)
		waits := z.send(conn, script)
		conn.Send(wire.TypeReady, 1, (&wire.Ready{}).Marshal()) // which no client sends
		if waits {
			conn.Close() // it may follow a push that never comes
		}
		<-answered
		conn.Close()
		z.settled(t)
		z.check(t)
	})
}

// clear removes the files of the previous run.
func (z *fuzzed) clear(t *testing.T) {
	err := os.RemoveAll(filepath.Join(z.dir, "a"))
	for name := range files(t, z.dir) {
		if filepath.Dir(name) != z.dir || filepath.Base(name) == ".pqenc.lock" {
			continue
		}
		err = errors.Join(err, os.Remove(name))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// send sends the messages of a script: a byte is an operation, followed by its arguments.
// It reports whether there was a request to wait for.
func (z *fuzzed) send(conn *channel.Conn, script []byte) (waits bool) {
	next := func() (b byte) {
		if len(script) > 0 {
			b, script = script[0], script[1:]
		}
		return b
	}
	name := func() string { return fuzzNames[int(next())%len(fuzzNames)] }
	size := func(of int) int64 { // near interesting values, or random
		switch b := next(); b % 6 {
		case 0:
			return 0
		case 1:
			return int64(of)
		case 2:
			return wire.Unknown
		case 3:
			return int64(of) + int64(int8(next()))
		case 4:
			return int64(next()) << (next() % 64)
		default:
			return 4096 + int64(b)
		}
	}
	var id uint32
	begin := func(typ wire.Type, body []byte) {
		id++
		conn.Send(typ, id, body)
	}
	for n := 0; len(script) > 0 && n < 40; n++ {
		op := next()
		file := z.files[op>>7]
		switch op & 0x7F % 15 {
		case 0:
			overwrite, name := next()%2 == 0, name()
			p := pushOf(file, size(len(file)))
			p.Overwrite = overwrite
			mistake := next()
			p.Digest[0] ^= mistake & 1
			p.ID[0] ^= mistake & 2 // another push
			begin(wire.TypePush, append(p.Marshal(), name...))
		case 1: // a part of the file
			from := min(int(size(len(file)))&0xFFFF, len(file))
			to := min(from+int(next())*64, len(file))
			conn.Send(wire.TypeData, id, file[from:to])
		case 2: // the whole file, perhaps with a mistake in it
			b := bytes.Clone(file)
			if at := int(next()) * 64; at > 0 && at < len(b) {
				b[at] ^= next()
			}
			conn.Send(wire.TypeData, id, b)
		case 3:
			conn.Send(wire.TypeEnd, id, wire.Size(size(len(file))))
		case 4:
			p := wire.Pull{Follow: next()%4 == 0}
			name := name()
			p.Offset = size(len(file))
			waits = waits || p.Follow
			if next()%2 == 0 {
				p.Digest = digestOf(file)
			}
			begin(wire.TypePull, append(p.Marshal(), name...))
		case 5:
			begin(wire.TypeList, (&wire.List{Prefix: name(), After: name()}).Marshal())
		case 6:
			begin(wire.TypeDelete, remove(name()).body)
		case 7:
			conn.Send(wire.TypeBeat, 0, nil)
		case 8: // of a request, or of the connection
			code := next()
			conn.Send(wire.TypeError, id*uint32(code%2), (&wire.Error{Code: uint16(code), Text: string(script)}).Marshal())
		case 9: // an empty or a short body of any type
			typ, n := wire.Type(next()), int(next())%70
			body := script[:min(len(script), n)]
			switch {
			case typ.Starts():
				begin(typ, body)
			case typ < 0x10:
				conn.Send(typ, 0, body)
			default:
				conn.Send(typ, id, body)
			}
		case 10: // a push of a whole file
			p := pushOf(file, int64(len(file)))
			p.Overwrite = true
			begin(wire.TypePush, append(p.Marshal(), name()...))
			conn.Send(wire.TypeStart, id, wire.Size(0))
			conn.Send(wire.TypeData, id, file)
			conn.Send(wire.TypeEnd, id, wire.Size(int64(len(file))))
		case 11:
			conn.Send(wire.TypeStart, id, wire.Size(size(len(file))))
		case 12:
			conn.Send(wire.TypeCheck, id, nil)
		case 13:
			begin(wire.TypeMove, moveOf(name(), name(), next()%2 == 0).body)
		case 14:
			begin(wire.TypeQuota, wire.Count(uint32(next())))
		}
	}
	return waits
}

// listen reads answers, which must be valid for a server, until the connection ends. It
// closes answered at the end.
func (z *fuzzed) listen(t *testing.T, conn *channel.Conn, answered chan<- struct{}) {
	defer close(answered)
	for {
		m, err := conn.Next()
		if err != nil {
			var reason *wire.Error
			if errors.As(err, &reason) && (reason.Code == wire.CodeInternal || reason.Text == "") {
				t.Errorf("the server says %v", err)
			}
			return
		}
		switch m.Type {
		case wire.TypeReady, wire.TypeChecked, wire.TypePrefix, wire.TypeDurable, wire.TypeStored, wire.TypeObject, wire.TypeEnd, wire.TypeResults, wire.TypeQuotas:
		case wire.TypeError:
			if e, err := wire.ParseError(m.Body); err != nil || e.Code == wire.CodeInternal || e.Text == "" {
				t.Errorf("the server says %+v, %v", e, err)
			}
		case wire.TypePage:
			page, err := wire.ParsePage(m.Body)
			if err != nil {
				t.Error(err)
				break
			}
			for _, e := range page.Entries {
				if !granted(e.Name.String()) {
					t.Errorf("an entry: %+v", e)
				}
			}
		case wire.TypeData:
			if len(m.Body) == 0 || len(m.Body) > len(z.files[1]) {
				t.Errorf("%d bytes of data", len(m.Body))
			}
		default:
			t.Errorf("the server sends 0x%02x", m.Type)
		}
	}
}

// granted reports whether the client has rights on that name: a/** are all below a, and
// a itself.
func granted(name string) bool { return name == "a" || strings.HasPrefix(name, "a/") }

// settled waits until the server has removed the connection.
func (z *fuzzed) settled(t *testing.T) {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for range 10000 {
		if z.server.Stats().Connections == 0 {
			return
		}
		<-ticker.C
	}
	t.Fatal("the session does not end")
}

// check requires that the store has only complete files, within the client's rights.
func (z *fuzzed) check(t *testing.T) {
	for name, content := range files(t, z.dir) {
		rel, err := filepath.Rel(z.dir, name)
		if err != nil {
			t.Fatal(err)
		}
		rel = filepath.ToSlash(rel)
		base := filepath.Base(rel)
		switch {
		case rel == ".pqenc.lock":
		case rel == "b/there.pqe":
			if content != string(z.files[0]) {
				t.Error("the object of somebody else has changed")
			}
		case strings.HasPrefix(base, ".") && (base == rel || granted(rel)): // a partial
		case !granted(rel):
			t.Errorf("there is %s", rel)
		case !z.whole(content):
			t.Errorf("%s is stored with %d bytes", rel, len(content))
		}
	}
}

// whole reports whether a file can be stored: it has a valid header, and a possible
// length. Only recipients can check the body.
func (z *fuzzed) whole(content string) bool {
	for _, file := range z.files {
		header := int(binary.BigEndian.Uint32(file[12:]))
		if len(content) >= header && content[:header] == string(file[:header]) {
			info, err := pqenc.Inspect(strings.NewReader(content))
			if err == nil {
				_, err = info.ContentSize(int64(len(content)))
			}
			return err == nil
		}
	}
	return false
}

// Without seeds the fuzzer starts from nothing.
func TestSeeds(t *testing.T) {
	if seeds, err := os.ReadDir(filepath.Join("testdata", "fuzz", "FuzzSession")); err != nil || len(seeds) == 0 {
		t.Error("no seeds", err)
	}
}
