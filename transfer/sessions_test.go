// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
	"github.com/pqenc/pqenc/transfer/server"
)

// Recorded sessions: see testdata/sessions/README.md.

var updateSessions = flag.Bool("update", false, "record the sessions in testdata again")

const sessionsDir = "testdata/sessions"

// session is a recorded session.
type session struct {
	comment string
	rules   []string
	objects []string // name, file and Unix time
	lines   []line
}

// line is one message, or the end of a connection.
type line struct {
	from    string // C or S; empty for the end of a connection
	typ     wire.Type
	request uint32
	body    []byte
}

func (l line) String() string {
	if l.from == "" {
		return "--"
	}
	return fmt.Sprintf("%s %02x %d %s", l.from, byte(l.typ), l.request, cmp.Or(hex.EncodeToString(l.body), "-"))
}

// brief is a line for people.
func (l line) brief() string { return fmt.Sprintf("%.120s", l) }

func (s *session) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "comment: %s\n", s.comment)
	for _, r := range s.rules {
		fmt.Fprintf(&b, "rule: %s\n", r)
	}
	for _, o := range s.objects {
		fmt.Fprintf(&b, "object: %s\n", o)
	}
	b.WriteByte('\n')
	for _, l := range s.lines {
		fmt.Fprintln(&b, l)
	}
	return b.String()
}

func readSession(t *testing.T, name string) *session {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(sessionsDir, name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(content), "\n\n")
	s := new(session)
	for _, h := range strings.Split(head, "\n") {
		switch key, value, _ := strings.Cut(h, ": "); key {
		case "comment":
			s.comment = value
		case "rule":
			s.rules = append(s.rules, value)
		case "object":
			s.objects = append(s.objects, value)
		default:
			t.Fatalf("%s: %q", name, h)
		}
	}
	for text := range strings.Lines(rest) {
		fields := strings.Fields(text)
		if len(fields) == 1 && fields[0] == "--" {
			s.lines = append(s.lines, line{})
			continue
		}
		if len(fields) != 4 {
			t.Fatalf("%s: %.50q", name, text)
		}
		typ, err1 := strconv.ParseUint(fields[1], 16, 8)
		request, err2 := strconv.ParseUint(fields[2], 10, 32)
		body, err3 := hex.DecodeString(strings.TrimPrefix(fields[3], "-"))
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		s.lines = append(s.lines, line{fields[0], wire.Type(typ), uint32(request), body})
	}
	return s
}

// fixture returns a file beside the sessions, made first by make if it is missing and the
// sessions are recorded.
func fixture(t *testing.T, name string, make func() []byte) []byte {
	t.Helper()
	path := filepath.Join(sessionsDir, name)
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && *updateSessions {
		content = make()
		err = os.WriteFile(path, content, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func sessionKey(t *testing.T, who string) *keyfile.Identity {
	t.Helper()
	id, err := keyfile.ParseIdentity(fixture(t, who+".key", func() []byte { return testkit.Identity(who).Marshal() }))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// sessionFile returns a file that sessions are about.
func sessionFile(t *testing.T, name string) []byte {
	return fixture(t, name, func() []byte { return testkit.Sealed(len(name)) })
}

// serve starts a server as a session wants it, and returns its URL.
func (s *session) serve(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, o := range s.objects {
		f := strings.Fields(o)
		seconds, err := strconv.ParseInt(f[2], 10, 64)
		path := filepath.Join(dir, filepath.FromSlash(f[0]))
		err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, sessionFile(t, f[1]), 0o600),
			os.Chtimes(path, time.Unix(seconds, 0), time.Unix(seconds, 0)))
		if err != nil {
			t.Fatal(err)
		}
	}
	var rules strings.Builder
	for _, r := range s.rules {
		fmt.Fprintf(&rules, "%s %s\n", sessionKey(t, "alice").Fingerprint(), r)
	}
	list, err := server.ParseAllow(strings.NewReader(rules.String()), nil)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(server.Config{Dir: dir, Identity: sessionKey(t, "server"), Authorizer: list})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv)
	t.Cleanup(func() {
		web.CloseClientConnections()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		srv.Shutdown(ctx)
		web.Close()
	})
	return "ws" + strings.TrimPrefix(web.URL, "http")
}

// logIn logs in as alice.
func logIn(t *testing.T, url string) *channel.Conn {
	t.Helper()
	stream, err := channel.Dial(t.Context(), url, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := channel.Connect(stream, &channel.Login{Identity: sessionKey(t, "alice"), Check: is(sessionKey(t, "server"))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

// next returns the next message of the other side. The last words of a connection are one.
func next(conn *channel.Conn, from string) (line, error) {
	m, err := conn.Next()
	var reason *wire.Error
	if errors.As(err, &reason) {
		return line{from, wire.TypeError, 0, reason.Marshal()}, nil
	}
	return line{from, m.Type, m.Request, bytes.Clone(m.Body)}, err
}

// accept starts a server that has each connection taken by a function.
func accept(t *testing.T, take func(*channel.Conn)) (url string) {
	t.Helper()
	cert, err := channel.NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stream, err := channel.Upgrade(w, r)
		if err != nil {
			t.Error(err)
			return
		}
		conn, err := channel.Accept(stream, cert, &channel.Login{Identity: sessionKey(t, "server"), Check: is(sessionKey(t, "alice"))})
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		take(conn)
	}))
	t.Cleanup(web.Close)
	return "ws" + strings.TrimPrefix(web.URL, "http")
}

func sessionClient(t *testing.T, url string) *transfer.Client {
	c := &transfer.Client{URL: url, Identity: sessionKey(t, "alice"), CheckServer: is(sessionKey(t, "server")), GiveUpAfter: 20 * time.Second}
	t.Cleanup(func() { c.Close() })
	return c
}

// work is what a session is recorded from.
type work struct {
	session
	run func(t *testing.T, c *transfer.Client) error // a client that does it; or
	say func(t *testing.T) []line                    // messages: each one of S stands for that which comes
}

// answer is a place for an answer of the server.
var answer = line{from: "S"}

func say(typ wire.Type, request uint32, body []byte) line { return line{"C", typ, request, body} }

func name(text string) wire.Name {
	n, err := wire.ParseName(text)
	if err != nil {
		panic(err)
	}
	return n
}

// pushing is a PUSH of a session's file.
func pushing(t *testing.T, file string, id byte, to string) []byte {
	content := sessionFile(t, file)
	return (&wire.Push{Window: 16 << 20, Length: int64(len(content)), ID: wire.PushID{id}, Digest: digestOf(content), Name: name(to)}).Marshal()
}

const everything = "push,pull,list,delete ** overwrite"

// works are all sessions.
var works = map[string]work{
	"names": {
		session: session{comment: "a list, a move, one that is refused, quotas and a deletion",
			rules:   []string{everything, "push lab/** quota=1GiB files=100"},
			objects: []string{"lab/a.pqe first.pqe 1700000000", "lab/b.pqe second.pqe 1700000001", "x.pqe first.pqe 1700000002"}},
		run: func(t *testing.T, c *transfer.Client) error {
			all, err := listed(c, "lab/")
			if len(all) != 2 || all[1].Name != "lab/b.pqe" || all[1].Time.Unix() != 1700000001 {
				t.Errorf("listed: %v", all)
			}
			err = errors.Join(err, c.Move(t.Context(), "lab/a.pqe", "done/a.pqe", false))
			if err2 := c.Move(t.Context(), "lab/b.pqe", "done/a.pqe", false); !errors.Is(err2, transfer.ErrExists) {
				t.Errorf("moved: %v", err2)
			}
			quotas, err2 := c.Quota(t.Context())
			if len(quotas) != 2 || quotas[1].Pattern != "lab/**" || quotas[1].MaxBytes != 1<<30 || quotas[1].Files != 1 {
				t.Errorf("quotas: %v", quotas)
			}
			return errors.Join(err, err2, c.Delete(t.Context(), "x.pqe"))
		},
	},
	"put-get": {
		session: session{comment: "a small object is put, and got", rules: []string{everything}},
		run: func(t *testing.T, c *transfer.Client) error {
			var got bytes.Buffer
			err := errors.Join(
				c.Push(t.Context(), "a.pqe", bytes.NewReader(sessionFile(t, "first.pqe")), transfer.PushOptions{Small: true}),
				c.Pull(t.Context(), "a.pqe", &got, transfer.PullOptions{Small: true}))
			if !bytes.Equal(got.Bytes(), sessionFile(t, "first.pqe")) {
				t.Errorf("%d bytes", got.Len())
			}
			return err
		},
	},
	"push-pull": {
		session: session{comment: "an object is pushed, replaced, and pulled", rules: []string{everything}, objects: []string{"a.pqe first.pqe 1700000000"}},
		run: func(t *testing.T, c *transfer.Client) error {
			file := sessionFile(t, "second.pqe")
			var got bytes.Buffer
			err := errors.Join(
				c.PushFile(t.Context(), "a.pqe", bytes.NewReader(file), int64(len(file)), transfer.PushOptions{Overwrite: true}),
				c.Pull(t.Context(), "a.pqe", &got, transfer.PullOptions{}))
			if !bytes.Equal(got.Bytes(), file) {
				t.Errorf("%d bytes", got.Len())
			}
			return err
		},
	},
	"push-resumed": {
		session: session{comment: "a push whose connection is lost twice: the second one resumes, and the third one learns that the object is stored", rules: []string{everything}},
		say: func(t *testing.T) []line {
			file := sessionFile(t, "first.pqe")
			push := say(wire.TypePush, 1, pushing(t, "first.pqe", 1, "a.pqe"))
			return []line{
				push, answer, say(wire.TypeStart, 1, wire.Size(0)), say(wire.TypeData, 1, file[:4100]), answer, {},
				push, answer, say(wire.TypeStart, 1, wire.Size(4100)), say(wire.TypeData, 1, file[4100:]), say(wire.TypeEnd, 1, wire.Size(int64(len(file)))), answer, {},
				push, answer,
			}
		},
	},
	"push-compared": {
		session: session{comment: "a push that another process resumes, which compares what there is", rules: []string{everything}},
		say: func(t *testing.T) []line {
			file := sessionFile(t, "first.pqe")
			return []line{
				say(wire.TypePush, 1, pushing(t, "first.pqe", 1, "a.pqe")), answer, say(wire.TypeStart, 1, wire.Size(0)), say(wire.TypeData, 1, file[:4100]), answer, {},
				say(wire.TypePush, 1, pushing(t, "first.pqe", 2, "a.pqe")), answer, say(wire.TypeCheck, 1, nil), answer,
				say(wire.TypeStart, 1, wire.Size(4100)), say(wire.TypeData, 1, file[4100:]), say(wire.TypeEnd, 1, wire.Size(int64(len(file)))), answer,
			}
		},
	},
	"refused": {
		session: session{comment: "requests that are refused, in this order: error 1, 2, 3, 6, 8, 12 and 13, and a code for each of three names",
			rules: []string{"push,pull,list lab/**"}, objects: []string{"lab/a.pqe first.pqe 1700000000", "other.pqe first.pqe 1700000000"}},
		say: func(t *testing.T) []line {
			narrow := pushing(t, "first.pqe", 1, "lab/new.pqe")
			narrow[1], narrow[2] = 0, 0 // the window
			return []line{
				say(wire.TypePull, 1, (&wire.Pull{Name: name("other.pqe")}).Marshal()), answer,
				say(wire.TypePull, 2, (&wire.Pull{Name: name("lab/none.pqe")}).Marshal()), answer,
				say(wire.TypePush, 3, pushing(t, "second.pqe", 1, "lab/a.pqe")), answer,
				say(wire.TypePull, 4, append((&wire.Pull{}).Marshal(), "../a.pqe"...)), answer,
				say(wire.TypePull, 5, (&wire.Pull{Digest: [32]byte{1}, Name: name("lab/a.pqe")}).Marshal()), answer,
				say(0x5f, 6, []byte("what is this?")), answer,
				say(wire.TypePush, 7, narrow), answer,
				say(wire.TypeDelete, 8, wire.Names{name("lab/a.pqe"), name("other.pqe"), name("lab/none.pqe")}.Marshal()), answer,
			}
		},
	},
	"empty-names": {
		session: session{comment: "each request with an empty name, which is not valid: error 6, and the connection continues", rules: []string{everything}},
		say: func(t *testing.T) []line {
			push := pushing(t, "first.pqe", 1, "a.pqe")
			return []line{
				say(wire.TypePush, 1, push[:len(push)-len("a.pqe")]), answer,
				say(wire.TypePull, 2, (&wire.Pull{}).Marshal()), answer,
				say(wire.TypeGet, 3, (&wire.Get{Length: 1}).Marshal()), answer,
				say(wire.TypePut, 4, (&wire.Put{Object: sessionFile(t, "first.pqe")}).Marshal()), answer,
				say(wire.TypeDelete, 5, wire.Names{{}}.Marshal()), answer,
				say(wire.TypeMove, 6, (&wire.Move{Pairs: []wire.Pair{{}}}).Marshal()), answer,
			}
		},
	},
	"malformed": {
		session: session{comment: "a message out of order: the server ends the connection", rules: []string{everything}},
		say: func(t *testing.T) []line {
			return []line{say(wire.TypeStart, 1, bytes.Repeat([]byte{0xff}, 8)), answer}
		},
	},
}

// record records a session with the real server.
func (w *work) record(t *testing.T) {
	url := w.serve(t)
	if w.say == nil {
		var mu sync.Mutex
		note := func(l line) {
			mu.Lock()
			defer mu.Unlock()
			w.lines = append(w.lines, l)
		}
		relay := accept(t, func(down *channel.Conn) {
			up := logIn(t, url)
			defer up.Close()
			pass := func(src, dst *channel.Conn, from string) {
				for {
					l, err := next(src, from)
					if err != nil {
						return
					}
					note(l)
					dst.Send(l.typ, l.request, l.body)
				}
			}
			go pass(up, down, "S")
			pass(down, up, "C")
		})
		if err := w.run(t, sessionClient(t, relay)); err != nil {
			t.Fatal(err)
		}
		return
	}
	conn := logIn(t, url)
	for _, l := range w.say(t) {
		switch l.from {
		case "C":
			conn.Send(l.typ, l.request, l.body)
		case "S":
			var err error
			if l, err = next(conn, "S"); err != nil {
				t.Fatal(err)
			}
		default:
			conn.Close()
			conn = logIn(t, url)
		}
		w.lines = append(w.lines, l)
	}
}

// TestSessions replays the recorded sessions: the server must say what it said then, and the
// client what it said then, except its push ids.
func TestSessions(t *testing.T) {
	for name, w := range works {
		t.Run(name, func(t *testing.T) {
			if *updateSessions {
				w.record(t)
				if err := os.WriteFile(filepath.Join(sessionsDir, name+".txt"), []byte(w.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			s := readSession(t, name)
			w.lines = s.lines
			if s.String() != w.String() {
				t.Errorf("the file is not as it would be written: record it again")
			}
			s.replayToServer(t)
			if w.run != nil {
				s.replayToClient(t, w.run)
			}
		})
	}
	found, err := filepath.Glob(filepath.Join(sessionsDir, "*.txt"))
	if err != nil || len(found) != len(works)+1 { // and the login
		t.Errorf("%q, not those of %q; %v", found, slices.Sorted(maps.Keys(works)), err)
	}
}

// replayToServer says what the client said.
func (s *session) replayToServer(t *testing.T) {
	url := s.serve(t)
	conn := logIn(t, url)
	for i, want := range s.lines {
		switch want.from {
		case "C":
			if err := conn.Send(want.typ, want.request, want.body); err != nil {
				t.Fatalf("line %d: %s: %v", i, want.brief(), err)
			}
		case "S":
			got, err := next(conn, "S")
			for err == nil && got.typ == wire.TypeDurable && want.typ != wire.TypeDurable { // which may come at any time
				got, err = next(conn, "S")
			}
			if err != nil || got.comparable() != want.comparable() {
				t.Fatalf("line %d: the server says %s, not %s; %v", i, got.brief(), want.brief(), err)
			}
		default:
			conn.Close()
			conn = logIn(t, url)
		}
	}
}

// replayToClient says what the server said.
func (s *session) replayToClient(t *testing.T, run func(*testing.T, *transfer.Client) error) {
	url := accept(t, func(conn *channel.Conn) {
		for i, want := range s.lines {
			if want.from == "S" {
				conn.Send(want.typ, want.request, want.body)
				continue
			}
			got, err := next(conn, "C")
			if err != nil || got.comparable() != want.comparable() {
				t.Errorf("line %d: the client says %s, not %s; %v", i, got.brief(), want.brief(), err)
				return
			}
		}
		if _, err := next(conn, "C"); err == nil {
			t.Error("the client says more")
		}
	})
	c := sessionClient(t, url)
	if err := run(t, c); err != nil {
		t.Error(err)
	}
}

// comparable is a line without what differs from one time to the next: push ids, which are
// random, and the texts of errors, which are for people.
func (l line) comparable() string {
	at := map[wire.Type]int{wire.TypePush: 13, wire.TypePut: 1}[l.typ]
	switch {
	case at > 0 && l.from == "C":
		l.body = slices.Concat(l.body[:at], make([]byte, 16), l.body[at+16:])
	case l.typ == wire.TypeError:
		l.body = l.body[:2]
	}
	return l.String()
}
