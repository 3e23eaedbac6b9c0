// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"fmt"

	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer/server/internal/store"
)

// Operation is something that a client may do with an object.
type Operation int

// The operations that a client needs a right for.
const (
	Push   Operation = iota + 1 // store an object of that name
	Pull                        // read the object
	List                        // see the object in lists
	Delete                      // remove the object
)

var operationNames = map[Operation]string{Push: "push", Pull: "pull", List: "list", Delete: "delete"}

// String returns the name of the operation, as it is in access lists.
func (o Operation) String() string {
	if name, ok := operationNames[o]; ok {
		return name
	}
	return fmt.Sprintf("operation %d", int(o))
}

// Grant is how an operation may be done. It says more than yes for Push only.
type Grant struct {
	Overwrite bool    // an object of that name may be replaced
	Quota     int64   // bytes of all objects and partials within; 0 for any number
	Files     int64   // names in use and folders within; 0 for any number
	Within    Pattern // the names that Quota and Files cover; empty for all
}

// bounds returns the grant in the words of the store.
func (g Grant) bounds(overwrite bool) store.Bounds {
	b := store.Bounds{Overwrite: g.Overwrite && overwrite, Quota: g.Quota, Files: g.Files}
	if g.Within != "" {
		b.Within = g.Within
	}
	return b
}

// Authorizer decides who may do what. Its methods are called at the same time by
// many goroutines, for every request anew and while a request lasts: they answer at
// once.
type Authorizer interface {
	// Known reports whether the client may log in.
	Known(client signature.Fingerprint) bool
	// Authorize reports whether the client may do op with the object of that name,
	// and how. For List it is asked about each object in a list.
	Authorize(client signature.Fingerprint, op Operation, name string) (Grant, bool)
}

// GrantLister is an [Authorizer] that can list what a client may push, so that the client
// can ask for its quotas. Grants returns one Grant for each set of names.
type GrantLister interface {
	Authorizer
	Grants(client signature.Fingerprint) []Grant
}
