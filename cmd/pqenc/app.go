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

// app is the state that the commands share: the standard streams, the prompter, and
// everything to undo when the process is interrupted.
type app struct {
	grammar  *grammar
	stdin    *os.File
	stdout   *results
	stderr   *messages
	prompter terminal.Prompter
	selected *kong.Node                  // the command that runs, or nil
	first    string                      // first argument
	command  []string                    // command of --from-command
	keys     []fs.FileInfo               // private key files in use, which no output may replace
	private  map[string][]pqenc.Identity // their keys, by file name
	stop     atomic.Pointer[func()]      // asks the command to stop by itself, or nil

	said   said        // warnings and hints that were printed
	ending atomic.Bool // the process was interrupted: print nothing else
	work   atomic.Pointer[several]
	sends  atomic.Pointer[tally] // pushes in flight
	brief  sync.RWMutex          // read-locked during short steps that would leave something if interrupted

	mu       sync.Mutex
	outputs  map[*durable.File]bool    // outputs being written
	parts    map[*durable.Partial]bool // partial outputs being written, which stay for another process
	folder   *outFolder                // output folder of a pull, or nil
	meter    *progress.Meter           // meter on the screen, or nil
	target   string                    // name of the output, once there is data for it
	producer *producer                 // command of --from-command, or nil
	scratch  func() error              // removes a folder at the end of the process, or nil
}

func newApp() *app {
	return &app{grammar: new(grammar), stdin: os.Stdin,
		stdout: &results{file: os.Stdout}, stderr: newMessages(os.Stderr)}
}

// gently makes the first signal call stop instead of ending the process. stop must return
// at once. The second signal ends the process.
func (a *app) gently(stop func()) { a.stop.Store(&stop) }

// stopGently asks the command to stop by itself, and reports whether it can. It takes no
// lock, since the command to be stopped may hold it.
func (a *app) stopGently() bool {
	stop := a.stop.Swap(nil)
	if stop != nil {
		(*stop)()
	}
	return stop != nil
}

// interrupt discards unfinished outputs, except what can be resumed, restores the terminal,
// and returns a text about that for the user. The outputs of the running command are
// closed under it. The lock stays locked, so that the command cannot open another output
// before the process ends.
func (a *app) interrupt() string {
	a.ending.Store(true)
	a.brief.Lock()
	left := leftovers{work: a.work.Load()}
	left.pushes = a.sends.Load().pushes() // before a.mu, which a holder of its lock may wait for
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

// setScratch makes an interruption call remove, which removes a folder.
func (a *app) setScratch(remove func() error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.scratch = remove
}

// create opens an output that an interruption discards. It holds no lock while it opens a
// pipe, which waits for a reader.
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

// createIn is like create for one of many outputs, which the batch syncs.
func (a *app) createIn(b *durable.Batch, name string, o durable.Options) (*durable.File, error) {
	if err := a.spareKeys(name); err != nil {
		return nil, err
	}
	a.brief.RLock()
	defer a.brief.RUnlock()
	return a.began(b.Create(name, o))
}

// createOver opens an output that replaces an input file.
func (a *app) createOver(b *durable.Batch, src *input, f found) (*durable.File, error) {
	a.brief.RLock()
	defer a.brief.RUnlock()
	if f.folder != nil {
		return a.began(b.CreateOver(src.file, f.folder.root, f.path))
	}
	return a.began(b.CreateOver(src.file, nil, f.file))
}

// began registers an output to be discarded by an interruption.
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

// ended removes a finished output from the registered ones.
func (a *app) ended(out *durable.File) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.outputs, out)
	a.target = ""
}

// createPart opens an output whose partial contents survive an interruption, so that
// another process can resume.
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

// partEnded removes a finished partial output from the registered ones.
func (a *app) partEnded(p *durable.Partial) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.parts, p)
	a.target = ""
}

// spareKeys refuses an output that would replace a private key in use.
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

// openFolder opens the output folder of a pull. An interruption removes the folders that
// it created and that are still empty.
func (a *app) openFolder(name string, raw bool) (*outFolder, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f, err := openFolder(name, raw)
	a.folder = f
	return f, err
}

// uninterrupted calls f and makes an interruption wait for it. f must not take long.
func (a *app) uninterrupted(f func() error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return f()
}

// startMeter returns a meter for copying total bytes to the named output, or nil if
// progress is not shown.
func (a *app) startMeter(total int64, output string) *progress.Meter {
	a.aim(output)
	g, screen := a.grammar, terminal.CanRedraw(a.stderr.file)
	switch {
	case g.Quiet, g.Progress == "never":
		return nil
	case g.Progress == "always":
	case !screen, isStdio(output) && terminal.Is(a.stdout.file): // the meter would overwrite its last line
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

// syncing calls sync, and shows a message if it takes long.
func (a *app) syncing(sync func() error) error {
	meter := a.startMeter(-1, os.DevNull)
	defer meter.Stop()
	meter.Syncing()
	return sync()
}

// showSyncing shows that the output is being synced to the disk.
func (a *app) showSyncing() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.meter.Syncing()
}

// stopMeter removes the meter from the screen.
func (a *app) stopMeter() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.meter.Stop()
}

// aim records the name of the output for the message of an interruption.
func (a *app) aim(output string) {
	if !staged(output) {
		output = ""
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.target = output
}

// sayWho reports who signed a decrypted file. The message starts with what, if that is
// not empty.
func (a *app) sayWho(what string, s *pqenc.Signature) {
	if what != "" {
		what += ": "
	}
	switch {
	case s == nil || a.grammar.Quiet:
	case s.Level == pqenc.Unverified:
		a.say(fmt.Sprintf("%ssigned by %s %s", what, s.Signer, notChecked))
		a.say("hint: " + checkHint(s.Signer))
	case s.Level == pqenc.Claimed: // only a part was decrypted
		a.say(fmt.Sprintf("%ssigned by %s on %s%s, but these contents were not checked: another recipient could have replaced them",
			what, who(s.Signer), timeText(s.Time), contextText(s.Context)))
	default:
		a.say(fmt.Sprintf("%ssigned by %s on %s%s", what, who(s.Signer), timeText(s.Time), contextText(s.Context)))
	}
}

// checkHint returns a hint on how to check a signer. That the keyring has a name for the
// fingerprint proves nothing yet: anyone can put a fingerprint into a file.
func checkHint(signer pqenc.Fingerprint) string {
	if name := nameOf(signer); name != "" {
		return "that is the fingerprint of " + name + ": check it with --from " + name
	}
	return "name the public key of the signer with --from to check it"
}

// notChecked follows a signer that was not verified: whoever made the file could have
// signed it with any key.
const notChecked = "(not checked against anyone you named)"

func timeText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func contextText(c string) string {
	if c == "" {
		return ""
	}
	return fmt.Sprintf(", for %q", c)
}
