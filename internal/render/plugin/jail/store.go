package jail

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

const (
	// prefix begins the name of the directory of one Jail, in which its runs have theirs.
	prefix = "jail-"
	// suffix ends the name of the file that is locked as long as the Jail lives. It lies
	// beside the directory, so that a lock that is held never has its file removed.
	suffix = ".lock"

	private = 0o700
)

// store is the directory of a Jail. It is made when a first run needs it: most
// commands run no plugin.
type store struct {
	base string
	log  *slog.Logger

	mu   sync.Mutex
	dir  string
	lock *os.File
}

// newStore removes the directories below base whose owner is gone.
func newStore(base string, log *slog.Logger) (*store, error) {
	if err := os.MkdirAll(base, private); err != nil {
		return nil, err
	}
	// Landlock names files by what a path leads to.
	base, err := filepath.EvalSymlinks(base)
	if err != nil {
		return nil, err
	}
	s := &store{base: base, log: log}
	s.clean()
	return s, nil
}

// open makes the directory if there is none yet.
func (s *store) open() (dir string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dir != "" {
		return s.dir, nil
	}
	lock, err := os.CreateTemp(s.base, prefix+"*"+suffix)
	if err != nil {
		return "", err
	}
	// Between these two lines another process may clean: its lock then is the first, and
	// ours fails.
	if err := flock(lock); err != nil {
		return "", errors.Join(err, lock.Close())
	}
	dir = strings.TrimSuffix(lock.Name(), suffix)
	if err := os.Mkdir(dir, private); err != nil {
		return "", errors.Join(err, lock.Close())
	}
	s.dir, s.lock = dir, lock
	return dir, nil
}

func flock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) } //nolint:gosec // a descriptor

// clean removes the directories of Jails that have ended without Close. A lock ends
// with its process, however that ends.
func (s *store) clean() {
	locks, _ := filepath.Glob(filepath.Join(s.base, prefix+"*"+suffix)) // the pattern is a good one
	for _, name := range locks {
		f, err := os.OpenFile(name, os.O_RDWR|unix.O_NOFOLLOW, 0)
		if err != nil {
			continue
		}
		if flock(f) == nil {
			s.remove(strings.TrimSuffix(name, suffix))
			_ = os.Remove(name) // the next one tries again
		}
		_ = f.Close() // nothing was written
	}
}

func (s *store) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dir == "" {
		return
	}
	s.remove(s.dir)
	_ = os.Remove(s.lock.Name()) // the next Jail does
	_ = s.lock.Close()           // nothing was written
	s.dir = ""
}

// make is a directory for a run: with the source, a home and a place for temporary files.
func (s *store) make() (string, error) {
	dir, err := s.open()
	if err != nil {
		return "", err
	}
	if dir, err = os.MkdirTemp(dir, "run-*"); err != nil {
		return "", err
	}
	for _, name := range [...]string{sourceName, homeName, tempName} {
		if err := os.Mkdir(filepath.Join(dir, name), private); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// The parts of a run's directory.
const (
	sourceName = "source"
	homeName   = "home"
	tempName   = "tmp"
)

// remove removes a directory in which nothing runs any more. A plugin may have made
// directories that their owner cannot look into.
func (s *store) remove(dir string) {
	if os.RemoveAll(dir) == nil {
		return
	}
	// Each directory is passed here before it is read.
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, _ error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(path, private) //nolint:gosec // a directory, and nobody is left who could put a link there
		}
		return nil // what cannot be removed is said below
	})
	if err := os.RemoveAll(dir); err != nil {
		s.log.Warn("a plugin's directory could not be removed; the next start tries again", "err", err)
	}
}
