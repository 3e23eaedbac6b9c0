// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// A server, and a client of it that encrypts on the way there and decrypts on the
// way back. The server has no key for what it keeps.
func Example() {
	relay, _ := keyfile.Generate() // or keyfile.LoadIdentity
	alice, _ := keyfile.Generate()
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	rule := alice.Fingerprint().String() + " push,pull alice/** quota=1GiB"
	allow, err := server.ParseAllow(strings.NewReader(rule), nil)
	if err != nil {
		log.Fatal(err)
	}
	server, err := server.New(server.Config{Dir: dir, Identity: relay, Authorizer: allow})
	if err != nil {
		log.Fatal(err)
	}
	front := httptest.NewServer(server) // or an http.Server of your own
	defer front.Close()

	ctx := context.Background()
	defer server.Shutdown(ctx)
	client := &transfer.Client{
		URL:      "ws" + strings.TrimPrefix(front.URL, "http"),
		Identity: alice,
		CheckServer: func(server signature.Fingerprint) error {
			if server != relay.Fingerprint() {
				return transfer.ErrUnknownServer
			}
			return nil
		},
	}
	defer client.Close()

	err = client.PushFunc(ctx, "alice/model.pqe", func(w io.Writer) error {
		e, err := pqenc.Encrypt(w, alice.Public())
		if err != nil {
			return err
		}
		if _, err := io.Copy(e, strings.NewReader("a model of some size")); err != nil {
			return err
		}
		return e.Close()
	}, transfer.PushOptions{})
	if err != nil {
		log.Fatal(err)
	}

	object := client.Reader(ctx, "alice/model.pqe", transfer.PullOptions{})
	defer object.Close()
	d, err := pqenc.Decrypt(object, alice)
	if err != nil {
		log.Fatal(err)
	}
	model, err := io.ReadAll(d)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", model)
	// Output: a model of some size
}
