// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package transfer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/pqenc/pqenc/transfer/internal/channel"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// CheckName reports whether a name is valid: 1 to 1024 bytes of UTF-8, in 1 to 32 segments
// that are separated by "/", of which none is longer than 200 bytes, starts with a dot, or
// cannot be the name of a file on some system. The error is an [ErrName] with the reason.
func CheckName(name string) error {
	_, err := wire.ParseName(name)
	return err
}

// Object describes an object on a server.
type Object struct {
	Name string
	Size int64     // bytes
	Time time.Time // when it was stored, in whole seconds
}

// maxList is the largest number of objects in a list. A server could send one without end.
const maxList = 1 << 24

// List returns the objects whose names start with the prefix, as far as the key has the
// right to list them, in the order of their names. It reads them in pages of up to 256 KiB,
// of which one is in memory, and an object that comes or goes meanwhile may be in the list
// or not. An error ends the list. It is an [ErrName] for a prefix longer than any name.
func (c *Client) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		if len(prefix) > wire.MaxName {
			yield(Object{}, fmt.Errorf("%w: it is longer than %d bytes", ErrName, wire.MaxName))
			return
		}
		var page *wire.Page
		for ask, n := (wire.List{Prefix: prefix}), 0; ; n += len(page.Entries) {
			err := c.do(ctx, asking, &question{ask: wire.TypeList, body: ask.Marshal(), answer: wire.TypePage, take: func(body []byte) (err error) {
				page, err = parsePage(&ask, body)
				return err
			}})
			if err == nil && n > maxList {
				err = fmt.Errorf("%w: a list of more than %d objects", ErrProtocol, maxList)
			}
			if err != nil {
				yield(Object{}, err)
				return
			}
			for _, e := range page.Entries {
				ask.After = e.Name.String()
				if !yield(Object{Name: ask.After, Size: e.Length, Time: time.Unix(e.Time, 0)}, nil) {
					return
				}
			}
			if !page.More {
				return
			}
		}
	}
}

// parsePage parses a page and checks that it answers the question.
func parsePage(ask *wire.List, body []byte) (*wire.Page, error) {
	page, err := wire.ParsePage(body)
	if err != nil {
		return nil, err
	}
	if page.More && len(page.Entries) == 0 {
		return nil, fmt.Errorf("%w: an empty page", wire.ErrMalformed)
	}
	last := ask.After
	for _, e := range page.Entries {
		name := e.Name.String()
		if name <= last || !strings.HasPrefix(name, ask.Prefix) {
			return nil, fmt.Errorf("%w: a list with names that were not asked for, or not in order", wire.ErrMalformed)
		}
		last = name
	}
	return page, nil
}

// Delete deletes an object. If the connection is lost before the answer arrives, Delete asks
// again, and succeeds if the object is gone by then.
func (c *Client) Delete(ctx context.Context, name string) error {
	n, err := wire.ParseName(name)
	if err != nil {
		return err
	}
	q := &question{ask: wire.TypeDelete, body: wire.Names{n}.Marshal(), answer: wire.TypeResults, take: result}
	err = c.do(ctx, asking, q)
	if q.again && errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// result parses results for one name.
func result(body []byte) error {
	results, err := wire.ParseResults(body)
	switch {
	case err != nil:
		return err
	case len(results) != 1:
		return fmt.Errorf("%w: %d results for one name", wire.ErrOrder, len(results))
	case results[0] != 0:
		return &wire.Error{Code: results[0]}
	}
	return nil
}

// Move gives an object another name, atomically. An object with the new name is replaced if
// overwrite is set and the key has the right; otherwise the error is [ErrExists]. The key
// needs the rights to pull and delete the old name, and to push to the new one. If the
// connection is lost before the answer arrives, Move asks again, and succeeds if the object
// is listed under the new name only.
func (c *Client) Move(ctx context.Context, from, to string, overwrite bool) error {
	ask := wire.Move{Overwrite: overwrite, Pairs: make([]wire.Pair, 1)}
	var err error
	if ask.Pairs[0].From, err = wire.ParseName(from); err != nil {
		return err
	}
	if ask.Pairs[0].To, err = wire.ParseName(to); err != nil {
		return err
	}
	q := &question{ask: wire.TypeMove, body: ask.Marshal(), answer: wire.TypeResults, take: result}
	err = c.do(ctx, asking, q)
	if !q.again || !errors.Is(err, ErrNotFound) {
		return err
	}
	for o, err := range c.List(ctx, to) {
		if err == nil && o.Name == to {
			return nil
		}
		break
	}
	return fmt.Errorf("%w: the connection was lost, and it may have been moved before", err)
}

// Quota is what the key may store under the names that a pattern matches, and how much of
// that is used, whoever stored it. A limit of 0 is no limit.
type Quota struct {
	Pattern  string
	Bytes    int64 // of objects, and of those that are being pushed
	MaxBytes int64
	Files    int64 // names and folders
	MaxFiles int64
}

// Quota returns the quotas of the key: one for each rule of the server that allows it to
// push, in the order of the rules. If several match a name, the server decides which one
// counts. The error is an [ErrUnsupported] if the server cannot tell.
func (c *Client) Quota(ctx context.Context) (all []Quota, err error) {
	for more := true; more; {
		err := c.do(ctx, asking, &question{ask: wire.TypeQuota, body: wire.Count(uint32(len(all))), answer: wire.TypeQuotas, take: func(body []byte) error {
			page, err := wire.ParseQuotas(body)
			if err != nil {
				return err
			}
			more = page.More
			if more && (len(page.Entries) == 0 || len(all) > maxQuotas) {
				return fmt.Errorf("%w: quotas without end", wire.ErrMalformed)
			}
			for _, e := range page.Entries {
				all = append(all, Quota{e.Pattern, e.Bytes, e.MaxBytes, e.Files, e.MaxFiles})
			}
			return nil
		}})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// maxQuotas bounds the number of quotas. A server could send them without end.
const maxQuotas = 100_000

// question is a small request with one answer.
type question struct {
	ask    wire.Type
	body   []byte
	answer wire.Type
	take   func(answer []byte) error

	unanswered bool // it was sent on a connection that was lost before the answer arrived
	again      bool // unanswered, before it was sent last
}

func (r *question) progress() int64            { return 0 }
func (r *question) waits() bool                { return false }
func (r *question) begin() (wire.Type, []byte) { return r.ask, r.body }

func (r *question) run(_ context.Context, q *channel.Request) error {
	r.again = r.unanswered
	m, err := q.Expect(r.answer)
	if err != nil {
		r.unanswered = r.unanswered || !q.Gone()
		return err
	}
	return r.take(m.Body)
}
