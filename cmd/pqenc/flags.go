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

// Groups of flags and arguments that several commands share. A command has them as named
// fields with the tag embed:"".

// recipientFlags name the recipients and the signer of an encrypted file.
type recipientFlags struct {
	Recipient    []string `short:"r" type:"path" complete:"keys" sep:"none" placeholder:"PUB" help:"Encrypt to PUB: a name in the keyring, a public key file, a folder of such files, or a post-quantum age key. Can be repeated."`
	Passphrase   bool     `short:"p" help:"Encrypt with a passphrase instead of keys."`
	Sign         string   `type:"path" complete:"own" placeholder:"KEY" help:"Sign with the private key KEY, a name in the keyring or a file."`
	AllowExpired bool     `help:"Allow recipients whose keys have expired."`

	New newPassphraseFlag `embed:""`
}

// encrypts reports whether the flags name recipients.
func (f *recipientFlags) encrypts() bool { return f.Passphrase || len(f.Recipient) > 0 }

// armorFlag selects the text form of encrypted files.
type armorFlag struct {
	Armor bool `short:"a" help:"Write text (PEM-like armor) instead of binary."`
}

// reserveFlag reserves room in headers.
type reserveFlag struct {
	Reserve uint16 `placeholder:"N" help:"Reserve room in the header for N more recipients, so that \"pqenc rewrap --in-place\" can add them."`
}

// identityFlag names private keys.
type identityFlag struct {
	Identity []string `short:"i" type:"path" complete:"own" sep:"none" placeholder:"KEY" help:"Decrypt with the private key KEY, a name in the keyring or a file. Can be repeated. ${otherwise=Default: your default identity.}"`
}

// fromFlags name the accepted signers.
type fromFlags struct {
	From           []string `type:"path" complete:"keys" sep:"none" placeholder:"PUB" help:"Accept only files that PUB signed for you: a name in the keyring, a public key file, or a folder of such files. Can be repeated."`
	AllowForwarded bool     `help:"Also accept files that were signed for somebody else."`
}

// policy returns the policy, with the public keys that --from names.
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

// streamFlag releases contents before their signature is verified.
type streamFlag struct {
	StreamUnverified bool `help:"Write to a pipe before the signature of the contents is verified. A bad signature is reported only at the end, by the exit code, and with --range never."`
}

// sparseFlag writes sparse files.
type sparseFlag struct {
	Sparse bool `help:"Write blocks of zeros as holes, like cp --sparse=always. Needs -o."`
}

func (f sparseFlag) check(output string) error {
	if f.Sparse && !staged(output) {
		return usageError("--sparse needs an output file", "name it with -o")
	}
	return nil
}

// contextFlag is the context of a signature, to sign or to verify.
type contextFlag struct {
	Context *string `type:"text" placeholder:"TEXT" help:"The purpose of the file, such as \"release 1.2\". --sign signs TEXT, and --from requires the same TEXT."`
}

func (f *contextFlag) text() string {
	if f.Context == nil {
		return ""
	}
	return *f.Context
}

// sourceFlags are about the input of encryption.
type sourceFlags struct {
	Force       bool `help:"Encrypt even if the input is encrypted already."`
	AllowEmpty  bool `help:"Accept an empty standard input. Without it, empty input is an error if it would replace something: the command before the pipe has probably failed."`
	FromCommand bool `help:"Run the command after the final --, and encrypt its output. If the command fails, OUT or the object stays unchanged."`
}

// keepFlag keeps existing outputs.
type keepFlag struct {
	NoClobber bool `aliases:"skip-existing" help:"Do not replace anything that exists already. --skip-existing is the same."`
}

// taken reports whether an existing output must be kept, and prints a message if so.
func (f keepFlag) taken(a *app, name string) bool {
	if !f.NoClobber || isStdio(name) {
		return false
	}
	_, err := os.Lstat(name)
	return err == nil && f.settle(a, name, fs.ErrExist) == nil
}

// settle returns the error of an output, or nil if the error is that a file to be kept
// exists.
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

// copyFlags are about encrypting or decrypting files to files.
type copyFlags struct {
	Select   selectFlags `embed:""`
	Keep     keepFlag    `embed:""`
	Preserve bool        `help:"Preserve permissions and times, like cp -p."`
}

// options returns the options of the output for the input.
func (f *copyFlags) options(src *input) (o durable.Options, err error) {
	o.New = f.Keep.NoClobber
	if f.Preserve && src.file != nil && src.size >= 0 {
		o.Like, err = src.file.Stat()
	}
	return o, err
}

// fileArgs are the inputs and the output of encryption and decryption.
type fileArgs struct {
	Output string `short:"o" type:"path" placeholder:"OUT" help:"Write to the file OUT, which is replaced only when the output is complete, or into the folder OUT/. Default, or if OUT is -: standard output."`
	In     names  `arg:"" optional:"" type:"files" name:"IN ..." help:"The input, or several files and folders if the output is a folder. Default, or if IN is -: standard input."`
}

// in returns the only input, or "" for standard input.
func (f *fileArgs) in() string {
	if len(f.In) == 0 {
		return ""
	}
	return f.In[0]
}

// intoFolder reports whether the output is a folder.
func (f *fileArgs) intoFolder(c *copyFlags) bool {
	switch {
	case c.Select.lists() || len(f.In) > 1:
		return true
	case len(f.In) == 0 || isStdio(f.In[0]) || isURL(f.In[0]):
		return false
	}
	return isDir(f.In[0]) || !isStdio(f.Output) && isFolder(f.Output)
}

// passphraseFlag makes the other passphrase flags apply to files.
type passphraseFlag struct {
	Passphrase bool `short:"p" help:"The file is encrypted with a passphrase, which --passphrase-file then gives (not that of a private key)."`
}

// passphraseFlags tell where to read a passphrase if not from the terminal. No flag takes
// the passphrase itself, which every user on the machine could read.
type passphraseFlags struct {
	PassphraseFile string `type:"path" placeholder:"PATH" xor:"passphrase" help:"Read ${passphrase=the passphrase} from the file PATH, one line, instead of the terminal."`
	PassphraseFd   *int   `placeholder:"N" xor:"passphrase" help:"Read ${passphrase=the passphrase} from the open file descriptor N, one line."`

	source passphraseSource `kong:"-"`
}

// set reports whether a flag gives the passphrase.
func (f *passphraseFlags) set() bool { return f.PassphraseFile != "" || f.PassphraseFd != nil }

// newPassphraseHint is for commands with flags for both an old and a new passphrase.
const newPassphraseHint = "give it with --new-passphrase-file or --new-passphrase-fd"

// newPassphraseFlag is for commands that choose a passphrase.
type newPassphraseFlag struct {
	GeneratePassphrase bool `help:"Generate a passphrase of six random words, and show it once on the terminal."`
}

// check returns an error for flags that do not go together. The passphrase is that of -p
// or --protect, which by names.
func (f newPassphraseFlag) check(given *passphraseFlags, wanted bool, by string) error {
	switch {
	case f.GeneratePassphrase && !wanted:
		return usageError("--generate-passphrase needs "+by, "add "+by)
	case f.GeneratePassphrase && given.set():
		return usageError("--generate-passphrase does not go with a passphrase that is given", "choose one of them")
	}
	return nil
}

// secretFlags tell where to read the passphrases of files and of private keys. One is
// never tried for the other: the sender of a file could otherwise test guesses for that
// of the key.
type secretFlags struct {
	File passphraseFlags `embed:"" set:"passphrase=the passphrase (of the private key or, with -p, of the file)"`
	Key  passphraseFlags `embed:"" prefix:"key-" xorprefix:"key-" set:"passphrase=the passphrase of the private key (with or without -p)"`
}

// remoteFlags tell how to reach a server, and which key it must have.
type remoteFlags struct {
	Server      string  `type:"path" complete:"keys" placeholder:"PUB" help:"Require that the server has the public key PUB: a name in the keyring, a file, or a fingerprint (SHA256:...). Default: the key in the file known_servers beside the keyring."`
	CA          string  `name:"ca" type:"path" placeholder:"FILE" help:"For wss://, also accept certificates signed by the authorities in FILE (PEM)."`
	Endpoint    string  `default:"/pqenc" placeholder:"PATH" help:"The URL path of the server (default: /pqenc)."`
	GiveUpAfter timeout `placeholder:"TIME" help:"Keep retrying for TIME without progress (default: 5m; a first connection is tried once)."`

	dial func(ctx context.Context, network, address string) (net.Conn, error) `kong:"-"`
}

// loginFlags name the login key and the server.
type loginFlags struct {
	Identity string         `short:"i" aliases:"as" type:"path" complete:"own" placeholder:"KEY" help:"Log in with the private key KEY, a name in the keyring or a file. Default: your default identity."`
	Older    generationFlag `embed:""`
	Remote   remoteFlags    `embed:""`
}

// bandwidthFlag limits the bandwidth of a command.
type bandwidthFlag struct {
	Bwlimit byteRate `placeholder:"RATE" help:"Limit the total bandwidth to RATE bytes per second, such as 10MB or 500KiB."`
}

// limit applies the rate to connections opened from now on.
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

// atOnce returns how many small files to transfer at a time, at most most: as many as the
// rate allows in a minute. With more of them, each would take so long that it looked
// stalled.
func (b bandwidthFlag) atOnce(most int) int {
	if b.Bwlimit == 0 {
		return most
	}
	return int(min(max(int64(b.Bwlimit)*60/transfer.MaxSmall, 1), int64(most)))
}

// login loads the key. The first requests open the connections.
func (f *loginFlags) login(a *app, secret *passphraseFlags) (*servers, error) {
	id, err := a.loginKey(f.Identity, f.Older, secret)
	return f.Remote.servers(a, id), err
}

func notLoggedIn() error {
	return usageError("no key to log in with", "log in with your private key: -i KEY", `or make a default identity with "pqenc keygen"`)
}

// limitFlags limit the resources that clients can use on a server.
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
