package store

import (
	"errors"
	"fmt"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// The store says no with errors of package wire, with these, or with those of the
// operating system. What they wrap beside may name files of the server and is for its
// log, not for clients.
var (
	// ErrTotal: the store may not hold so much in all.
	ErrTotal = fmt.Errorf("%w: the store is full", wire.ErrNoSpace)
	// ErrLength: no whole pqenc file with this header has that length, or it is
	// not the announced one.
	ErrLength = fmt.Errorf("%w: not the length of the whole object", wire.ErrNotPqenc)
	// ErrDigest: the header is not the announced one.
	ErrDigest = fmt.Errorf("%w: not the announced header", wire.ErrNotPqenc)
	// ErrTorn: the header is torn, and of use only to whoever has the log beside the file.
	ErrTorn = fmt.Errorf("%w: %w", wire.ErrNotPqenc, durable.ErrTorn)
	// ErrStored: this very object is there already, see [StoredError].
	ErrStored = errors.New("the object is stored already")
	// ErrLocked: another server has the folder open.
	ErrLocked = errors.New("the folder is in use by another server")
)

// StoredError is an [ErrStored] that says how long the object is.
type StoredError struct {
	Size int64 // bytes
}

func (e *StoredError) Error() string { return fmt.Sprintf("%v, %d bytes", ErrStored, e.Size) }

// Unwrap returns [ErrStored].
func (e *StoredError) Unwrap() error { return ErrStored }
