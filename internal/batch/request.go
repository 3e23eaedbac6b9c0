// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package batch

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// op is what a request asks for.
type op string

const (
	opRead  op = "read"
	opStat  op = "stat"
	opClose op = "close"
)

// request is a request of the parent.
type request struct {
	id             json.RawMessage // as it is repeated in the answer; nil if there is none
	op             op
	file           fileKey
	offset, length int64
	err            error // why it is invalid; the other fields are not set then

	before <-chan struct{} // closed when it is its turn; nil if that does not matter
}

// fileKey names a file. For a file that the parent reads, size and validator are part of
// the name.
type fileKey struct {
	name      string
	digests   string
	parent    bool // the parent reads it
	size      int64
	validator string
}

const (
	maxID        = 128  // bytes
	maxValidator = 1024 // bytes
)

// parseRequest parses a request. What is wrong with it is in the request, for the answer.
// Only an invalid id is an error.
func parseRequest(all members) (*request, error) {
	r := &request{op: opRead}
	if id, ok := all["id"]; ok {
		if !validID(id) {
			return nil, fmt.Errorf("%w: an id is not a whole number or a string of up to %d bytes", ErrProtocol, maxID)
		}
		r.id = id
	}
	r.err = r.parse(all)
	return r, nil
}

func validID(id json.RawMessage) bool {
	if len(id) > maxID {
		return false
	}
	if id[0] == '"' {
		_, err := members{"id": id}.text("id")
		return err == nil
	}
	_, err := strconv.ParseInt(string(id), 10, 64)
	return err == nil
}

func (r *request) parse(all members) error {
	what, err := all.text("op")
	if err != nil {
		return err
	}
	known := []string{"id", "op", "file", "file_base64", "digests", "upcall"}
	switch r.op = op(what); r.op {
	case "", opRead:
		r.op = opRead
		known = append(known, "offset", "length")
	case opStat, opClose:
	default:
		return fmt.Errorf("%w: unknown op %q", ErrRequest, what)
	}
	if err := all.only(known...); err != nil {
		return err
	}
	if r.offset, err = all.number("offset", 0); err != nil {
		return err
	}
	if r.length, err = all.number("length", math.MaxInt64); err != nil {
		return err
	}
	return r.file.parse(all)
}

// parse reads which file a request is about.
func (k *fileKey) parse(all members) (err error) {
	if k.name, err = all.text("file"); err != nil {
		return fmt.Errorf("%w: give it in file_base64", err)
	}
	encoded, err := all.text("file_base64")
	if err != nil {
		return err
	}
	if (k.name == "") == (encoded == "") {
		return fmt.Errorf("%w: it names no file, or two", ErrRequest)
	}
	if encoded != "" {
		b, err := base64.StdEncoding.Strict().DecodeString(encoded)
		if err != nil {
			return fmt.Errorf("%w: file_base64 is not base64", ErrRequest)
		}
		k.name = string(b)
	}
	if k.digests, err = all.text("digests"); err != nil {
		return err
	}
	raw, ok := all["upcall"]
	if !ok {
		return nil
	}
	return k.parseUpcall(raw)
}

func (k *fileKey) parseUpcall(raw json.RawMessage) error {
	if raw[0] != '{' {
		return fmt.Errorf("%w: upcall is not an object", ErrRequest)
	}
	all, err := fields(raw)
	if err != nil {
		return fmt.Errorf("%w: upcall has a field twice", ErrRequest)
	}
	if err := all.only("size", "validator"); err != nil {
		return err
	}
	if _, ok := all["size"]; !ok {
		return fmt.Errorf("%w: upcall has no size", ErrRequest)
	}
	k.parent = true
	if k.size, err = all.number("size", 0); err != nil {
		return err
	}
	if k.validator, err = all.text("validator"); err == nil && len(k.validator) > maxValidator {
		err = fmt.Errorf("%w: validator has more than %d bytes", ErrRequest, maxValidator)
	}
	return err
}
