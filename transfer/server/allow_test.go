// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/text"
	"github.com/pqenc/pqenc/signature"
)

var (
	allowAlice   = signature.Fingerprint{1}
	allowBob     = signature.Fingerprint{2}
	allowMallory = signature.Fingerprint{3}
)

// allowKeys returns the keys for file names that do not exist.
func allowKeys(name string) ([]signature.Fingerprint, error) {
	switch name {
	case "keys/alice.pub":
		return []signature.Fingerprint{allowAlice}, nil
	case "keys/all.pub":
		return []signature.Fingerprint{allowBob, allowAlice, allowBob}, nil
	case "keys/empty.pub":
		return nil, nil
	}
	return nil, os.ErrNotExist
}

func parseAllow(t testing.TB, text string) *AllowList {
	t.Helper()
	list, err := ParseAllow(strings.NewReader(text), allowKeys)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestAllowList(t *testing.T) {
	list := parseAllow(t, `# who                may             on names        with
keys/alice.pub       push,pull,list  lab/**          quota=50GiB overwrite # trailing
	`+allowBob.String()+"\tpull\tglobal/*.pqe\r\n"+`
keys/all.pub delete lab/#1`)
	for _, c := range []struct {
		who  signature.Fingerprint
		op   Operation
		name string
		want bool
	}{
		{allowAlice, Push, "lab/a", true},
		{allowAlice, Pull, "lab/x/y/z.pqe", true},
		{allowAlice, List, "lab/a", true},
		{allowAlice, List, "lab", false},
		{allowAlice, Delete, "lab/a", false},
		{allowAlice, Delete, "lab/#1", true},
		{allowAlice, Push, "labs/a", false},
		{allowAlice, Push, "Lab/a", false},
		{allowAlice, Pull, "global/a.pqe", false},
		{allowBob, Pull, "global/a.pqe", true},
		{allowBob, Pull, "global/x/a.pqe", false},
		{allowBob, Pull, "global/a.pqe.pqe", true},
		{allowBob, Push, "global/a.pqe", false},
		{allowBob, Delete, "lab/#1", true},
		{allowBob, Delete, "lab/#2", false},
		{allowMallory, Pull, "global/a.pqe", false},
		{allowAlice, 0, "lab/a", false},
		{allowAlice, 99, "lab/a", false},
	} {
		if _, got := list.Authorize(c.who, c.op, c.name); got != c.want {
			t.Errorf("%x, %v %q: %t", c.who[0], c.op, c.name, got)
		}
	}
	for who, want := range map[signature.Fingerprint]bool{allowAlice: true, allowBob: true, allowMallory: false} {
		if list.Known(who) != want {
			t.Errorf("%x is known: %t", who[0], !want)
		}
	}
	for who, want := range map[signature.Fingerprint]string{allowAlice: "keys/alice.pub", allowBob: "keys/all.pub", allowMallory: ""} {
		if got := list.Name(who); got != want {
			t.Errorf("%x is named %q, not %q", who[0], got, want)
		}
	}
	if n := len(list.rules[allowBob]); n != 2 {
		t.Errorf("a key that is twice in a file has %d rules", n)
	}
}

// TestGrant has several rules for one push.
func TestGrant(t *testing.T) {
	for _, c := range []struct {
		rules string
		want  Grant
		names string // that the quota covers
	}{
		{"push **", Grant{}, "lab/a lab/b c"},
		{"push lab/** quota=10", Grant{Quota: 10}, "lab/a lab/b"},
		{"push lab/** quota=10\npush lab/a quota=20", Grant{Quota: 20}, "lab/a"},
		{"push lab/a quota=20\npush lab/** quota=10", Grant{Quota: 20}, "lab/a"},
		{"push lab/** quota=10\npush lab/a quota=10", Grant{Quota: 10}, "lab/a lab/b"},
		{"push lab/** quota=10\npush lab/a", Grant{}, "lab/a"},
		{"push lab/**\npush lab/a quota=1 overwrite", Grant{Overwrite: true, Quota: 1}, "lab/a"},
		{"push lab/a overwrite quota=1\npush lab/** overwrite", Grant{Overwrite: true}, "lab/a lab/b"},
		{"push lab/** files=7", Grant{Files: 7}, "lab/a lab/b"},
		{"push lab/** quota=10 files=7\npush lab/a files=8 quota=10", Grant{Quota: 10, Files: 8}, "lab/a"},
		{"push lab/** files=7 quota=20\npush lab/a quota=10", Grant{Quota: 20, Files: 7}, "lab/a lab/b"},
		{"push lab/** files=7\npush lab/a", Grant{}, "lab/a"},
		{"push lab/a quota=1\npush b overwrite\npull ** ", Grant{Quota: 1}, "lab/a"},
	} {
		rules := "keys/alice.pub " + strings.ReplaceAll(c.rules, "\n", "\nkeys/alice.pub ")
		got, ok := parseAllow(t, rules).Authorize(allowAlice, Push, "lab/a")
		if !ok || got.Overwrite != c.want.Overwrite || got.Quota != c.want.Quota || got.Files != c.want.Files {
			t.Errorf("%q: %t, %+v", c.rules, ok, got)
			continue
		}
		var names []string
		for _, name := range []string{"lab/a", "lab/b", "c"} {
			if got.Within.Match(name) {
				names = append(names, name)
			}
		}
		if strings.Join(names, " ") != c.names {
			t.Errorf("%q: the quota covers %q", c.rules, names)
		}
	}
}

func TestPattern(t *testing.T) {
	for _, c := range []struct {
		pattern, matches, not string // names, separated by spaces
	}{
		{"**", "a a/b a/b/c", ""},
		{"a", "a", "b a/b aa"},
		{"*", "a ab", "a/b"},
		{"*/*", "a/b", "a a/b/c"},
		{"a/**", "a/b a/b/c", "a b b/a"},
		{"a/**/**", "a/b a/b/c", "a b"},
		{"**/a", "a b/a c/b/a a/a", "b a/b"},
		{"a/**/b", "a/b a/c/b a/b/b a/b/c/b", "a b a/b/c"},
		{"**/a/**", "a/b c/a/d c/c/a/d/d a/a", "a b/a b b/c"},
		{"**/a/**/b/**/c", "a/b/c x/a/x/b/x/c a/a/b/b/c/c", "a/c/b a/b b/c c"},
		{"**/a/*/b", "a/x/b a/a/x/b a/a/b a/b/x/a/x/b", "a/b a/x/x/b"},
		{"**/**", "a a/b", ""},
		{"[a-c]?/x*.pqe", "aa/x.pqe cz/xyz.pqe", "da/x.pqe a/x.pqe aa/y.pqe"},
		{`\*`, "*", "a"},
	} {
		p, err := ParsePattern(c.pattern)
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
			continue
		}
		for _, name := range strings.Fields(c.matches) {
			if !p.Match(name) {
				t.Errorf("%q does not match %q", c.pattern, name)
			}
		}
		for _, name := range strings.Fields(c.not) {
			if p.Match(name) {
				t.Errorf("%q matches %q", c.pattern, name)
			}
		}
	}
	for pattern, want := range map[Pattern]string{
		"**": "", "a": "a", "lab/**": "lab/", "lab/a*/b": "lab/a", "lab/?": "lab/", "[a]": "", `lab/\*`: "lab/",
	} {
		if got := pattern.Prefix(); got != want {
			t.Errorf("%q: prefix %q", pattern, got)
		}
	}
	// The time is not exponential in the number of **.
	p, err := ParsePattern(strings.Repeat("**/a/", 200) + "b")
	if err != nil || p.Match(strings.Repeat("a/", 500)+"a") {
		t.Error(err)
	}
}

var badAllow = []struct{ text, want string }{
	{"keys/alice.pub", "line 1: expected who, what they may do, and on which names"},
	{"keys/alice.pub push", "line 1: expected who"},
	{"\n\n# x\nkeys/alice.pub push # lab/**", "line 4: expected who"},
	{"keys/alice.pub push lab/**\nkeys/alice.pub fly lab/**", "line 2: expected some of push, pull, list and delete"},
	{"keys/alice.pub push, lab/**", "expected some of push"},
	{"keys/alice.pub PUSH lab/**", "expected some of push"},
	{"keys/alice.pub push lab//a", "without empty segments"},
	{"keys/alice.pub push /lab", "without empty segments"},
	{"keys/alice.pub push lab/", "without empty segments"},
	{"keys/alice.pub push lab/../a", "starts with a dot"},
	{"keys/alice.pub push lab/.a", "starts with a dot"},
	{"keys/alice.pub push lab/[a", "its brackets or backslashes are wrong"},
	{`keys/alice.pub push lab\`, "its brackets or backslashes are wrong"},
	{"keys/alice.pub push lab/a**", "expected ** between slashes only"},
	{"keys/alice.pub push lab/***", "expected ** between slashes only"},
	{"keys/alice.pub push lab/** append", "expected overwrite, quota=SIZE and files=N"},
	{"keys/alice.pub push lab/** overwrite overwrite", "each at most once"},
	{"keys/alice.pub push lab/** quota=1 quota=2", "each at most once"},
	{"keys/alice.pub pull lab/** overwrite", "expected conditions for push only"},
	{"keys/alice.pub push lab/** quota=", "expected a quota like 500MB or 50GiB"},
	{"keys/alice.pub push lab/** files=1 files=2", "each at most once"},
	{"keys/alice.pub push lab/** files=", "expected a number of files like files=10000"},
	{"keys/alice.pub push lab/** files=0", "expected a number of files"},
	{"keys/alice.pub push lab/** files=-1", "expected a number of files"},
	{"keys/alice.pub push lab/** files=1K", "expected a number of files"},
	{"keys/alice.pub push lab/** files=4294967296", "expected a number of files"},
	{"keys/alice.pub pull lab/** files=1", "expected conditions for push only"},
	{"keys/alice.pub push lab/** quota=0", "expected a quota"},
	{"keys/alice.pub push lab/** quota=-1", "expected a quota"},
	{"keys/alice.pub push lab/** quota=+1", "expected a quota"},
	{"keys/alice.pub push lab/** quota=1.5GiB", "expected a quota"},
	{"keys/alice.pub push lab/** quota=1gib", "expected a quota"},
	{"keys/alice.pub push lab/** quota=1BB", "expected a quota"},
	{"keys/alice.pub push lab/** quota=GiB", "expected a quota"},
	{"keys/alice.pub push lab/** quota=9223372036854775807", "expected a quota"},
	{"keys/alice.pub push lab/** quota=9223372036854775808", "expected a quota"},
	{"keys/alice.pub push lab/** quota=8388608TiB", "expected a quota"},
	{"SHA256: push lab/**", "expected a fingerprint of 50 characters"},
	{allowAlice.String() + "A push lab/**", "expected a fingerprint of 50 characters"},
	{allowAlice.String()[:49] + "B push lab/**", "expected a fingerprint of 50 characters"}, // excess bits
	{"keys/bob.pub push lab/**", "expected a name, a fingerprint or a file of public keys: file does not exist"},
	{"keys/alice.pub push lab/\xff", "line 1: expected text in UTF-8"},
	{"\n" + strings.Repeat("x", 1<<16), "line 2: expected at most 65535 bytes"},
}

func TestParseAllowErrors(t *testing.T) {
	for _, c := range badAllow {
		_, err := ParseAllow(strings.NewReader(c.text), allowKeys)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("%.80q: %v", c.text, err)
		}
	}
	// Errors in all lines are reported, up to a limit.
	_, err := ParseAllow(strings.NewReader("keys/alice.pub push **\nkeys/alice.pub\nkeys/gone.pub push **\n\nx fly **"), allowKeys)
	var wrong ListError
	if !errors.As(err, &wrong) || len(wrong) != 3 || !errors.Is(err, os.ErrNotExist) ||
		!strings.HasPrefix(err.Error(), "line 2: expected who, what they may do, and on which names; line 3: ") || !strings.Contains(err.Error(), "; line 5: ") {
		t.Error(err)
	}
	if _, err := ParseAllow(strings.NewReader(strings.Repeat("x\n", 10_000)), nil); !errors.As(err, &wrong) || len(wrong) != maxBadLines {
		t.Errorf("%d bad lines", len(wrong))
	}
	// A retired key admits nobody. That is not an error: otherwise the old list would
	// stay in force, with the key.
	if list, err := ParseAllow(strings.NewReader("keys/empty.pub push **"), allowKeys); err != nil || list.Known(allowAlice) {
		t.Error("a file without keys in use:", err)
	}
	_, err = ParseAllow(strings.NewReader("keys/alice.pub push **"), nil)
	if err == nil || !strings.Contains(err.Error(), "expected a fingerprint") {
		t.Error("without a loader:", err)
	}
	// A secret key given by mistake is not printed.
	_, err = ParseAllow(strings.NewReader("-----BEGIN PRIVATE KEY-----\nSECRET\n"), allowKeys)
	if err == nil || strings.Contains(err.Error(), "PRIVATE") || strings.Contains(err.Error(), "SECRET") {
		t.Error(err)
	}
}

func FuzzParseAllow(f *testing.F) {
	for _, c := range badAllow {
		f.Add(c.text)
	}
	f.Add("keys/alice.pub push,pull,list lab/** quota=50GiB overwrite\n" + allowBob.String() + " pull **/*.pqe # x")
	f.Add("keys/all.pub list **/[a-c]?/**/b\r\n\n#\n")
	f.Add("k\x00e\x00y\x00s\x00")
	f.Fuzz(func(t *testing.T, content string) {
		list, err := ParseAllow(strings.NewReader(content), allowKeys)
		if err != nil {
			aboutLine := strings.HasPrefix(err.Error(), "line ") || errors.Is(err, text.ErrUTF16)
			if list != nil || !aboutLine {
				t.Errorf("%v", err)
			}
			return
		}
		for _, name := range []string{"lab/a", "a/b/c.pqe", strings.Repeat("a/", 31) + "a"} {
			grant, ok := list.Authorize(allowAlice, Push, name)
			if ok && (!list.Known(allowAlice) || grant.Quota < 0 || !strings.HasPrefix(name, grant.Within.Prefix()) || !grant.Within.Match(name)) {
				t.Errorf("%q: %+v", name, grant)
			}
			if _, ok := list.Authorize(allowMallory, Pull, name); ok && !strings.Contains(content, allowMallory.String()) {
				t.Error("somebody who is not on the list may pull")
			}
		}
	})
}

// allowFile is an AllowFile with its own clock.
type allowFile struct {
	*AllowFile
	t        *testing.T
	name     string
	time     time.Time
	reported []error
}

func newAllowFile(t *testing.T, text string, load func(name string) ([]signature.Fingerprint, error)) *allowFile {
	f := &allowFile{t: t, name: filepath.Join(t.TempDir(), "allow"), time: time.Now().Add(time.Hour)}
	f.put(text)
	var err error
	f.AllowFile, err = OpenAllow(f.name, KeyFiles(load), func(err error) { f.reported = append(f.reported, err) })
	if err != nil {
		t.Fatal(err)
	}
	f.now = func() time.Time { return f.time }
	return f
}

func (f *allowFile) put(text string) {
	f.t.Helper()
	if err := os.WriteFile(f.name, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// want checks who is known after a second.
func (f *allowFile) want(alice, bob bool) {
	f.t.Helper()
	f.time = f.time.Add(time.Second)
	if f.Known(allowAlice) != alice || f.Known(allowBob) != bob {
		f.t.Errorf("alice is known: %t, bob: %t", f.Known(allowAlice), f.Known(allowBob))
	}
	if _, ok := f.Authorize(allowBob, Pull, "a"); ok != bob {
		f.t.Errorf("bob may pull: %t", ok)
	}
}

func TestAllowFile(t *testing.T) {
	const reportedOnce = 1
	a, b := allowAlice.String()+" pull **\n", allowBob.String()+" pull **\n"
	f := newAllowFile(t, a, allowKeys)
	f.want(true, false)
	f.put(b) // same length, perhaps same time
	if f.Known(allowBob) {
		t.Error("the file was read twice in a second")
	}
	f.want(false, true)
	f.put(a + b)
	f.want(true, true)

	f.put(a + "nonsense")
	f.want(true, true)
	f.want(true, true)
	if err := f.Err(); err == nil || !strings.HasPrefix(err.Error(), f.name+": line 2: ") {
		t.Error(err)
	}
	if len(f.reported) != reportedOnce {
		t.Errorf("reported: %v", f.reported)
	}
	if err := os.Remove(f.name); err != nil {
		t.Fatal(err)
	}
	f.want(true, true)
	if err := f.Err(); !errors.Is(err, os.ErrNotExist) || len(f.reported) != 2 {
		t.Errorf("removed: %v, reported %v", err, f.reported)
	}
	f.put("")
	f.want(false, false)
	if err := f.Err(); err != nil {
		t.Error(err)
	}

	// Another file in its place that differs only in its contents.
	f.put(a)
	long := time.Now().Add(-time.Hour)
	os.Chtimes(f.name, long, long)
	f.want(true, false)
	other := f.name + ".new"
	if err := os.WriteFile(other, []byte(b), 0o600); err != nil {
		t.Fatal(err)
	}
	os.Chtimes(other, long, long)
	if err := os.Rename(other, f.name); err != nil {
		t.Fatal(err)
	}
	f.want(false, true)
}

func TestAllowFileErrors(t *testing.T) {
	name := filepath.Join(t.TempDir(), "allow")
	if _, err := OpenAllow(name, KeyFiles(allowKeys), nil); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if err := os.WriteFile(name, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenAllow(name, KeyFiles(allowKeys), nil); err == nil || !strings.HasPrefix(err.Error(), name+": line 1: ") {
		t.Error(err)
	}
}

// TestAllowFileKeyChanges changes a key file that the list names.
func TestAllowFileKeyChanges(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys.pub")
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	loaded := 0
	put(keys, "alice")
	f := newAllowFile(t, keys+" pull **\n", func(name string) ([]signature.Fingerprint, error) {
		loaded++
		text, err := os.ReadFile(name)
		who, known := map[string]signature.Fingerprint{"alice": allowAlice, "bob": allowBob, "bobby": allowBob}[string(text)]
		if err == nil && !known {
			err = errors.New("no key")
		}
		return []signature.Fingerprint{who}, err
	})
	f.want(true, false)
	loaded = 0
	f.want(true, false)
	if loaded != 0 {
		t.Error("a key file is read again that has not changed")
	}
	put(keys, "bob")
	f.want(false, true)
	put(keys, "alice")
	f.want(true, false)

	// Another file in its place that differs only in its contents.
	info, err := os.Stat(keys)
	if err != nil {
		t.Fatal(err)
	}
	put(keys+".new", "bobby")
	os.Chtimes(keys+".new", info.ModTime(), info.ModTime())
	if err := os.Rename(keys+".new", keys); err != nil {
		t.Fatal(err)
	}
	f.want(false, true)

	// If it is broken or removed, the old list stays in force.
	put(keys, "nonsense")
	f.want(false, true)
	f.want(false, true)
	if err := f.Err(); err == nil || !strings.HasPrefix(err.Error(), f.name+": line 1: ") || len(f.reported) != 1 {
		t.Errorf("broken: %v, reported %v", err, f.reported)
	}
	if err := os.Remove(keys); err != nil {
		t.Fatal(err)
	}
	f.want(false, true)
	if err := f.Err(); !errors.Is(err, os.ErrNotExist) || len(f.reported) != 2 {
		t.Errorf("removed: %v, reported %v", err, f.reported)
	}
	put(keys, "alice")
	f.want(true, false)
	if err := f.Err(); err != nil || len(f.reported) != 2 {
		t.Errorf("fixed: %v, reported %v", err, f.reported)
	}
}

// TestAllowFileKeys names key files relative to the folder of the list.
func TestAllowFileKeys(t *testing.T) {
	dir := t.TempDir()
	absolute := filepath.Join(t.TempDir(), "bob.pub")
	name := filepath.Join(dir, "allow")
	text := "keys/alice.pub pull **\n" + absolute + " pull **\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var asked []string
	f, err := OpenAllow(name, KeyFiles(func(name string) ([]signature.Fingerprint, error) {
		asked = append(asked, name)
		return []signature.Fingerprint{allowAlice}, nil
	}), nil)
	if err != nil || f.Err() != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprint([]string{filepath.Join(dir, "keys", "alice.pub"), absolute}); fmt.Sprint(asked) != want {
		t.Errorf("asked for %q, not %s", asked, want)
	}
}
