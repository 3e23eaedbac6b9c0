// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package signature

import (
	"crypto/ed25519"
	"math/big"
	"slices"
)

// isPoint reports whether RFC 8032 section 5.1.3 decodes b to a point of the
// curve. crypto/ed25519 is more lenient: it reduces y ≥ p and ignores the sign of
// x = 0, so that some keys would have two encodings and two fingerprints. Public keys
// are not secret, so variable time is acceptable.
func isPoint(b *[ed25519.PublicKeySize]byte) bool {
	bigEndian := slices.Clone(b[:])
	slices.Reverse(bigEndian)
	xIsOdd := bigEndian[0]>>7 == 1
	bigEndian[0] &= 0x7f

	p := new(big.Int).Lsh(big.NewInt(1), 255)
	p.Sub(p, big.NewInt(19))
	y := new(big.Int).SetBytes(bigEndian)
	if y.Cmp(p) >= 0 {
		return false
	}

	// On the curve, x² = (y² - 1) / (dy² + 1) with d = -121665/121666. That
	// is a square if and only if u·v is, with numerator and denominator times
	// 121666: u = 121666(y² - 1), v = 121666 - 121665y². v is never 0.
	yy := new(big.Int).Mul(y, y)
	u := new(big.Int).Sub(yy, big.NewInt(1))
	u.Mul(u, big.NewInt(121666))
	v := new(big.Int).Mul(yy, big.NewInt(121665))
	v.Sub(big.NewInt(121666), v)
	switch big.Jacobi(u.Mul(u, v), p) {
	case 1:
		return true
	case 0: // x = 0, which is even
		return !xIsOdd
	default:
		return false
	}
}
