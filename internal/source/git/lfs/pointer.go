package lfs

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// MaxPointer is the largest pointer, in bytes.
const MaxPointer = 1024

const version = "version https://git-lfs.github.com/spec/v1"

// Pointer is what Git holds of a large file.
type Pointer struct {
	// OID is the SHA-256 of the content in lower case hexadecimal.
	OID  string
	Size int64
}

// Parse reads a pointer. Whatever is not exactly one is a file of its own: so are
// pointers whose content went through extensions, which are programs.
func Parse(data []byte) (Pointer, bool) {
	if len(data) > MaxPointer || !strings.HasPrefix(string(data), version) {
		return Pointer{}, false
	}
	lines := strings.Split(strings.ReplaceAll(strings.TrimRight(string(data), "\r\n"), "\r\n", "\n"), "\n")
	if len(lines) != 3 || lines[0] != version {
		return Pointer{}, false
	}
	oid, ok := strings.CutPrefix(lines[1], "oid sha256:")
	sum, err := hex.DecodeString(oid)
	if !ok || err != nil || len(sum) != 32 || oid != strings.ToLower(oid) {
		return Pointer{}, false
	}
	digits, ok := strings.CutPrefix(lines[2], "size ")
	size, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || size < 0 || strconv.FormatInt(size, 10) != digits {
		return Pointer{}, false
	}
	return Pointer{OID: oid, Size: size}, true
}
