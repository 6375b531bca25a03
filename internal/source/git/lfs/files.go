package lfs

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"

	"evenkeel.dev/internal/fault"
)

// Files is a directory of large files by their digests. Nothing in it is believed.
type Files struct {
	Dir string
}

// Read is the content of p, if it is here.
func (f Files) Read(p Pointer) ([]byte, bool) {
	path := filepath.Join(f.Dir, p.OID)
	info, err := os.Stat(path)
	if err != nil || info.Size() != p.Size {
		return nil, false
	}
	data, err := os.ReadFile(path)
	sum := sha256.Sum256(data)
	return data, err == nil && hex.EncodeToString(sum[:]) == p.OID
}

// Write keeps the content of p. It appears whole or not at all; what a crash leaves of
// it has a name that begins with tmp_.
func (f Files) Write(p Pointer, data []byte) error {
	failed := func(err error) error {
		// An error of the disk must not be taken for the absence of a file in the repository.
		return fault.New(fault.Internal, "large file: %v", err)
	}
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return failed(err)
	}
	file, err := os.CreateTemp(f.Dir, "tmp_")
	if err != nil {
		return failed(err)
	}
	defer os.Remove(file.Name()) //nolint:errcheck // renamed if all went well
	_, err = file.Write(data)
	if err := cmp.Or(err, file.Close()); err != nil {
		return failed(err)
	}
	if err := os.Rename(file.Name(), filepath.Join(f.Dir, p.OID)); err != nil {
		return failed(err)
	}
	return nil
}
