// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pqenc/pqenc/internal/lowcost"
	"github.com/pqenc/pqenc/internal/testkit"
)

// commands are the programs for the scripts; this test binary is all of them.
var commands = map[string]func(){"pqenc": main}

func TestMain(m *testing.M) {
	os.Setenv("GORACE", noNap)
	if _, set := os.LookupEnv("PQENC_HOME"); !set { // do not use the keys of whoever runs the tests
		os.Setenv("PQENC_HOME", "/no-home/pqenc")
	}
	lowcost.Passphrases()
	urlOptions.Tries = 4
	completionTime = time.Minute
	testscript.Main(m, commands)
}

// noNap is for the race detector, which makes every process sleep for a second before it
// exits.
const noNap = "atexit_sleep_ms=0"

// TestScripts runs testdata/script, sessions at a terminal, one subject each.
// Every session begins in a folder with these files:
//
//	alice.key alice.pub       her fingerprint is $ALICE
//	bob.key bob.pub           his is $BOB
//	carol.key carol.pub       hers is $CAROL, and her key is protected by ...
//	pw                        ... this passphrase, ...
//	pw.pqe                    ... as is this file; it holds "contents", a line
//
// The keyring is the folder ring, which is not there.
//
// Besides the usual commands there are those of commands_test.go.
func TestScripts(t *testing.T) {
	p := testscript.Params{
		Dir:                 "testdata/script",
		Setup:               setup,
		Condition:           condition,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"says":     says,
			"shows":    shows,
			"samejson": samejson,
			"replace":  replaceContents,
			"forward":  forward,
			"succeed":  succeed,
			"craft":    craftLog,
			"tear":     tearFile,
			"vector":   writeVector,
			"keys":     writeKeys,
			"server":   serverCommand,
			"proxy":    proxy,
			"carried":  carried,
			"probe":    probe,
			"web":      webCommand,
			"wss":      wssCommand,
		},
	}
	if testing.Short() {
		p.Dir = ""
		for _, name := range strings.Fields(shortScripts) {
			p.Files = append(p.Files, filepath.Join("testdata/script", name+".txt"))
		}
	}
	testscript.Run(t, p)
}

// shortScripts run with -short: they cover each command once.
const shortScripts = "armor batch demo detached encrypt fingerprint help inspect key keygen mistyped objects output passphrase protect recipients samefile secagg servers usage verify version"

func setup(env *testscript.Env) error {
	for name, content := range people() {
		if err := os.WriteFile(filepath.Join(env.WorkDir, name), content, 0o600); err != nil {
			return err
		}
	}
	for _, name := range []string{"alice", "bob", "carol"} {
		env.Setenv(strings.ToUpper(name), testkit.Identity(name).Public().Fingerprint().String())
	}
	env.Setenv("GORACE", noNap)
	env.Setenv("PQENC_HOME", filepath.Join(env.WorkDir, "ring"))
	// Root may write everywhere except there.
	if os.Getuid() == 0 {
		env.Setenv("UNPRIVILEGED", "setpriv --bounding-set=-all")
	}
	return nil
}

const passphrase = "correct horse battery staple"

// people are the files of alice, bob and carol, for all scripts.
var people = sync.OnceValue(func() map[string][]byte {
	alice, bob, carol := testkit.Identity("alice"), testkit.Identity("bob"), testkit.Identity("carol")
	protected, err := seal(carol.Marshal(), cheap(passphrase))
	if err != nil {
		panic(err)
	}
	secret, err := seal([]byte("contents\n"), cheap(passphrase))
	if err != nil {
		panic(err)
	}
	return map[string][]byte{
		"alice.key": alice.Marshal(), "alice.pub": alice.Public().Marshal(),
		"bob.key": bob.Marshal(), "bob.pub": bob.Public().Marshal(),
		"carol.key": protected, "carol.pub": carol.Public().Marshal(),
		"pw":     []byte(passphrase + "\n"),
		"pw.pqe": secret,
	}
})
