// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package faults

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/transfer"
	"github.com/pqenc/pqenc/transfer/server"
)

// halfway is a source that stops in the middle, until it may continue.
type halfway struct {
	io.Reader
	middle, on chan struct{}
}

func newHalfway(file []byte) *halfway {
	h := &halfway{middle: make(chan struct{}), on: make(chan struct{})}
	stop := readerFunc(func([]byte) (int, error) {
		close(h.middle)
		<-h.on
		return 0, io.EOF
	})
	half := len(file) / 2
	h.Reader = io.MultiReader(bytes.NewReader(file[:half]), stop, bytes.NewReader(file[half:]))
	return h
}

// TestTakeOver pushes a file a second time with the same key, when the first push is half
// done. The second push resumes after what the first one has sent.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{})
	old, new := newClient(t, "alice", s.addr()), newClient(t, "alice", s.addr())
	file, half := large(), int64(len(large()))/2
	src := newHalfway(file)
	safe := make(chan struct{})
	var once sync.Once
	ended := make(chan error)
	go func() {
		ended <- old.Push(t.Context(), name, src, transfer.PushOptions{Progress: func(durable int64) {
			if durable >= half {
				once.Do(func() { close(safe) })
			}
		}})
	}()
	<-safe
	if err := new.Push(t.Context(), name, bytes.NewReader(file), transfer.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	close(src.on)
	if err := <-ended; !errors.Is(err, transfer.ErrTakenOver) {
		t.Errorf("the older one ends with %v", err)
	}
	s.wantObject(t, file)
	if got := s.Stats().Received; got != int64(len(file)) {
		t.Errorf("%d bytes received of %d", got, len(file))
	}
}

// TestSameName pushes two files to one name, with two keys. The second one ends first.
func TestSameName(t *testing.T) {
	alices, bobs := testkit.Sealed(1<<20), testkit.Sealed(2<<20)
	for _, overwrite := range []bool{false, true} {
		t.Run(fmt.Sprintf("overwrite %v", overwrite), func(t *testing.T) {
			t.Parallel()
			s := newServer(t, server.Limits{})
			alice, bob := newClient(t, "alice", s.addr()), newClient(t, "bob", s.addr())
			o := transfer.PushOptions{Overwrite: overwrite}
			src := newHalfway(alices)
			ended := make(chan error)
			go func() { ended <- alice.Push(t.Context(), name, src, o) }()
			<-src.middle
			if err := bob.Push(t.Context(), name, bytes.NewReader(bobs), o); err != nil {
				t.Fatal(err)
			}
			close(src.on)
			err := <-ended
			if overwrite {
				if err != nil {
					t.Error(err)
				}
				s.wantObject(t, alices)
				return
			}
			if !errors.Is(err, transfer.ErrExists) {
				t.Errorf("the one that was too late ends with %v", err)
			}
			s.wantObject(t, bobs)
		})
	}
}

// TestFollow follows a push that is cut after each tenth, over a line that is cut as
// well.
func TestFollow(t *testing.T) {
	t.Parallel()
	s := newServer(t, server.Limits{})
	size := int64(len(large()))
	ours, theirs := newRelay(t, s.addr()), newRelay(t, s.addr())
	ours.atTenths(up, size, (*line).finish)
	theirs.atTenths(down, size+size/20, (*line).finish)
	follower := newClient(t, "bob", theirs.addr())
	got := &comparer{want: large()}
	ended := make(chan error)
	go func() { ended <- follower.Pull(t.Context(), name, got, transfer.PullOptions{Follow: true}) }()
	ways[0].run(t, s, newClient(t, "alice", ours.addr()), large())
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	got.wantAll(t)
	ours.wantNoneLeft(t)
	theirs.wantNoneLeft(t)
	wantLittleAgain(t, ours.count(up), size)
	wantLittleAgain(t, theirs.count(down), size)
}
