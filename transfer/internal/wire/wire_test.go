// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

// parsers parse a body and marshal what they have found.
var parsers = map[Type]func([]byte) (any, []byte, error){
	TypeServer:  again(ParseProof, (*Proof).Marshal),
	TypeClient:  again(ParseProof, (*Proof).Marshal),
	TypeError:   again(ParseError, (*Error).Marshal),
	TypePush:    again(ParsePush, (*Push).Marshal),
	TypePull:    again(ParsePull, (*Pull).Marshal),
	TypeList:    again(ParseList, (*List).Marshal),
	TypeDelete:  again(ParseNames, Names.Marshal),
	TypeEnd:     again(ParseSize, Size),
	TypeStart:   again(ParseSize, Size),
	TypeReady:   again(ParseReady, (*Ready).Marshal),
	TypeChecked: again(ParseSize, Size),
	TypePrefix:  again(ParseDigest, func(d [32]byte) []byte { return d[:] }),
	TypeDurable: again(ParseSize, Size),
	TypeStored:  again(ParseSize, Size),
	TypeObject:  again(ParseObject, (*Object).Marshal),
	TypePage:    again(ParsePage, (*Page).Marshal),
	TypeResults: again(ParseResults, Results.Marshal),
	TypeMove:    again(ParseMove, (*Move).Marshal),
	TypeQuota:   again(ParseCount, Count),
	TypeQuotas:  again(ParseQuotas, (*Quotas).Marshal),
	TypePut:     again(ParsePut, (*Put).Marshal),
	TypeGet:     again(ParseGet, (*Get).Marshal),
	TypeContent: again(ParseContent, (*Content).Marshal),
}

// bodiless are the types whose body is empty or any, and so needs no parser.
var bodiless = []Type{TypeAccept, TypeBeat, TypeData, TypeCheck}

func again[T any](parse func([]byte) (T, error), marshal func(T) []byte) func([]byte) (any, []byte, error) {
	return func(b []byte) (any, []byte, error) {
		v, err := parse(b)
		if err != nil {
			return nil, nil, err
		}
		return v, marshal(v), nil
	}
}

// TestEveryType checks that each type that is known has a parser here, and that
// nothing else is known, except that it may begin a request.
func TestEveryType(t *testing.T) {
	known := 0
	for i := range 256 {
		typ := Type(i)
		_, ok := typ.maxBody()
		_, parsed := parsers[typ]
		if !parsed {
			for _, other := range bodiless {
				parsed = parsed || typ == other
			}
		}
		if typ.Starts() && !parsed {
			ok = false // a request for later
		}
		if ok != parsed {
			t.Errorf("type 0x%02x: known %v, tested %v", i, ok, parsed)
		}
		if ok {
			known++
		}
	}
	if want := len(parsers) + len(bodiless); known != want {
		t.Errorf("%d types, not %d", known, want)
	}
}

// randomBody is one of each kind that every bit can reach.
func randomBody(rng *rand.Rand, typ Type) any {
	length := func() int64 { return rng.Int64() >> rng.IntN(63) }
	maybe := func() int64 {
		if rng.IntN(3) == 0 {
			return Unknown
		}
		return length()
	}
	text := func(limit int) string {
		b := make([]byte, rng.IntN(limit+1))
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return string(b)
	}
	var digest [32]byte
	copy(digest[:], text(32))
	name := func() Name {
		for {
			if n, err := ParseName(strings.ToValidUTF8(text(200), "")); err == nil {
				return n
			}
		}
	}
	several := func() []Name {
		names := make([]Name, 1+rng.IntN(20))
		for i := range names {
			names[i] = name()
		}
		return names
	}
	switch typ {
	case TypeServer, TypeClient:
		return &Proof{Public: []byte(text(0) + strings.Repeat("p", PublicSize)), Signature: bytes.Repeat([]byte{byte(rng.Uint32())}, ProofSize-PublicSize)}
	case TypeError:
		return &Error{Code: uint16(rng.Uint32()), Text: text(MaxText)}
	case TypePush:
		return &Push{Overwrite: rng.IntN(2) == 0, Window: rng.Uint32(), Length: maybe(), ID: PushID(digest[16:]), Digest: digest, Name: name()}
	case TypePull:
		return &Pull{Follow: rng.IntN(2) == 0, Offset: length(), Digest: digest, Name: name()}
	case TypeObject:
		return &Object{Length: maybe(), Digest: digest}
	case TypeReady:
		return &Ready{Proven: rng.IntN(2) == 0, Offset: length(), Unit: rng.Uint32()}
	case TypePage:
		page := &Page{More: rng.IntN(2) == 0}
		for _, n := range several() {
			page.Entries = append(page.Entries, Entry{length(), length(), n})
		}
		return page
	case TypeResults:
		return Results{uint16(rng.Uint32()), uint16(rng.Uint32())}
	case TypePrefix:
		return digest
	case TypeList:
		return &List{Prefix: text(MaxName), After: text(MaxName)}
	case TypeDelete:
		return Names(several())
	case TypeMove:
		m := &Move{Overwrite: rng.IntN(2) == 0}
		for _, n := range several() {
			m.Pairs = append(m.Pairs, Pair{n, name()})
		}
		return m
	case TypeQuota:
		return rng.Uint32()
	case TypeQuotas:
		q := &Quotas{More: rng.IntN(2) == 0}
		for range 1 + rng.IntN(5) {
			q.Entries = append(q.Entries, Quota{length(), length(), length(), length(), text(MaxPattern)})
		}
		return q
	case TypePut:
		return &Put{Overwrite: rng.IntN(2) == 0, ID: PushID(digest[16:]), Name: name(), Object: []byte(text(500))}
	case TypeGet:
		return &Get{Offset: length(), Length: rng.Uint32N(MaxGet + 1), Digest: digest, Name: name()}
	case TypeContent:
		return &Content{Object{length(), digest}, []byte(text(500))}
	}
	return length()
}

func marshal(v any) []byte {
	switch v := v.(type) {
	case interface{ Marshal() []byte }:
		return v.Marshal()
	case [32]byte:
		return v[:]
	case uint32:
		return Count(v)
	}
	return Size(v.(int64))
}

// requestOf returns a request that messages of that type can belong to.
func requestOf(typ Type) uint32 {
	if typ.alone() {
		return 0
	}
	return 1<<31 + 5
}

func TestRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	rounds := 500
	if testing.Short() {
		rounds = 50
	}
	for typ, parse := range parsers {
		for range rounds {
			want := randomBody(rng, typ)
			stream := bytes.NewReader(Append(nil, typ, requestOf(typ), marshal(want)))
			pieces := iotest.OneByteReader
			if stream.Len() > 10_000 {
				pieces = iotest.HalfReader // not so many
			}
			m, err := Read(pieces(stream), nil, MaxData)
			if err != nil || m.Type != typ || m.Request != requestOf(typ) || stream.Len() != 0 {
				t.Fatalf("type 0x%02x: read as 0x%02x, %d bytes left, %v", typ, m.Type, stream.Len(), err)
			}
			got, _, err := parse(m.Body)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("type 0x%02x: %+v came back as %+v, %v", typ, want, got, err)
			}
		}
	}
}

// TestExactLengths has bodies around the shortest and the longest that there are.
func TestExactLengths(t *testing.T) {
	for typ, bounds := range map[Type][2]int{
		TypeServer:  {ProofSize, ProofSize},
		TypeClient:  {ProofSize, ProofSize},
		TypeError:   {2, 2 + 512},
		TypeReady:   {13, 13},
		TypeEnd:     {8, 8},
		TypeStart:   {8, 8},
		TypeChecked: {8, 8},
		TypePrefix:  {32, 32},
		TypeDurable: {8, 8},
		TypeStored:  {8, 8},
		TypeObject:  {40, 40},
		TypeList:    {4, 4},
		TypeQuota:   {4, 4},
	} {
		for _, n := range []int{0, 1, bounds[0] - 1, bounds[0], bounds[0] + 1, bounds[1] - 1, bounds[1], bounds[1] + 1, MaxControl} {
			if n < 0 {
				continue
			}
			_, _, err := parsers[typ](make([]byte, n))
			if good := bounds[0] <= n && n <= bounds[1]; good && err != nil || !good && !errors.Is(err, ErrMalformed) {
				t.Errorf("type 0x%02x with %d bytes: %v", typ, n, err)
			}
		}
	}
	// Zeros are no name, so what has one ends with it.
	for typ, fixed := range map[Type]int{TypePush: 61, TypePull: 41, TypeGet: 44} {
		for n, want := range map[int]error{fixed - 1: ErrMalformed, fixed: ErrName, fixed + 1: nil, fixed + 1024: ErrName, fixed + 1025: ErrMalformed} {
			body := append(make([]byte, fixed), strings.Repeat("n", 1025)...)[:n]
			if _, _, err := parsers[typ](body); !errors.Is(err, want) {
				t.Errorf("type 0x%02x with %d bytes: %v", typ, n, err)
			}
		}
	}
}

// TestTexts has texts that are longer than what is left, or than a name may be.
func TestTexts(t *testing.T) {
	put := strings.Repeat("\x00", 17)
	for typ, bodies := range map[Type]map[string]error{
		TypeList: {
			"\x00\x00\x00\x00": nil, "\x00\x01\xff\x00\x01/": nil, "\x00\x01": ErrMalformed, "\x00\x00\x00\x02x": ErrMalformed, "\x00\x00\x00\x00x": ErrMalformed,
			"\x04\x00" + strings.Repeat("x", 1024) + "\x00\x00": nil, "\x04\x01" + strings.Repeat("x", 1025) + "\x00\x00": ErrMalformed,
		},
		TypeDelete: {
			"": ErrMalformed, "\x00\x00": ErrName, "\x00\x01a": nil, "\x00\x01a\x00\x01b": nil, "\x00\x02..\x00\x01b": ErrName, "\x00\x02a": ErrMalformed, "\x00\x01a\x00": ErrMalformed,
			strings.Repeat("\x00\x01a", MaxNames): nil, strings.Repeat("\x00\x01a", MaxNames+1): ErrMalformed,
		},
		TypePage: {
			"": ErrMalformed, "\x00": nil, "\x01": nil, "\x02": ErrMalformed, "\x00" + strings.Repeat("\x00", 16) + "\x00\x01a": nil,
			"\x00" + strings.Repeat("\x00", 16) + "\x00\x02..": ErrMalformed, "\x00" + strings.Repeat("\x00", 17): ErrMalformed,
		},
		TypeMove: {
			"": ErrMalformed, "\x00": ErrMalformed, "\x00\x00\x01a\x00\x01b": nil, "\x01\x00\x01a\x00\x01a": nil, "\x02\x00\x01a\x00\x01b": ErrMalformed,
			"\x00\x00\x01a": ErrMalformed, "\x00\x00\x02..\x00\x01b": ErrName, "\x00\x00\x01a\x00\x00": ErrName, "\x00\x00\x01a\x00\x01b\x00": ErrMalformed,
			"\x00" + strings.Repeat("\x00\x01a", 2*MaxMoves): nil, "\x00" + strings.Repeat("\x00\x01a", 2*MaxMoves+2): ErrMalformed,
		},
		TypeQuotas: {
			"": ErrMalformed, "\x00": nil, "\x01": nil, "\x02": ErrMalformed, "\x00" + strings.Repeat("\x00", 32) + "\x00\x01a": nil, "\x00" + strings.Repeat("\x00", 34): nil,
			"\x00" + strings.Repeat("\x00", 33): ErrMalformed, "\x00\x80" + strings.Repeat("\x00", 33): ErrMalformed, "\x00" + strings.Repeat("\x00", 32) + "\x04\x01" + strings.Repeat("x", 1025): ErrMalformed,
		},
		TypeResults: {"": nil, "\x00": ErrMalformed, "\x00\x02": nil},
		TypePut: {
			"": ErrMalformed, put + "\x00\x00": ErrName, put + "\x00\x01a": nil, put + "\x00\x01aobject": nil, put + "\x00\x02a": ErrMalformed, put + "\x00\x02..object": ErrName,
			"\x02" + put[1:] + "\x00\x01a": ErrMalformed, put + "\x04\x01" + strings.Repeat("x", 1025): ErrMalformed,
		},
	} {
		for body, want := range bodies {
			if _, _, err := parsers[typ]([]byte(body)); !errors.Is(err, want) {
				t.Errorf("type 0x%02x with %.40q: %v", typ, body, err)
			}
		}
	}
}

// TestSmallFits has the longest object with the longest name in a put, the longest part in
// an answer, and a get for no more than that.
func TestSmallFits(t *testing.T) {
	name, _ := ParseName(strings.Repeat(strings.Repeat("s", 199)+"/", 5) + strings.Repeat("s", 24))
	if n := len((&Put{Name: name, Object: make([]byte, MaxPut)}).Marshal()); n != MaxData {
		t.Errorf("a put of %d bytes", n)
	}
	if n := len((&Content{Bytes: make([]byte, MaxGet)}).Marshal()); n != MaxData || MaxGet != 262104 {
		t.Errorf("a content of %d bytes, for %d", n, MaxGet)
	}
	for length, want := range map[uint32]error{0: nil, MaxGet: nil, MaxGet + 1: ErrMalformed, math.MaxUint32: ErrMalformed} {
		if _, err := ParseGet((&Get{Length: length, Name: name}).Marshal()); !errors.Is(err, want) {
			t.Errorf("a get of %d bytes: %v", length, err)
		}
	}
}

// TestAnswers has contents of a byte too few and too many.
func TestAnswers(t *testing.T) {
	for _, test := range []struct {
		offset int64
		asked  uint32
		object int64
		got    int
		good   bool
	}{
		{0, 10, 20, 10, true}, {0, 10, 20, 9, false}, {0, 10, 20, 11, false}, {0, 10, 5, 5, true}, {0, 10, 5, 10, false}, {0, 10, 5, 4, false},
		{20, 10, 20, 0, true}, {21, 10, 20, 0, false}, {15, 10, 20, 5, true}, {0, 0, 20, 0, true}, {math.MaxInt64, 10, math.MaxInt64, 0, true},
	} {
		c := &Content{Object{Length: test.object}, make([]byte, test.got)}
		if err := c.Answers(&Get{Offset: test.offset, Length: test.asked}); (err == nil) != test.good || err != nil && !errors.Is(err, ErrProtocol) {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

// TestPageIsBounded fills a page with the longest names.
func TestPageIsBounded(t *testing.T) {
	page, size := new(Page), 0
	name, _ := ParseName(strings.Repeat(strings.Repeat("s", 199)+"/", 5) + strings.Repeat("s", 24))
	for {
		now, ok := page.Add(size, Entry{Name: name})
		if !ok {
			break
		}
		size = now
	}
	if n := len(page.Marshal()); n != size || n > MaxData || n < MaxData-2000 {
		t.Errorf("%d bytes, counted %d", n, size)
	}
}

// TestQuotasAreBounded fills quotas with the longest patterns.
func TestQuotasAreBounded(t *testing.T) {
	quotas, size := new(Quotas), 0
	for ok := true; ok; {
		size, ok = quotas.Add(size, Quota{Pattern: strings.Repeat("p", MaxPattern)})
	}
	if n := len(quotas.Marshal()); n != size || n > MaxData || n < MaxData-2000 {
		t.Errorf("%d bytes, counted %d", n, size)
	}
}

// TestRanges puts the numbers at the ends of their ranges into each field that
// is a length or an offset.
func TestRanges(t *testing.T) {
	for _, field := range []struct {
		typ      Type
		size, at int
		unknown  bool
	}{
		{TypePush, 62, 5, true},
		{TypePull, 42, 1, false},
		{TypeGet, 45, 0, false},
		{TypeContent, 40, 0, false},
		{TypeObject, 40, 0, true},
		{TypePage, 20, 1, false},
		{TypePage, 20, 9, false},
		{TypeReady, 13, 1, false},
		{TypeStart, 8, 0, false},
		{TypeChecked, 8, 0, false},
		{TypeEnd, 8, 0, false},
		{TypeDurable, 8, 0, false},
		{TypeStored, 8, 0, false},
	} {
		for v, good := range map[uint64]bool{
			0: true, 1e18: true, math.MaxInt64: true,
			1 << 63: false, 1<<63 + 1: false, math.MaxUint64 - 1: false, math.MaxUint64: field.unknown,
		} {
			body := make([]byte, field.size)
			if field.size != 8 && field.size != 13 && field.size != 40 {
				body[field.size-2], body[field.size-1] = 1, 'n' // the name, with its length in a page
				if field.typ != TypePage {
					body[field.size-2] = 0
				}
			}
			binary.BigEndian.PutUint64(body[field.at:], v)
			_, b, err := parsers[field.typ](body)
			if good && (err != nil || !bytes.Equal(b, body)) || !good && !errors.Is(err, ErrMalformed) {
				t.Errorf("type 0x%02x, %d at byte %d: %v", field.typ, v, field.at, err)
			}
		}
	}
	for typ, size := range map[Type]int{TypePush: 61, TypePull: 41, TypePage: 1} {
		for flag := range 256 {
			body := make([]byte, size)
			if typ != TypePage {
				body = append(body, 'n')
			}
			body[0] = byte(flag)
			if _, _, err := parsers[typ](body); (err == nil) != (flag < 2) {
				t.Errorf("type 0x%02x with the flag %d: %v", typ, flag, err)
			}
		}
	}
}

// TestUnknownIsUnknown checks what the length 2^64 - 1 becomes.
func TestUnknownIsUnknown(t *testing.T) {
	body := bytes.Repeat([]byte{0xFF}, 40)
	o, err := ParseObject(body)
	if err != nil || o.Length != Unknown {
		t.Errorf("%+v, %v", o, err)
	}
}

// stingy fails when more is read than it has.
type stingy struct {
	t *testing.T
	b []byte
}

func (s *stingy) Read(p []byte) (int, error) {
	if len(s.b) == 0 {
		s.t.Error("read beyond the header")
		return 0, io.EOF
	}
	n := copy(p, s.b)
	s.b = s.b[n:]
	return n, nil
}

// TestOversized checks that a length that cannot be is refused by the header
// alone, and without memory for it.
func TestOversized(t *testing.T) {
	for i := range 256 {
		typ := Type(i)
		limit, known := typ.maxBody()
		for _, n := range []int{limit + 1, MaxData + 1, 1<<24 - 1} {
			header := Header(typ, requestOf(typ), n)
			if m, err := Read(&stingy{t, header[:]}, nil, MaxData); !errors.Is(err, ErrMalformed) || m.Body != nil {
				t.Errorf("type 0x%02x (known: %v) with %d bytes: %v", i, known, n, err)
			}
		}
		// Nor is what is longer than the limit, though its type could be.
		if header := Header(typ, requestOf(typ), 1000); limit >= 1000 {
			if _, err := Read(&stingy{t, header[:]}, make([]byte, 1000), 999); !errors.Is(err, ErrMalformed) {
				t.Errorf("type 0x%02x, more than the limit: %v", i, err)
			}
		}
	}
	header := Header(TypePush, 1, 1<<24-1)
	r := bytes.NewReader(header[:])
	if n := testing.AllocsPerRun(100, func() { r.Reset(header[:]); Read(r, nil, MaxData) }); n > 8 {
		t.Errorf("%v allocations for a refusal", n)
	}
}

// TestCut ends a stream at every byte: only between messages that is an end.
func TestCut(t *testing.T) {
	whole := Append(nil, TypePush, 9, (&Push{Name: Name{"a/b"}, Length: 5}).Marshal())
	for n := range whole {
		_, err := Read(iotest.DataErrReader(bytes.NewReader(whole[:n])), nil, MaxData)
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		if err != want {
			t.Errorf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
	broken := errors.New("broken")
	if _, err := Read(iotest.ErrReader(broken), nil, MaxData); err != broken {
		t.Errorf("the reader's error: %v", err)
	}
}

// TestLongText checks that an error with too much to say stays one that can be
// parsed, in whole characters.
func TestLongText(t *testing.T) {
	for n := MaxText - 3; n < MaxText+4; n++ {
		e, err := ParseError((&Error{Code: 7, Text: strings.Repeat("x", n-1) + "€uro"}).Marshal())
		if err != nil || len(e.Text) > MaxText || !utf8.ValidString(e.Text) || !strings.HasPrefix(e.Text, strings.Repeat("x", min(n-1, MaxText))) {
			t.Errorf("%d bytes: %+v, %v", n, e, err)
		}
	}
}

// TestErrorsQuoteNothing checks that what is malformed does not reach the log.
func TestErrorsQuoteNothing(t *testing.T) {
	const secret = "\x1b[31mSECRET"
	for typ, parse := range parsers {
		body := bytes.Repeat([]byte(secret), MaxControl/len(secret))
		if typ == TypeResults || typ == TypeContent {
			continue // any codes or bytes will do
		}
		if _, _, err := parse(body); err == nil || strings.ContainsAny(err.Error(), "\x1bS") {
			t.Errorf("type 0x%02x: %v", typ, err)
		}
	}
}

// TestRequestNumbers checks which messages belong to a request: all after the login,
// except beats, and except an error that ends the connection.
func TestRequestNumbers(t *testing.T) {
	for i := range 256 {
		typ := Type(i)
		if _, known := typ.maxBody(); !known {
			continue
		}
		for _, request := range []uint32{0, 1, math.MaxUint32} {
			header := Header(typ, request, 0)
			_, err := Read(bytes.NewReader(header[:]), nil, MaxData)
			if good := typ == TypeError || (request == 0) == typ.alone(); (err == nil) != good {
				t.Errorf("type 0x%02x in request %d: %v", i, request, err)
			}
		}
	}
}

// TestCodes checks that every code comes back as what it was, and none twice.
func TestCodes(t *testing.T) {
	seen := make(map[uint16]bool)
	for _, c := range codes {
		if seen[c.code] || CodeOf(c.err) != c.code || Meaning(c.code) != c.err {
			t.Errorf("code %d: %v", c.code, c.err)
		}
		seen[c.code] = true
	}
	if e := Refusal(errors.New("secret")); e.Code != CodeInternal || e.Text != ErrServer.Error() || Meaning(999) != ErrServer {
		t.Errorf("an unknown error is %v", e)
	}
}
