// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
)

// Alice makes her keys, Bob encrypts to the public one, Alice decrypts.
func Example() {
	directory, err := os.MkdirTemp("", "keys")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(directory)
	base := filepath.Join(directory, "alice")

	// Alice. A passphrase in place of nil would protect alice.key.
	made, err := keyfile.Generate()
	if err != nil {
		log.Fatal(err)
	}
	if err := made.Save(base); err != nil {
		log.Fatal(err)
	}

	// Bob. A file of public keys can have a whole team.
	team, err := keyfile.LoadPublic(base + ".pub")
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	w, err := pqenc.Encrypt(&file, team.Recipients()...)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(w, "weights")
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}

	// Alice. A nil function means that there is nobody to ask for a passphrase.
	identity, err := keyfile.LoadIdentity(base+".key", nil)
	if err != nil {
		log.Fatal(err)
	}
	r, err := pqenc.Decrypt(&file, identity)
	if err != nil {
		log.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	fmt.Println(string(plain), err)
	// Output: weights <nil>
}

// A fingerprint is what two people compare, by telephone say, to know that they
// have the same key.
func ExamplePublic_Fingerprint() {
	identity, err := keyfile.Generate()
	if err != nil {
		log.Fatal(err)
	}
	mine := identity.Public()

	received, err := keyfile.ParsePublic(mine.Marshal())
	if err != nil {
		log.Fatal(err)
	}
	fingerprint := received[0].Fingerprint()
	fmt.Println(fingerprint == mine.Fingerprint())
	fmt.Println(fingerprint.String()[:7], len(fingerprint.String()))
	// Output:
	// true
	// SHA256: 50
}

// A protected private key asks for its passphrase when it is read.
func ExampleReadIdentity() {
	identity, err := keyfile.Generate()
	if err != nil {
		log.Fatal(err)
	}
	file, err := identity.Protect([]byte("correct horse battery staple"))
	if err != nil {
		log.Fatal(err)
	}

	again, err := keyfile.ReadIdentity(bytes.NewReader(file), func() ([]byte, error) {
		fmt.Println("the passphrase, please")
		return []byte("correct horse battery staple"), nil
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.Public().Fingerprint() == identity.Public().Fingerprint())
	// Output:
	// the passphrase, please
	// true
}
