package store

import (
	"errors"
	"fmt"

	"github.com/pqenc/pqenc/internal/durable"
	"github.com/pqenc/pqenc/transfer/internal/wire"
)

// Errors of a [Store], in addition to those of package wire and of the operating system. They
// may contain names of files of the server, which clients must not see.
var (
	// ErrTotal reports that a limit of the whole store is reached.
	ErrTotal = fmt.Errorf("%w: the store is full", wire.ErrNoSpace)
	// ErrLength reports a length that is not the announced one, or that no whole pqenc file
	// with this header has.
	ErrLength = fmt.Errorf("%w: not the length of the whole object", wire.ErrNotPqenc)
	// ErrDigest reports a header that is not the announced one.
	ErrDigest = fmt.Errorf("%w: not the announced header", wire.ErrNotPqenc)
	// ErrTorn reports a torn header, which can be repaired with the log beside the file.
	ErrTorn = fmt.Errorf("%w: %w", wire.ErrNotPqenc, durable.ErrTorn)
	// ErrStored reports that this push is stored already; see [StoredError].
	ErrStored = errors.New("the object is stored already")
	// ErrLocked reports that another server has the folder open.
	ErrLocked = errors.New("the folder is in use by another server")
)

// StoredError is an [ErrStored] with the length of the object.
type StoredError struct {
	Size int64 // bytes
}

func (e *StoredError) Error() string { return fmt.Sprintf("%v, %d bytes", ErrStored, e.Size) }

// Unwrap returns [ErrStored].
func (e *StoredError) Unwrap() error { return ErrStored }
