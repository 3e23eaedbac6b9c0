// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alecthomas/kong"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/internal/progress"
	"github.com/pqenc/pqenc/internal/terminal"
)

// app is what the commands share: the standard streams, the person at the
// terminal, and what must be undone when the process is interrupted.
type app struct {
	grammar  *grammar
	stdin    *os.File
	stdout   *results
	stderr   *messages
	prompter terminal.Prompter
	selected *kong.Node                  // the command that runs, or nil
	first    string                      // the first argument
	command  []string                    // of --from-command
	keys     []fs.FileInfo               // files of private keys in use, which nothing replaces
	private  map[string][]pqenc.Identity // what is in them, by their names
	stop     atomic.Pointer[func()]      // asks the command to end by itself, or nil

	said   said        // warnings and hints
	ending atomic.Bool // the process was interrupted: nothing else is said
	work   atomic.Pointer[several]
	sends  atomic.Pointer[tally] // of what is pushed
	brief  sync.RWMutex          // held for reading by what takes a moment and would leave something if it was cut

	mu       sync.Mutex
	outputs  map[*durable.File]bool    // being written
	parts    map[*durable.Partial]bool // the same, of those that outlast the process
	folder   *outFolder                // for what is pulled, or nil
	meter    *progress.Meter           // being shown, or nil
	target   string                    // what the output will be, once there is something for it
	producer *producer                 // of what is read, or nil
	scratch  func() error              // removes a folder that goes with the process, or nil
}

func newApp() *app {
	return &app{grammar: new(grammar), stdin: os.Stdin,
		stdout: &results{file: os.Stdout}, stderr: newMessages(os.Stderr)}
}

// gently has the first signal that would end the process call stop instead, which
// must return at once. The second ends it.
func (a *app) gently(stop func()) { a.stop.Store(&stop) }

// stopGently asks the command to end by itself, and reports whether it can be waited
// for. It takes no lock: one could be held by what is to be ended.
func (a *app) stopGently() bool {
	stop := a.stop.Swap(nil)
	if stop != nil {
		(*stop)()
	}
	return stop != nil
}

// interrupt leaves files and the terminal as they were, except what can be resumed,
// and returns what there is to say of that. The command that is running finds its
// output gone. The lock stays locked, so that it cannot start another one before the
// process has ended.
func (a *app) interrupt() string {
	a.ending.Store(true)
	a.brief.Lock()
	left := leftovers{work: a.work.Load()}
	left.pushes = a.sends.Load().pushes() // which waits for what may wait for the lock
	a.mu.Lock()
	left.asked = a.prompter.Restore()
	a.meter.Stop()
	a.producer.stop()
	for out := range a.outputs {
		out.Abort()
		left.outputs = append(left.outputs, out)
	}
	for part := range a.parts {
		part.Abandon()
		left.parts = append(left.parts, part)
	}
	a.folder.Close()
	if a.scratch != nil {
		a.scratch()
	}
	left.target, left.streamed = a.target, a.stdout.used.Load()
	return left.text()
}

// setScratch has an interruption call what removes a folder.
func (a *app) setScratch(remove func() error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.scratch = remove
}

// create opens the output of that name, which an interruption will undo. The locks are
// free while a pipe is opened, which is to wait for its reader.
func (a *app) create(name string, o durable.Options) (*durable.File, error) {
	if err := a.spareKeys(name); err != nil {
		return nil, err
	}
	if durable.Atomic(name) {
		a.brief.RLock()
		defer a.brief.RUnlock()
	}
	return a.began(durable.Create(context.Background(), name, o))
}

// createIn is create for one of many outputs, which the batch makes durable.
func (a *app) createIn(b *durable.Batch, name string, o durable.Options) (*durable.File, error) {
	if err := a.spareKeys(name); err != nil {
		return nil, err
	}
	a.brief.RLock()
	defer a.brief.RUnlock()
	return a.began(b.Create(name, o))
}

// createOver opens the output that takes the place of a file.
func (a *app) createOver(b *durable.Batch, src *input, f found) (*durable.File, error) {
	a.brief.RLock()
	defer a.brief.RUnlock()
	if f.folder != nil {
		return a.began(b.CreateOver(src.file, f.folder.root, f.path))
	}
	return a.began(b.CreateOver(src.file, nil, f.file))
}

// began has an interruption undo an output.
func (a *app) began(out *durable.File, err error) (*durable.File, error) {
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.outputs == nil {
		a.outputs = make(map[*durable.File]bool)
	}
	a.outputs[out] = true
	return out, nil
}

// ended forgets an output that was finished, where there are many.
func (a *app) ended(out *durable.File) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.outputs, out)
	a.target = ""
}

// createPart opens the output of that name, which an interruption will leave for
// another process to resume.
func (a *app) createPart(name string, o durable.Options) (*durable.Partial, error) {
	if err := a.spareKeys(name); err != nil {
		return nil, err
	}
	a.brief.RLock()
	defer a.brief.RUnlock()
	p, err := durable.OpenPartial(name, o)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.parts == nil {
		a.parts = make(map[*durable.Partial]bool)
	}
	a.parts[p] = true
	return p, nil
}

// partEnded forgets an output that was finished, where there are many.
func (a *app) partEnded(p *durable.Partial) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.parts, p)
	a.target = ""
}

// spareKeys refuses an output of that name if it is a private key that is in use.
func (a *app) spareKeys(name string) error {
	if len(a.keys) == 0 {
		return nil
	}
	info, err := os.Stat(name)
	if err == nil && slices.ContainsFunc(a.keys, func(key fs.FileInfo) bool { return os.SameFile(key, info) }) {
		return usageError(name+" is the private key, which -o would replace", "choose another name for the output")
	}
	return nil
}

// openFolder opens the folder of that name for what is pulled. An interruption removes
// what was made of it for nothing.
func (a *app) openFolder(name string, raw bool) (*outFolder, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f, err := openFolder(name, raw)
	a.folder = f
	return f, err
}

// uninterrupted calls f, for which an interruption waits: f must not take long.
func (a *app) uninterrupted(f func() error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return f()
}

// startMeter returns a meter for a copy of total bytes to the output of that
// name, nil if progress is not to be shown.
func (a *app) startMeter(total int64, output string) *progress.Meter {
	a.aim(output)
	g, screen := a.grammar, terminal.CanRedraw(a.stderr.file)
	switch {
	case g.Quiet, g.Progress == "never":
		return nil
	case g.Progress == "always":
	case !screen, isStdio(output) && terminal.Is(a.stdout.file): // whose last line it would wipe
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if screen {
		a.meter = progress.New(a.stderr, total)
	} else {
		a.meter = progress.NewLog(a.say, total)
	}
	return a.meter
}

// syncing calls sync, and shows that if it takes long.
func (a *app) syncing(sync func() error) error {
	meter := a.startMeter(-1, os.DevNull)
	defer meter.Stop()
	meter.Syncing()
	return sync()
}

// showSyncing shows that the disk is to have what was copied.
func (a *app) showSyncing() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.meter.Syncing()
}

// stopMeter ends the progress that is shown.
func (a *app) stopMeter() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.meter.Stop()
}

// aim tells an interruption what the output will be.
func (a *app) aim(output string) {
	if !staged(output) {
		output = ""
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.target = output
}

// sayWho says who signed what was decrypted. It begins with what that is, which is
// nothing if there is only one.
func (a *app) sayWho(what string, s *pqenc.Signature) {
	if what != "" {
		what += ": "
	}
	switch {
	case s == nil || a.grammar.Quiet:
	case s.Level == pqenc.Unverified:
		a.say(fmt.Sprintf("%ssigned by %s %s", what, s.Signer, notChecked))
		a.say("hint: " + checkHint(s.Signer))
	case s.Level == pqenc.Claimed: // of a part
		a.say(fmt.Sprintf("%ssigned by %s on %s%s, but these contents were not checked: another recipient could have replaced them",
			what, who(s.Signer), timeText(s.Time), contextText(s.Context)))
	default:
		a.say(fmt.Sprintf("%ssigned by %s on %s%s", what, who(s.Signer), timeText(s.Time), contextText(s.Context)))
	}
}

// checkHint says how to check a signer. The name that the keyring has for the fingerprint
// proves nothing yet: everybody can write down a fingerprint.
func checkHint(signer pqenc.Fingerprint) string {
	if name := nameOf(signer); name != "" {
		return "that is the fingerprint of " + name + ": check it with --from " + name
	}
	return "name the public key of the signer with --from to check it"
}

// notChecked follows a signer whose name proves nothing: it is in the file, and
// whoever made the file may have signed it with a key of any name.
const notChecked = "(not checked against anyone you named)"

func timeText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func contextText(c string) string {
	if c == "" {
		return ""
	}
	return fmt.Sprintf(", for %q", c)
}
