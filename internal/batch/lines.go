// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package batch

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// lines is what the parent sends: lines, and the bytes that follow some of them.
type lines struct{ *bufio.Reader }

func newLines(r io.Reader) *lines { return &lines{bufio.NewReaderSize(r, MaxLine)} }

// next returns the next line, which is valid until the next call. The last one needs no
// end. The error is io.EOF after it.
func (l *lines) next() ([]byte, error) {
	line, err := l.ReadSlice('\n')
	switch {
	case err == bufio.ErrBufferFull:
		return nil, fmt.Errorf("%w: a line has more than %d bytes", ErrProtocol, MaxLine)
	case err == io.EOF && len(line) > 0:
		return line, nil
	}
	return line, err
}

// members are those of a JSON object.
type members map[string]json.RawMessage

// fields parses a line as an object without duplicate members.
func fields(line []byte) (members, error) {
	bad := func(why string) (members, error) {
		return nil, fmt.Errorf("%w: a line is not one JSON object%s", ErrProtocol, why)
	}
	d := json.NewDecoder(bytes.NewReader(line))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return bad("")
	}
	all := members{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return bad("")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return bad("")
		}
		key := name.(string)
		if _, twice := all[key]; twice {
			return bad(fmt.Sprintf(": it has %q twice", key))
		}
		all[key] = value
	}
	if _, err := d.Token(); err != nil {
		return bad("")
	}
	if _, err := d.Token(); err != io.EOF {
		return bad("")
	}
	return all, nil
}

// only fails if there are members other than these.
func (m members) only(known ...string) error {
	for name := range m {
		if !slices.Contains(known, name) {
			return fmt.Errorf("%w: unknown field %q", ErrRequest, name)
		}
	}
	return nil
}

// number returns a member that is a whole number, or a default if it is not there.
func (m members) number(name string, otherwise int64) (int64, error) {
	raw, ok := m[name]
	if !ok {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%w: %s is not a whole number from 0 to %d", ErrRequest, name, int64(math.MaxInt64))
	}
	return n, nil
}

// text returns a member that is a string, empty if it is not there. The JSON
// decoder puts U+FFFD where a string is not Unicode, which would be another string.
func (m members) text(name string) (string, error) {
	raw, ok := m[name]
	if !ok {
		return "", nil
	}
	var s string
	if raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", fmt.Errorf("%w: %s is not a string", ErrRequest, name)
	}
	if strings.ContainsRune(s, '\uFFFD') {
		return "", fmt.Errorf("%w: %s is not Unicode", ErrRequest, name)
	}
	return s, nil
}
