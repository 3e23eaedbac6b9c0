// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"strings"

	"github.com/pqenc/pqenc/secagg/graph"
	"github.com/pqenc/pqenc/secagg/vector"
)

// attack is a recorded message that is changed: from an offset on, cut bytes are replaced by data.
// Each is in refused.txt, and is a seed of a fuzz target.
type attack struct {
	name   string
	state  Step // how far the round has come: the next message is of this step
	pick   Step // of the message that comes
	way    uint8
	at     int // from the end if negative
	cut    int // all that follows if negative
	data   string
	want   error // nil if it is accepted
	blames int   // number of the participant that the error blames, relayed and that number, or nobody
}

// Who is to blame, if it is not a participant.
const (
	nobody  = -1
	unknown = -2  // stranger
	relayed = 100 // the server: it has passed on wrongly what the participant of this number has signed
)

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
	{"whole-round", 1, 1, changeBytes, 0, 0, "", nil, nobody},
	{"version-2", 3, 3, changeBytes, 0, 1, "\x02", ErrMessage, nobody},
	{"step-of-clients", 5, 5, changeBytes, 1, 1, "\x06", ErrStep, nobody},
	{"step-13", 5, 5, changeBytes, 1, 1, "\x0d", ErrMessage, nobody},
	{"empty", 3, 3, changeBytes, 0, -1, "", ErrMessage, nobody},
	{"head-alone", 7, 7, changeBytes, inBody, -1, "", ErrMessage, nobody},
	{"masked-too-early", 8, 9, changeBytes, 0, 0, "", ErrStep, nobody},
	{"again-before-mask", 8, 7, changeBytes, -1, 1, "\x01", ErrSecond, nobody},
	{"again-roster", 11, 3, changeBytes, -1, 1, "", ErrSecond, nobody},
	{"again-counted", 11, 9, changeBytes, -1, 1, "", ErrSecond, nobody},
	{"roster-of-another-round", 3, 3, changeBytes, 2, 1, "\x00", ErrRound, nobody},
	{"roster-half-an-entry", 3, 3, changeBytes, -1, 1, "", ErrMessage, nobody},
	{"early", 3, 7, changeBytes, 0, 0, "", ErrStep, nobody},
	{"again", 9, 7, changeBytes, 0, 0, "", nil, nobody},
	{"again-changed", 9, 5, changeBytes, -1, 1, "", ErrSecond, nobody},
	{"other-round", 11, 11, changeBytes, 2, 1, "\x00", ErrRound, nobody},
	{"terms-of-another-round", 1, 1, changeBytes, inBody, 1, "\x00", ErrRound, nobody},
	{"terms-short", 1, 1, changeBytes, -1, 1, "", ErrMessage, nobody},
	{"terms-long", 1, 1, changeBytes, -1, 0, "\x00", ErrMessage, nobody},
	{"terms-width-33", 1, 1, changeBytes, inBody + 32, 1, "\x21", vector.ErrEncoding, nobody},
	{"roster-empty", 3, 3, changeBytes, inEntries, -1, "", ErrRoster, nobody},
	{"roster-two", 3, 3, changeBytes, -entrySize, -1, "", ErrFloor, nobody},
	{"roster-without-me", 3, 3, changeBytes, inEntries, entrySize, "", ErrRoster, nobody},
	{"roster-other-order", 3, 3, changeBytes, inEntries, 1, "\xff", ErrRoster, relayed + 1},
	{"roster-threshold-1", 3, 3, changeBytes, inBody + 2, 2, "\x00\x01", graph.ErrNotPrivate, nobody},
	{"roster-threshold-65535", 3, 3, changeBytes, inBody + 2, 2, "\xff\xff", ErrFloor, nobody},
	{"roster-neighbours-0", 3, 3, changeBytes, inBody, 2, "\x00\x00", ErrFloor, nobody},
	{"roster-other-hash", 3, 3, changeBytes, inEntries + entrySize - 1, 1, "\x00", ErrRoster, nobody},
	{"roster-stranger", 3, 3, changeBytes, -entrySize, 32, stranger, ErrNotMember, unknown},
	{"peers-one", 5, 5, changeBytes, inBody, advert, "", ErrMessage, relayed + 2},
	{"peers-trailing", 5, 5, changeBytes, -1, 0, "\x00", ErrSignature, 2},
	{"peers-more", 5, 5, changeBytes, inBody, 0, "\x00", ErrMessage, nobody},
	{"peers-length-huge", 5, 5, changeBytes, inAdvert - 4, 4, "\xff\xff\xff\xff", ErrMessage, nobody},
	{"peers-other-key", 5, 5, changeBody, 0, 1, "\x00", ErrRoster, relayed + 1},
	{"peers-signature", 5, 5, changeBytes, inAdvert + advertisementSize + 5, 1, "\x00", ErrSignature, 1},
	{"dealt-none", 7, 7, changeBytes, inBody, -5, "\x00\x00", nil, nobody},
	{"dealt-none-nobody-there", 7, 7, changeBytes, inBody, -1, "\x00\x00", ErrThreshold, nobody},
	{"dealt-more", 7, 7, changeBytes, inBody, 2, "\x00\x03", ErrMessage, nobody},
	{"dealt-65535", 7, 7, changeBytes, inBody, 2, "\xff\xff", ErrMessage, nobody},
	{"dealt-one-there", 7, 7, changeBytes, -2, 2, "", ErrMessage, relayed + 2},
	{"dealt-me-there", 7, 7, changeBytes, -4, 2, "\x00\x00", ErrMessage, relayed + 0},
	{"dealt-beyond-roster", 7, 7, changeBytes, -2, 2, "\x00\x63", ErrMessage, nobody},
	{"dealt-signature", 7, 7, changeBytes, tillDealer + clientHead + 32 + 2*summaryEntry + 9, 1, "\x00", ErrSignature, 1},
	{"dealt-item", 7, 7, changeRest, 64, 1, "\x00", ErrMessage, relayed + 1},
	{"dealt-item-hash", 7, 7, changeRest, 0, 1, "\x00", ErrMessage, relayed + 1},
	{"dealt-summary-resigned", 7, 7, changeBody, 40, 1, "\x00", ErrMessage, relayed + 1},
	{"dealt-summary-of-itself", 7, 7, changeBody, 32, 2, "\x00\x01", ErrMessage, 1},
	{"dealt-summary-short", 7, 7, changeBody, 32, summaryEntry, "", ErrMessage, 1},
	{"counted-none", 9, 9, changeBytes, inBody, -1, "", nil, nobody},
	{"counted-one", 9, 9, changeBytes, oneKept, -1, "", nil, nobody},
	{"counted-signature", 9, 9, changeBytes, -1, 1, "\x80", ErrSignature, 2},
	{"counted-without-me", 9, 9, changeBody, 32, 2, "", ErrMessage, relayed + 1},
	{"counted-other-vector", 9, 9, changeBody, 0, 1, "\x00", nil, nobody},
	{"counted-half-an-index", 9, 9, changeBody, 33, 1, "", ErrMessage, 1},
	{"confirmed-none", 11, 11, changeBytes, inBody, -1, "", ErrThreshold, nobody},
	{"confirmed-one", 11, 11, changeBytes, inBody, confirmed3, "", ErrThreshold, nobody},
	{"confirmed-signature", 11, 11, changeBytes, -1, 1, "\x80", ErrSignature, 2},
	{"confirmed-without-me", 11, 11, changeBody, 0, 2, "", ErrMessage, relayed + 1},
	{"confirmed-resigned", 11, 11, changeBody, 0, 0, "", nil, nobody},
	{"confirmed-beyond-roster", 11, 11, changeBody, 4, 0, "\x00\x09", ErrMessage, 1},
	{"confirmed-of-counted", 11, 11, changeBytes, inBody + 1, 1, "\x08", ErrStep, relayed + 1},
}

// twice are messages for client 0 with the first part of a list in the place of all others.
func (l *listening) twice() []attack {
	const summary3 = clientHead + 32 + 2*summaryEntry + 3373
	part := func(step Step, from, size int) string { return string(l.messages[(step-1)/2][from : from+size]) }
	return []attack{
		{"roster-twice", 3, 3, changeBytes, inEntries + entrySize, -1, strings.Repeat(part(3, inEntries, entrySize), 2), ErrRoster, relayed + 0},
		{"peers-twice", 5, 5, changeBytes, inBody + advert, -1, part(5, inBody, advert), ErrMessage, relayed + 1},
		{"dealt-twice", 7, 7, changeBytes, tillDealer + summary3 + itemSize, -5, part(7, tillDealer, summary3+itemSize), ErrMessage, relayed + 1},
		{"counted-twice", 9, 9, changeBytes, oneKept, -1, part(9, inBody, statement3), ErrMessage, relayed + 1},
		{"confirmed-twice", 11, 11, changeBytes, inBody + confirmed3, -1, part(11, inBody, confirmed3), ErrMessage, relayed + 1},
	}
}

// onServer are messages of client 0 in the first round of eight.
var onServer = []attack{
	{"advertisement", 2, 2, changeBytes, 0, 0, "", nil, nobody},
	{"advertisement-signature", 2, 2, changeBytes, -1, 1, "\x80", ErrSignature, 0},
	{"advertisement-cut", 2, 2, changeBytes, -1, 1, "", ErrMessage, nobody},
	{"advertisement-trailing", 2, 2, changeRest, 0, 0, "\x00", ErrMessage, 0},
	{"advertisement-short", 2, 2, changeBody, 0, 1, "", ErrMessage, 0},
	{"advertisement-low-order", 2, 2, changeBody, 1184, 32, string(make([]byte, 32)), ErrMessage, 0},
	{"advertisement-again", 4, 2, changeBytes, 0, 0, "", nil, nobody},
	{"advertisement-late", 4, 2, changeBody, 0, 0, "", ErrStep, 0},
	{"advertisement-second", 3, 2, changeBody, 0, 1, "\x00", ErrSecond, 0},
	{"advertisement-repeated", 3, 2, changeBytes, 0, 0, "", nil, nobody},
	{"draw-second", 5, 4, changeBody, 0, 2, "", ErrSecond, 0},
	{"draw-repeated", 5, 4, changeBytes, 0, 0, "", nil, nobody},
	{"deal-second", 7, 6, changeBody, 0, 1, "\x00", ErrSecond, 0},
	{"deal-repeated", 7, 6, changeBytes, 0, 0, "", nil, nobody},
	{"masked-second", 9, 8, changeBody, 0, 1, "\x00", ErrSecond, 0},
	{"masked-repeated", 9, 8, changeBytes, 0, 0, "", nil, nobody},
	{"confirmation-second", 11, 10, changeBody, 0, 2, "", ErrSecond, 0},
	{"confirmation-repeated", 11, 10, changeBytes, 0, 0, "", nil, nobody},
	{"reveal-second", 13, 12, changeBody, 0, 1, "\x00", ErrSecond, 0},
	{"reveal-repeated", 13, 12, changeBytes, 0, 0, "", nil, nobody},
	{"stranger", 2, 2, changeBytes, 2, 32, stranger, ErrNotMember, unknown},
	{"of-the-server", 2, 2, changeBytes, 1, 1, "\x01", ErrStep, nobody},
	{"version-2", 2, 2, changeBytes, 0, 1, "\x02", ErrMessage, nobody},
	{"length-huge", 2, 2, changeBytes, clientHead - 4, 4, "\xff\xff\xff\xff", ErrMessage, nobody},
	{"empty", 2, 2, changeBytes, 0, -1, "", ErrMessage, nobody},
	{"other-roster", 4, 4, changeBytes, 34, 1, "\x00", ErrRound, 0},
	{"draw", 4, 4, changeBytes, 0, 0, "", nil, nobody},
	{"draw-early", 2, 4, changeBytes, 0, 0, "", ErrRound, 0},
	{"draw-fewer", 4, 4, changeBody, 0, 2, "", ErrMessage, 0},
	{"draw-itself", 4, 4, changeBody, 0, 2, "\x00\x00", ErrMessage, 0},
	{"draw-beyond-roster", 4, 4, changeBody, -2, 2, "\x00\x08", ErrMessage, 0},
	{"deal", 6, 6, changeBytes, 0, 0, "", nil, nobody},
	{"deal-other-holders", 6, 6, changeBody, 32, 2, "\x00\x00", ErrMessage, 0},
	{"deal-item", 6, 6, changeRest, 3, 1, "\x00", ErrShare, 0},
	{"deal-item-missing", 6, 6, changeRest, 0, itemSize, "", ErrMessage, 0},
	{"deal-items-none", 6, 6, changeRest, 0, -1, "", ErrMessage, 0},
	{"deal-other-commitment", 6, 6, changeBody, 0, 1, "\x00", nil, nobody},
	{"masked", 8, 8, changeBytes, 0, 0, "", nil, nobody},
	{"masked-vector", 8, 8, changeRest, 0, 1, "\x00", ErrVector, 0},
	{"masked-vector-short", 8, 8, changeRest, 0, 4, "", ErrVector, 0},
	{"masked-vector-long", 8, 8, changeRest, 0, 0, "\x00", ErrVector, 0},
	{"masked-fewer", 8, 8, changeBody, 32, 2, "", ErrMessage, 0},
	{"masked-beyond-roster", 8, 8, changeBody, -2, 2, "\x00\x08", ErrMessage, 0},
	{"masked-other-hash", 8, 8, changeBody, 0, 1, "\x00", ErrVector, 0},
	{"masked-late", 10, 8, changeBody, 0, 0, "", ErrStep, 0},
	{"confirmation", 10, 10, changeBytes, 0, 0, "", nil, nobody},
	{"confirmation-fewer", 10, 10, changeBody, 0, 2, "", ErrMessage, 0},
	{"confirmation-half-an-index", 10, 10, changeBody, 0, 1, "", ErrMessage, 0},
	{"reveal", 12, 12, changeBytes, 0, 0, "", nil, nobody},
	{"reveal-resigned", 12, 12, changeBody, 0, 0, "", nil, nobody},
	{"reveal-own-share", 12, 12, changeBody, 0, 1, "\x00", nil, nobody}, // it is found to be wrong at the end
	{"reveal-own-no-scalar", 12, 12, changeBody, 31, 1, "\xff", nil, nobody},
	{"reveal-share", 12, 12, changeBody, 35, 1, "\x00", ErrShare, 0},
	{"reveal-other-kind", 12, 12, changeBody, 34, 1, "\x00", ErrMessage, 0},
	{"reveal-no-kind", 12, 12, changeBody, 34, 1, "\x02", ErrMessage, 0},
	{"reveal-fewer", 12, 12, changeBody, 32, revealEntry, "", ErrMessage, 0},
	{"reveal-early", 10, 12, changeBytes, 0, 0, "", ErrStep, 0},
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
