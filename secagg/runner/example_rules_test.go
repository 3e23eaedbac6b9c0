// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner_test

import (
	"fmt"
	"log"

	"github.com/pqenc/pqenc/secagg/runner"
	"github.com/pqenc/pqenc/signature"
)

// The access list of a server for the rounds fl/1, fl/2 and so on.
func ExampleRules() {
	aggregator, _ := signature.ParseFingerprint("SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU")
	alice, _ := signature.ParseFingerprint("SHA256:ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs")
	rules, err := runner.Rules("fl", aggregator, []signature.Fingerprint{alice})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(rules)
	// Output:
	// SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU  push,pull,list,delete  fl/**
	// SHA256:ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs  push  fl/*/from/*/ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb.pqe
	// SHA256:ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs  pull  fl/*/to/*/ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb.pqe
}
