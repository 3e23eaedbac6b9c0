// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"fmt"

	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/server/internal/store"
)

// Operation is an operation on an object.
type Operation int

// The operations. For each of them a client needs a right.
const (
	Push   Operation = iota + 1 // store an object
	Pull                        // read an object
	List                        // see an object in lists
	Delete                      // remove an object
)

var operationNames = map[Operation]string{Push: "push", Pull: "pull", List: "list", Delete: "delete"}

// String returns the name of the operation in access lists.
func (o Operation) String() string {
	if name, ok := operationNames[o]; ok {
		return name
	}
	return fmt.Sprintf("operation %d", int(o))
}

// Grant is the permission for an operation. Its fields are conditions of Push.
type Grant struct {
	Overwrite bool    // an existing object may be replaced
	Quota     int64   // bytes of all objects and partials within; 0 for any number
	Files     int64   // names in use and folders within; 0 for any number
	Within    Pattern // the names that Quota and Files cover; empty for all
}

// bounds returns the grant for the store.
func (g Grant) bounds(overwrite bool) store.Bounds {
	b := store.Bounds{Overwrite: g.Overwrite && overwrite, Quota: g.Quota, Files: g.Files}
	if g.Within != "" {
		b.Within = g.Within
	}
	return b
}

// Authorizer decides about access and rights. Its methods are called concurrently, for every
// request and again while a request runs, so they must return quickly.
type Authorizer interface {
	// Known reports whether the client may log in.
	Known(client signature.Fingerprint) bool
	// Authorize reports whether the client has the right to do op with the object of that
	// name, and returns the conditions. For List it is called for each object in a list.
	Authorize(client signature.Fingerprint, op Operation, name string) (Grant, bool)
}

// GrantLister is an [Authorizer] whose grants for Push can be listed, so that clients can ask
// for their quotas. Grants returns one Grant for each set of names.
type GrantLister interface {
	Authorizer
	Grants(client signature.Fingerprint) []Grant
}
