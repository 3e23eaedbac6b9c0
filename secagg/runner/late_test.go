// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner

import (
	"testing"
	"time"

	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/signature"
)

// TestLateness requires that a step ends after Wait without progress, after Limit with progress,
// and the first one after Join.
func TestLateness(t *testing.T) {
	for name, test := range map[string]struct {
		limits Aggregator
		step   secagg.Step
		ago    time.Duration // since the start of the step
		moved  time.Duration // from that to the last progress
		want   bool
	}{
		"just begun":            {Aggregator{Wait: time.Hour}, secagg.StepDraw, time.Minute, 0, false},
		"no progress":           {Aggregator{Wait: time.Hour}, secagg.StepDraw, 2 * time.Hour, 0, true},
		"progress":              {Aggregator{Wait: time.Hour}, secagg.StepDraw, 9 * time.Hour, 8*time.Hour + 30*time.Minute, false},
		"endless progress":      {Aggregator{Wait: time.Hour}, secagg.StepDraw, 11 * time.Hour, 11 * time.Hour, true},
		"limit":                 {Aggregator{Wait: time.Hour, Limit: 2 * time.Hour}, secagg.StepDraw, 3 * time.Hour, 3 * time.Hour, true},
		"default, begun":        {Aggregator{}, secagg.StepMasked, 20 * time.Second, 0, false},
		"default, no progress":  {Aggregator{}, secagg.StepMasked, 2 * time.Minute, 0, true},
		"default, progress":     {Aggregator{}, secagg.StepMasked, 5 * time.Minute, 290 * time.Second, false},
		"default, limit":        {Aggregator{}, secagg.StepMasked, 11 * time.Minute, 11 * time.Minute, true},
		"joining":               {Aggregator{Join: 5 * time.Hour}, secagg.StepAdvertisement, 4 * time.Hour, 0, false},
		"joining, over":         {Aggregator{Join: 5 * time.Hour}, secagg.StepAdvertisement, 6 * time.Hour, 6 * time.Hour, true},
		"joining is first only": {Aggregator{Join: 5 * time.Hour}, secagg.StepDraw, 4 * time.Hour, 0, true},
		"joining without Join":  {Aggregator{Wait: time.Hour}, secagg.StepAdvertisement, 2 * time.Hour, 0, true},
	} {
		c := newCollector(&round{Aggregator: &test.limits}, test.step)
		c.began = time.Now().Add(-test.ago)
		c.moved.Store(int64(test.moved))
		if got := c.late(); got != test.want {
			t.Errorf("%s: late is %v", name, got)
		}
	}
}

// TestNames requires that names and contexts of objects are distinct, and that names are read back.
func TestNames(t *testing.T) {
	seen := make(map[string]bool)
	for _, round := range []string{"fl/1", "fl/1 by", "fl/1/from"} {
		for _, side := range []side{fromClient, toClient} {
			for _, step := range []string{"draw", vectorStep} {
				for _, client := range []signature.Fingerprint{{}, {1}} {
					o := object{round, side, step, client}
					seen[o.name()] = true
					if got, ok := clientOf(o.folder(), o.name()); !ok || got != client {
						t.Errorf("%s is read as %v, %v", o.name(), got, ok)
					}
				}
			}
		}
	}
	if len(seen) != 24 {
		t.Errorf("%d names", len(seen))
	}
	folder := object{round: "fl/1", side: toClient, step: "draw"}.folder()
	valid := object{"fl/1", toClient, "draw", signature.Fingerprint{0xab}}.name()
	for _, name := range []string{folder, folder + "x.pqe", valid[:len(valid)-4], valid + ".pqe", folder + "00.pqe", folder + "/" + valid,
		folder + "AB" + valid[len(folder)+2:]} {
		if got, ok := clientOf(folder, name); ok {
			t.Errorf("%s is read as %v", name, got)
		}
	}
}
