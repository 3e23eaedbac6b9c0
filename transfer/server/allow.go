// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package server

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pqenc/pqenc/internal/text"
	"github.com/pqenc/pqenc/internal/units"
	"github.com/pqenc/pqenc/signature"
)

// AllowList is an [Authorizer] that is read from a text with one rule a line:
//
//	# who           may             on names        with
//	SHA256:dpS...   push,pull,list  lab/**          quota=50GiB overwrite
//	keys/alice.pub  pull            global/*.pqe
//
// Fields are separated by blanks. A field that starts with # starts a comment. The fields
// are
//
//   - who: a fingerprint, as it is printed, or the name of a file of public keys, which
//     stands for all of them.
//   - may: push, pull, list and delete, separated by commas.
//   - on names: a [Pattern].
//   - with: conditions of push. overwrite allows to replace objects. quota=SIZE limits the
//     bytes of all objects and partials under names that the pattern matches, whoever
//     pushed them. SIZE is a number of bytes with an optional unit: B, KB, MB, GB, TB
//     (powers of 1000), KiB, MiB, GiB or TiB (powers of 1024). files=N limits the number
//     of these names plus the folders that the pattern matches. A name counts once, or
//     once for each key that is pushing to it.
//
// Rules add up: no rule can forbid what another one allows.
type AllowList struct {
	rules map[signature.Fingerprint][]*rule
	names map[signature.Fingerprint]string
}

// rule is one line of the list.
type rule struct {
	may   map[Operation]bool
	grant Grant
}

// Known reports whether there is a rule for the client.
func (a *AllowList) Known(client signature.Fingerprint) bool { return len(a.rules[client]) > 0 }

// Name returns the name by which the list names the client, that of a file or of a key, or ""
// if it has the fingerprint only.
func (a *AllowList) Name(client signature.Fingerprint) string { return a.names[client] }

// Authorize reports whether a rule allows op, and returns the grant of one rule. If several
// rules allow it, that is one that allows to overwrite, if there is any; among these the one
// with the largest quota, where no quota is the largest; then the one with the largest number
// of files; then the first one.
func (a *AllowList) Authorize(client signature.Fingerprint, op Operation, name string) (Grant, bool) {
	var best *rule
	for _, r := range a.rules[client] {
		if r.may[op] && r.grant.Within.Match(name) && (best == nil || r.grant.better(best.grant)) {
			best = r
		}
	}
	if best == nil {
		return Grant{}, false
	}
	return best.grant, true
}

// Grants returns the grants of the rules that let the client push, in their order.
func (a *AllowList) Grants(client signature.Fingerprint) (grants []Grant) {
	for _, r := range a.rules[client] {
		if r.may[Push] {
			grants = append(grants, r.grant)
		}
	}
	return grants
}

func (g Grant) better(than Grant) bool {
	if g.Overwrite != than.Overwrite {
		return g.Overwrite
	}
	// Minus one, because 0 is no limit and must be the largest.
	return cmp.Or(cmp.Compare(uint64(g.Quota)-1, uint64(than.Quota)-1), cmp.Compare(uint64(g.Files)-1, uint64(than.Files)-1)) > 0
}

// ListError has an error for each bad line of an access list.
type ListError []error

// Error returns all errors in one line.
func (e ListError) Error() string {
	text := make([]string, len(e))
	for i, err := range e {
		text[i] = err.Error()
	}
	return strings.Join(text, "; ")
}

// Unwrap returns the errors.
func (e ListError) Unwrap() []error { return e }

// maxBadLines is the largest number of errors in a ListError.
const maxBadLines = 100

// ParseAllow reads an access list. It calls load once for each name in the list to get the
// fingerprints of the keys in that file. If load is nil, names are errors. If lines are wrong,
// the error is a [ListError]. It does not quote them, because the file could be a secret key
// that was given by mistake.
func ParseAllow(r io.Reader, load func(name string) ([]signature.Fingerprint, error)) (*AllowList, error) {
	list := &AllowList{rules: make(map[signature.Fingerprint][]*rule), names: make(map[signature.Fingerprint]string)}
	keys := keyLoader{load: load, loaded: make(map[string][]signature.Fingerprint)}
	lines := bufio.NewScanner(text.NewReader(r))
	var wrong ListError
	number := 0
	for len(wrong) < maxBadLines && lines.Scan() {
		number++
		if err := list.add(lines.Text(), &keys); err != nil {
			wrong = append(wrong, fmt.Errorf("line %d: %w", number, err))
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		wrong = append(wrong, fmt.Errorf("line %d: expected at most %d bytes", number+1, bufio.MaxScanTokenSize-1))
	} else if err != nil {
		return nil, err
	}
	if wrong != nil {
		return nil, wrong
	}
	return list, nil
}

// add adds the rule of a line, unless it is empty.
func (a *AllowList) add(line string, keys *keyLoader) error {
	if !utf8.ValidString(line) {
		return errors.New("expected text in UTF-8")
	}
	fields := strings.Fields(line)
	if comment := slices.IndexFunc(fields, func(f string) bool { return f[0] == '#' }); comment >= 0 {
		fields = fields[:comment]
	}
	if len(fields) == 0 {
		return nil
	}
	if len(fields) < 3 {
		return errors.New("expected who, what they may do, and on which names")
	}
	r := new(rule)
	var err error
	if r.may, err = parseOperations(fields[1]); err != nil {
		return err
	}
	if r.grant.Within, err = ParsePattern(fields[2]); err != nil {
		return err
	}
	if err := r.with(fields[3:]); err != nil {
		return err
	}
	who, err := keys.fingerprints(fields[0])
	for _, client := range who {
		a.rules[client] = append(a.rules[client], r)
		if a.names[client] == "" && !strings.HasPrefix(fields[0], signature.FingerprintPrefix) {
			a.names[client] = fields[0]
		}
	}
	return err
}

func parseOperations(field string) (map[Operation]bool, error) {
	may := make(map[Operation]bool)
	for word := range strings.SplitSeq(field, ",") {
		known := false
		for op, name := range operationNames {
			if word == name {
				may[op], known = true, true
			}
		}
		if !known {
			return nil, errors.New("expected some of push, pull, list and delete, separated by commas")
		}
	}
	return may, nil
}

// with parses the conditions of push.
func (r *rule) with(fields []string) error {
	if len(fields) > 0 && !r.may[Push] {
		return errors.New("expected conditions for push only")
	}
	for _, field := range fields {
		size, isQuota := strings.CutPrefix(field, "quota=")
		count, isFiles := strings.CutPrefix(field, "files=")
		switch {
		case field == "overwrite" && !r.grant.Overwrite:
			r.grant.Overwrite = true
		case isQuota && r.grant.Quota == 0:
			quota, err := units.ParseBytes(size)
			if err != nil || quota == 0 || quota == math.MaxInt64 {
				return errors.New("expected a quota like 500MB or 50GiB")
			}
			r.grant.Quota = quota
		case isFiles && r.grant.Files == 0:
			files, err := strconv.ParseUint(count, 10, 32)
			if err != nil || files == 0 {
				return errors.New("expected a number of files like files=10000")
			}
			r.grant.Files = int64(files)
		default:
			return errors.New("expected overwrite, quota=SIZE and files=N after the names, each at most once")
		}
	}
	return nil
}

// keyLoader finds the keys of the first field.
type keyLoader struct {
	load   func(name string) ([]signature.Fingerprint, error)
	loaded map[string][]signature.Fingerprint
}

func (k *keyLoader) fingerprints(who string) ([]signature.Fingerprint, error) {
	if strings.HasPrefix(who, signature.FingerprintPrefix) {
		client, err := signature.ParseFingerprint(who)
		if err != nil {
			return nil, errors.New("expected a fingerprint of 50 characters, or a file of public keys")
		}
		return []signature.Fingerprint{client}, nil
	}
	if keys, ok := k.loaded[who]; ok {
		return keys, nil
	}
	if k.load == nil {
		return nil, errors.New("expected a fingerprint")
	}
	keys, err := k.load(who)
	if err != nil {
		return nil, fmt.Errorf("expected a name, a fingerprint or a file of public keys: %w", err)
	}
	// One key twice in a file is one key.
	keys = slices.Clone(keys)
	slices.SortFunc(keys, func(a, b signature.Fingerprint) int { return slices.Compare(a[:], b[:]) })
	keys = slices.Compact(keys)
	k.loaded[who] = keys
	return keys, nil
}
