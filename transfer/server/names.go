// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"context"
	"fmt"

	"github.com/pqenc/pqenc/transfer/internal/wire"
	"github.com/pqenc/pqenc/transfer/server/internal/store"
)

// lookAt is how many names are visited under the lock of the store.
const lookAt = 1000

// list answers with a page of the objects whose names start with the prefix and that the
// client has the right to list.
func (r *request) list(ask *wire.List) (answer wire.Message, err error) {
	page, size := new(wire.Page), 0
	for after, more := ask.After, true; more && !page.More; more = after != "" {
		var entries []store.Entry
		entries, after = r.server.store.Page(ask.Prefix, after, lookAt)
		for _, e := range entries {
			name, err := wire.ParseName(e.Name)
			if err != nil {
				return answer, err
			}
			if _, err := r.authorize(List, name); err != nil {
				continue
			}
			entry := wire.Entry{Length: e.Size, Time: max(e.ModTime.Unix(), 0), Name: name}
			if now, ok := page.Add(size, entry); ok {
				size = now
			} else {
				page.More = true
				break
			}
		}
		if err := context.Cause(r.Context()); err != nil {
			return answer, err
		}
	}
	return wire.Message{Type: wire.TypePage, Body: page.Marshal()}, nil
}

// delete deletes objects, and answers with a code for each.
func (r *request) delete(names wire.Names) (answer wire.Message, err error) {
	return r.each(len(names), func(i int) error { return r.deleteOne(names[i]) })
}

// each calls do for each of n names and answers with the codes. If there is only one, its
// error is that of the request, so that the client receives the text, too. It stops after a
// name if the request is over: each name may take a few syncs, and nobody waits for them.
func (r *request) each(n int, do func(i int) error) (answer wire.Message, err error) {
	var results wire.Results
	for i := range n {
		err := do(i)
		if err != nil && n == 1 {
			return answer, err
		}
		code := uint16(0)
		if err != nil {
			r.logFailure("not done", err, "number", i)
			code = wire.CodeOf(err)
		}
		results = append(results, code)
		r.Progress()
		if err := context.Cause(r.Context()); err != nil {
			return answer, err
		}
	}
	return wire.Message{Type: wire.TypeResults, Body: results.Marshal()}, nil
}

func (r *request) deleteOne(name wire.Name) error {
	_, err := r.authorize(Delete, name)
	if err == nil {
		err = r.server.store.Delete(name)
	}
	if err == nil {
		r.server.stats.deleted.Add(1)
		r.log.Info("deleted", "name", name.String())
		return nil
	}
	return fmt.Errorf("%q: %w", name.String(), err)
}

// move gives objects other names, and answers with a code for each.
func (r *request) move(ask *wire.Move) (answer wire.Message, err error) {
	return r.each(len(ask.Pairs), func(i int) error { return r.moveOne(ask.Pairs[i], ask.Overwrite) })
}

// moveOne moves an object. That takes the right to read it: otherwise a client could move an
// object that it may delete, but not read, to a name that it may read.
func (r *request) moveOne(pair wire.Pair, overwrite bool) error {
	for _, op := range []Operation{Delete, Pull} {
		if _, err := r.authorize(op, pair.From); err != nil {
			return err
		}
	}
	grant, err := r.authorize(Push, pair.To)
	if err != nil {
		return err
	}
	size, err := r.server.store.Move(pair.From, pair.To, grant.bounds(overwrite))
	if err != nil {
		return fmt.Errorf("%q to %q: %w", pair.From.String(), pair.To.String(), err)
	}
	r.server.stats.moved.Add(1)
	r.log.Info("moved", "name", pair.From.String(), "to", pair.To.String())
	r.server.uploads.announce() // for followers of the new name
	r.commit(pair.To, size)
	return nil
}

// quota answers with the quotas of the client and what is used of them.
func (r *request) quota(skip uint32) (answer wire.Message, err error) {
	lister, ok := r.server.config.Authorizer.(GrantLister)
	if !ok {
		return answer, wire.ErrUnsupported
	}
	quotas, size := new(wire.Quotas), 0
	grants := lister.Grants(r.peer)
	for _, g := range grants[min(int64(skip), int64(len(grants))):] {
		e := wire.Quota{MaxBytes: g.Quota, MaxFiles: g.Files, Pattern: string(g.Within)}
		e.Bytes, e.Files = r.server.store.Within(g.bounds(false).Within)
		if size, ok = quotas.Add(size, e); !ok {
			quotas.More = true
			break
		}
		r.Progress()
	}
	return wire.Message{Type: wire.TypeQuotas, Body: quotas.Marshal()}, nil
}
