// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package remote

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// Body is a whole object, read in order, from any server. It fails when the connection is
// lost: without ranges it cannot resume.
type Body struct {
	*client
	answer *answer
	err    error // sticky
}

// Get requests a whole object. Its URL, context, options and errors are those of [Open].
// The caller must close the body.
func Get(ctx context.Context, url string, o *Options) (*Body, error) {
	c, err := newClient(ctx, url, o)
	if err != nil {
		return nil, err
	}
	b := &Body{client: c}
	err = c.persist(func() (int, error) {
		a, err := c.get(nil)
		if err != nil {
			return 0, err
		}
		if err = encoded(a.Response); err == nil && a.StatusCode != http.StatusOK {
			err = unexpected(a.Response)
		}
		if err != nil {
			a.close()
		}
		b.answer = a
		return 0, err
	})
	if err != nil {
		c.Close()
		return nil, c.named(err)
	}
	return b, nil
}

// Size returns the length of the object in bytes, -1 if the server does not state it.
func (b *Body) Size() int64 { return b.answer.ContentLength }

// Read implements [io.Reader]. It is for one goroutine.
func (b *Body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.answer.Read(p)
	if err != nil && err != io.EOF {
		if b.ctx.Err() != nil {
			err = context.Cause(b.ctx)
		} else {
			err = fmt.Errorf("%w: %w", ErrConnection, err)
		}
		err = b.named(err)
	}
	b.err = err
	return n, err
}

// Close ends the request.
func (b *Body) Close() error {
	b.answer.close()
	return b.client.Close()
}
