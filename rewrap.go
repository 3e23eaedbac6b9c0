// Copyright 2026 The pqenc Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pqenc

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pqenc/pqenc/format"
)

// Change is a change of the recipients of a file.
//
//   - To alone is the complete new list. Stanzas do not name their recipients, so all
//     key stanzas are replaced.
//   - With Keep, the present recipients stay, and To is added.
//   - With Keep and Except, the stanzas that an identity in Except opens are replaced by
//     To. With old generations of a key in Except, and the newest one in To, this updates
//     a file. If the identities open none, To is not added.
//
// Of several recipients with the same fingerprint in To, only the first is used. A
// [Reserve] in To makes room for more recipients.
type Change struct {
	To     []Recipient
	Keep   bool
	Except []Identity // ignored without Keep
}

// Rewrapped is the result of [Rewrap].
type Rewrapped struct {
	// Header is the new header, which replaces Old. The rest of the file is unchanged.
	// Both lengths are multiples of [format.Alignment].
	Header, Old []byte
	// Signature is the unverified signature of the file, or nil if it has none. Its
	// list of readers is unchanged.
	Signature *Signature
	// Forwarded are the recipients in To that the signature of the file does not name
	// as readers. They accept it only with [Policy.AllowForwarded].
	Forwarded []Recipient
}

// Rewrap returns a new header for an encrypted file with other recipients. One of the
// identities must open the file. The body stays the same (SPEC.md, section 3.5). Rewrap
// reads only the header at the start of src. The caller replaces the header of the file.
// The header keeps its length if the stanzas fit into it.
//
// Rewrap takes no access away: old copies of the header still open the file, and whoever
// has opened the file may have kept the file key. To take access away, decrypt the file
// and encrypt it again.
//
// Errors are those of [Decrypt], [ErrNoRecipients], [ErrPassphraseAlone],
// [ErrTooMany], and [ErrUnchanged] if nothing would change.
func Rewrap(src io.ReaderAt, change Change, identities ...Identity) (*Rewrapped, error) {
	to, room := split(change.To)
	if to = distinct(to); len(to) == 0 && !change.Keep {
		return nil, ErrNoRecipients
	}
	h, err := openHeader(io.NewSectionReader(src, 0, format.MaxSize), Policy{}, identities)
	if err != nil {
		return nil, err
	}
	old, err := h.Marshal()
	if err != nil {
		return nil, err
	}
	kept, place, err := change.keep(h)
	if err != nil {
		return nil, err
	}
	if change.Except != nil {
		if to, err = lacking(h.Header, kept, to, identities); err != nil {
			return nil, err
		}
	}
	size, err := sizeAfter(h.Header, kept, to, room)
	if err != nil {
		return nil, err
	}
	if len(kept) == len(h.Stanzas) && len(to) == 0 && size == h.Size {
		return nil, ErrUnchanged
	}
	wrapped, err := wrapAll(to, h.fileKey, h.Binding())
	if err != nil {
		return nil, err
	}
	h.Stanzas, h.Size = slices.Insert(kept, place, wrapped...), size
	sealed, err := h.Seal(h.keys)
	if err != nil {
		return nil, err
	}
	return &Rewrapped{Header: sealed, Old: old, Signature: h.sig.signature(), Forwarded: h.sig.forwarded(to)}, nil
}

// keep returns the stanzas of h that stay, and the index for new ones: that of the first
// stanza that is removed, or the end.
func (c *Change) keep(h *header) (kept []Stanza, place int, err error) {
	place = -1
	for _, s := range h.Stanzas {
		goes := false
		if s.Type.WrapsKey() {
			if goes = !c.Keep; c.Keep {
				goes, err = opens(h.Header, s, c.Except)
			}
		}
		switch {
		case err != nil:
			return nil, 0, err
		case !goes:
			kept = append(kept, s)
		case place < 0:
			place = len(kept)
		}
	}
	if place < 0 {
		place = len(kept)
	}
	return kept, place, nil
}

// opens reports whether one of the identities opens s to the file key of h. A stanza with
// another key does not count.
func opens(h *format.Header, s Stanza, identities []Identity) (bool, error) {
	for _, id := range identities {
		fileKey, err := id.Unwrap(s, h.Binding())
		switch {
		case errors.Is(err, ErrNoMatch):
		case err != nil:
			return false, err
		case h.Committed(h.DeriveKeys(fileKey)):
			return true, nil
		}
	}
	return false, nil
}

// lacking returns the recipients in to that need a new stanza: none if all stanzas of h are
// kept. A recipient that has a kept stanza needs none, which is known only of those that
// are among the identities.
func lacking(h *format.Header, kept []Stanza, to []Recipient, identities []Identity) (rest []Recipient, err error) {
	if len(kept) == len(h.Stanzas) {
		return nil, nil
	}
	for _, r := range to {
		there := false
		for _, id := range identities {
			if there || !same(r, id) {
				continue
			}
			if there, err = opensOne(h, kept, id); err != nil {
				return nil, err
			}
		}
		if !there {
			rest = append(rest, r)
		}
	}
	return rest, nil
}

// same reports whether a recipient and an identity have the same fingerprint.
func same(r Recipient, id Identity) bool {
	public, ok := r.(named)
	private, ok2 := id.(named)
	return ok && ok2 && public.Fingerprint() == private.Fingerprint()
}

// opensOne reports whether the identity opens one of the stanzas to the file key of h.
func opensOne(h *format.Header, stanzas []Stanza, id Identity) (bool, error) {
	for _, s := range stanzas {
		if !s.Type.WrapsKey() {
			continue
		}
		if found, err := opens(h, s, []Identity{id}); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// sizeAfter returns the length of the header with the kept stanzas, stanzas for to, and room
// for more. It fails, before anything is wrapped, if no header can hold them.
func sizeAfter(h *format.Header, kept []Stanza, to []Recipient, room int) (int, error) {
	if err := mayStandTogether(kept, to); err != nil {
		return 0, err
	}
	keys := len(to)
	for _, s := range kept {
		if s.Type.WrapsKey() {
			keys++
		}
	}
	more := len(to) + room
	if keys+room > format.MaxKeyStanzas {
		return 0, fmt.Errorf("%w: %d are more than %d", ErrTooMany, keys+room, format.MaxKeyStanzas)
	}
	// No stanza of a recipient in this module is longer than a hybrid one.
	size := max(sizeWith(kept, more), h.Size)
	if size > format.MaxSize {
		return 0, fmt.Errorf("%w: they need a header of %d bytes, more than %d", ErrTooMany, size, format.MaxSize)
	}
	return size, nil
}

// sizeWith returns the length of the shortest header with the stanzas and room for more
// hybrid ones.
func sizeWith(stanzas []Stanza, room int) int {
	more := Stanza{Type: format.TypeHybrid, Body: make([]byte, format.HybridSize)}
	h := &format.Header{Stanzas: slices.Concat(stanzas, slices.Repeat([]Stanza{more}, room))}
	return h.MinSize()
}

// typed are recipients that report the type of their stanzas before the work of Wrap.
type typed interface{ StanzaType() format.StanzaType }

// mayStandTogether refuses a passphrase beside other recipients. It does not know the
// stanzas of recipients that are not typed: [format.Header.Seal] checks those.
func mayStandTogether(kept []Stanza, to []Recipient) error {
	ways, passphrase := len(to), false
	for _, r := range to {
		t, ok := r.(typed)
		passphrase = passphrase || ok && t.StanzaType() == format.TypePassphrase
	}
	for _, s := range kept {
		if s.Type.WrapsKey() {
			ways++
			passphrase = passphrase || s.Type == format.TypePassphrase
		}
	}
	if passphrase && ways > 1 {
		return ErrPassphraseAlone
	}
	return nil
}

func wrapAll(to []Recipient, fileKey *FileKey, binding *Binding) (wrapped []Stanza, err error) {
	for _, r := range to {
		s, err := r.Wrap(fileKey, binding)
		if err != nil {
			return nil, err
		}
		wrapped = append(wrapped, s)
	}
	return wrapped, nil
}

// distinct returns the recipients, each fingerprint only once.
func distinct(all []Recipient) (to []Recipient) {
	seen := make(map[Fingerprint]bool)
	for _, r := range all {
		if n, ok := r.(named); ok {
			if seen[n.Fingerprint()] {
				continue
			}
			seen[n.Fingerprint()] = true
		}
		to = append(to, r)
	}
	return to
}

// Reserve is a number of recipients to be added later. As one of the recipients of
// [Encrypt], [EncryptSigned] or [Rewrap], it makes the header long enough for that many
// more hybrid keys. Adding them changes neither the length of the header nor the place
// of the body.
type Reserve int

// Wrap returns [ErrNoRecipients].
func (Reserve) Wrap(*FileKey, *Binding) (Stanza, error) { return Stanza{}, ErrNoRecipients }

// split separates the recipients from the room for more.
func split(all []Recipient) (to []Recipient, room int) {
	for _, r := range all {
		if n, ok := r.(Reserve); ok {
			room += int(min(max(n, 0), 1<<16)) // more does not fit anyway
		} else {
			to = append(to, r)
		}
	}
	return to, room
}
