// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
	"github.com/pqenc/pqenc/transfer/server"
)

// raw logs in as a client that can then send anything.
func (s *testServer) raw(t *testing.T, name string) *channel.Conn {
	t.Helper()
	s.visits++
	return dial(t, s.url, name, channel.Times{})
}

// dial logs in to any server.
func dial(t *testing.T, url, name string, times channel.Times) *channel.Conn {
	t.Helper()
	stream, err := channel.Dial(t.Context(), url, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := channel.Connect(stream, &channel.Login{
		Identity: testkit.Identity(name),
		Check:    func(signature.Fingerprint) error { return nil },
		Times:    times,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

// send is a message to send.
type send struct {
	typ  wire.Type
	body []byte
}

// say sends messages. Each that starts a request gets the next ID; the others belong to
// the last request.
func say(conn *channel.Conn, messages ...send) error {
	var id uint32
	for _, m := range messages {
		request := max(id, 1)
		if m.typ.Starts() {
			id++
			request = id
		}
		if m.typ < 0x10 && m.typ != wire.TypeError {
			request = 0
		}
		if err := conn.Send(m.typ, request, m.body); err != nil {
			return err
		}
	}
	return nil
}

// talk sends messages. It returns the types of the answers, up to the end of a request or
// of the connection, and the code of the final error.
func talk(conn *channel.Conn, messages ...send) (answers string, code uint16) {
	say(conn, messages...) // errors appear in the answers
	for {
		m, err := conn.Next()
		if err == nil && m.Type == wire.TypeError {
			e, failed := wire.ParseError(m.Body)
			if err = failed; err == nil {
				err = &wire.Error{Code: e.Code, Text: e.Text}
			}
		}
		var reason *wire.Error
		switch {
		case errors.As(err, &reason):
			return fmt.Sprintf("%s04 %q", answers, reason.Text), reason.Code
		case err != nil:
			return answers + "closed", 0
		}
		answers += fmt.Sprintf("%02x ", m.Type)
		switch m.Type {
		case wire.TypeEnd, wire.TypeStored, wire.TypeContent:
			return answers, 0
		case wire.TypePage:
			page, err := wire.ParsePage(m.Body)
			if err != nil {
				return err.Error(), 0
			}
			return fmt.Sprintf("%s%d", answers, len(page.Entries)), 0
		case wire.TypeResults:
			results, err := wire.ParseResults(m.Body)
			if err != nil || len(results) == 0 {
				return fmt.Sprint(results, err), 0
			}
			return answers, results[0]
		}
	}
}

// talk does that on a connection of its own.
func (s *testServer) talk(t *testing.T, who string, messages ...send) (answers string, code uint16) {
	t.Helper()
	conn := s.raw(t, who)
	defer conn.Close()
	return talk(conn, messages...)
}

// push is the request to push a file.
func push(name string, file []byte, length int64) send {
	p := pushOf(file, length)
	return send{wire.TypePush, append(p.Marshal(), name...)}
}

func pushOf(file []byte, length int64) *wire.Push {
	sum := sha256.Sum256(file)
	return &wire.Push{Window: 16 << 20, Length: length, ID: wire.PushID(sum[:]), Digest: digestOf(file)}
}

func start(offset int64) send { return send{wire.TypeStart, wire.Size(offset)} }
func data(b []byte) send      { return send{wire.TypeData, b} }
func end(length int64) send   { return send{wire.TypeEnd, wire.Size(length)} }
func remove(name string) send {
	return send{wire.TypeDelete, append(binary.BigEndian.AppendUint16(nil, uint16(len(name))), name...)}
}

func moveOf(from, to string, overwrite bool) send {
	body := []byte{0}
	if overwrite {
		body[0] = 1
	}
	return send{wire.TypeMove, append(append(body, remove(from).body...), remove(to).body...)}
}

func list(prefix string) send {
	return send{wire.TypeList, (&wire.List{Prefix: prefix}).Marshal()}
}

func pull(name string, offset int64) send {
	return send{wire.TypePull, append((&wire.Pull{Offset: offset}).Marshal(), name...)}
}

func follow(name string) send {
	return send{wire.TypePull, append((&wire.Pull{Follow: true}).Marshal(), name...)}
}

// digestOf returns the SHA-256 of the header of a pqenc file.
func digestOf(file []byte) [sha256.Size]byte {
	if len(file) < 16 {
		return [sha256.Size]byte{}
	}
	return sha256.Sum256(file[:min(int64(len(file)), int64(binary.BigEndian.Uint32(file[12:])))])
}

// receive reads messages up to one of the given type, and returns the data before it.
func receive(conn *channel.Conn, until wire.Type) (data []byte, ok bool) {
	for {
		m, err := conn.Next()
		if err != nil || m.Type == until {
			return data, err == nil
		}
		if m.Type == wire.TypeData {
			data = append(data, m.Body...)
		}
	}
}

// files returns the contents of the files in a folder, by name.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(name)
		found[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// unchanged runs an attack, which must not change the store.
func (s *testServer) unchanged(t *testing.T, attack func()) {
	t.Helper()
	before := files(t, s.config.Dir)
	attack()
	s.restart() // waits for all sessions, and loads what is on the disk
	if after := files(t, s.config.Dir); !maps.Equal(before, after) {
		t.Errorf("the store had %q and has %q", slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
	}
	if n := s.server.Stats().Partials; n != 0 {
		t.Errorf("%d partials", n)
	}
}

func (s *testServer) restart() { s.stop(); s.start() }

// nakedHandler writes log records without the quoting of slog's handlers.
type nakedHandler struct {
	w     io.Writer
	attrs string
}

func (nakedHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h nakedHandler) WithGroup(string) slog.Handler          { return h }

func (h nakedHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		h.attrs += fmt.Sprintf(" %s=%v", a.Key, a.Value.Any())
	}
	return h
}

func (h nakedHandler) Handle(_ context.Context, r slog.Record) error {
	line := r.Message + h.attrs
	r.Attrs(func(a slog.Attr) bool {
		line += fmt.Sprintf(" %s=%v", a.Key, a.Value.Any())
		return true
	})
	_, err := fmt.Fprintf(h.w, "%s\x00", line) // the NUL byte ends a record: no line has one
	return err
}

// attacked is a server with an object. After the attack, its log must name the attackers,
// and must be safe for a terminal in any format.
func attacked(t *testing.T, limits server.Limits, rules ...string) (s *testServer, file []byte) {
	t.Helper()
	s = newServer(t, limits, rules...)
	s.stop()
	s.config.Logger = slog.New(nakedHandler{w: s.log})
	s.start()
	file = testkit.Sealed(10000)
	c := s.client("alice")
	if err := c.Push(t.Context(), "a/there.pqe", bytes.NewReader(file), transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	c.Close()
	s.restart() // so that the log so far is not part of the attack's
	s.before = len(s.log.String())
	t.Cleanup(func() { s.checkLog(t) })
	return s, file
}

// attackLog stops the server, so that the log is complete, and returns the lines since
// the start of the attack.
func (s *testServer) attackLog() []string {
	s.t.Helper()
	s.stop()
	text, _ := strings.CutSuffix(s.log.String()[s.before:], "\x00")
	return strings.Split(text, "\x00")
}

// ended matches the log line on a client that left or was denied: who it was, and why.
var ended = regexp.MustCompile(`^(?:connection ended .*client=SHA256:\S{43} .*reason=|no login .*err=.*SHA256:\S{43} )(.*)$`)

// checkLog checks all log lines of an attack.
func (s *testServer) checkLog(t *testing.T) {
	t.Helper()
	gone := 0
	for _, line := range s.attackLog() {
		if strings.ContainsFunc(line, unicode.IsControl) || strings.Contains(line, "PQENC") || len(line) > 4000 {
			t.Errorf("in the log: %q", line)
		}
		if m := ended.FindStringSubmatch(line); m != nil && m[1] != "" && m[1] != "<nil>" {
			gone++
		} else if strings.HasPrefix(line, "connection ended") {
			t.Errorf("no client, or no reason: %q", line)
		}
	}
	if gone < max(s.visits, 1) {
		t.Errorf("the log tells of %d ends of %d connections", gone, s.visits)
	}
}

// logged requires that the log of an attack has all of these errors for the fingerprint
// of that client.
func (s *testServer) logged(t *testing.T, who string, reasons ...string) {
	t.Helper()
	lines := s.attackLog()
	client := testkit.Identity(who).Fingerprint().String()
	for _, reason := range reasons {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, client) && strings.Contains(line, reason) }) {
			t.Errorf("the log does not say %q of %s", reason, who)
		}
	}
}

// TestNoRight requires that a client without a right learns nothing: the answer is the
// same for an object, for a folder, and for nothing.
func TestNoRight(t *testing.T) {
	t.Parallel()
	s, file := attacked(t, server.Limits{}, everything, "{bob} push,list b/**", "{carol} pull,delete c/*")
	length := int64(len(file))
	s.unchanged(t, func() {
		for _, who := range []string{"bob", "carol"} {
			for name, request := range map[string]func(name string) []send{
				"push":   func(n string) []send { return []send{push(n, file, length), start(0), data(file), end(length)} },
				"pull":   func(n string) []send { return []send{pull(n, 0)} },
				"beyond": func(n string) []send { return []send{pull(n, math.MaxInt64)} },
				"follow": func(n string) []send { return []send{follow(n)} },
				"delete": func(n string) []send { return []send{remove(n)} },
				"move":   func(n string) []send { return []send{moveOf(n, "b/new.pqe", true)} },
				"onto":   func(n string) []send { return []send{moveOf("c/none.pqe", n, true)} },
			} {
				want, code := s.talk(t, who, request("a/missing.pqe")...)
				if code != wire.CodeDenied {
					t.Errorf("%s: %s: %s", who, name, want)
				}
				for _, existing := range []string{"a/there.pqe", "a", "a/there.pqe/below", "other/folder"} {
					if got, _ := s.talk(t, who, request(existing)...); got != want {
						t.Errorf("%s: %s %s: %s, and %s for what is not there", who, name, existing, got, want)
					}
				}
			}
			for _, prefix := range []string{"", "a", "a/there", "z"} {
				if got, _ := s.talk(t, who, list(prefix)); got != "86 0" {
					t.Errorf("%s lists %q: %s", who, prefix, got)
				}
			}
		}
	})
	for _, who := range []string{"bob", "carol"} {
		s.logged(t, who, "right=push object=a/there.pqe", "right=pull object=a/missing.pqe", "right=delete object=other/folder")
	}
}

// TestUnknownKey requires that unknown clients are denied, whatever name they use.
func TestUnknownKey(t *testing.T) {
	s, _ := attacked(t, server.Limits{}, everything)
	s.unchanged(t, func() {
		before := s.server.Stats()
		c := s.client("mallory")
		if _, err := listed(c, ""); !errors.Is(err, transfer.ErrDenied) {
			t.Errorf("list: %v", err)
		}
		var got bytes.Buffer
		there := c.Pull(t.Context(), "a/there.pqe", &got, transfer.PullOptions{})
		missing := c.Pull(t.Context(), "a/missing.pqe", &got, transfer.PullOptions{})
		if !errors.Is(there, transfer.ErrDenied) || there.Error() != missing.Error() || got.Len() > 0 {
			t.Errorf("%v, %v, %d bytes", there, missing, got.Len())
		}
		server := s.server
		s.stop() // otherwise the last login might not be counted yet
		after := server.Stats()
		if after.Logins != before.Logins || after.FailedLogins != before.FailedLogins+3 || after.Pulls+after.FailedPulls > 0 {
			t.Errorf("before: %+v, after: %+v", before, after)
		}
	})
	s.logged(t, "mallory", "is not on the access list")
}

// TestHostileNames uses invalid names, with all rights. Files outside of the store, and
// the store's own files, cannot be reached.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s, file := attacked(t, server.Limits{}, everything)
	outside := filepath.Join(filepath.Dir(s.config.Dir), "outside.pqe")
	if err := os.WriteFile(outside, file, 0o600); err != nil {
		t.Fatal(err)
	}
	length := int64(len(file))
	s.unchanged(t, func() {
		for _, name := range []string{
			"", ".", "..", "/", "../outside.pqe", "a/../../outside.pqe", "a/../a/there.pqe", "./a/there.pqe", "a//there.pqe", "a/there.pqe/",
			outside, "/etc/passwd", `..\outside.pqe`, `a\there.pqe`, `C:\x`, "C:x", "a:stream",
			".pqenc.lock", ".hidden", "a/.hidden", ".ssh/authorized_keys", "." + strings.Repeat("0", 64) + ".part", "." + strings.Repeat("0", 64) + ".state",
			"a\x00b", "a\nb", "a\x1b[2Jb", "a\u009b31mb", "a\u202eb", "a\u2028b", "\xff", "a\xc0\xafb", "NUL", "a/con.pqe", "a ", "a.", "a/ /b",
			strings.Repeat("n", 201), strings.Repeat("n/", 32) + "n", strings.Repeat("n", 1024),
		} {
			for what, request := range map[string][]send{
				"push":   {push(name, file, length), start(0), data(file), end(length)},
				"pull":   {pull(name, 0)},
				"follow": {follow(name)},
				"delete": {remove(name)},
			} {
				if got, code := s.talk(t, "alice", request...); code != wire.CodeOf(wire.ErrName) {
					t.Errorf("%s %q: %s", what, name, got)
				}
			}
		}
		for _, n := range []int{1025, 8 << 10, 64 << 10} {
			for _, m := range []send{push(strings.Repeat("n", n), file, 1), pull(strings.Repeat("n", n), 0), remove(strings.Repeat("n", n)), {wire.TypeList, make([]byte, n)}} {
				if got, code := s.talk(t, "alice", m); code != wire.CodeProtocol {
					t.Errorf("0x%02x with %d bytes: %s", m.typ, n, got)
				}
			}
		}
	})
	if b, err := os.ReadFile(outside); err != nil || !bytes.Equal(b, file) {
		t.Errorf("the file outside: %v", err)
	}
	s.logged(t, "alice", "name: it is empty", "a segment starts with a dot", "it has a control character", "it is not UTF-8", "malformed")
}

// TestLinksInTheStore puts links to the outside into the store. Clients do not see them,
// and cannot follow them.
func TestLinksInTheStore(t *testing.T) {
	s, file := attacked(t, server.Limits{}, everything)
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret.pqe"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{
		"folder": outside, "file.pqe": filepath.Join(outside, "secret.pqe"), "dangling.pqe": filepath.Join(outside, "new.pqe"), "inside": "a", "up": "..",
	} {
		if err := os.Symlink(target, filepath.Join(s.config.Dir, link)); err != nil {
			t.Skip(err)
		}
	}
	s.restart()
	length := int64(len(file))
	overwrite := func(name string) send {
		p := pushOf(file, length)
		p.Overwrite = true
		return send{wire.TypePush, append(p.Marshal(), name...)}
	}
	s.unchanged(t, func() {
		for _, name := range []string{"file.pqe", "dangling.pqe", "folder/secret.pqe", "folder/new.pqe", "inside/there.pqe", "up/x.pqe", "folder"} {
			if got, code := s.talk(t, "alice", overwrite(name), start(0), data(file), end(length)); code != wire.CodeOf(wire.ErrExists) {
				t.Errorf("push %s: %s", name, got)
			}
			for _, m := range []send{pull(name, 0), remove(name)} {
				if got, code := s.talk(t, "alice", m); code != wire.CodeOf(wire.ErrNotFound) {
					t.Errorf("0x%02x %s: %s", m.typ, name, got)
				}
			}
		}
		if got, _ := s.talk(t, "alice", list("")); got != "86 1" {
			t.Errorf("list: %s", got)
		}
	})
	if found := files(t, outside); len(found) != 1 || found[filepath.Join(outside, "secret.pqe")] != string(file) {
		t.Errorf("outside: %q", slices.Sorted(maps.Keys(found)))
	}
	s.logged(t, "alice", "an object of that name is on the server already", "no such object on the server")
}

// TestOrder sends messages where they are not allowed.
func TestOrder(t *testing.T) {
	s, file := attacked(t, server.Limits{}, everything)
	length := int64(len(file))
	begin := push("new.pqe", file, length)
	proof := make([]byte, wire.ProofSize)
	s.unchanged(t, func() {
		for name, messages := range map[string][]send{
			"data first":          {data(file)},
			"end first":           {end(0)},
			"start first":         {start(0)},
			"check first":         {{wire.TypeCheck, nil}},
			"ready":               {{wire.TypeReady, (&wire.Ready{}).Marshal()}},
			"durable":             {{wire.TypeDurable, wire.Size(0)}},
			"stored":              {{wire.TypeStored, wire.Size(0)}},
			"object":              {{wire.TypeObject, (&wire.Object{}).Marshal()}},
			"page":                {{wire.TypePage, (&wire.Page{}).Marshal()}},
			"results":             {{wire.TypeResults, nil}},
			"an error of nothing": {{wire.TypeError, (&wire.Error{Code: 1}).Marshal()}},
			"accept":              {{wire.TypeAccept, nil}},
			"second login":        {{wire.TypeClient, proof}},
			"server's login":      {{wire.TypeServer, proof}},
			"push twice":          {begin, begin},
			"push twice, begun":   {begin, start(0), begin},
			"follow twice":        {follow("new.pqe"), follow("new.pqe")},
			"login in a push":     {begin, {wire.TypeClient, proof}},
			"ready in a push":     {begin, {wire.TypeReady, (&wire.Ready{}).Marshal()}},
			"data at once":        {begin, data(file)},
			"end at once":         {begin, end(length)},
			"start twice":         {begin, start(0), start(0)},
			"start in the middle": {begin, start(5000)},
			"a check of nothing":  {begin, {wire.TypeCheck, nil}},
			"a check after start": {begin, start(0), {wire.TypeCheck, nil}},
			"data in a pull":      {follow("new.pqe"), data(file)},
			"end of a pull":       {follow("new.pqe"), end(0)},
			"end before the end":  {begin, start(0), data(file[:1000]), end(999)},
			"malformed push":      {{wire.TypePush, make([]byte, 60)}},
			"malformed flag":      {{wire.TypePush, append([]byte{2}, begin.body[1:]...)}},
			"malformed pull":      {{wire.TypePull, nil}},
			"malformed list":      {{wire.TypeList, nil}},
			"malformed delete":    {{wire.TypeDelete, nil}},
			"malformed move":      {{wire.TypeMove, nil}},
			"half a move":         {{wire.TypeMove, append([]byte{0}, remove("a/there.pqe").body...)}},
			"malformed quota":     {{wire.TypeQuota, nil}},
			"quotas":              {{wire.TypeQuotas, []byte{0}}},
			"malformed end":       {begin, start(0), {wire.TypeEnd, nil}},
			"length 2^64-2":       {push("new.pqe", file, -2)},
			"offset 2^64-1":       {pull("a/there.pqe", -1)},
			"end at 2^63":         {begin, start(0), end(math.MinInt64)},
		} {
			// A push of the previous test may start only now, and would take over from
			// one of the same name.
			for i, m := range messages {
				if m.typ == wire.TypePush && bytes.Equal(m.body, begin.body) {
					messages[i] = push(strings.ReplaceAll(name, " ", "-")+".pqe", file, length)
				}
			}
			conn := s.raw(t, "alice")
			got, code := talk(conn, messages...)
			conn.Close()
			if code != wire.CodeProtocol {
				t.Errorf("%s: %s", name, got)
			}
		}
	})
	s.logged(t, "alice", "0x80 from a client", "0x60 in a push", "too many requests", "malformed")
}

// TestNotPqenc pushes bytes that are not a complete pqenc file, or not the announced one.
func TestNotPqenc(t *testing.T) {
	s, file := attacked(t, server.Limits{}, everything)
	length := int64(len(file))
	junk := bytes.Repeat([]byte("not a whole pqenc file "), 5000)
	other := testkit.Sealed(10000)
	huge := bytes.Clone(file)
	binary.BigEndian.PutUint32(huge[12:], math.MaxUint32&^4095)
	s.unchanged(t, func() {
		for name, messages := range map[string][]send{
			"junk":                   {push("new.pqe", junk, wire.Unknown), start(0), data(junk), end(int64(len(junk)))},
			"a byte of junk":         {push("new.pqe", junk, wire.Unknown), start(0), data(junk[:1]), end(1)},
			"nothing":                {push("new.pqe", file, wire.Unknown), start(0), end(0)},
			"a length of nothing":    {push("new.pqe", file, 0), start(0), end(0)},
			"half a header":          {push("new.pqe", file, wire.Unknown), start(0), data(file[:100]), end(100)},
			"a header alone":         {push("new.pqe", file, wire.Unknown), start(0), data(file[:4096]), end(4096)},
			"another header":         {push("new.pqe", file, wire.Unknown), start(0), data(other), end(int64(len(other)))},
			"another header, length": {push("new.pqe", file, length), start(0), data(other), end(int64(len(other)))},
			"impossible length":      {push("new.pqe", file, 4097), start(0), data(file[:4097]), end(4097)},
			"too short":              {push("new.pqe", file, length), start(0), data(file[:length-1]), end(length - 1)},
			"too long":               {push("new.pqe", file, length), start(0), data(append(bytes.Clone(file), 0))},
			"a header of 4 GiB":      {push("new.pqe", huge, wire.Unknown), start(0), data(huge), end(length)},
			"abandoned":              {push("new.pqe", file, length), start(0), data(file[:5000]), {wire.TypeError, (&wire.Error{Code: wire.CodeAbandoned, Text: "\x1b[2J\nx\u009b"}).Marshal()}},
		} {
			if got, code := s.talk(t, "alice", messages...); code != wire.CodeOf(wire.ErrNotPqenc) && name != "abandoned" {
				t.Errorf("%s: %s", name, got)
			}
		}
	})
	s.logged(t, "alice", "not a whole pqenc file", "not the length of the whole object", "not the announced header", `error 11: "\x1b[2J`)
}

// TestClaims announces impossible sizes.
func TestClaims(t *testing.T) {
	s, file := attacked(t, server.Limits{ObjectSize: 1 << 20}, everything, "{bob} push ** quota=20KB")
	s.unchanged(t, func() {
		for _, length := range []int64{1<<20 + 1, 1e18, 1 << 62, math.MaxInt64} {
			if got, code := s.talk(t, "alice", push("new.pqe", file, length)); code != wire.CodeOf(wire.ErrTooLarge) {
				t.Errorf("%d bytes: %s", length, got)
			}
		}
		for _, length := range []int64{20001, 1 << 20} {
			if got, code := s.talk(t, "bob", push("new.pqe", file, length)); code != wire.CodeOf(wire.ErrQuota) {
				t.Errorf("%d bytes: %s", length, got)
			}
		}
		for _, offset := range []int64{int64(len(file)) + 1, 1e18, math.MaxInt64} {
			if got, code := s.talk(t, "alice", pull("a/there.pqe", offset)); code != wire.CodeOf(wire.ErrChanged) {
				t.Errorf("from %d: %s", offset, got)
			}
		}
	})
	s.stop()
	s.config.Limits.ObjectSize = 0
	s.start()
	for _, length := range []int64{1e18, math.MaxInt64} {
		if got, code := s.talk(t, "alice", push("new.pqe", file, length)); code != wire.CodeOf(wire.ErrTooLarge) && code != wire.CodeOf(wire.ErrNoSpace) {
			t.Errorf("%d bytes: %s", length, got)
		}
	}
	s.logged(t, "alice", "too large for the server", "the object on the server has changed")
	s.logged(t, "bob", "the quota on the server is used up")
}

// begun starts a push, and returns how much of the partial is durable.
func (s *testServer) begun(t *testing.T, who, name string, file []byte, n int) {
	t.Helper()
	conn := s.raw(t, who)
	if err := say(conn, push(name, file, int64(len(file))), start(0), data(file[:n])); err != nil {
		t.Fatal(err)
	}
	for {
		m, err := conn.Next()
		if err != nil {
			t.Fatal(err)
		}
		if m.Type == wire.TypeDurable {
			break
		}
	}
	conn.Close()
}

// ready asks for an offset, and stops there.
func (s *testServer) ready(t *testing.T, who string, request send) int64 {
	t.Helper()
	conn := s.raw(t, who)
	defer conn.Close()
	say(conn, request)
	m, err := conn.Next()
	if err != nil || m.Type != wire.TypeReady {
		t.Fatalf("%s: 0x%02x, %v", who, m.Type, err)
	}
	r, err := wire.ParseReady(m.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Proven {
		t.Errorf("%s: what there is is not of this push", who)
	}
	return r.Offset
}

// resumed resumes a push at the offset that the server wants.
func (s *testServer) resumed(t *testing.T, conn *channel.Conn, request send) int64 {
	t.Helper()
	say(conn, request)
	m, err := conn.Next()
	if err != nil || m.Type != wire.TypeReady {
		t.Fatalf("0x%02x, %v", m.Type, err)
	}
	r, err := wire.ParseReady(m.Body)
	if err != nil {
		t.Fatal(err)
	}
	conn.Send(wire.TypeStart, 1, wire.Size(r.Offset))
	return r.Offset
}

// TestSomebodyElsesPartial has an attacker who knows everything about a push except its
// key.
func TestSomebodyElsesPartial(t *testing.T) {
	t.Parallel()
	s, _ := attacked(t, server.Limits{}, everything, "{bob} push,list ** overwrite", "{carol} pull,list a/**")
	file := testkit.Sealed(100000)
	length := int64(len(file))
	s.begun(t, "alice", "new.pqe", file, 60000)
	if at := s.ready(t, "bob", push("new.pqe", file, length)); at != 0 {
		t.Errorf("bob resumes at %d", at)
	}
	for _, who := range []string{"bob", "carol"} {
		if got, code := s.talk(t, who, follow("new.pqe")); code != wire.CodeDenied {
			t.Errorf("%s follows: %s", who, got)
		}
		if got, _ := s.talk(t, who, list("new")); got != "86 0" {
			t.Errorf("%s lists: %s", who, got)
		}
	}
	if got, code := s.talk(t, "alice", pull("new.pqe", 0)); code != wire.CodeOf(wire.ErrNotFound) {
		t.Errorf("a partial can be pulled: %s", got)
	}
	for name, other := range map[string]send{
		"another name": push("new2.pqe", file, length), "unknown length": push("new3.pqe", file, wire.Unknown),
	} {
		if at := s.ready(t, "alice", other); at != 0 {
			t.Errorf("%s: at %d", name, at)
		}
	}
	if at := s.ready(t, "alice", push("new.pqe", file, length)); at != 60000 {
		t.Errorf("alice resumes at %d", at)
	}
	if at := s.ready(t, "alice", push("new.pqe", file, wire.Unknown)); at != 0 {
		t.Errorf("a push of unknown length resumes at %d", at)
	}
	if at := s.ready(t, "alice", push("new.pqe", file, length)); at != 0 {
		t.Errorf("what was started over resumes at %d", at)
	}
	for _, who := range []string{"bob", "carol"} {
		s.logged(t, who, "right=pull object=new.pqe")
	}
}

// leave closes a connection when the other side does.
func leave(conn *channel.Conn) {
	receive(conn, 0)
	conn.Close()
}

// TestTakenOver has newer connections of one client take over from older ones that are
// sending as fast as possible. The stored object is the file.
func TestTakenOver(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s, _ := attacked(t, server.Limits{}, everything)
	file := testkit.Sealed(30 << 20)
	length := int64(len(file))
	for range 6 {
		conn := s.raw(t, "alice")
		offset := s.resumed(t, conn, push("new.pqe", file, length))
		go leave(conn)
		go func() { // until the next one takes over
			for rest := file[offset:]; len(rest) > 0; rest = rest[min(len(rest), 10000):] {
				if conn.Send(wire.TypeData, 1, rest[:min(len(rest), 10000)]) != nil {
					return
				}
			}
		}()
	}
	if err := s.client("alice").PushFile(t.Context(), "new.pqe", bytes.NewReader(file), length, transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := s.client("alice").Pull(t.Context(), "new.pqe", &got, transfer.PullOptions{}); err != nil || !bytes.Equal(got.Bytes(), file) {
		t.Errorf("another file is stored: %v", err)
	}
	s.logged(t, "alice", transfer.ErrTakenOver.Error())
}

// TestStoppedInAPush stops the server repeatedly while it receives data. It always keeps
// a prefix of what was sent.
func TestStoppedInAPush(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s, _ := attacked(t, server.Limits{}, everything)
	file := testkit.Sealed(20 << 20)
	length := int64(len(file))
	for range 3 {
		conn := s.raw(t, "alice")
		offset := s.resumed(t, conn, push("new.pqe", file, length))
		go leave(conn)
		started := make(chan struct{})
		go func() {
			for i, rest := 0, file[offset:]; len(rest) > 0; i, rest = i+1, rest[min(len(rest), 10000):] {
				if conn.Send(wire.TypeData, 1, rest[:min(len(rest), 10000)]) != nil {
					return
				}
				if i == 50 {
					close(started)
				}
			}
		}()
		<-started
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.server.Shutdown(ctx); err != nil {
			t.Fatal(err)
		}
		s.http.Close()
		s.start()
	}
	if err := s.client("alice").PushFile(t.Context(), "new.pqe", bytes.NewReader(file), length, transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := s.client("alice").Pull(t.Context(), "new.pqe", &got, transfer.PullOptions{}); err != nil || !bytes.Equal(got.Bytes(), file) {
		t.Errorf("another file is stored: %v", err)
	}
	s.logged(t, "alice", "it is stopping")
}

// TestFollowersWait requires that the follower of a push that is published, but not yet
// committed, gets the object without spinning.
func TestFollowersWait(t *testing.T) {
	committed, goOn := make(chan struct{}), make(chan struct{})
	s, _ := attacked(t, server.Limits{}, everything)
	s.stop()
	s.config.OnCommit = func(context.Context, server.Commit) { close(committed); <-goOn }
	s.start()
	file := testkit.Sealed(1 << 20)
	src, w := io.Pipe()
	pushed := make(chan error, 1)
	go func() {
		pushed <- s.client("alice").Push(t.Context(), "live.pqe", src, transfer.PushOptions{})
	}()
	w.Write(file[:5000])
	started, pulled := make(chan struct{}), make(chan error, 1)
	var got bytes.Buffer
	go func() {
		pulled <- s.client("alice").Pull(t.Context(), "live.pqe", &got, transfer.PullOptions{
			Follow: true, Started: func(int64) error { close(started); return nil },
		})
	}()
	<-started
	w.Write(file[5000:])
	w.Close()
	<-committed
	if err := <-pulled; err != nil || !bytes.Equal(got.Bytes(), file) { // before the commit ends
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
	close(goOn)
	if err := <-pushed; err != nil {
		t.Error(err)
	}
}

// TestNothingStays requires that clients that disconnect at any point, and a stopped
// server, leave no goroutines.
func TestNothingStays(t *testing.T) {
	testkit.Long(t)
	testkit.Identity("alice")
	testkit.Identity("server")
	file := testkit.Sealed(100000)
	before := runtime.NumGoroutine()
	s := newServer(t, server.Limits{}, everything)
	for _, messages := range [][]send{
		nil,
		{push("half.pqe", file, int64(len(file))), data(file[:50000])},
		{push("whole.pqe", file, wire.Unknown), start(0), data(file), end(int64(len(file)))},
		{push("none.pqe", file, wire.Unknown)},
		{follow("none.pqe")},
		{follow("half.pqe")},
		{pull("whole.pqe", 0)},
		{list("")},
		{{wire.TypeCheck, nil}},
	} {
		conn := s.raw(t, "alice")
		say(conn, messages...)
		conn.Close()
	}
	open := s.raw(t, "alice")
	open.Send(wire.TypePush, 1, push("open.pqe", file, wire.Unknown).body)
	if m, err := open.Next(); err != nil || m.Type != wire.TypeReady {
		t.Fatalf("0x%02x, %v", m.Type, err)
	}
	s.stop()
	open.Close()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(20 * time.Second); runtime.NumGoroutine() > before; <-ticker.C {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
