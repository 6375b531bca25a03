package tree

import (
	"bytes"

	"evenkeel.dev/internal/fault"
)

// pointerPrefix begins every Git LFS pointer.
const pointerPrefix = "version https://git-lfs.github.com/spec/"

// CheckPointer refuses a file of which the repository holds a Git LFS pointer
// only, which is what a tree shows unless the repository's Secret says enableLfs. The
// pointer in the file's place would leave objects out, which then were pruned, or write
// itself into them.
func CheckPointer(name string, data []byte) error {
	if !bytes.HasPrefix(data, []byte(pointerPrefix)) {
		return nil
	}
	return fault.New(fault.Unsupported, "%s is a Git LFS pointer; what it stands for is fetched when the repository's Secret says enableLfs: \"true\"", name)
}
