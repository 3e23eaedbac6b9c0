// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"time"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/bandwidth"
	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// The groups of flags and arguments that several commands share. A command has
// them as named fields with the tag embed:"".

// recipientFlags say who can read what is encrypted, and who says to have made it.
type recipientFlags struct {
	Recipient    []string `short:"r" type:"path" complete:"keys" sep:"none" placeholder:"PUB" help:"Encrypt to PUB: a name in the keyring, a public key file, a folder of such files, or a post-quantum age key. Can be repeated."`
	Passphrase   bool     `short:"p" help:"Encrypt with a passphrase instead of keys."`
	Sign         string   `type:"path" complete:"own" placeholder:"KEY" help:"Sign with the private key KEY, a name in the keyring or a file."`
	AllowExpired bool     `help:"Allow recipients whose keys have expired."`

	New newPassphraseFlag `embed:""`
}

// encrypts reports whether the flags say for whom.
func (f *recipientFlags) encrypts() bool { return f.Passphrase || len(f.Recipient) > 0 }

// armorFlag is the form of what is encrypted.
type armorFlag struct {
	Armor bool `short:"a" help:"Write text (PEM-like armor) instead of binary."`
}

// reserveFlag makes headers longer.
type reserveFlag struct {
	Reserve uint16 `placeholder:"N" help:"Reserve room in the header for N more recipients, so that \"pqenc rewrap --in-place\" can add them."`
}

// identityFlag names private keys.
type identityFlag struct {
	Identity []string `short:"i" type:"path" complete:"own" sep:"none" placeholder:"KEY" help:"Decrypt with the private key KEY, a name in the keyring or a file. Can be repeated. ${otherwise=Default: your default identity.}"`
}

// fromFlags say whose files are accepted.
type fromFlags struct {
	From           []string `type:"path" complete:"keys" sep:"none" placeholder:"PUB" help:"Accept only files that PUB signed for you: a name in the keyring, a public key file, or a folder of such files. Can be repeated."`
	AllowForwarded bool     `help:"Also accept files that were signed for somebody else."`
}

// policy gets the public keys that --from names.
func (f *fromFlags) policy(c *contextFlag) (pqenc.Policy, error) {
	p := pqenc.Policy{Context: c.Context, AllowForwarded: f.AllowForwarded}
	if len(f.From) == 0 && (f.AllowForwarded || c.Context != nil) {
		return p, usageError("--context and --allow-forwarded need --from", "name the signer with --from PUB")
	}
	var all keyfile.Publics
	for _, name := range f.From {
		keys, err := publicKeys(name)
		if err != nil {
			return p, err
		}
		all = append(all, keys...)
	}
	all, err := amongKnown(all, nil)
	if err == nil && len(all) > 0 {
		p.From = all.Senders()
	}
	return p, err
}

// streamFlag accepts contents before their signature.
type streamFlag struct {
	StreamUnverified bool `help:"Write to a pipe before the signature of the contents is verified. A bad signature is reported only at the end, by the exit code, and with --range never."`
}

// sparseFlag makes holes.
type sparseFlag struct {
	Sparse bool `help:"Write blocks of zeros as holes, like cp --sparse=always. Needs -o."`
}

func (f sparseFlag) check(output string) error {
	if f.Sparse && !staged(output) {
		return usageError("--sparse needs an output file", "name it with -o")
	}
	return nil
}

// contextFlag is a part of making a signature, and of verifying one.
type contextFlag struct {
	Context *string `type:"text" placeholder:"TEXT" help:"The purpose of the file, such as \"release 1.2\". --sign signs TEXT, and --from requires the same TEXT."`
}

func (f *contextFlag) text() string {
	if f.Context == nil {
		return ""
	}
	return *f.Context
}

// sourceFlags are about what is encrypted.
type sourceFlags struct {
	Force       bool `help:"Encrypt even if the input is encrypted already."`
	AllowEmpty  bool `help:"Accept an empty standard input. Without it, empty input is an error if it would replace something: the command before the pipe has probably failed."`
	FromCommand bool `help:"Run the command after the final --, and encrypt its output. If the command fails, OUT or the object stays unchanged."`
}

// keepFlag leaves alone what is there.
type keepFlag struct {
	NoClobber bool `aliases:"skip-existing" help:"Do not replace anything that exists already. --skip-existing is the same."`
}

// taken reports whether something has the name of an output, and is to be left alone. It
// says so.
func (f keepFlag) taken(a *app, name string) bool {
	if !f.NoClobber || isStdio(name) {
		return false
	}
	_, err := os.Lstat(name)
	return err == nil && f.settle(a, name, fs.ErrExist) == nil
}

// settle returns the error of an output, unless that is that something has its name which is
// to be left alone.
func (f keepFlag) settle(a *app, name string, err error) error {
	if f.NoClobber && errors.Is(err, fs.ErrExist) {
		a.inform("%s exists already, and is left unchanged", name)
		return nil
	}
	return err
}

func errKeepNothing() error {
	return usageError("--no-clobber needs an output file", "name it with -o")
}

// copyFlags are about files that become others: those that are encrypted or decrypted.
type copyFlags struct {
	Select   selectFlags `embed:""`
	Keep     keepFlag    `embed:""`
	Preserve bool        `help:"Preserve permissions and times, like cp -p."`
}

// options are those for the output of the input.
func (f *copyFlags) options(src *input) (o durable.Options, err error) {
	o.New = f.Keep.NoClobber
	if f.Preserve && src.file != nil && src.size >= 0 {
		o.Like, err = src.file.Stat()
	}
	return o, err
}

// fileArgs are the inputs and the output of encrypting and decrypting.
type fileArgs struct {
	Output string `short:"o" type:"path" placeholder:"OUT" help:"Write to the file OUT, which is replaced only when the output is complete, or into the folder OUT/. Default, or if OUT is -: standard output."`
	In     names  `arg:"" optional:"" type:"files" name:"IN ..." help:"The input, or several files and folders if the output is a folder. Default, or if IN is -: standard input."`
}

// in returns the only input, empty for standard input.
func (f *fileArgs) in() string {
	if len(f.In) == 0 {
		return ""
	}
	return f.In[0]
}

// intoFolder reports whether outputs go into a folder.
func (f *fileArgs) intoFolder(c *copyFlags) bool {
	switch {
	case c.Select.lists() || len(f.In) > 1:
		return true
	case len(f.In) == 0 || isStdio(f.In[0]) || isURL(f.In[0]):
		return false
	}
	return isDir(f.In[0]) || !isStdio(f.Output) && isFolder(f.Output)
}

// passphraseFlag says that the passphrase that the other flags give is one of files.
type passphraseFlag struct {
	Passphrase bool `short:"p" help:"The file is encrypted with a passphrase, which --passphrase-file then gives (not that of a private key)."`
}

// passphraseFlags say where the passphrase of a private key comes from when not from
// the terminal. There is no flag with the passphrase itself: everybody on the machine
// could read it.
type passphraseFlags struct {
	PassphraseFile string `type:"path" placeholder:"PATH" xor:"passphrase" help:"Read ${passphrase=the passphrase} from the file PATH, one line, instead of the terminal."`
	PassphraseFd   *int   `placeholder:"N" xor:"passphrase" help:"Read ${passphrase=the passphrase} from the open file descriptor N, one line."`

	source passphraseSource `kong:"-"`
}

// set reports whether a flag gives the passphrase.
func (f *passphraseFlags) set() bool { return f.PassphraseFile != "" || f.PassphraseFd != nil }

// newPassphraseHint is for commands with the flags of an old passphrase and of a new one.
const newPassphraseHint = "give it with --new-passphrase-file or --new-passphrase-fd"

// newPassphraseFlag is for those who choose a passphrase.
type newPassphraseFlag struct {
	GeneratePassphrase bool `help:"Generate a passphrase of six random words, and show it once on the terminal."`
}

// check finds what does not go with it. The passphrase is that of -p or of --protect.
func (f newPassphraseFlag) check(given *passphraseFlags, wanted bool, by string) error {
	switch {
	case f.GeneratePassphrase && !wanted:
		return usageError("--generate-passphrase needs "+by, "add "+by)
	case f.GeneratePassphrase && given.set():
		return usageError("--generate-passphrase does not go with a passphrase that is given", "choose one of them")
	}
	return nil
}

// secretFlags say where the passphrases of files and of private keys come from. One
// is never tried for the other: who makes a file could then guess that of the key.
type secretFlags struct {
	File passphraseFlags `embed:"" set:"passphrase=the passphrase (of the private key or, with -p, of the file)"`
	Key  passphraseFlags `embed:"" prefix:"key-" xorprefix:"key-" set:"passphrase=the passphrase of the private key (with or without -p)"`
}

// remoteFlags say how to reach a server, and who it must be.
type remoteFlags struct {
	Server      string  `type:"path" complete:"keys" placeholder:"PUB" help:"Require that the server has the public key PUB: a name in the keyring, a file, or a fingerprint (SHA256:...). Default: the key in the file known_servers beside the keyring."`
	CA          string  `name:"ca" type:"path" placeholder:"FILE" help:"For wss://, also accept certificates signed by the authorities in FILE (PEM)."`
	Endpoint    string  `default:"/pqenc" placeholder:"PATH" help:"The URL path of the server (default: /pqenc)."`
	GiveUpAfter timeout `placeholder:"TIME" help:"Keep retrying for TIME without progress (default: 5m; a first connection is tried once)."`

	dial func(ctx context.Context, network, address string) (net.Conn, error) `kong:"-"`
}

// loginFlags say who logs in, and where.
type loginFlags struct {
	Identity string         `short:"i" aliases:"as" type:"path" complete:"own" placeholder:"KEY" help:"Log in with the private key KEY, a name in the keyring or a file. Default: your default identity."`
	Older    generationFlag `embed:""`
	Remote   remoteFlags    `embed:""`
}

// bandwidthFlag bounds how fast a command sends and receives.
type bandwidthFlag struct {
	Bwlimit byteRate `placeholder:"RATE" help:"Limit the total bandwidth to RATE bytes per second, such as 10MB or 500KiB."`
}

// limit has connections that are opened from now on keep to the rate.
func (b bandwidthFlag) limit(f *remoteFlags) {
	if b.Bwlimit == 0 {
		return
	}
	limiter := bandwidth.New(int64(b.Bwlimit))
	f.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return limiter.Conn(conn), nil
	}
}

// atOnce returns how many small files may be on their way at a time, of at most so many:
// as many as go through in a minute. With more of them each would take so long that it
// looked like no progress.
func (b bandwidthFlag) atOnce(most int) int {
	if b.Bwlimit == 0 {
		return most
	}
	return int(min(max(int64(b.Bwlimit)*60/transfer.MaxSmall, 1), int64(most)))
}

// login gets the key. The connections come with the first requests.
func (f *loginFlags) login(a *app, secret *passphraseFlags) (*servers, error) {
	id, err := a.loginKey(f.Identity, f.Older, secret)
	return f.Remote.servers(a, id), err
}

func notLoggedIn() error {
	return usageError("no key to log in with", "log in with your private key: -i KEY", `or make a default identity with "pqenc keygen"`)
}

// limitFlags bound what clients can make a server do.
type limitFlags struct {
	MaxObject                    byteSize `placeholder:"SIZE" help:"Refuse files larger than SIZE, such as 500MB or 50GiB."`
	MaxStore                     byteSize `placeholder:"SIZE" help:"Refuse files when the store would exceed SIZE bytes."`
	MaxObjects                   maximum  `default:"1000000" placeholder:"N" help:"Store at most N files, partial uploads included (default: 1000000)."`
	MaxFolders                   maximum  `default:"100000" placeholder:"N" help:"Store at most N folders (default: 100000)."`
	KeepFree                     byteSize `default:"1GiB" placeholder:"SIZE" help:"Keep SIZE free on the disk (default: 1GiB)."`
	KeepPartials                 timeout  `default:"7d" placeholder:"TIME" help:"Remove partial uploads after TIME (default: 7d)."`
	MaxConnections               maximum  `default:"512" placeholder:"N" help:"Allow at most N connections (default: 512)."`
	MaxConnectionsPerKey         maximum  `default:"128" placeholder:"N" help:"Allow at most N connections per key (default: 128)."`
	MaxUnauthenticated           maximum  `default:"512" placeholder:"N" help:"Allow at most N connections that have not logged in yet (default: 512)."`
	MaxUnauthenticatedPerAddress maximum  `default:"128" placeholder:"N" help:"Allow at most N of those per client address (default: 128)."`
	LoginTimeout                 timeout  `default:"10s" placeholder:"TIME" help:"Close a connection that has not logged in within TIME (default: 10s)."`
	IdleTimeout                  timeout  `default:"10m" placeholder:"TIME" help:"Close a connection that makes no progress for TIME (default: 10m)."`
	SilenceTimeout               timeout  `default:"1m" placeholder:"TIME" help:"Close a connection that sends nothing, not even keepalives, for TIME (default: 1m)."`
}

func (f *limitFlags) limits() server.Limits {
	return server.Limits{
		ObjectSize:                int64(f.MaxObject),
		StoreSize:                 int64(f.MaxStore),
		KeepFree:                  int64(f.KeepFree),
		Objects:                   int(f.MaxObjects),
		Folders:                   int(f.MaxFolders),
		Connections:               int(f.MaxConnections),
		ConnectionsPerKey:         int(f.MaxConnectionsPerKey),
		Unauthenticated:           int(f.MaxUnauthenticated),
		UnauthenticatedPerAddress: int(f.MaxUnauthenticatedPerAddress),
		Login:                     time.Duration(f.LoginTimeout),
		Idle:                      time.Duration(f.IdleTimeout),
		Silence:                   time.Duration(f.SilenceTimeout),
		Partial:                   time.Duration(f.KeepPartials),
	}
}
