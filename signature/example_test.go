// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package signature_test

import (
	"fmt"

	"github.com/pqenc/pqenc/signature"
)

func Example() {
	private := signature.GenerateKey()
	public := private.Public()

	// The message names its signer, here by a made-up fingerprint.
	message := []byte("from SHA256:4Y6n… round 17")
	sig, err := private.Sign("example.org/round", message)
	if err != nil {
		fmt.Println(err)
		return
	}

	fmt.Println(public.Verify("example.org/round", message, sig))
	fmt.Println(public.Verify("example.org/round", []byte("from SHA256:4Y6n… round 18"), sig))
	fmt.Println(public.Verify("example.org/other", message, sig))
	// Output:
	// <nil>
	// invalid signature
	// invalid signature
}
