// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/transfer"
)

// Identity is the private key of a party. *keyfile.Identity is one.
type Identity interface {
	pqenc.Identity
	pqenc.Signer
}

// Member is the public key of a party. *keyfile.Public is one.
type Member interface {
	pqenc.Recipient
	secagg.Member
}

// maxMessage is the length of the longest message in bytes. The longest ones are those to a
// client with thousands of neighbours.
const maxMessage = 64 << 20

// longestFrom returns the length in bytes of the longest message of a client, encrypted and
// signed, among so many members. The longest ones are deals, with 2,466 bytes for each holder.
func longestFrom(members int) int64 { return min(64<<10+int64(members)*(4<<10), maxMessage) }

// mail sends and receives the messages of one party.
type mail struct {
	transfer *transfer.Client
	id       Identity
}

// send stores a message, which it puts together. It never replaces another one.
func (m *mail) send(ctx context.Context, o object, to Member, message ...[]byte) error {
	var file bytes.Buffer
	w, err := pqenc.EncryptSigned(&file, m.id, o.context(m.id.Fingerprint()), to)
	for i := 0; i < len(message) && err == nil; i++ {
		_, err = w.Write(message[i])
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return err
	}
	return m.transfer.Push(ctx, o.name(), &file, transfer.PushOptions{Small: true})
}

// stream stores what write writes as one object, without having all of it in memory. When it
// returns, write has returned.
func (m *mail) stream(ctx context.Context, o object, to Member, write func(context.Context, io.Writer) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan struct{})
	err := m.transfer.PushFunc(ctx, o.name(), func(w io.Writer) error {
		defer close(ended)
		file, err := pqenc.EncryptSigned(w, m.id, o.context(m.id.Fingerprint()), to)
		if err == nil {
			err = write(ctx, file)
		}
		if err != nil {
			return err
		}
		return file.Close()
	}, transfer.PushOptions{})
	cancel()
	<-ended
	return err
}

// receive returns a message of that sender, which takes at most so many bytes. The error is a
// [senderError] if the object was pulled, and is not what the sender should have sent.
func (m *mail) receive(ctx context.Context, o object, from Member, most int64, options transfer.PullOptions) ([]byte, error) {
	var file bytes.Buffer
	tooLong := fmt.Errorf("%w: it is longer than %d bytes", secagg.ErrMessage, most)
	err := m.transfer.Pull(ctx, o.name(), &limited{w: &file, left: most, full: tooLong}, options)
	if errors.Is(err, tooLong) || errors.Is(err, transfer.ErrNotPqenc) {
		return nil, &senderError{err}
	}
	if err != nil {
		return nil, err
	}
	r, err := m.open(&file, o, from)
	if err != nil {
		return nil, &senderError{err}
	}
	message, err := io.ReadAll(r)
	if err != nil {
		return nil, &senderError{err}
	}
	return message, nil
}

// open decrypts what that sender has signed for this purpose.
func (m *mail) open(file io.Reader, o object, from Member) (*pqenc.Reader, error) {
	purpose := o.context(from.Fingerprint())
	return pqenc.DecryptSigned(file, pqenc.Policy{From: []pqenc.Sender{from}, Context: &purpose}, m.id)
}

// fetch copies a large object of that sender to dst, which gets at most size bytes. The signature
// is verified when fetch returns nil.
func (m *mail) fetch(ctx context.Context, o object, from Member, size int64, dst io.Writer) error {
	pull := m.transfer.Reader(ctx, o.name(), transfer.PullOptions{})
	defer pull.Close()
	r, err := m.open(pull, o, from)
	if err == nil {
		_, err = r.WriteTo(&limited{w: dst, left: size, full: errLongVector})
	}
	if err == nil {
		return nil
	}
	if lost := pull.Close(); lost != nil && !errors.Is(lost, transfer.ErrNotPqenc) {
		return lost
	}
	var local *localError
	if errors.As(err, &local) {
		return local.err
	}
	return &senderError{err}
}

var errLongVector = fmt.Errorf("%w: it is too long", secagg.ErrVector)

// senderError is an error for which the sender of an object is to blame, or the server that
// stores it.
type senderError struct{ err error }

func (e *senderError) Error() string { return e.err.Error() }
func (e *senderError) Unwrap() error { return e.err }

// localError is an error of writing here.
type localError struct{ err error }

func (e *localError) Error() string { return e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

// limited passes at most left bytes, and then fails with full.
type limited struct {
	w    io.Writer
	left int64
	full error
}

func (l *limited) Write(p []byte) (int, error) {
	if int64(len(p)) > l.left {
		return 0, l.full
	}
	n, err := l.w.Write(p)
	l.left -= int64(n)
	if err != nil {
		err = &localError{err}
	}
	return n, err
}
