// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"io"

	"github.com/pqenc/pqenc/format"
)

// TrailerSize and the functions are what an attacker would write, too.
const TrailerSize = trailerSize

var (
	Seal           = seal
	Unseal         = unseal
	ParseOpening   = parseOpening
	MarshalOpening = (*opening).marshal
	VerifyOpening  = (*opening).verify
	SortedReaders  = sortedReaders
	Rounds         = rounds
)

// EncryptSignedSmall is [EncryptSigned] with chunks of 4 KiB, for tests that
// need many.
func EncryptSignedSmall(dst io.Writer, signer Signer, context string, recipients ...Recipient) (*Writer, error) {
	return encrypt(dst, format.MinChunkLog2, &signing{signer: signer, context: context}, recipients)
}

// EncryptSmall is [Encrypt] with chunks of 4 KiB.
func EncryptSmall(dst io.Writer, recipients ...Recipient) (*Writer, error) {
	return encrypt(dst, format.MinChunkLog2, nil, recipients)
}

// HashBuffer is what detached signing reads at once.
const HashBuffer = hashBuffer
