// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package store

import (
	"errors"
	"fmt"
)

// The ways in which the store says no. Errors wrap one of these, or are those of
// the operating system. What they wrap beside may name files of the server and is
// for its log, not for clients.
var (
	// ErrName: the name is not one that an object can have, see [CheckName].
	ErrName = errors.New("not a valid object name")
	// ErrNotFound: there is no object of that name.
	ErrNotFound = errors.New("no such object")
	// ErrExists: there is something else of that name, and it may not be
	// overwritten, or cannot be because it is a folder.
	ErrExists = errors.New("there is an object of that name")
	// ErrStored: this very object is there already, see [StoredError].
	ErrStored = errors.New("the object is stored already")
	// ErrTooLarge: the object is longer than one may be.
	ErrTooLarge = errors.New("the object is too large")
	// ErrTotal: the store may not hold so much in all.
	ErrTotal = errors.New("the store is full")
	// ErrQuota: the quota does not allow so much.
	ErrQuota = errors.New("the quota is used up")
	// ErrNoSpace: the disk has too little space left. A partial stays as it is.
	ErrNoSpace = errors.New("not enough space on the disk")
	// ErrBusy: the partial is open already.
	ErrBusy = errors.New("the object is being pushed already")
	// ErrNotPqenc: the bytes are not those of a pqenc file that this release
	// knows.
	ErrNotPqenc = errors.New("not a pqenc file")
	// ErrLength: no whole pqenc file with this header has that length, or it is
	// not the announced one.
	ErrLength = errors.New("not the length of the whole object")
	// ErrDigest: the header is not the announced one.
	ErrDigest = errors.New("not the announced header")
	// ErrLocked: another server has the folder open.
	ErrLocked = errors.New("the folder is in use by another server")
)

// StoredError is an [ErrStored] that says how long the object is.
type StoredError struct {
	Size int64 // bytes
}

func (e *StoredError) Error() string { return fmt.Sprintf("%v, %d bytes", ErrStored, e.Size) }

// Unwrap returns [ErrStored].
func (e *StoredError) Unwrap() error { return ErrStored }
