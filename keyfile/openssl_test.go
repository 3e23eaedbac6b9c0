// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// TestOpenSSL checks that OpenSSL reads the blocks and names their algorithms.
func TestOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	asn1parse := func(file string) string {
		cmd := exec.Command(openssl, "asn1parse", "-inform", "PEM")
		cmd.Stdin = strings.NewReader(file)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %s", err, stderr.Bytes())
		}
		return string(out)
	}
	oids := []string{":1.3.6.1.4.1.62253.25722\n", ":1.3.6.1.5.5.7.6.48\n"}
	for _, k := range kinds() {
		// Of a whole file it reads the first block, and skips the comment.
		if out := asn1parse(string(k.file)); !strings.Contains(out, oids[0]) {
			t.Errorf("%s key file: %s", k.name, out)
		}
		_, b := blocks(k.file)
		for i := range oids {
			if out := asn1parse(b[i]); !strings.Contains(out, oids[i]) || !strings.Contains(out, " STRING ") {
				t.Errorf("block %d of the %s key file: %s", i, k.name, out)
			}
		}
	}
}
