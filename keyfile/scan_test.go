// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package keyfile_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/pqenc/pqenc/internal/vectors"
	"github.com/pqenc/pqenc/keyfile"
)

// checkScan requires that what can be parsed is scanned as the same.
func checkScan(t *testing.T, data []byte) {
	t.Helper()
	keys, err := keyfile.ParsePublic(data)
	scanned, scanErr := keyfile.ScanPublic(data)
	if err != nil {
		return // scanned or not
	}
	var want [][]keyfile.Scanned
	for _, key := range keys {
		want = append(want, key.Scanned())
	}
	if scanErr != nil || !reflect.DeepEqual(scanned, want) {
		t.Errorf("scanned as %+v, %v, and parsed as %+v", scanned, scanErr, want)
	}
}

func TestScanPublic(t *testing.T) {
	all, err := vectors.LoadKeys("../testdata/keys")
	if err != nil {
		t.Fatal(err)
	}
	several := 0
	for _, v := range all {
		t.Run(v.Name, func(t *testing.T) { checkScan(t, v.File) })
		if keys, err := keyfile.ParsePublic(v.File); err == nil && len(keys[0].Generations()) > 1 {
			several++
		}
	}
	if several == 0 {
		t.Error("no vector has several generations")
	}
	// What does not need arithmetic to be found is found.
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"nothing":       {nil, keyfile.ErrNotKey},
		"a private key": {alice().Marshal(), keyfile.ErrIsPrivate},
		"half":          {alice().Public().Marshal()[:2000], keyfile.ErrNotKey},
	} {
		if found, err := keyfile.ScanPublic(c.file); !errors.Is(err, c.want) || found != nil {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

func TestCountGenerations(t *testing.T) {
	next, err := alice().Rotate(keyfile.Details{})
	if err != nil {
		t.Fatal(err)
	}
	for want, file := range [][]byte{alice().Public().Marshal(), alice().Marshal(), next.Marshal()} {
		if got := keyfile.CountGenerations(file); got != want {
			t.Errorf("%d generations, want %d", got, want)
		}
	}
}
