// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/runner"
)

// TestOrMissed requires that a round which others have spoiled does not end the training, and that
// one does which will be no better the next time.
func TestOrMissed(t *testing.T) {
	for err, want := range map[error]bool{
		fmt.Errorf("draw: %w", runner.ErrFailed):                           true,
		fmt.Errorf("dealt: %w", &secagg.ClientError{Err: secagg.ErrShare}): true,
		fmt.Errorf("dealt: %w", secagg.ErrThreshold):                       true,
		secagg.ErrFloor: false,
		secagg.ErrRound: false,
	} {
		if got := errors.As(orMissed(err), new(missed)); got != want {
			t.Errorf("%v: missed is %v", err, got)
		}
	}
	if err := orMissed(nil); err != nil {
		t.Error(err)
	}
}
