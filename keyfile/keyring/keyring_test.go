// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyring

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/lowcost"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/keyfile"
)

// workerVariable makes a process of this binary one that changes a keyring.
const workerVariable = "PQENC_KEYRING_WORKER"

func TestMain(m *testing.M) {
	if job := os.Getenv(workerVariable); job != "" {
		do := map[string]func(dir, name string) error{"change": work, "rename": renameAround}[job]
		if err := do(os.Args[1], os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	lowcost.Passphrases()
	m.Run()
}

func newRing(t *testing.T) *Ring { return New(filepath.Join(t.TempDir(), "below", "ring")) }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func addOwn(t *testing.T, r *Ring, name string) *keyfile.Identity {
	t.Helper()
	id := testkit.Identity(name)
	check(t, r.AddIdentity(name, id.Marshal(), id.Public()))
	return id
}

func addOther(t *testing.T, r *Ring, name string) *keyfile.Public {
	t.Helper()
	p := testkit.Identity(name).Public()
	check(t, r.Add(name, p))
	return p
}

// names returns the entries as text.
func listed(t *testing.T, r *Ring) string {
	t.Helper()
	all, err := r.List()
	check(t, err)
	standard, err := r.Default()
	check(t, err)
	var texts []string
	for _, e := range all {
		text := e.Name
		if e.Own {
			text += " own"
		}
		if e.Err != nil {
			text += " damaged"
		}
		if e.Name == standard {
			text += " default"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

// TestRing makes each kind of change to a keyring.
func TestRing(t *testing.T) {
	r := newRing(t)
	for _, err := range []error{
		func() error { _, err := r.Find("alice"); return err }(),
		func() error { _, err := r.FindFingerprint(keyfile.Fingerprint{}); return err }(),
	} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("nothing there: %v", err)
		}
	}
	if found, err := r.Has("alice"); found || err != nil {
		t.Error(found, err)
	}
	if got := listed(t, r); got != "" {
		t.Errorf("nothing has %s", got)
	}
	if _, err := os.Stat(r.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("looking has made the folder")
	}

	addOwn(t, r, "me")
	addOwn(t, r, "work")
	bob := addOther(t, r, "bob")
	if got := listed(t, r); got != "bob, me own default, work own" {
		t.Fatal(got)
	}
	if e, err := r.FindFingerprint(bob.Fingerprint()); err != nil || e.Name != "bob" || e.Own {
		t.Errorf("%+v, %v", e, err)
	}
	if name := NewIndex(r).Name(bob.Fingerprint()); name != "bob" {
		t.Errorf("the index knows %q", name)
	}
	for _, name := range []string{"bob", "me"} {
		if err := r.Add(name, testkit.Identity("carol").Public()); !errors.Is(err, ErrTaken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := r.Add("robert", bob); !errors.Is(err, ErrTaken) {
		t.Errorf("the same key under another name: %v", err)
	}
	check(t, r.Rename("me", "myself"))
	check(t, r.Rename("bob", "robert"))
	if err := r.Rename("robert", "work"); !errors.Is(err, ErrTaken) {
		t.Error(err)
	}
	if got := listed(t, r); got != "myself own default, robert, work own" {
		t.Fatal(got)
	}
	if err := r.SetDefault("robert"); !errors.Is(err, ErrDefault) {
		t.Error(err)
	}
	check(t, r.SetDefault("work"))
	e, err := r.Find("work")
	check(t, err)
	check(t, r.Remove(e))
	if got := listed(t, r); got != "myself own, robert" {
		t.Fatal(got)
	}
	if err := r.Remove(e); !errors.Is(err, ErrChanged) {
		t.Errorf("removed twice: %v", err)
	}
	check(t, r.Add("work", testkit.Identity("carol").Public()))
	if err := r.Remove(e); !errors.Is(err, ErrChanged) {
		t.Errorf("another one of that name was removed: %v", err)
	}
}

// TestForged has a file that claims somebody's key as its own earlier generation.
func TestForged(t *testing.T) {
	r := newRing(t)
	addOther(t, r, "alice")
	alice := testkit.Identity("alice")
	next, err := alice.Rotate(keyfile.Details{})
	check(t, err)
	forged := next.Public().Marshal()
	last := bytes.LastIndex(forged, []byte("-----END PUBLIC KEY-----")) // of alice's own keys
	first := bytes.Index(forged, []byte("-----END PQENC IDENTITY STATEMENT-----"))
	at := first - 100 // in the signature of the old key
	if forged[at] == '\n' {
		at++
	}
	if forged[at] == 'A' {
		forged[at] = 'B'
	} else {
		forged[at] = 'A'
	}
	if _, err := keyfile.ScanPublic(forged); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(forged[first:last], []byte("PUBLIC KEY")) {
		t.Fatal("there is no second generation")
	}
	check(t, os.WriteFile(r.PublicFile("zoe"), forged, 0o600))
	if _, err := r.Find("zoe"); err == nil {
		t.Fatal("it is not forged")
	}
	for range 2 {
		if name := NewIndex(r).Name(next.Fingerprint()); name != "" {
			t.Errorf("the index knows a forged key as %s", name)
		}
		if _, err := r.FindFingerprint(next.Fingerprint()); !errors.Is(err, ErrNotFound) {
			t.Errorf("a forged key is found: %v", err)
		}
		if e, err := r.FindFingerprint(alice.Fingerprint()); err != nil || e.Name != "alice" {
			t.Errorf("alice is found as %q, %v", e.Name, err)
		}
	}
}

// TestGenerations finds a key by an old fingerprint, and takes its successor.
func TestGenerations(t *testing.T) {
	r := newRing(t)
	alice := testkit.Identity("alice")
	next, err := alice.Rotate(keyfile.Details{})
	check(t, err)
	addOther(t, r, "alice")
	check(t, r.Update("alice", next.Public().Succeeds))
	e, err := r.FindFingerprint(alice.Fingerprint())
	check(t, err)
	if e.Name != "alice" || !slices.Equal(e.Public.Fingerprints(), next.Fingerprints()) {
		t.Errorf("%s has %v", e.Name, e.Public.Fingerprints())
	}
	thief, err := alice.Rotate(keyfile.Details{})
	check(t, err)
	if err := r.Update("alice", thief.Public().Succeeds); !errors.Is(err, keyfile.ErrSecondSuccessor) {
		t.Errorf("a second successor: %v", err)
	}
	if err := r.Add("thief", thief.Public()); !errors.Is(err, ErrTaken) {
		t.Errorf("a second successor under another name: %v", err)
	}
	// A rotation that was killed before it wrote the .pub.
	addOwn(t, r, "me")
	mine, err := testkit.Identity("me").Rotate(keyfile.Details{})
	check(t, err)
	check(t, os.WriteFile(r.PrivateFile("me"), mine.Marshal(), 0o600))
	if e, err = r.Find("me"); err != nil || e.Public.Fingerprint() != mine.Fingerprint() {
		t.Errorf("%v", err)
	}
	for _, f := range mine.Fingerprints() {
		if e, err = r.FindFingerprint(f); err != nil || e.Name != "me" || e.Public.Fingerprint() != mine.Fingerprint() {
			t.Errorf("%s is found as %q, %v", f, e.Name, err)
		}
	}
	if err := r.Update("me", next.Public().Succeeds); !errors.Is(err, ErrTaken) {
		t.Errorf("an own identity was replaced: %v", err)
	}
}

// TestDamaged has files that are not what they should be.
func TestDamaged(t *testing.T) {
	for name, c := range map[string]struct {
		make func(r *Ring) error
		want error
	}{
		"no key":        {func(r *Ring) error { return os.WriteFile(r.PublicFile("a"), []byte("no key\n"), 0o600) }, keyfile.ErrNotKey},
		"empty":         {func(r *Ring) error { return os.WriteFile(r.PublicFile("a"), nil, 0o600) }, keyfile.ErrNotKey},
		"a private key": {func(r *Ring) error { return os.WriteFile(r.PublicFile("a"), testkit.Identity("a").Marshal(), 0o600) }, keyfile.ErrIsPrivate},
		"a public key": {func(r *Ring) error {
			return os.WriteFile(r.PrivateFile("a"), testkit.Identity("a").Public().Marshal(), 0o600)
		}, keyfile.ErrIsPublic},
		"two people": {func(r *Ring) error {
			return os.WriteFile(r.PublicFile("a"), append(testkit.Identity("a").Public().Marshal(), testkit.Identity("b").Public().Marshal()...), 0o600)
		}, keyfile.ErrSeveral},
		"two identities": {func(r *Ring) error {
			return os.WriteFile(r.PrivateFile("a"), append(testkit.Identity("a").Marshal(), testkit.Identity("b").Marshal()...), 0o600)
		}, keyfile.ErrSeveral},
		"too large": {func(r *Ring) error {
			return os.WriteFile(r.PublicFile("a"), make([]byte, keyfile.MaxPublicSize+1), 0o600)
		}, keyfile.ErrTooLarge},
		"a folder":       {func(r *Ring) error { return os.Mkdir(r.PublicFile("a"), 0o700) }, ErrNotFile},
		"a link":         {func(r *Ring) error { return os.Symlink(r.PublicFile("good"), r.PublicFile("a")) }, ErrNotFile},
		"a private link": {func(r *Ring) error { return os.Symlink(r.PrivateFile("me"), r.PrivateFile("a")) }, ErrNotFile},
		"swapped": {func(r *Ring) error {
			return errors.Join(os.WriteFile(r.PrivateFile("a"), testkit.Identity("a").Marshal(), 0o600),
				os.WriteFile(r.PublicFile("a"), testkit.Identity("b").Public().Marshal(), 0o600))
		}, ErrHalves},
		"protected and alone": {func(r *Ring) error {
			data, err := testkit.Identity("a").Protect([]byte("x"))
			return errors.Join(err, os.WriteFile(r.PrivateFile("a"), data, 0o600))
		}, ErrNoPublic},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRing(t)
			addOwn(t, r, "me")
			addOther(t, r, "good")
			check(t, c.make(r))
			if _, err := r.Find("a"); !errors.Is(err, c.want) || !strings.Contains(err.Error(), filepath.Join(r.dir, "a")) {
				t.Errorf("find: %v", err)
			}
			got := listed(t, r)
			if got != "a damaged, good, me own default" && got != "a own damaged, good, me own default" {
				t.Errorf("list: %s", got)
			}
			if err := r.Add("a", testkit.Identity("a").Public()); !errors.Is(err, ErrTaken) {
				t.Errorf("add: %v", err)
			}
			if _, err := r.FindFingerprint(testkit.Identity("good").Fingerprint()); err != nil {
				t.Errorf("the others: %v", err)
			}
			if e, _ := r.Find("a"); e.Err == nil {
				t.Error("the entry has no error")
			}
			if err := r.Rename("a", "b"); !errors.Is(err, c.want) {
				t.Errorf("rename: %v", err)
			}
		})
	}
}

// TestExposed has a folder that others can change or read.
func TestExposed(t *testing.T) {
	r := newRing(t)
	addOwn(t, r, "me")
	addOther(t, r, "bob")
	for mode, want := range map[os.FileMode]struct{ find, open error }{
		0o700: {nil, nil}, 0o750: {nil, ErrExposed}, 0o755: {nil, ErrExposed}, 0o770: {ErrExposed, ErrExposed}, 0o702: {ErrExposed, ErrExposed},
	} {
		check(t, os.Chmod(r.dir, mode))
		if _, err := r.Find("bob"); !errors.Is(err, want.find) {
			t.Errorf("%o: find: %v", mode, err)
		}
		f, err := r.OpenPrivate("me")
		if !errors.Is(err, want.open) {
			t.Errorf("%o: open: %v", mode, err)
		}
		f.Close()
	}
}

// TestDefaultFile has a file default that is not what it should be.
func TestDefaultFile(t *testing.T) {
	for _, content := range []string{"", "gone\n", "bob\n", "../me\n", "me\nme\n", "me ", "\n", strings.Repeat("a", 1000)} {
		r := newRing(t)
		addOwn(t, r, "me")
		addOther(t, r, "bob")
		check(t, os.WriteFile(filepath.Join(r.dir, defaultName), []byte(content), 0o600))
		if name, err := r.Default(); err == nil {
			t.Errorf("%q is %q", content, name)
		}
		check(t, r.SetDefault("me"))
		if name, err := r.Default(); name != "me" || err != nil {
			t.Errorf("%q: then %q, %v", content, name, err)
		}
	}
}

// TestModes requires 0700 and 0600.
func TestModes(t *testing.T) {
	r := newRing(t)
	addOwn(t, r, "me")
	bob := addOther(t, r, "bob")
	check(t, r.Update("bob", func(*keyfile.Public) (*keyfile.Public, error) { return bob, nil }))
	check(t, r.Rename("me", "myself"))
	err := filepath.WalkDir(r.dir, func(name string, d fs.DirEntry, err error) error {
		check(t, err)
		info, err := d.Info()
		check(t, err)
		if mode := info.Mode().Perm(); mode != 0o600 && !d.IsDir() || mode != 0o700 && d.IsDir() {
			t.Errorf("%s: %o", name, mode)
		}
		return nil
	})
	check(t, err)
}

const (
	workers = 16
	rounds  = 4
)

// TestProcesses has many processes change one folder at once, and loses no change.
func TestProcesses(t *testing.T) {
	testkit.Long(t)
	r := newRing(t)
	var all []*exec.Cmd
	for i := range workers {
		cmd := exec.Command(os.Args[0], r.dir, fmt.Sprintf("w%d", i))
		cmd.Env = append(os.Environ(), workerVariable+"=change")
		cmd.Stderr = os.Stderr
		check(t, cmd.Start())
		all = append(all, cmd)
	}
	for _, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	var want []string
	for i := range workers {
		for j := range rounds {
			want = append(want, fmt.Sprintf("w%d.%d.renamed", i, j))
		}
		want = append(want, fmt.Sprintf("w%d own", i))
	}
	want = append(want, "same")
	slices.Sort(want)
	got := strings.Split(listed(t, r), ", ")
	for i, text := range got {
		got[i] = strings.TrimSuffix(text, " default")
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %d keys %q, want %d", len(got), got, len(want))
	}
	if name, err := r.Default(); name == "" || err != nil {
		t.Errorf("the default is %q, %v", name, err)
	}
}

// work is one of those processes.
func work(dir, name string) error {
	r := New(dir)
	id, err := keyfile.Generate()
	if err != nil {
		return err
	}
	if err := r.AddIdentity(name, id.Marshal(), id.Public()); err != nil {
		return err
	}
	for j := range rounds {
		other, err := keyfile.Generate()
		if err != nil {
			return err
		}
		contact := fmt.Sprintf("%s.%d", name, j)
		if err := r.Add(contact, other.Public()); err != nil {
			return err
		}
		if err := r.Rename(contact, contact+".renamed"); err != nil {
			return err
		}
		// One of them has it, and the others are told.
		if err := r.Add("same", other.Public()); err == nil {
			return errors.New("a key has two names")
		} else if !errors.Is(err, ErrTaken) {
			return err
		}
		third, err := keyfile.Generate()
		if err != nil {
			return err
		}
		if err := r.Add("same", third.Public()); err != nil && !errors.Is(err, ErrTaken) {
			return err
		}
		if err := r.SetDefault(name); err != nil {
			return err
		}
	}
	return nil
}

// TestKilled kills a process that renames, in the middle of it: the private key is there
// under one name and no other, and everything can be read.
func TestKilled(t *testing.T) {
	testkit.Long(t)
	r := newRing(t)
	me := addOwn(t, r, "a")
	bob := addOther(t, r, "bob")
	for i := range 60 {
		cmd := exec.Command(os.Args[0], r.dir, "")
		cmd.Env = append(os.Environ(), workerVariable+"=rename")
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		check(t, err)
		check(t, cmd.Start())
		if _, err := out.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i%20) * 500 * time.Microsecond)
		cmd.Process.Kill()
		cmd.Wait()
		if cmd.ProcessState.Exited() {
			t.Fatal("it has ended before")
		}
		all, err := r.List()
		check(t, err)
		own, theirs := "", 0
		for _, item := range all {
			switch {
			case item.Err != nil:
				t.Fatal(item.Err)
			case item.Own && own != "":
				t.Fatalf("the private key is there as %s and as %s", own, item.Name)
			case item.Own:
				own = item.Name
			case item.Generations[0].Fingerprint == bob.Fingerprint():
				theirs++
			}
		}
		if e, err := r.Find(own); err != nil || e.Public.Fingerprint() != me.Fingerprint() {
			t.Fatalf("the private key is lost: %v", err)
		}
		if theirs != 1 {
			t.Fatalf("the other key is there %d times", theirs)
		}
		if name, err := r.Default(); err == nil && name != own || err != nil && !errors.Is(err, ErrDefault) {
			t.Fatalf("the default is %q, %v", name, err)
		}
	}
}

// renameAround gives the keys new names until it is killed.
func renameAround(dir, _ string) error {
	r := New(dir)
	fmt.Print("x")
	for {
		all, err := r.List()
		if err != nil {
			return err
		}
		for _, item := range all {
			name := item.Name + "x"
			if len(name) > 20 {
				name = name[:1]
			}
			switch {
			case item.Own:
				err = r.Rename(item.Name, name) // also to a name that the last one left
			case item.Name[0] == 'b' && !strings.Contains(name, "xxxxxxxx"):
				err = r.Rename(item.Name, name)
			default: // left of a rename that was killed
				var e Entry
				if e, err = r.Find(item.Name); err == nil && !e.Own && e.Name[0] == 'a' {
					err = r.Remove(e)
				}
				if errors.Is(err, ErrNotFound) { // it has its name now
					err = nil
				}
			}
			if err != nil {
				return err
			}
			if err := r.SetDefault(item.Name); err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrDefault) {
				return err
			}
		}
	}
}

// TestManyGenerations: the public key of an identity is longer than its private one, and
// whoever rotates it to the last generation can continue to use it. A file that
// could not be read again is not written.
func TestManyGenerations(t *testing.T) {
	r := newRing(t)
	id := testkit.Identity("first")
	grow := func(to, step int) {
		for i := 1; i%step != 0 || len(id.Public().Marshal()) <= to; i++ {
			next, err := id.Rotate(keyfile.Details{})
			check(t, err)
			id = next
		}
	}
	grow(keyfile.MaxIdentitySize, 1)
	check(t, r.AddIdentity("me", id.Marshal(), id.Public()))
	if e, err := r.Find("me"); err != nil || !e.has(id.Fingerprint()) {
		t.Errorf("an identity of %d generations: %v", len(id.Generations()), err)
	}
	if all, err := r.List(); err != nil || len(all) != 1 || all[0].Err != nil {
		t.Errorf("in the list: %v, %v", all, err)
	}

	testkit.Long(t)
	other := newRing(t)
	check(t, other.Add("bob", id.Public()))
	if all, err := other.List(); err != nil || len(all) != 1 || all[0].Err != nil {
		t.Errorf("somebody else's: %v, %v", all, err)
	}
	grow(keyfile.MaxPublicSize, 100)
	huge := func(*keyfile.Public) (*keyfile.Public, error) { return id.Public(), nil }
	for _, err := range []error{other.Update("bob", huge), newRing(t).Add("bob", id.Public())} {
		if !errors.Is(err, keyfile.ErrTooLarge) {
			t.Errorf("too large: %v", err)
		}
	}
	if _, err := other.Find("bob"); err != nil {
		t.Errorf("it was replaced all the same: %v", err)
	}
}

func TestNames(t *testing.T) {
	r := newRing(t)
	own, others, err := r.Names()
	check(t, err)
	if len(own)+len(others) > 0 {
		t.Errorf("a folder that is not there has the names %q and %q", own, others)
	}
	addOwn(t, r, "me")
	addOther(t, r, "bob")
	addOther(t, r, "alice")
	for name, content := range map[string]string{"work.key": "damaged", "Bob.pub": "", ".pub": "", "notes.txt": ""} {
		check(t, os.WriteFile(filepath.Join(r.dir, name), []byte(content), 0o600))
	}
	own, others, err = r.Names()
	check(t, err)
	if got, want := fmt.Sprint(own, others), "[me work] [alice bob]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	check(t, os.Chmod(r.dir, 0o777))
	if own, others, err = r.Names(); !errors.Is(err, ErrExposed) || len(own)+len(others) > 0 {
		t.Errorf("a folder that others can change: %q, %q, %v", own, others, err)
	}
}
