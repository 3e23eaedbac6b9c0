// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner_test

import (
	"context"
	"errors"
	"syscall"
	"testing"

	"github.com/pqenc/pqenc/secagg/runner"
)

// TestFullDisk has no room for the vectors. The round ends before a client spends its update.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 4)
	a := h.aggregator("fl/1")
	if err := syscall.Mount("tmpfs", a.Work, "tmpfs", 0, "size=8k"); err != nil {
		t.Skipf("cannot mount a small file system: %v", err)
	}
	defer syscall.Unmount(a.Work, syscall.MNT_DETACH)
	all := h.honest("fl/1")
	for i := range h.members {
		c := h.client(i, "fl/1")
		c.Claim = func() error { return errors.New("the update is spent") }
		all[i] = func(ctx context.Context) error { return c.Run(ctx, update(i)) }
	}
	o := h.run(a, all)
	if !errors.Is(o.err, syscall.ENOSPC) {
		t.Errorf("the aggregator: %v", o.err)
	}
	for _, err := range o.clients {
		if !errors.Is(err, runner.ErrFailed) {
			t.Errorf("a client: %v", err)
		}
	}
}
