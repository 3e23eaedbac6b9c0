// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package recipient_test

import (
	"bytes"
	"fmt"
	"io"
	"log"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/recipient"
)

// A file for the owner of a key pair. Programs that keep their keys in files
// use package keyfile instead.
func Example() {
	identity, err := recipient.GenerateHybrid()
	if err != nil {
		log.Fatal(err)
	}
	public := identity.Recipient().Bytes() // what the sender has

	to, err := recipient.NewHybridRecipient(public)
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	w, err := pqenc.Encrypt(&file, to)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(w, "weights")
	if err := w.Close(); err != nil {
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

// A file for everybody who knows a passphrase, which is asked for only because the
// file needs one.
func ExampleNewPrompted() {
	to, err := recipient.NewPassphrase([]byte("correct horse battery staple"))
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	w, err := pqenc.Encrypt(&file, to)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(w, "weights")
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}

	r, err := pqenc.Decrypt(&file, recipient.NewPrompted(func() ([]byte, error) {
		fmt.Println("the passphrase, please")
		return []byte("correct horse battery staple"), nil
	}))
	if err != nil {
		log.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	fmt.Println(string(plain), err)
	// Output:
	// the passphrase, please
	// weights <nil>
}
