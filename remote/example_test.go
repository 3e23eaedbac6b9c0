// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package remote_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/remote"
)

func ExampleOpen() {
	o := &object{contents: testkit.Sealed(9_000_000), etag: `"v1"`}
	server := httptest.NewServer(o) // or any server that has ranges
	defer server.Close()
	key := testkit.Identity("alice") // or keyfile.LoadIdentity("alice.key", nil)

	f, err := remote.Open(context.Background(), server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	file, err := pqenc.Open(f, f.Size(), key)
	if err != nil {
		log.Fatal(err)
	}
	b := make([]byte, 1000)
	if _, err := file.ReadAt(b, 1_000_000); err != nil {
		log.Fatal(err)
	}
	fetched, _ := f.Fetched()
	fmt.Printf("%d bytes of %d, of which %d%% were fetched\n", len(b), file.Size(), 100*fetched/f.Size())
	// Output: 1000 bytes of 9000000, of which 53% were fetched
}
