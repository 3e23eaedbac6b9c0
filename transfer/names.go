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

// CheckName reports whether an object can have that name: UTF-8 in 1 to 32 segments
// separated by "/", at most 1024 bytes, of which no segment is longer than 200 bytes,
// begins with a dot, or is something else than a file's name on any system. The
// error is an [ErrName] with the reason.
func CheckName(name string) error {
	_, err := wire.ParseName(name)
	return err
}

// Object is what a server says of an object.
type Object struct {
	Name string
	Size int64     // bytes
	Time time.Time // when it was stored, in whole seconds
}

// maxList is how many objects a list may have. A server could send one without end.
const maxList = 1 << 24

// List returns the objects whose names begin with the prefix, as far as the client may
// list them, in the order of their names. They come in pages: no more than one, 256 KiB,
// is kept in memory, and an object that comes or goes meanwhile may be in the list or
// not. An error ends it; it is an [ErrName] for a prefix that is longer than any name.
func (c *Client) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		if len(prefix) > wire.MaxName {
			yield(Object{}, fmt.Errorf("%w: it is longer than %d bytes", ErrName, wire.MaxName))
			return
		}
		r := &lister{ask: wire.List{Prefix: prefix}}
		for n := 0; ; n += len(r.page.Entries) {
			err := c.do(ctx, asking, r)
			if err == nil && n > maxList {
				err = fmt.Errorf("%w: a list of more than %d objects", ErrProtocol, maxList)
			}
			if err != nil {
				yield(Object{}, err)
				return
			}
			for _, e := range r.page.Entries {
				if !yield(Object{Name: e.Name.String(), Size: e.Length, Time: time.Unix(e.Time, 0)}, nil) {
					return
				}
				r.ask.After = e.Name.String()
			}
			if !r.page.More {
				return
			}
		}
	}
}

// lister gets one page of a list.
type lister struct {
	ask  wire.List
	page *wire.Page
}

func (r *lister) progress() int64            { return 0 }
func (r *lister) waits() bool                { return false }
func (r *lister) begin() (wire.Type, []byte) { return wire.TypeList, r.ask.Marshal() }

func (r *lister) run(_ context.Context, q *channel.Request) error {
	m, err := q.Expect(wire.TypePage)
	if err != nil {
		return err
	}
	if r.page, err = wire.ParsePage(m.Body); err != nil {
		return err
	}
	if r.page.More && len(r.page.Entries) == 0 {
		return fmt.Errorf("%w: an empty page", wire.ErrMalformed)
	}
	last := r.ask.After
	for _, e := range r.page.Entries {
		name := e.Name.String()
		if name <= last || !strings.HasPrefix(name, r.ask.Prefix) {
			return fmt.Errorf("%w: a list with names that were not asked for, or not in order", wire.ErrMalformed)
		}
		last = name
	}
	return nil
}

// Delete deletes an object. If the connection was cut before the answer came,
// and the object is gone then, that is success.
func (c *Client) Delete(ctx context.Context, name string) error {
	n, err := wire.ParseName(name)
	if err != nil {
		return err
	}
	return c.do(ctx, asking, &deleter{name: n})
}

type deleter struct {
	name  wire.Name
	asked bool // once before, without an answer
}

func (r *deleter) progress() int64            { return 0 }
func (r *deleter) waits() bool                { return false }
func (r *deleter) begin() (wire.Type, []byte) { return wire.TypeDelete, wire.Names{r.name}.Marshal() }

func (r *deleter) run(_ context.Context, q *channel.Request) error {
	asked := r.asked
	r.asked = true
	m, err := q.Expect(wire.TypeResults)
	if err != nil {
		return err
	}
	results, err := wire.ParseResults(m.Body)
	switch {
	case err != nil:
		return err
	case len(results) != 1:
		return fmt.Errorf("%w: %d results for one name", wire.ErrOrder, len(results))
	case results[0] == 0:
		return nil
	}
	if err := wire.Meaning(results[0]); !asked || !errors.Is(err, ErrNotFound) {
		return &channel.PeerError{Code: results[0]}
	}
	return nil
}
