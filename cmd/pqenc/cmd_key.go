// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

// keyCmd are the commands that deal with keys that are there.
type keyCmd struct {
	Rotate     keyRotateCmd     `cmd:"" help:"Replace a key by a new one, and keep the old one for reading."`
	Passphrase keyPassphraseCmd `cmd:"" help:"Add, change or remove the passphrase of a private key."`
	Public     keyPublicCmd     `cmd:"" help:"Print the public key of a private one."`
	Show       keyShowCmd       `cmd:"" help:"Tell name, dates and generations of a key."`
}
