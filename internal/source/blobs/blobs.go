package blobs

import (
	"cmp"
	"container/list"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"evenkeel.dev/internal/fault"
)

// Options of a Store; only Dir is needed.
type Options struct {
	// Dir is made when there is none, for us alone.
	Dir string
	// MaxBytes is how much is kept; 0 means 1 GiB. The newest file stays even if it is larger.
	MaxBytes int64
}

// Store is a directory of files named by their digests.
type Store struct {
	dir string
	max int64

	mu    sync.Mutex
	total int64
	order *list.List // of *item, used last first
	items map[string]*list.Element
}

type item struct {
	path string
	size int64
}

// Digests and spaces are parts of paths.
var (
	digests = regexp.MustCompile(`^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`)
	spaces  = regexp.MustCompile(`^[0-9a-z][0-9a-z-]{0,99}$`)
)

// temporary is where files are written before they have their name.
const temporary = "tmp"

// IsDigest says whether text is a digest that content can be kept and checked by:
// sha256 or sha512, in lower case.
func IsDigest(text string) bool { return digests.MatchString(text) }

// Open opens the store in a directory and clears away what a crash left behind.
func Open(opts Options) (*Store, error) {
	if opts.Dir == "" {
		return nil, fault.New(fault.Invalid, "store of downloads: no directory is given")
	}
	s := &Store{dir: filepath.Clean(opts.Dir), max: cmp.Or(opts.MaxBytes, 1<<30), order: list.New(), items: map[string]*list.Element{}}
	err := errors.Join(os.RemoveAll(filepath.Join(s.dir, temporary)), s.scan(), s.makeDirs(temporary))
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "store of downloads %s", s.dir)
	}
	s.shrink()
	return s, nil
}

func (s *Store) makeDirs(below string) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	// Made by somebody else, perhaps, for others to look into.
	if err := os.Chmod(s.dir, 0o700); err != nil {
		return err
	}
	return os.MkdirAll(filepath.Join(s.dir, below), 0o700)
}

// scan finds what an earlier process left. Files written last count as used last.
func (s *Store) scan() error {
	type found struct {
		item
		written int64
	}
	var all []found
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() || !s.named(path) {
			return err
		}
		if info, err := d.Info(); err == nil { // else it is gone in the meantime
			all = append(all, found{item{path, info.Size()}, info.ModTime().UnixNano()})
		}
		return nil
	})
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.written, b.written), strings.Compare(a.path, b.path))
	})
	for _, f := range all {
		s.use(f.path, f.size)
	}
	return err
}

// named says whether a path is one that we give to files. Others are not ours to delete.
func (s *Store) named(path string) bool {
	algorithm := filepath.Dir(path)
	ours, err := s.path(filepath.Base(filepath.Dir(algorithm)), filepath.Base(algorithm)+":"+filepath.Base(path))
	return err == nil && ours == path
}

// Open is the content of a digest, checked, from the beginning; ok is false when it
// is not here. The caller closes it.
func (s *Store) Open(space, digest string) (file *os.File, ok bool) {
	path, err := s.path(space, digest)
	if err != nil {
		return nil, false
	}
	file, err = os.Open(path)
	if err != nil {
		s.forget(path)
		return nil, false
	}
	sum := hashOf(digest)
	size, err := io.Copy(sum, file)
	if err == nil && matches(digest, sum) {
		_, err = file.Seek(0, io.SeekStart)
	} else {
		err = errors.Join(err, os.Remove(path), errors.New("damaged"))
	}
	if err != nil {
		_ = file.Close() // it was only read
		s.forget(path)
		return nil, false
	}
	s.use(path, size)
	return file, true
}

// Read is the whole content of a digest; ok is false when it is not here.
func (s *Store) Read(space, digest string) (content []byte, ok bool) {
	file, ok := s.Open(space, digest)
	if !ok {
		return nil, false
	}
	defer file.Close() //nolint:errcheck // it was only read
	content, err := io.ReadAll(file)
	return content, err == nil
}

// Add keeps what r gives until its end, which has to be exactly size bytes of the
// digest. No more than that is read.
func (s *Store) Add(space, digest string, size int64, r io.Reader) error {
	path, err := s.path(space, digest)
	if err != nil {
		return err
	}
	file, err := s.create(path)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "store of downloads %s", s.dir)
	}
	defer os.Remove(file.Name()) //nolint:errcheck // renamed if all went well
	defer file.Close()           //nolint:errcheck // closed below if all went well
	if err := fill(file, digest, size, r); err != nil {
		return err
	}
	if err := errors.Join(file.Close(), os.Rename(file.Name(), path)); err != nil {
		return fault.Wrap(fault.Unavailable, err, "store of downloads %s", s.dir)
	}
	s.use(path, size)
	s.shrink()
	return nil
}

// create is a new file, and sees to it that path can be made.
func (s *Store) create(path string) (*os.File, error) {
	err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.MkdirAll(filepath.Join(s.dir, temporary), 0o700))
	if err != nil {
		return nil, err
	}
	return os.CreateTemp(filepath.Join(s.dir, temporary), "")
}

func fill(file *os.File, digest string, size int64, r io.Reader) error {
	sum := hashOf(digest)
	source := &failing{Reader: io.LimitReader(r, size+1)}
	n, err := io.Copy(io.MultiWriter(file, sum), source)
	switch {
	case source.err != nil:
		return fault.Keep(fault.Unavailable, source.err, "reading %s", digest)
	case err != nil:
		return fault.Wrap(fault.Unavailable, err, "writing %s", digest)
	case n > size:
		return fault.New(fault.Broken, "%s is larger than the %d bytes that it was announced with", digest, size)
	case n < size:
		return fault.New(fault.Unavailable, "%s ends after %d of %d bytes", digest, n, size)
	case !matches(digest, sum):
		return fault.New(fault.Broken, "what was received for %s has the digest %s", digest, digestOf(digest, sum))
	}
	return nil
}

// failing remembers why reading failed, to tell it from writing.
type failing struct {
	io.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

func (s *Store) path(space, digest string) (string, error) {
	if !IsDigest(digest) || !spaces.MatchString(space) || space == temporary {
		return "", fault.New(fault.Invalid, "%q is no digest that content can be checked by", digest)
	}
	algorithm, sum, _ := strings.Cut(digest, ":")
	return filepath.Join(s.dir, space, algorithm, sum), nil
}

// use notes that a file is there and has been used.
func (s *Store) use(path string, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.items[path]; ok {
		s.total -= s.order.Remove(e).(*item).size
	}
	s.items[path] = s.order.PushFront(&item{path, size})
	s.total += size
}

func (s *Store) forget(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.items[path]; ok {
		s.total -= s.order.Remove(e).(*item).size
		delete(s.items, path)
	}
}

// shrink deletes what was not used longest. Whoever reads a file keeps it until it
// is closed.
func (s *Store) shrink() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.total > s.max && s.order.Len() > 1 {
		last := s.order.Remove(s.order.Back()).(*item)
		delete(s.items, last.path)
		s.total -= last.size
		_ = os.Remove(last.path) // it may have gone, and costs room if not
	}
}

func hashOf(digest string) hash.Hash {
	if strings.HasPrefix(digest, "sha512:") {
		return sha512.New()
	}
	return sha256.New()
}

func digestOf(like string, sum hash.Hash) string {
	algorithm, _, _ := strings.Cut(like, ":")
	return algorithm + ":" + hex.EncodeToString(sum.Sum(nil))
}

func matches(digest string, sum hash.Hash) bool { return digestOf(digest, sum) == digest }
