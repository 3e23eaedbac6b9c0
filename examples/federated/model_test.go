// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestModelFile(t *testing.T) {
	want := news{Round: 7, Last: true, Counted: []string{"SHA256:a"}, Refused: map[string]string{"SHA256:b": "late"}}
	values := []float32{1, -2.5, float32(math.Inf(1))}
	var file bytes.Buffer
	if err := writeModel(&file, want, values); err != nil {
		t.Fatal(err)
	}
	data := file.Bytes()
	n, got, err := readModel(bytes.NewReader(data), len(values))
	if err != nil || !reflect.DeepEqual(n, want) || !slices.Equal(got, values) {
		t.Errorf("%+v, %v: %v", n, got, err)
	}
	for cut := range data {
		if _, _, err := readModel(bytes.NewReader(data[:cut]), len(values)); err == nil {
			t.Fatalf("a model of %d bytes of %d", cut, len(data))
		}
	}
	long := binary.LittleEndian.AppendUint32(nil, maxNews+1)
	if _, _, err := readModel(bytes.NewReader(long), 0); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("too much news: %v", err)
	}
}

// TestCheckValues requires that the aggregator refuses what no client may send.
func TestCheckValues(t *testing.T) {
	if err := checkValues([]float32{0, clip, -clip}); err != nil {
		t.Error(err)
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1.001 * clip, -1.001 * clip} {
		if err := checkValues([]float32{0, float32(bad)}); err == nil || !strings.Contains(err.Error(), "value 1 is") {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

// TestSettings requires that the sum of all updates fits, and that no second round of other
// clients can be run at the same time.
func TestSettings(t *testing.T) {
	if err := defaults.encoding().Check(clients); err != nil {
		t.Error(err)
	}
	if 2*defaults.Fewest <= clients+defaults.Corrupt {
		t.Errorf("%d clients are not enough", defaults.Fewest)
	}
	if got := 4 * int64(defaults.shape().Values()); got < 20e6 {
		t.Errorf("an update has %d bytes", got)
	}
}
