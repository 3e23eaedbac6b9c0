// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package remote

import (
	"context"
	"net/http"
	"time"
)

// SetSleep has the retries call f instead of waiting.
func (o *Options) SetSleep(f func(context.Context, time.Duration)) { o.sleep = f }

// SpanOf returns the part of an object that an answer says it is.
func SpanOf(r *http.Response) (first, last, total int64, err error) {
	s, err := spanOf(r)
	return s.first, s.last, s.total, err
}

// NewTransport returns the transport of a client that is given none.
func NewTransport(connections int) *http.Transport { return newTransport(connections) }

// RetryAfter is retryAfter.
func RetryAfter(text string, now time.Time) time.Duration { return retryAfter(text, now) }
