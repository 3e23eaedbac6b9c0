// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package secagg

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/pqenc/pqenc/signature"
)

// version is the first byte of every message.
const version = 1

// labelPrefix starts every label, and signContext is the context of all signatures of the
// protocol.
const (
	signContext = "pqenc/v1/secagg"
	labelPrefix = signContext + "/"
)

// Step is the second byte of a message: what the message is. Even steps are messages of clients,
// odd ones of the server.
type Step uint8

const (
	StepInvitation    Step = 1  // server: the terms of the round
	StepAdvertisement Step = 2  // client: the keys of the round
	StepRoster        Step = 3  // server: who takes part
	StepDraw          Step = 4  // client: its neighbours
	StepPeers         Step = 5  // server: their advertisements
	StepDeal          Step = 6  // client: shares and edge keys for its neighbours
	StepDealt         Step = 7  // server: what others have dealt to the client
	StepMasked        Step = 8  // client: statement about its masked vector
	StepCounted       Step = 9  // server: the statements of those who count
	StepConfirmation  Step = 10 // client: whom it counts
	StepConfirmed     Step = 11 // server: the confirmations of its holders
	StepReveal        Step = 12 // client: shares
)

var stepNames = [...]string{"", "invitation", "advertisement", "roster", "draw", "peers", "deal", "dealt",
	"masked", "counted", "confirmation", "confirmed", "reveal"}

// String returns the name of the step.
func (s Step) String() string {
	if s == 0 || int(s) >= len(stepNames) {
		return fmt.Sprintf("step %d", uint8(s))
	}
	return stepNames[s]
}

// StepOf returns the step of a message. The error is an [ErrMessage] for what cannot be one.
func StepOf(message []byte) (Step, error) {
	if len(message) < 2 || message[0] != version || message[1] == 0 || int(message[1]) >= len(stepNames) {
		return 0, fmt.Errorf("%w: not a message of this protocol", ErrMessage)
	}
	return Step(message[1]), nil
}

// SignerOf returns the client in whose name a message is. Only [Server.Receive] verifies that it is
// from that client.
func SignerOf(message []byte) (signature.Fingerprint, error) {
	m, _, err := cutSigned(message)
	return m.signer, err
}

// digest is a SHA-256.
type digest [sha256.Size]byte

// hash returns the SHA-256 of a label and parts of fixed lengths.
func hash(label string, parts ...[]byte) digest {
	h := sha256.New()
	h.Write([]byte(labelPrefix + label))
	for _, p := range parts {
		h.Write(p)
	}
	return digest(h.Sum(nil))
}

// Sizes in bytes of the parts of messages.
const (
	serverHead = 2 + sha256.Size                   // version, step, binding
	clientHead = 2 + sha256.Size + sha256.Size + 4 // version, step, signer, binding, length of the body
)

// serverMessage returns a message of the server: version, step, binding, body. It has no
// signature: what the server says is not trusted, and what clients say through it is signed.
func serverMessage(step Step, binding digest, body ...[]byte) Message {
	return append(Message{append([]byte{version, byte(step)}, binding[:]...)}, body...)
}

// parseServer returns the parts of a message of the server.
func parseServer(b []byte) (step Step, binding digest, body []byte, err error) {
	step, err = StepOf(b)
	switch {
	case err != nil:
		return 0, digest{}, nil, err
	case step%2 == 0:
		return 0, digest{}, nil, fmt.Errorf("%w: %v is a message of clients", ErrStep, step)
	case len(b) < serverHead:
		return 0, digest{}, nil, fmt.Errorf("%w: %v of %d bytes", ErrMessage, step, len(b))
	}
	return step, digest(b[2:]), b[serverHead:], nil
}

// signed is a message of a client.
type signed struct {
	step    Step
	signer  signature.Fingerprint
	binding digest // of the terms in an advertisement, of the roster in later steps
	body    []byte
	raw     []byte // the whole message, with the signature
}

// signedBytes is what a client signs.
func signedBytes(step Step, signer signature.Fingerprint, binding digest, body []byte) []byte {
	h := sha256.Sum256(body)
	return append(append(append([]byte{byte(step)}, signer[:]...), binding[:]...), h[:]...)
}

// sign returns a message of a client: version, step, signer, binding, length of the body, body,
// signature.
func sign(id Signer, step Step, binding digest, body []byte) ([]byte, error) {
	fingerprint := id.Fingerprint()
	sig, err := id.SigningKey().Sign(signContext, signedBytes(step, fingerprint, binding, body))
	if err != nil {
		return nil, err
	}
	b := append([]byte{version, byte(step)}, fingerprint[:]...)
	b = append(b, binding[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
	return append(append(b, body...), sig...), nil
}

// cutSigned returns the signed message at the start of b, and what follows it. It does not
// verify the signature.
func cutSigned(b []byte) (m signed, rest []byte, err error) {
	step, err := StepOf(b)
	if err != nil {
		return signed{}, nil, err
	}
	if step%2 != 0 {
		return signed{}, nil, fmt.Errorf("%w: %v is a message of the server", ErrStep, step)
	}
	if len(b) < clientHead {
		return signed{}, nil, fmt.Errorf("%w: %v of %d bytes", ErrMessage, step, len(b))
	}
	size := int64(binary.BigEndian.Uint32(b[clientHead-4:]))
	whole := clientHead + size + signature.Size
	if int64(len(b)) < whole {
		return signed{}, nil, fmt.Errorf("%w: %v of %d bytes, where %d are needed", ErrMessage, step, len(b), whole)
	}
	m = signed{step, signature.Fingerprint(b[2:]), digest(b[34:]), b[clientHead : clientHead+size], b[:whole]}
	return m, b[whole:], nil
}

// verify checks step, binding and signature, in this order.
func (m *signed) verify(step Step, binding digest, key *signature.PublicKey) error {
	if m.step != step {
		return fmt.Errorf("%w: %v, where %v is needed", ErrStep, m.step, step)
	}
	if m.binding != binding {
		return ErrRound
	}
	sig := m.raw[clientHead+len(m.body):]
	return key.Verify(signContext, signedBytes(m.step, m.signer, m.binding, m.body), sig)
}

// indices returns the ascending, distinct indices below n that b encodes.
func indices(b []byte, n int) ([]int, error) {
	if len(b)%2 != 0 {
		return nil, fmt.Errorf("%w: half an index", ErrMessage)
	}
	if len(b)/2 > n {
		return nil, fmt.Errorf("%w: more indices than clients", ErrMessage)
	}
	list := make([]int, len(b)/2)
	for i := range list {
		list[i] = int(binary.BigEndian.Uint16(b[2*i:]))
		if list[i] >= n || i > 0 && list[i] <= list[i-1] {
			return nil, fmt.Errorf("%w: the indices are not ascending, or beyond the roster", ErrMessage)
		}
	}
	return list, nil
}

// index16 is the encoding of an index in the roster, and of a count of clients.
func index16(i int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(i)) }

// includes reports whether an ascending list has an index.
func includes(list []int, index int) bool {
	_, found := slices.BinarySearch(list, index)
	return found
}

// encodeIndices is the encoding that indices reads.
func encodeIndices(list []int) (b []byte) {
	for _, i := range list {
		b = append(b, index16(i)...)
	}
	return b
}
