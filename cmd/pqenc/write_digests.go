// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"errors"
	"os"

	"github.com/pqenc/pqenc"
	"github.com/pqenc/pqenc/internal/durable"
)

// writeDigests verifies the input like verify, and writes the list of its digests to the
// named file.
func (o *opener) writeDigests(name string, options durable.Options) (size int64, s *pqenc.Signature, err error) {
	file, err := o.look()
	if err == nil {
		err = o.atRandom(file)
	}
	if err != nil {
		return 0, nil, err
	}
	f, err := pqenc.OpenSigned(o.src.section(), o.src.size, o.policy, o.keys.list...)
	if err != nil {
		return 0, nil, o.keys.explain(err, file.begin)
	}
	if f.Signature() == nil {
		return 0, nil, withHints(pqenc.ErrNotSigned, "leave --write-digests out: a list can only verify signed files")
	}
	// Before the verification, so that an error here does not come after a long wait.
	out, err := o.app.openOutput(name, o.src, options)
	if err != nil {
		return 0, nil, err
	}
	err = errors.Join(f.Verify(), o.src.unchanged())
	o.meter.Stop()
	if err == nil {
		err = f.WriteDigests(out)
	}
	return f.Size(), f.Signature(), out.finish(err)
}

// checkDigests returns an error for flags that do not go with --write-digests.
func (c *verifyCmd) checkDigests() error {
	switch {
	case c.WriteDigests == "" && c.Keep.NoClobber:
		return usageError("--no-clobber is for --write-digests here", "leave it out: nothing else is written")
	case c.WriteDigests == "":
		return nil
	case c.Signature != "":
		return usageError("--write-digests is for encrypted files, and --signature for any", "leave one of the two out")
	case isStdio(c.WriteDigests):
		return usageError("the list of digests needs a file: the verdict goes to standard output", "name one with --write-digests")
	}
	return nil
}

// spareInput refuses an input that the list of digests would replace.
func (c *verifyCmd) spareInput(src *input) error {
	if c.WriteDigests != "" && src.is(os.Stat(c.WriteDigests)) {
		return usageError(c.WriteDigests+" is the input, which --write-digests would replace", "choose another name")
	}
	return nil
}
