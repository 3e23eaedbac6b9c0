// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// TestTornObject tears the header of a stored file, which the server logs.
func TestTornObject(t *testing.T) {
	s := newServer(t, server.Limits{}, "{alice} pull,list **")
	s.stop()
	whole := testkit.Sealed(100)
	other := testkit.HeaderFor(whole, "bob")
	torn := slices.Clone(whole)
	copy(torn[512:1024], other[512:])
	writeFile(t, s.config.Dir, "torn.pqe", torn)
	writeFile(t, s.config.Dir, ".torn.pqe.pqenc-redo", testkit.RedoLog(whole[:4096], other))
	s.start()
	err := s.client("alice").Pull(t.Context(), "torn.pqe", io.Discard, transfer.PullOptions{})
	if !errors.Is(err, transfer.ErrNotPqenc) {
		t.Fatal(err)
	}
	// The answer may come before the log line and the scan.
	for log := ""; !strings.Contains(log, "the header is torn") || !strings.Contains(log, "object=torn.pqe"); log = s.log.String() {
		time.Sleep(time.Millisecond)
	}
	all, err := listed(s.client("alice"), "")
	if err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
}
