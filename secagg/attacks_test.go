// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pqenc/pqenc/secagg/graph"
	"github.com/pqenc/pqenc/secagg/vector"
)

// attack is a recorded message that is changed: from an offset on, cut bytes are replaced by data.
// Each is a seed of a fuzz target, too.
type attack struct {
	name        string
	state, pick Step // of the message that is expected, and of the one that comes
	way         uint8
	at          int // from the end if negative
	cut         int // all that follows if negative
	data        string
	want        error // nil if it is accepted
}

// stranger is the fingerprint of nobody.
var stranger = strings.Repeat("\xff", 32)

// Offsets in messages of the server, and sizes.
const (
	inBody     = serverHead
	inEntries  = serverHead + 4             // of a roster
	inAdvert   = serverHead + clientHead    // the body of the first advertisement of peers
	tillDealer = serverHead + 2             // of dealt
	oneKept    = serverHead + statement3    // of counted in a round of three: after the first statement
	statement3 = clientHead + 36 + 3373     // the size of a statement there
	confirmed3 = clientHead + 2*2 + 3373    // and of a confirmation
	advert     = clientHead + 2*1216 + 3373 // and of an advertisement
)

// onClient are messages of the server in the round of three, for client 0. Those that change what
// a client has signed do so with the first one in the message.
var onClient = []attack{
	{"whole-round", 1, 1, changeBytes, 0, 0, "", nil},
	{"version-2", 3, 3, changeBytes, 0, 1, "\x02", ErrMessage},
	{"step-of-clients", 5, 5, changeBytes, 1, 1, "\x06", ErrStep},
	{"step-13", 5, 5, changeBytes, 1, 1, "\x0d", ErrMessage},
	{"empty", 3, 3, changeBytes, 0, -1, "", ErrMessage},
	{"head-alone", 7, 7, changeBytes, inBody, -1, "", ErrMessage},
	{"early", 3, 7, changeBytes, 0, 0, "", ErrStep},
	{"again", 9, 7, changeBytes, 0, 0, "", nil},
	{"again-changed", 9, 5, changeBytes, -1, 1, "", ErrSecond},
	{"other-round", 11, 11, changeBytes, 2, 1, "\x00", ErrRound},
	{"terms-of-another-round", 1, 1, changeBytes, inBody, 1, "\x00", ErrRound},
	{"terms-short", 1, 1, changeBytes, -1, 1, "", ErrMessage},
	{"terms-long", 1, 1, changeBytes, -1, 0, "\x00", ErrMessage},
	{"terms-width-33", 1, 1, changeBytes, inBody + 32, 1, "\x21", vector.ErrEncoding},
	{"roster-empty", 3, 3, changeBytes, inEntries, -1, "", ErrRoster},
	{"roster-two", 3, 3, changeBytes, -entrySize, -1, "", ErrFloor},
	{"roster-without-me", 3, 3, changeBytes, inEntries, entrySize, "", ErrRoster},
	{"roster-other-order", 3, 3, changeBytes, inEntries, 1, "\xff", ErrRoster},
	{"roster-threshold-1", 3, 3, changeBytes, inBody + 2, 2, "\x00\x01", graph.ErrNotPrivate},
	{"roster-threshold-65535", 3, 3, changeBytes, inBody + 2, 2, "\xff\xff", ErrFloor},
	{"roster-neighbours-0", 3, 3, changeBytes, inBody, 2, "\x00\x00", ErrFloor},
	{"roster-other-hash", 3, 3, changeBytes, inEntries + entrySize - 1, 1, "\x00", ErrRoster},
	{"roster-stranger", 3, 3, changeBytes, -entrySize, 32, stranger, ErrNotMember},
	{"peers-one", 5, 5, changeBytes, inBody, advert, "", ErrMessage},
	{"peers-trailing", 5, 5, changeBytes, -1, 0, "\x00", ErrSignature},
	{"peers-more", 5, 5, changeBytes, inBody, 0, "\x00", ErrMessage},
	{"peers-length-huge", 5, 5, changeBytes, inAdvert - 4, 4, "\xff\xff\xff\xff", ErrMessage},
	{"peers-other-key", 5, 5, changeBody, 0, 1, "\x00", ErrRoster},
	{"peers-signature", 5, 5, changeBytes, inAdvert + advertisementSize + 5, 1, "\x00", ErrSignature},
	{"dealt-none", 7, 7, changeBytes, inBody, -5, "\x00\x00", nil},
	{"dealt-none-nobody-there", 7, 7, changeBytes, inBody, -1, "\x00\x00", ErrThreshold},
	{"dealt-more", 7, 7, changeBytes, inBody, 2, "\x00\x03", ErrMessage},
	{"dealt-65535", 7, 7, changeBytes, inBody, 2, "\xff\xff", ErrMessage},
	{"dealt-one-there", 7, 7, changeBytes, -2, 2, "", ErrMessage},
	{"dealt-me-there", 7, 7, changeBytes, -4, 2, "\x00\x00", ErrMessage},
	{"dealt-beyond-roster", 7, 7, changeBytes, -2, 2, "\x00\x63", ErrMessage},
	{"dealt-signature", 7, 7, changeBytes, tillDealer + clientHead + 32 + 2*summaryEntry + 9, 1, "\x00", ErrSignature},
	{"dealt-item", 7, 7, changeRest, 64, 1, "\x00", ErrMessage},
	{"dealt-item-hash", 7, 7, changeRest, 0, 1, "\x00", ErrMessage},
	{"dealt-summary-resigned", 7, 7, changeBody, 40, 1, "\x00", ErrMessage},
	{"dealt-summary-of-itself", 7, 7, changeBody, 32, 2, "\x00\x01", ErrMessage},
	{"dealt-summary-short", 7, 7, changeBody, 32, summaryEntry, "", ErrMessage},
	{"counted-none", 9, 9, changeBytes, inBody, -1, "", nil},
	{"counted-one", 9, 9, changeBytes, oneKept, -1, "", nil},
	{"counted-signature", 9, 9, changeBytes, -1, 1, "\x80", ErrSignature},
	{"counted-without-me", 9, 9, changeBody, 32, 2, "", ErrMessage},
	{"counted-other-vector", 9, 9, changeBody, 0, 1, "\x00", nil},
	{"counted-half-an-index", 9, 9, changeBody, 33, 1, "", ErrMessage},
	{"confirmed-none", 11, 11, changeBytes, inBody, -1, "", ErrThreshold},
	{"confirmed-one", 11, 11, changeBytes, inBody, confirmed3, "", ErrThreshold},
	{"confirmed-signature", 11, 11, changeBytes, -1, 1, "\x80", ErrSignature},
	{"confirmed-without-me", 11, 11, changeBody, 0, 2, "", ErrMessage},
	{"confirmed-resigned", 11, 11, changeBody, 0, 0, "", nil},
	{"confirmed-beyond-roster", 11, 11, changeBody, 4, 0, "\x00\x09", ErrMessage},
	{"confirmed-of-counted", 11, 11, changeBytes, inBody + 1, 1, "\x08", ErrStep},
}

// twice are messages for client 0 with the first part of a list in the place of all others.
func (l *listening) twice() []attack {
	const summary3 = clientHead + 32 + 2*summaryEntry + 3373
	part := func(step Step, from, size int) string { return string(l.messages[(step-1)/2][from : from+size]) }
	return []attack{
		{"roster-twice", 3, 3, changeBytes, inEntries + entrySize, -1, strings.Repeat(part(3, inEntries, entrySize), 2), ErrRoster},
		{"peers-twice", 5, 5, changeBytes, inBody + advert, -1, part(5, inBody, advert), ErrMessage},
		{"dealt-twice", 7, 7, changeBytes, tillDealer + summary3 + itemSize, -5, part(7, tillDealer, summary3+itemSize), ErrMessage},
		{"counted-twice", 9, 9, changeBytes, oneKept, -1, part(9, inBody, statement3), ErrMessage},
		{"confirmed-twice", 11, 11, changeBytes, inBody + confirmed3, -1, part(11, inBody, confirmed3), ErrMessage},
	}
}

// onServer are messages of client 0 in the first round of eight.
var onServer = []attack{
	{"advertisement", 2, 2, changeBytes, 0, 0, "", nil},
	{"advertisement-signature", 2, 2, changeBytes, -1, 1, "\x80", ErrSignature},
	{"advertisement-cut", 2, 2, changeBytes, -1, 1, "", ErrMessage},
	{"advertisement-trailing", 2, 2, changeRest, 0, 0, "\x00", ErrMessage},
	{"advertisement-short", 2, 2, changeBody, 0, 1, "", ErrMessage},
	{"advertisement-low-order", 2, 2, changeBody, 1184, 32, string(make([]byte, 32)), ErrMessage},
	{"advertisement-again", 4, 2, changeBytes, 0, 0, "", nil},
	{"advertisement-late", 4, 2, changeBody, 0, 0, "", ErrStep},
	{"stranger", 2, 2, changeBytes, 2, 32, stranger, ErrNotMember},
	{"of-the-server", 2, 2, changeBytes, 1, 1, "\x01", ErrStep},
	{"version-2", 2, 2, changeBytes, 0, 1, "\x02", ErrMessage},
	{"length-huge", 2, 2, changeBytes, clientHead - 4, 4, "\xff\xff\xff\xff", ErrMessage},
	{"empty", 2, 2, changeBytes, 0, -1, "", ErrMessage},
	{"other-roster", 4, 4, changeBytes, 34, 1, "\x00", ErrRound},
	{"draw", 4, 4, changeBytes, 0, 0, "", nil},
	{"draw-early", 2, 4, changeBytes, 0, 0, "", ErrRound},
	{"draw-fewer", 4, 4, changeBody, 0, 2, "", ErrMessage},
	{"draw-itself", 4, 4, changeBody, 0, 2, "\x00\x00", ErrMessage},
	{"draw-beyond-roster", 4, 4, changeBody, -2, 2, "\x00\x08", ErrMessage},
	{"deal", 6, 6, changeBytes, 0, 0, "", nil},
	{"deal-other-holders", 6, 6, changeBody, 32, 2, "\x00\x00", ErrMessage},
	{"deal-item", 6, 6, changeRest, 3, 1, "\x00", ErrShare},
	{"deal-item-missing", 6, 6, changeRest, 0, itemSize, "", ErrMessage},
	{"deal-items-none", 6, 6, changeRest, 0, -1, "", ErrMessage},
	{"deal-other-commitment", 6, 6, changeBody, 0, 1, "\x00", nil},
	{"masked", 8, 8, changeBytes, 0, 0, "", nil},
	{"masked-vector", 8, 8, changeRest, 0, 1, "\x00", ErrVector},
	{"masked-vector-short", 8, 8, changeRest, 0, 4, "", ErrVector},
	{"masked-vector-long", 8, 8, changeRest, 0, 0, "\x00", ErrVector},
	{"masked-fewer", 8, 8, changeBody, 32, 2, "", ErrMessage},
	{"masked-beyond-roster", 8, 8, changeBody, -2, 2, "\x00\x08", ErrMessage},
	{"masked-other-hash", 8, 8, changeBody, 0, 1, "\x00", ErrVector},
	{"masked-late", 10, 8, changeBody, 0, 0, "", ErrStep},
	{"confirmation", 10, 10, changeBytes, 0, 0, "", nil},
	{"confirmation-fewer", 10, 10, changeBody, 0, 2, "", ErrMessage},
	{"confirmation-half-an-index", 10, 10, changeBody, 0, 1, "", ErrMessage},
	{"reveal", 12, 12, changeBytes, 0, 0, "", nil},
	{"reveal-resigned", 12, 12, changeBody, 0, 0, "", nil},
	{"reveal-own-share", 12, 12, changeBody, 0, 1, "\x00", nil}, // it is found to be wrong at the end
	{"reveal-own-no-scalar", 12, 12, changeBody, 31, 1, "\xff", nil},
	{"reveal-share", 12, 12, changeBody, 35, 1, "\x00", ErrShare},
	{"reveal-other-kind", 12, 12, changeBody, 34, 1, "\x00", ErrMessage},
	{"reveal-no-kind", 12, 12, changeBody, 34, 1, "\x02", ErrMessage},
	{"reveal-fewer", 12, 12, changeBody, 32, revealEntry, "", ErrMessage},
	{"reveal-early", 10, 12, changeBytes, 0, 0, "", ErrStep},
}

// place returns the offset and the length of what is replaced in a part of size bytes.
func (a *attack) place(size int) (at, cut uint32) {
	from := a.at
	if from < 0 {
		from += size
	}
	n := a.cut
	if n < 0 {
		n += size - from + 1 // -1 is all
	}
	return uint32(from), uint32(n)
}

// checkSeed compares the seed of a fuzz target, or writes it with -update.
func (a *attack) checkSeed(t *testing.T, target string, state, pick int, at, cut uint32) {
	t.Helper()
	name := filepath.Join("testdata", "fuzz", target, a.name)
	text := fmt.Sprintf("go test fuzz v1\nbyte(%q)\nbyte(%q)\nbyte(%q)\nuint32(%d)\nuint32(%d)\n[]byte(%q)\n",
		rune(state), rune(pick), rune(a.way), at, cut, a.data)
	if *update {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if content, err := os.ReadFile(name); err != nil || string(content) != text {
		t.Errorf("the seed is not this attack: %q, %v", content, err)
	}
}

// partOf returns how large the part of a client's message is that is changed.
func (a *attack) partOf(message, masked []byte) int {
	m, rest, err := cutSigned(message)
	switch {
	case a.way == changeBytes || err != nil:
		return len(message)
	case a.way == changeBody:
		return len(m.body)
	case m.step == StepMasked:
		return len(masked)
	default:
		return len(rest)
	}
}

// TestClientRefuses attacks a client in the middle of a round.
func TestClientRefuses(t *testing.T) {
	l := newListening(t)
	for _, a := range append(onClient, l.twice()...) {
		t.Run(a.name, func(t *testing.T) {
			state, pick := int(a.state-1)/2, int(a.pick-1)/2
			size := len(l.messages[pick])
			if a.way != changeBytes {
				from, to := l.inner(pick)
				size = a.partOf(l.messages[pick][from:to], nil)
			}
			at, cut := a.place(size)
			a.checkSeed(t, "FuzzClient", state, pick, at, cut)
			message := l.change(pick, a.way, at, cut, []byte(a.data))
			if _, _, err := l.say(l.before[state].clone(), 0, message); !errors.Is(err, a.want) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// TestServerRefuses attacks a server in the middle of a round.
func TestServerRefuses(t *testing.T) {
	c := newCollecting(t)
	for _, a := range onServer {
		t.Run(a.name, func(t *testing.T) {
			pick := slices.IndexFunc(c.messages, func(l line) bool { return l.who == 0 && l.step() == a.pick })
			at, cut := a.place(a.partOf(c.messages[pick].message, c.parts[0].bytes("masked")))
			a.checkSeed(t, "FuzzServer", int(a.state)/2-1, pick, at, cut)
			if _, err := c.attack(c.before[a.state][0].clone(), pick, a.way, at, cut, []byte(a.data)); !errors.Is(err, a.want) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// TestServerRefusesGone gives a server a message, signed by a client that has dropped out before.
func TestServerRefusesGone(t *testing.T) {
	c := newCollecting(t)
	const gone = 4
	id := identityOf(c.parts[gone].bytes("identity"))
	for step := StepMasked; step <= StepReveal; step += 2 {
		s := c.before[step][gone].clone()
		message := must(sign(id, step, s.roster.digest, make([]byte, 32)))
		var err error
		if step == StepMasked {
			_, err = s.ReceiveMasked(message, bytes.NewReader(nil))
		} else {
			_, err = s.Receive(message)
		}
		var blamed *ClientError
		if !errors.Is(err, ErrStep) || !errors.As(err, &blamed) || blamed.Client != id.Fingerprint() {
			t.Errorf("%v: %v", step, err)
		}
	}
}
