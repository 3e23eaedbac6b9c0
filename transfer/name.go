package transfer

import "github.com/pqenc/pqenc/transfer/internal/wire"

// CheckName reports whether an object can have that name: UTF-8 in 1 to 32 segments
// separated by "/", at most 1024 bytes, of which no segment is longer than 200 bytes,
// begins with a dot, or is something else than a file's name on any system. The
// error is an [ErrName] with the reason.
func CheckName(name string) error {
	_, err := wire.ParseName(name)
	return err
}
