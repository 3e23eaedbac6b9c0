// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package recipient

import (
	"bytes"
	"errors"
	"math"
	"runtime"
	"testing"

	"github.com/pqenc/pqenc/format"
)

// lowest is as little work as Argon2id can be asked for.
var lowest = Cost{Time: 1, Memory: 8, Threads: 1}

func newPassphrase(t testing.TB, secret string) *Passphrase {
	t.Helper()
	p, err := NewPassphrase([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// newCheap returns a passphrase whose stanzas cost little.
func newCheap(t testing.TB, secret string) *Passphrase {
	t.Helper()
	p := newPassphrase(t, secret)
	p.cost = lowest
	return p
}

func TestPassphrase(t *testing.T) {
	s := wrap(t, newCheap(t, "open sesame"))
	if s.Type != format.TypePassphrase || len(s.Body) != format.PassphraseSize {
		t.Fatalf("a stanza of type %v with %d bytes", s.Type, len(s.Body))
	}
	right := newPassphrase(t, "open sesame")
	wantKey(t, "the passphrase", right, s)
	for _, wrong := range []string{"open sesam", "open sesame ", "open sesame\n", "open sesame\x00", "Open sesame", "\x00"} {
		wantError(t, "another passphrase", newPassphrase(t, wrong), s, &testBinding, ErrWrongPassphrase)
	}
	eachWrongBinding(func(b *format.Binding) {
		wantError(t, "another binding", right, s, b, format.ErrHeader)
	})
}

// TestWriterCost is without the work: package crosscheck has Argon2 at this cost.
func TestWriterCost(t *testing.T) {
	if want := (Cost{Time: 3, Memory: 256 << 10, Threads: 4}); realCost != want {
		t.Errorf("programs write with %s, not %s", realCost, want)
	}
	p := newPassphrase(t, "open sesame")
	if p.cost != WriterCost() {
		t.Errorf("wraps with %s, not %s", p.cost, WriterCost())
	}
	b := wrap(t, p).Body
	if want := "\x00\x00\x00\x02" + "\x00\x00\x00\x40" + "\x04"; string(b[:9]) != want {
		t.Errorf("the cost in tests is %x", b[:9])
	}
}

func TestWeak(t *testing.T) {
	w := WriterCost()
	for _, strong := range []Cost{
		w, {w.Time, w.Memory, 1}, {w.Time, w.Memory, 16}, {w.Time + 1, w.Memory, 4}, {1, w.Time * w.Memory, 4}, {64, 1 << 16, 4},
	} {
		if strong.Weak() {
			t.Errorf("%s is weak", strong)
		}
	}
	for _, weak := range []Cost{
		{}, lowest, {w.Time - 1, w.Memory, w.Threads}, {w.Time, w.Memory - 1, w.Threads}, {1, w.Time*w.Memory - 1, 4}, {64, w.Memory - 1, 16},
	} {
		if !weak.Weak() {
			t.Errorf("%s is not weak", weak)
		}
	}
}

func TestPassphraseIsBytes(t *testing.T) {
	for _, secret := range []string{" ", "\x00", "\xff\xfe", "schöne Grüße", string(make([]byte, 4096))} {
		wantKey(t, "the passphrase", newPassphrase(t, secret), wrap(t, newCheap(t, secret)))
	}
}

func TestPassphraseIsCopied(t *testing.T) {
	secret := []byte("open sesame")
	p, err := NewPassphrase(secret)
	if err != nil {
		t.Fatal(err)
	}
	clear(secret)
	wantKey(t, "after the caller has wiped it", p, wrap(t, newCheap(t, "open sesame")))
}

func TestEmptyPassphrase(t *testing.T) {
	for _, secret := range [][]byte{nil, {}} {
		if p, err := NewPassphrase(secret); p != nil || !errors.Is(err, ErrEmptyPassphrase) {
			t.Errorf("%v", err)
		}
	}
}

func TestFreshSalt(t *testing.T) {
	p := newCheap(t, "open sesame")
	seen := make(map[string]bool)
	for range 100 {
		s := wrap(t, p)
		for _, part := range [][]byte{s.Body[9:25], s.Body[25:57], s.Body[57:]} {
			if seen[string(part)] {
				t.Fatal("two wraps share their salt, commitment or sealed key")
			}
			seen[string(part)] = true
		}
	}
}

func TestPassphraseEveryByteCounts(t *testing.T) {
	p := newCheap(t, "open sesame")
	s := wrap(t, p)
	for i := 9; i < len(s.Body); i++ {
		want := format.ErrNoMatch // salt and commitment
		if i >= 57 {
			want = format.ErrHeader // the passphrase is right, and the sealed key was changed
		}
		wantError(t, "changed", p, flip(s, 8*i+i%8), &testBinding, want)
	}
}

func TestPassphraseWrongStanza(t *testing.T) {
	p := newCheap(t, "open sesame")
	good := wrap(t, p)
	for _, kind := range []format.StanzaType{0, format.TypeHybrid, 3, format.TypeSigner, 0xffff} {
		wantError(t, kind.String(), p, format.Stanza{Type: kind, Body: good.Body}, &testBinding, format.ErrNoMatch)
	}
	long := append(bytes.Clone(good.Body), 0)
	for n := range len(long) + 1 {
		if n != format.PassphraseSize {
			s := format.Stanza{Type: format.TypePassphrase, Body: long[:n]}
			wantError(t, "another length", p, s, &testBinding, format.ErrNoMatch)
		}
	}
}

// TestCostBounds: 1 ≤ p ≤ 16, 8p ≤ m ≤ 2^20, 1 ≤ t ≤ 64, t·m ≤ 2^22.
func TestCostBounds(t *testing.T) {
	for _, good := range []Cost{
		WriterCost(), lowest,
		{1, 128, 16}, {1, 1 << 20, 1}, {1, 1 << 20, 16},
		{64, 8, 1}, {64, 1 << 16, 4}, {4, 1 << 20, 4}, {63, 66576, 1},
	} {
		if err := good.check(); err != nil {
			t.Errorf("%+v: %v", good, err)
		}
	}
	for _, bad := range []Cost{
		{},
		{1, 1 << 10, 0}, {1, 1 << 10, 17}, {1, 1 << 20, 255},
		{1, 1 << 10, 32}, // 8p is 0 in 8 bits
		{1, 0, 1}, {1, 7, 1}, {1, 31, 4}, {1, 127, 16}, {1, 8, 255},
		{1, 1<<20 + 1, 1}, {1, 1 << 31, 1}, {1, math.MaxUint32, 1},
		{0, 1 << 10, 1}, {65, 1 << 10, 1}, {1 << 31, 8, 1}, {math.MaxUint32, 8, 1},
		{5, 1 << 20, 4}, {64, 1<<16 + 1, 4}, {63, 66577, 4}, {64, 1 << 20, 4},
		// Products that are 0 or small in 32 bits.
		{1 << 16, 1 << 16, 1}, {1 << 12, 1 << 20, 1}, {1 << 31, 1 << 20, 1}, {4097, 1 << 20, 4},
		{math.MaxUint32, math.MaxUint32, math.MaxUint8},
	} {
		if err := bad.check(); err == nil {
			t.Errorf("%+v is accepted", bad)
			continue // and is not tried, for the sake of this machine
		}
		wantRefusedAtOnce(t, bad)
	}
}

// wantRefusedAtOnce checks that a stanza with this cost is an error of the
// header, and that the memory it asks for is not even allocated.
func wantRefusedAtOnce(t *testing.T, c Cost) {
	t.Helper()
	p := newPassphrase(t, "open sesame")
	s := stanzaByHand(c, make([]byte, 16), make([]byte, 32), make([]byte, 48))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	key, err := p.Unwrap(s, &testBinding)
	runtime.ReadMemStats(&after)
	if field := (*format.Error)(nil); key != nil || !errors.As(err, &field) || !errors.Is(err, format.ErrHeader) || errors.Is(err, format.ErrNoMatch) {
		t.Errorf("%+v: key %t, error %v", c, key != nil, err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 64<<10 {
		t.Errorf("%+v: %d bytes were allocated to refuse it", c, used)
	}
}
