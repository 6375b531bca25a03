package cache

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// Results lie in packs, files of one after the other: to make a file costs ten to a hundred
// times what writing to one does, most of all where many were deleted just before. A
// pack is written to by the process that has made it and by no other.
//
// A result is its name, the length of what follows in eight bytes, and its record in
// gzip, which has a checksum.
const (
	nameSize = 64 + 1 + 16 // request-result
	headSize = nameSize + 8
	// perCache is about how many packs there are in a cache that is full.
	perCache   = 8
	packPrefix = "pack-"
)

// spot is where a result is. Its size is that of all of it.
type spot struct {
	pack     uint64
	at, size int64
}

// errDamaged is why a pack is of no use any more.
var errDamaged = errors.New("a pack is damaged")

// shelf is a directory of packs.
type shelf struct {
	dir string

	// mu is held by who writes, or says where.
	mu   sync.Mutex
	file *os.File // is written to; nil if none is
	size int64
	last uint64 // is its number, or that of the last that was there
}

func (s *shelf) path(pack uint64) string {
	return filepath.Join(s.dir, fmt.Sprintf("%s%016x", packPrefix, pack))
}

// number is that of the pack with a file's name.
func number(file string) (pack uint64, ok bool) {
	digits, ok := strings.CutPrefix(file, packPrefix)
	if !ok || len(digits) != 16 {
		return 0, false
	}
	pack, err := strconv.ParseUint(digits, 16, 64)
	return pack, err == nil
}

// begin is the beginning of a result, whose length is to be set by complete.
func begin(name string) []byte { return append([]byte(name), make([]byte, headSize-nameSize)...) }

func complete(result []byte) []byte {
	binary.LittleEndian.PutUint64(result[nameSize:], uint64(len(result)-headSize)) //nolint:gosec // it begins so
	return result
}

// head is the name of the result that begins with b, and how long all of it is.
func head(b []byte) (name string, size int64, ok bool) {
	name = string(b[:nameSize])
	length := binary.LittleEndian.Uint64(b[nameSize:])
	if !isName(name) || length > 1<<40 {
		return "", 0, false
	}
	return name, headSize + int64(length), true //nolint:gosec // see above
}

// isName says whether a text is the name of a result.
func isName(s string) bool {
	return len(s) == nameSize && s[64] == '-' && strings.Trim(s[:64]+s[65:], "0123456789abcdef") == ""
}

// list is what is in a pack up to where it is cut off, in order, and how large the file is.
func (s *shelf) list(pack uint64, each func(name string, at spot)) (size int64, err error) {
	f, err := os.Open(s.path(pack))
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	size = info.Size()
	b := make([]byte, headSize)
	for at := int64(0); ; {
		if _, err := f.ReadAt(b, at); err != nil {
			return size, nil // what is there is there
		}
		name, n, ok := head(b)
		if !ok || at+n > size {
			return size, nil
		}
		each(name, spot{pack, at, n})
		at += n
	}
}

// append writes a result to a pack, to a new one when the last has grown to most.
func (s *shelf) append(result []byte, most int64) (spot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file != nil && s.size >= most {
		s.close()
	}
	if s.file == nil {
		f, err := os.OpenFile(s.path(s.last+1), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		s.last++ // also if somebody else has one of that number
		if err != nil {
			return spot{}, err
		}
		s.file, s.size = f, 0
	}
	at := spot{s.last, s.size, int64(len(result))}
	if _, err := s.file.Write(result); err != nil {
		s.close() // whoever reads it stops there
		return spot{}, err
	}
	s.size += at.size
	return at, nil
}

func (s *shelf) close() {
	_ = s.file.Close() // what is missing is found when it is read
	s.file = nil
}

// read is all of a result.
func (s *shelf) read(name string, at spot) ([]byte, error) {
	f, err := os.Open(s.path(at.pack))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errDamaged
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	b := make([]byte, at.size)
	_, err = f.ReadAt(b, at.at)
	if errors.Is(err, io.EOF) {
		return nil, errDamaged
	}
	if err != nil {
		return nil, err
	}
	if found, size, ok := head(b); !ok || found != name || size != at.size {
		return nil, errDamaged
	}
	return b, nil
}

// remove deletes a pack; somebody may have done so before.
func (s *shelf) remove(pack uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file != nil && s.last == pack {
		s.close()
	}
	_ = os.Remove(s.path(pack))
}
