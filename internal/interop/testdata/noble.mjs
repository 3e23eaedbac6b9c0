// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// X-Wing of @noble/post-quantum. Input and output are JSON; bytes are in base64.
//
//   {seed}                        the public key of a private one
//   {}                            a new key pair, the private one as PKCS#8 in PEM
//   {seed, enc, ct, info, aad}    what a stanza holds: HPKE (RFC 9180), base mode,
//                                 with KEM 0x647a, HKDF-SHA256 and AES-256-GCM

import crypto from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ml_kem768_x25519 as xwing } from '@noble/post-quantum/hybrid.js'

const input = JSON.parse(readFileSync(0))
const bytes = name => new Uint8Array(Buffer.from(input[name], 'base64'))
const text = b => Buffer.from(b).toString('base64')

// pkcs8 returns a OneAsymmetricKey (RFC 5958) of id-XWing, 1.3.6.1.4.1.62253.25722.
function pkcs8(seed) {
  const der = Buffer.concat([Buffer.from('3034020100300d060b2b0601040183e62d81c87a0420', 'hex'), seed])
  return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`
}

const hmac = (key, ...parts) => crypto.createHmac('sha256', key).update(Buffer.concat(parts)).digest()

// open is SetupBaseR and Open (RFC 9180, sections 5.1 and 5.2) of one message.
function open(secret, info, aad, ct) {
  const suite = Buffer.from('HPKE\x64\x7a\x00\x01\x00\x02', 'latin1')
  const v1 = Buffer.from('HPKE-v1')
  const extract = (salt, label, ikm) => hmac(salt, v1, suite, Buffer.from(label), ikm)
  const expand = (prk, label, context, n) => // one block is enough
    hmac(prk, Buffer.of(0, n), v1, suite, Buffer.from(label), context, Buffer.of(1)).subarray(0, n)
  const empty = Buffer.alloc(0)
  const context = Buffer.concat([Buffer.of(0), extract(empty, 'psk_id_hash', empty), extract(empty, 'info_hash', info)])
  const prk = extract(secret, 'secret', empty)
  const gcm = crypto.createDecipheriv('aes-256-gcm', expand(prk, 'key', context, 32), expand(prk, 'base_nonce', context, 12))
  gcm.setAAD(aad)
  gcm.setAuthTag(ct.subarray(ct.length - 16))
  return Buffer.concat([gcm.update(ct.subarray(0, ct.length - 16)), gcm.final()])
}

const output = {}
if (input.enc) {
  const secret = xwing.decapsulate(bytes('enc'), bytes('seed'))
  output.fileKey = text(open(secret, bytes('info'), bytes('aad'), bytes('ct')))
} else {
  const pair = input.seed ? xwing.keygen(bytes('seed')) : xwing.keygen()
  output.public = text(pair.publicKey)
  output.pem = pkcs8(pair.secretKey)
}
console.log(JSON.stringify(output))
