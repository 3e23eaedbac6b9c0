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

// Change says which recipients a file is to have.
//
//   - To alone is the complete new list. Stanzas do not say for whom they are: all
//     that hold the file key are replaced.
//   - With Keep those that there are stay, and To is added to them.
//   - With Keep and Except the stanzas go that one of the identities in Except opens,
//     and To takes their place. Old generations of a key in Except, and the newest one
//     in To, bring a file up to date. If they open none, To is not added.
//
// Of recipients with the same fingerprint in To the first one counts, and a [Reserve]
// among them makes room for more.
type Change struct {
	To     []Recipient
	Keep   bool
	Except []Identity // of no meaning without Keep
}

// Rewrapped is what [Rewrap] returns.
type Rewrapped struct {
	// Header is the new header, which takes the place of Old: the rest of the file
	// follows, and stays what it is. Both have a multiple of [format.Alignment] bytes.
	Header, Old []byte
	// Signature is what the signature of the file says, not verified, or nil if it
	// has none. The list of its readers stays what it was.
	Signature *Signature
	// Forwarded are those in To whom a signed file does not name as its readers.
	// They accept it only with [Policy.AllowForwarded].
	Forwarded []Recipient
}

// Rewrap returns a new header for an encrypted file, one of whose recipients is
// among the identities: the change is made to the list of recipients, and the body
// can stay as it is (SPEC.md, section 3.5). It reads the header at the start of src
// and nothing else. Where the file is kept, the caller puts the new header in the
// place of the old one. The header keeps its length if the stanzas fit into it.
//
// That takes access from nobody who had it: old copies of the header open as before,
// and whoever has opened the file can have kept the file key. To take access away,
// decrypt the file and encrypt it anew.
//
// Errors are those of [Decrypt], [ErrNoRecipients], [ErrPassphraseAlone],
// [ErrTooMany], and [ErrUnchanged] if there is nothing to do.
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

// keep returns the stanzas of h that stay, and the place among them for new ones:
// that of the first one that goes, or the end.
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

// opens reports whether one of the identities finds the file key of h in s. A stanza
// with another key in it does not count: it is not theirs.
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

// lacking returns those in to who are to take the place of the stanzas that are not
// among those kept: nobody, if all are, and nobody who has one there. That can be
// told of those who are among the identities.
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

// opensOne reports whether the identity finds the file key of h in one of the stanzas.
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

// sizeAfter returns the length of the header with what was kept, stanzas for to, and
// room for more. It fails, before anything is wrapped, if there can be no such header.
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

// sizeWith returns the length of the shortest header with the stanzas, and room for
// as many hybrid ones.
func sizeWith(stanzas []Stanza, room int) int {
	more := Stanza{Type: format.TypeHybrid, Body: make([]byte, format.HybridSize)}
	h := &format.Header{Stanzas: slices.Concat(stanzas, slices.Repeat([]Stanza{more}, room))}
	return h.MinSize()
}

// typed are recipients that say which stanza they make before they make it, since
// that takes work.
type typed interface{ StanzaType() format.StanzaType }

// mayStandTogether refuses a passphrase beside another way into the file. What it
// cannot know before the recipients have wrapped the key, [format.Header.Seal] sees.
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

// distinct returns the recipients without those whose fingerprint came before.
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

// Reserve stands for so many recipients to come: given to [Encrypt], [EncryptSigned]
// or [Rewrap] as one of the recipients, it makes the header long enough for as many
// more with a hybrid key. A later change of recipients then leaves the length of the
// header, and the place of the body, what they are.
type Reserve int

// Wrap fails: there is nobody to wrap a key for.
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
