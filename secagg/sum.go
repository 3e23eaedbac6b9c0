// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"

	"github.com/pqenc/pqenc/secagg/internal/mask"
	"github.com/pqenc/pqenc/signature"
)

// Result is what came of a round.
type Result struct {
	Counted []signature.Fingerprint // whose vectors are in the sum
	Dropped []signature.Fingerprint // who was in the roster, and is not
}

// enough reports whether there are enough shares of others for all secrets that are needed.
func (s *Server) enough() bool {
	return !slices.ContainsFunc(s.inRoster(), func(p *party) bool { return p.needed && p.ofOthers() < s.roster.graph.Threshold })
}

// restore gives back the secrets that are needed: the self secret of each client that counts, and
// the mask secret of each one that others have masked with and that does not. With hundreds of
// shares each takes tens of milliseconds.
func (s *Server) restore() error {
	all := s.inRoster()
	errs := make([]error, len(all))
	places := make(chan struct{}, runtime.GOMAXPROCS(0))
	var busy sync.WaitGroup
	for i, p := range all {
		if !p.needed {
			continue
		}
		places <- struct{}{}
		busy.Go(func() {
			defer func() { <-places }()
			errs[i] = s.restoreOf(p)
		})
	}
	busy.Wait()
	return cmp.Or(errs...)
}

// restoreOf gives back the secret of a client that is needed, and compares it with what the client
// has signed.
func (s *Server) restoreOf(p *party) error {
	k := p.due()
	if p.ofOthers() >= s.roster.graph.Threshold {
		delete(p.shares[k], p.index)
	}
	if have, need := len(p.shares[k]), s.roster.graph.Threshold; have < need {
		return fmt.Errorf("%w: there are %d of %d shares of the %v secret of %s", ErrThreshold, have, need, k, p.client)
	}
	secret, err := combine(s.roster.graph.Threshold, p.shares[k])
	if err != nil {
		return blame(p.client, fmt.Errorf("the %v secret: %w", k, err))
	}
	if !s.fits(p, k, secret) {
		return blame(p.client, fmt.Errorf("%w: the shares that it has dealt give another %v secret than it has signed", ErrShare, k))
	}
	p.secrets[k] = secret
	return nil
}

// fits reports whether a secret is the one that a client has committed to.
func (s *Server) fits(p *party, k kind, x secret) bool {
	if k == selfKind {
		return selfCommitment(s.roster.digest, p.index, x) == p.summary.commitment
	}
	key, err := maskKey(s.binding, &x)
	return err == nil && bytes.Equal(key.PublicKey().Bytes(), p.adverts.mask.Bytes())
}

// Sum writes the sum of the vectors that count to dst, Encoding.Size() bytes, after the last
// step. masked returns the masked vector of a client, which [Server.ReceiveMasked] has accepted.
//
// Blocks of the vectors are read at several offsets at the same time; two blocks for each core
// are in memory.
func (s *Server) Sum(ctx context.Context, dst io.Writer, masked func(signature.Fingerprint) (io.ReaderAt, error)) (Result, error) {
	if s.ended || s.step <= StepReveal {
		return Result{}, ErrStep
	}
	var result Result
	var vectors []io.ReaderAt
	for _, p := range s.inRoster() {
		if p.stated == nil {
			result.Dropped = append(result.Dropped, p.client)
			continue
		}
		v, err := masked(p.client)
		if err != nil {
			return Result{}, fmt.Errorf("the masked vector of %s: %w", p.client, err)
		}
		vectors = append(vectors, v)
		result.Counted = append(result.Counted, p.client)
	}
	masks, err := s.masks()
	if err != nil {
		return Result{}, err
	}
	return result, s.sum(ctx, dst, vectors, masks)
}

func (s *Server) sum(ctx context.Context, dst io.Writer, vectors []io.ReaderAt, masks []*mask.Mask) error {
	e := s.terms.Encoding
	scratch := sync.Pool{New: func() any { b := make([]byte, mask.BlockSize); return &b }}
	return mask.Stream(ctx, e.Size(), nil, func(block []byte, offset int64) error {
		b := scratch.Get().(*[]byte)
		defer scratch.Put(b)
		one := (*b)[:len(block)]
		clear(block)
		for _, v := range vectors {
			if n, err := v.ReadAt(one, offset); n < len(one) {
				return err
			}
			mask.Add(block, one, e.Width)
		}
		mask.Apply(block, offset, e.Width, masks)
		return nil
	}, func(block []byte, _ int64) error { _, err := dst.Write(block); return err })
}

// masks returns what takes the masks out of the sum that do not cancel in it.
func (s *Server) masks() (masks []*mask.Mask, err error) {
	for _, p := range s.inRoster() {
		if p.stated == nil {
			continue
		}
		key := selfMaskKey(s.roster.digest, &p.secrets[selfKind])
		masks = append(masks, mask.New(&key, true))
		for _, j := range p.stated.masked {
			gone := s.at(j)
			if gone.stated != nil {
				continue
			}
			key, err := s.edge(p, gone)
			if err != nil {
				return nil, err
			}
			masks = append(masks, mask.New(&key, !subtracts(p.index, gone.index)))
		}
	}
	return masks, nil
}

// edge returns the edge key between a client that counts and one that is gone, whose mask secret
// is known. If the latter has made the key, its secret makes it again; otherwise it opens the box
// in which the key was sealed to it.
func (s *Server) edge(p, gone *party) ([32]byte, error) {
	byGone, byOther := includes(gone.holders, p.index), includes(p.holders, gone.index)
	secret := &gone.secrets[maskKind]
	if byGone && (!byOther || drawerFirst(gone.index, p.index)) {
		return edgeKey(s.roster.digest, secret, p.index), nil
	}
	key, err := maskKey(s.binding, secret)
	if err != nil {
		return [32]byte{}, err
	}
	it := parseItem(p.items[gone.index])
	edge, err := open(key, "edge-box", route{s.roster.digest, p.index, gone.index}, it.edge)
	if err != nil {
		return [32]byte{}, blame(p.client, err)
	}
	return [32]byte(edge), nil
}
