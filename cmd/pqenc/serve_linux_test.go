// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
)

// TestServeManyFiles starts a server with a low soft limit of open files: every
// connection takes one, and a push some more.
func TestServeManyFiles(t *testing.T) {
	t.Parallel()
	s := startServingAfter(t, newFolder(t), "ulimit -Sn 64")
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", s.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`Max open files +(\d+) +(\d+)`).FindStringSubmatch(string(limits))
	if m == nil {
		t.Fatalf("%s", limits)
	}
	soft, _ := strconv.Atoi(m[1])
	hard, _ := strconv.Atoi(m[2])
	if soft < hard-1 { // which Go makes it
		t.Errorf("the soft limit is %d, the hard one %d", soft, hard)
	}
}
