// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runner_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/testkit"
	"github.com/pqenc/pqenc/keyfile"
	"github.com/pqenc/pqenc/secagg"
	"github.com/pqenc/pqenc/secagg/runner"
	"github.com/pqenc/pqenc/secagg/vector"
	"github.com/pqenc/pqenc/signature"
	"github.com/pqenc/pqenc/transfer"
)

// push stores a file under a name.
func push(t *testing.T, c *transfer.Client, name string) error {
	return c.Push(t.Context(), name, bytes.NewReader(testkit.Sealed(10)), transfer.PushOptions{Small: true})
}

// sealed returns contents that somebody has signed for the aggregator, or for somebody else.
func sealed(t *testing.T, by *keyfile.Identity, purpose string, contents []byte, to *keyfile.Public) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := pqenc.EncryptSigned(&b, by, purpose, to)
	if err == nil {
		_, err = w.Write(contents)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestForged stores something else than an advertisement under the name of one, in many ways. The
// aggregator refuses it, names the client, and continues without it.
func TestForged(t *testing.T) {
	agg := testkit.Identity("aggregator")
	context1 := func(step, round string, by *keyfile.Identity) string {
		return fmt.Sprintf("pqenc/v1/secagg/runner %s by %s in %s", step, by.Fingerprint(), round)
	}
	for name, test := range map[string]struct {
		make func(h *house) []byte
		want error
	}{
		"not signed": {func(h *house) []byte { return testkit.Sealed(100) }, pqenc.ErrNoMatch},
		"garbage": {func(h *house) []byte {
			return sealed(t, h.members[4], context1("advertisement", "fl/1", h.members[4]), []byte("garbage"), agg.Public())
		}, secagg.ErrMessage},
		"empty": {func(h *house) []byte {
			return sealed(t, h.members[4], context1("advertisement", "fl/1", h.members[4]), nil, agg.Public())
		}, secagg.ErrMessage},
		"of another round": {func(h *house) []byte {
			return sealed(t, h.members[4], context1("advertisement", "fl/2", h.members[4]), nil, agg.Public())
		}, pqenc.ErrContext},
		"of another step": {func(h *house) []byte {
			return sealed(t, h.members[4], context1("draw", "fl/1", h.members[4]), nil, agg.Public())
		}, pqenc.ErrContext},
		"of another sender": {func(h *house) []byte {
			return sealed(t, h.members[3], context1("advertisement", "fl/1", h.members[4]), nil, agg.Public())
		}, pqenc.ErrWrongSigner},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 5)
			all := h.honest("fl/1")
			all[4] = func(ctx context.Context) error {
				c := h.client(4, "fl/1")
				file := test.make(h)
				return c.Transfer.Push(ctx, fmt.Sprintf("fl/1/from/advertisement/%s.pqe", hexOf(h.members[4])), bytes.NewReader(file), transfer.PushOptions{})
			}
			o := h.run(h.aggregator("fl/1"), all)
			if err := errors.Join(append(o.clients, o.err)...); err != nil {
				t.Fatal(err)
			}
			checkMean(t, encoding, o.sum.Bytes(), 0, 1, 2, 3)
			refused, dropped := h.happened(runner.Refused), h.happened(runner.Dropped)
			if len(refused) != 1 || refused[0].Client != h.members[4].Fingerprint() || !errors.Is(refused[0].Err, test.want) {
				t.Errorf("refused: %v, want %v", refused, test.want)
			}
			if len(dropped) != 1 || dropped[0].Client != h.members[4].Fingerprint() {
				t.Errorf("dropped: %v", dropped)
			}
		})
	}
}

// TestForgedForClient stores objects for a client that the aggregator has not made for it.
func TestForgedForClient(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	agg, me, other := testkit.Identity("aggregator"), h.members[0], h.members[1]
	purpose := fmt.Sprintf("pqenc/v1/secagg/runner invitation by %s in fl/", agg.Fingerprint())
	for i, test := range []struct {
		file []byte
		want error
	}{
		{sealed(t, other, purpose+"0", []byte{0}, me.Public()), pqenc.ErrWrongSigner},
		{sealed(t, agg, purpose+"0", []byte{0}, me.Public()), pqenc.ErrContext},
		{sealed(t, agg, purpose+"2", []byte{0}, other.Public()), pqenc.ErrNoMatch},
		{sealed(t, agg, purpose+"3", []byte{0, 1}, me.Public()), secagg.ErrMessage},
		{sealed(t, agg, purpose+"4", nil, me.Public()), secagg.ErrMessage},
		{sealed(t, agg, purpose+"5", []byte{9}, me.Public()), secagg.ErrMessage},
		{sealed(t, agg, purpose+"6", []byte("\x03"), me.Public()), secagg.ErrMessage},
		{sealed(t, agg, purpose+"7", []byte("\x01late"), me.Public()), runner.ErrDropped},
		{sealed(t, agg, purpose+"8", []byte("\x02no\x1b[31m"), me.Public()), runner.ErrFailed},
	} {
		round := fmt.Sprint("fl/", i)
		if err := h.aggregator(round).Transfer.Push(t.Context(), fmt.Sprintf("%s/to/invitation/%s.pqe", round, hexOf(me)),
			bytes.NewReader(test.file), transfer.PushOptions{}); err != nil {
			t.Fatal(err)
		}
		err := h.client(0, round).Run(t.Context(), update(0))
		if !errors.Is(err, test.want) || strings.Contains(fmt.Sprint(err), "\x1b") {
			t.Errorf("%d: %v, want %v", i, err, test.want)
		}
	}
}

// TestWrongVector has a client send a vector that is too short, too long or another one than it
// has signed, by the name of the vector.
func TestWrongVector(t *testing.T) {
	agg := testkit.Identity("aggregator")
	size := int(encoding.Size())
	for name, length := range map[string]int{"another one": size, "too short": size - 1, "empty": 0, "too long": size + 1, "far too long": 100 * size} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 5)
			all := h.honest("fl/1")
			all[4] = func(ctx context.Context) error {
				c := h.client(4, "fl/1")
				// the object is there before the client itself sends its vector, and then it sends its statement only
				id := h.members[4]
				file := sealed(t, id, fmt.Sprintf("pqenc/v1/secagg/runner vector by %s in fl/1", id.Fingerprint()), make([]byte, length), agg.Public())
				vectorName := fmt.Sprintf("fl/1/from/vector/%s.pqe", hexOf(id))
				if err := c.Transfer.Push(ctx, vectorName, bytes.NewReader(file), transfer.PushOptions{}); err != nil {
					return err
				}
				return h.liar(ctx, c)
			}
			o := h.run(h.aggregator("fl/1"), all)
			if !errors.Is(o.clients[4], runner.ErrDropped) {
				t.Errorf("the client: %v", o.clients[4])
			}
			o.clients[4] = nil
			if err := errors.Join(append(o.clients, o.err)...); err != nil {
				t.Fatal(err)
			}
			checkMean(t, encoding, o.sum.Bytes(), 0, 1, 2, 3)
			if refused := h.happened(runner.Refused); len(refused) != 1 || refused[0].Step != secagg.StepMasked || !errors.Is(refused[0].Err, secagg.ErrVector) {
				t.Errorf("refused: %v", refused)
			} else if long := strings.Contains(refused[0].Err.Error(), "too long"); long != (length > size) { // the place of the next one begins there
				t.Errorf("refused: %v", refused[0].Err)
			}
		})
	}
}

// TestClaim requires that an update is recorded once, whatever its name, and by one of many
// at once.
func TestClaim(t *testing.T) {
	folder := t.TempDir()
	const update = "an update"
	errs := make(chan error, 20)
	var all sync.WaitGroup
	for range cap(errs) {
		all.Go(func() { errs <- runner.Claim(folder, strings.NewReader(update), "fl/1") })
	}
	all.Wait()
	good := 0
	for range cap(errs) {
		switch err := <-errs; {
		case err == nil:
			good++
		case !errors.Is(err, runner.ErrSent):
			t.Error(err)
		}
	}
	if good != 1 {
		t.Errorf("it was sent %d times", good)
	}
	if err := runner.Claim(folder, strings.NewReader("another update"), "fl/1"); err != nil {
		t.Error(err)
	}
	names := left(t, folder)
	if len(names) != 2 {
		t.Fatalf("records: %v", names)
	}
	info, err := os.Stat(filepath.Join(folder, names[0]))
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := runner.Claim(filepath.Join(folder, "none"), strings.NewReader(update), "fl/1"); err == nil {
		t.Error("there is no folder for the record, and no error")
	}
}

// TestClaimed requires that no vector is sent if it is not allowed.
func TestClaimed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 5)
	a := h.aggregator("fl/1")
	all := h.honest("fl/1")
	folder := t.TempDir()
	if err := runner.Claim(folder, strings.NewReader("update"), "fl/0"); err != nil {
		t.Fatal(err)
	}
	all[0] = func(ctx context.Context) error {
		c := h.client(0, "fl/1")
		c.Claim = func() error { return runner.Claim(folder, strings.NewReader("update"), "fl/1") }
		return c.Run(ctx, update(0))
	}
	o := h.run(a, all)
	if !errors.Is(o.clients[0], runner.ErrSent) || o.err != nil {
		t.Fatalf("the client: %v, the aggregator: %v", o.clients[0], o.err)
	}
	checkMean(t, encoding, o.sum.Bytes(), 1, 2, 3, 4)
}

// TestWeight requires that a client with a weight that the round does not allow ends before it joins,
// and before its update is recorded as sent.
func TestWeight(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 5)
	all := h.honest("fl/1")
	all[0] = func(ctx context.Context) error {
		c := h.client(0, "fl/1")
		c.Claim = func() error { return errors.New("it is recorded") }
		return c.Run(ctx, vector.NewUpdate(vector.Floats(nil), encoding.MaxWeight+1))
	}
	o := h.run(h.aggregator("fl/1"), all)
	if !errors.Is(o.clients[0], vector.ErrWeight) || o.err != nil {
		t.Fatalf("the client: %v, the aggregator: %v", o.clients[0], o.err)
	}
	checkMean(t, encoding, o.sum.Bytes(), 1, 2, 3, 4)
	if len(o.result.Dropped) != 0 {
		t.Errorf("it has joined: %v", o.result.Dropped)
	}
}

// TestUsedUpdate uses an update in two rounds.
func TestUsedUpdate(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 5)
	u := update(0)
	for n, want := range []error{nil, vector.ErrUsed} {
		round := fmt.Sprint("fl/", n)
		a := h.aggregator(round)
		all := h.honest(round)
		all[0] = func(ctx context.Context) error {
			return h.client(0, round).Run(ctx, u)
		}
		if o := h.run(a, all); !errors.Is(o.clients[0], want) || o.err != nil {
			t.Errorf("the client: %v, want %v; the aggregator: %v", o.clients[0], want, o.err)
		}
	}
}

// liar takes part until it has sent its statement, and sends no vector. It does what [runner.Client]
// does, with the parts of that.
func (h *house) liar(ctx context.Context, c *runner.Client) error {
	me := h.members[4]
	protocol, err := secagg.NewClient(secagg.ClientConfig{Identity: me, Members: c.Members, Floors: c.Floors})
	if err != nil {
		return err
	}
	defer protocol.Close()
	for step := secagg.StepInvitation; ; step += 2 {
		message, err := h.pulled(ctx, c, step)
		if err != nil {
			return err
		}
		if step == secagg.StepCounted {
			if message[0] != 1 {
				return fmt.Errorf("it was not told that it has dropped out: %q", message)
			}
			return runner.ErrDropped
		}
		answer, err := protocol.Handle(message[1:])
		if step == secagg.StepDealt {
			answer, err = protocol.Mask(ctx, io.Discard, update(4))
		}
		if err != nil {
			return err
		}
		if err := h.pushed(ctx, c, step+1, answer); err != nil {
			return err
		}
	}
}

// pulled returns what the aggregator has sent to a client in a step.
func (h *house) pulled(ctx context.Context, c *runner.Client, step secagg.Step) ([]byte, error) {
	agg, me := testkit.Identity("aggregator").Public(), c.Identity.(*keyfile.Identity)
	pull := c.Transfer.Reader(ctx, fmt.Sprintf("fl/1/to/%s/%s.pqe", step, hexOf(me)), transfer.PullOptions{Follow: true})
	want := fmt.Sprintf("pqenc/v1/secagg/runner %s by %s in fl/1", step, agg.Fingerprint())
	file, err := pqenc.DecryptSigned(pull, pqenc.Policy{From: []pqenc.Sender{agg}, Context: &want}, me)
	if err != nil {
		return nil, errors.Join(err, pull.Close())
	}
	message, err := io.ReadAll(file)
	return message, errors.Join(err, pull.Close())
}

// pushed stores a message of a client, or its masked vector.
func (h *house) pushed(ctx context.Context, c *runner.Client, step any, message []byte) error {
	me := c.Identity.(*keyfile.Identity)
	purpose := fmt.Sprintf("pqenc/v1/secagg/runner %s by %s in fl/1", step, me.Fingerprint())
	file := sealed(h.t, me, purpose, message, testkit.Identity("aggregator").Public())
	return c.Transfer.Push(ctx, fmt.Sprintf("fl/1/from/%s/%s.pqe", step, hexOf(me)), bytes.NewReader(file), transfer.PushOptions{})
}

// TestOfAnother has a client store the advertisement of another one as its own. It is refused as if
// it had not come, so the other one has not answered either.
func TestOfAnother(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 5)
	all := h.honest("fl/1")
	delete(all, 3)
	h.leave(3)
	all[4] = func(ctx context.Context) error {
		c := h.client(4, "fl/1")
		invitation, err := h.pulled(ctx, c, secagg.StepInvitation)
		if err != nil {
			return err
		}
		other, err := secagg.NewClient(secagg.ClientConfig{Identity: h.members[3], Members: c.Members, Floors: c.Floors})
		if err != nil {
			return err
		}
		message, err := other.Handle(invitation[1:])
		if err != nil {
			return err
		}
		return h.pushed(ctx, c, secagg.StepAdvertisement, message)
	}
	o := h.run(h.aggregator("fl/1"), all)
	if err := errors.Join(append(o.clients, o.err)...); err != nil {
		t.Fatal(err)
	}
	checkMean(t, encoding, o.sum.Bytes(), 0, 1, 2)
	h.checkRefused(4, secagg.StepAdvertisement)
	for _, i := range []int{3, 4} {
		if gone := h.happened(runner.Dropped, h.members[i].Fingerprint()); len(gone) != 1 || gone[0].Step != secagg.StepAdvertisement {
			t.Errorf("client %d: %v", i, gone)
		}
	}
}

// checkRefused requires that one message was refused, of this client and step, as malformed.
func (h *house) checkRefused(client int, step secagg.Step) {
	h.t.Helper()
	refused := h.happened(runner.Refused)
	if len(refused) != 1 || refused[0].Client != h.members[client].Fingerprint() || refused[0].Step != step || !errors.Is(refused[0].Err, secagg.ErrMessage) {
		h.t.Errorf("refused: %v", refused)
	}
}

// TestVectorOfAnother has two clients that work together: one stores the statement and the masked
// vector of the other one as its own, and the other one stores neither. The round continues without
// both: if the statement counted, the sum would need a vector that is not there.
func TestVectorOfAnother(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 7)
	all := h.honest("fl/1")
	delete(all, 6)
	all[5] = func(ctx context.Context) error {
		defer h.leave(6)
		return h.swap(ctx, h.client(5, "fl/1"), h.client(6, "fl/1"))
	}
	o := h.run(h.aggregator("fl/1"), all)
	if err := errors.Join(append(o.clients, o.err)...); err != nil {
		t.Fatal(err)
	}
	checkMean(t, encoding, o.sum.Bytes(), 0, 1, 2, 3, 4)
	h.checkRefused(5, secagg.StepMasked)
}

// TestBadDeal has a client deal boxes that do not open. The round ends, since it ends for all others.
// The aggregator learns from them whose fault that is.
func TestBadDeal(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 4)
	all := h.honest("fl/1")
	all[3] = func(ctx context.Context) error { return h.dealBadly(ctx, h.client(3, "fl/1")) }
	o := h.run(h.aggregator("fl/1"), all)
	if !errors.Is(o.err, secagg.ErrThreshold) {
		t.Errorf("the aggregator: %v", o.err)
	}
	bad := h.members[3].Fingerprint()
	for i, err := range o.clients[:3] {
		var blamed *secagg.ClientError
		if !errors.As(err, &blamed) || blamed.Client != bad {
			t.Errorf("client %d: %v", i, err)
		}
		refused := h.happened(runner.Refused, h.members[i].Fingerprint())
		if len(refused) != 1 || refused[0].Step != secagg.StepMasked || !errors.Is(refused[0].Err, runner.ErrReported) ||
			!strings.Contains(refused[0].Err.Error(), bad.String()) || errors.As(refused[0].Err, &blamed) {
			t.Errorf("refused of client %d: %v", i, refused)
		}
	}
}

// dealBadly takes part with a client until it has dealt, with items that nobody can open.
func (h *house) dealBadly(ctx context.Context, c *runner.Client) error {
	protocol, err := secagg.NewClient(secagg.ClientConfig{Identity: c.Identity, Members: c.Members, Floors: c.Floors})
	if err != nil {
		return err
	}
	for step := secagg.StepInvitation; step <= secagg.StepPeers; step += 2 {
		message, err := h.pulled(ctx, c, step)
		if err != nil {
			return err
		}
		answer, err := protocol.Handle(message[1:])
		if err == nil && step == secagg.StepPeers {
			answer, err = badDeal(c.Identity, answer)
		}
		if err == nil {
			err = h.pushed(ctx, c, step+1, answer)
		}
		if err != nil {
			return err
		}
	}
	return errLeft
}

// badDeal changes the items of a deal, and signs their hashes: see docs/secagg.md.
func badDeal(id secagg.Signer, deal []byte) ([]byte, error) {
	const head, itemSize, leafSize = 2 + 32 + 32 + 4, 2432, 2 + 32
	end := head + int(binary.BigEndian.Uint32(deal[head-4:]))
	body, items := deal[head:end], deal[end+signature.Size:]
	for leaves := body[32:]; len(leaves) > 0; leaves, items = leaves[leafSize:], items[itemSize:] {
		items[itemSize-1] ^= 1
		leaf := sha256.Sum256(append([]byte("pqenc/v1/secagg/item"), items[:itemSize]...))
		copy(leaves[2:], leaf[:])
	}
	digest := sha256.Sum256(body)
	sig, err := id.SigningKey().Sign("pqenc/v1/secagg", slices.Concat(deal[1:head-4], digest[:]))
	copy(deal[end:], sig)
	return deal, err
}

// swap takes part with two clients until they are to send their vectors. Then it stores what is to
// come from the second one in the name of the first one.
func (h *house) swap(ctx context.Context, first, second *runner.Client) error {
	protocols := make(map[*runner.Client]*secagg.Client)
	for step := secagg.StepInvitation; ; step += 2 {
		for _, c := range []*runner.Client{first, second} {
			message, err := h.pulled(ctx, c, step)
			if err == nil && protocols[c] == nil {
				protocols[c], err = secagg.NewClient(secagg.ClientConfig{Identity: c.Identity, Members: c.Members, Floors: c.Floors})
			}
			if err != nil {
				return err
			}
			answer, err := protocols[c].Handle(message[1:])
			if err == nil && step < secagg.StepDealt {
				err = h.pushed(ctx, c, step+1, answer)
			}
			if err != nil {
				return err
			}
		}
		if step == secagg.StepDealt {
			break
		}
	}
	var masked bytes.Buffer
	statement, err := protocols[second].Mask(ctx, &masked, update(6))
	if err == nil {
		err = h.pushed(ctx, first, "vector", masked.Bytes())
	}
	if err == nil {
		err = h.pushed(ctx, first, secagg.StepMasked, statement)
	}
	return err
}
