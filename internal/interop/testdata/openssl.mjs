// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Reads the public components of a key with OpenSSL, and verifies a composite
// signature with them, each half on its own (draft-ietf-lamps-pq-composite-sigs,
// section 3.3). Input and output are JSON; bytes are in base64.

import crypto from 'node:crypto'
import { readFileSync } from 'node:fs'

const input = JSON.parse(readFileSync(0))
const keys = Object.fromEntries(input.components.map(({ name, pem }) => [name, crypto.createPublicKey(pem)]))

const label = Buffer.from('COMPSIG-MLDSA65-Ed25519-SHA512')
const ctx = Buffer.from(input.ctx)
const message = Buffer.from(input.message, 'base64')
const signature = Buffer.from(input.signature, 'base64')
const representative = Buffer.concat([
  Buffer.from('CompositeAlgorithmSignatures2025'), label, Buffer.of(ctx.length), ctx,
  crypto.createHash('sha512').update(message).digest(),
])
const mldsaSize = 3309

console.log(JSON.stringify({
  openssl: process.versions.openssl,
  components: input.components.map(({ name }) => ({
    type: keys[name].asymmetricKeyType,
    der: keys[name].export({ type: 'spki', format: 'der' }).toString('base64'),
  })),
  mldsa: crypto.verify(null, representative, { key: keys['ML-DSA-65'], context: label }, signature.subarray(0, mldsaSize)),
  ed25519: crypto.verify(null, representative, keys.Ed25519, signature.subarray(mldsaSize)),
}))
