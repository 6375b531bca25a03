package helmrepo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"evenkeel.dev/internal/fault"
)

// cache is a directory of files that never change, bounded by bytes; those longest
// unused go first.
type cache struct {
	dir string
	max int64

	mu    sync.Mutex
	total int64
	files map[string]*cached
}

type cached struct {
	size int64
	used time.Time
}

// unfinished is the beginning of the names of files that are being written.
const unfinished = "tmp-"

func openCache(dir string, maxBytes int64) (*cache, error) {
	c := &cache{dir: dir, max: maxBytes, files: map[string]*cached{}}
	wrap := func(err error) error { return fault.Wrap(fault.Internal, err, "chart store %s", dir) }
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, wrap(err)
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, wrap(err)
	}
	for _, e := range list {
		i, err := e.Info()
		if err != nil {
			continue
		}
		if !i.Mode().IsRegular() || len(e.Name()) > len(unfinished) && e.Name()[:len(unfinished)] == unfinished {
			// What a crash left behind, or what is not ours.
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return nil, wrap(err)
			}
			continue
		}
		c.files[e.Name()] = &cached{size: i.Size(), used: i.ModTime()}
		c.total += i.Size()
	}
	c.evict("")
	return c, nil
}

// temporary is a new file that is to become one of the cache's, or to be removed.
func (c *cache) temporary() (*os.File, error) {
	// Somebody may have deleted all of it.
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "chart store %s", c.dir)
	}
	f, err := os.CreateTemp(c.dir, unfinished+"*")
	return f, fault.Wrap(fault.Internal, err, "chart store %s", c.dir)
}

// open is the file of that name; ok is false when there is none that can be read.
func (c *cache) open(name string, now time.Time) (f *os.File, ok bool) {
	path := filepath.Join(c.dir, name)
	f, err := os.Open(path)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			c.forget(name)
		}
		return nil, false
	}
	if known, ok := c.files[name]; ok {
		known.used = now
	}
	// Only for the order in which files go after a restart.
	_ = os.Chtimes(path, now, now) // else it counts as older than it is
	return f, true
}

// keep gives a temporary file its name.
func (c *cache) keep(temporary, name string, now time.Time) error {
	i, err := os.Stat(temporary)
	if err == nil {
		err = os.Rename(temporary, filepath.Join(c.dir, name))
	}
	if err != nil {
		return fault.Wrap(fault.Internal, err, "chart store %s", c.dir)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(name)
	c.files[name] = &cached{size: i.Size(), used: now}
	c.total += i.Size()
	c.evict(name)
	return nil
}

// drop removes a file that turned out to be of no use.
func (c *cache) drop(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = os.Remove(filepath.Join(c.dir, name)) // it may have gone, and costs room if not
	c.forget(name)
}

func (c *cache) forget(name string) {
	if known, ok := c.files[name]; ok {
		c.total -= known.size
		delete(c.files, name)
	}
}

// evict removes files until the rest is within the bound. Who is reading one reads on.
func (c *cache) evict(keep string) {
	if c.total <= c.max {
		return
	}
	names := make([]string, 0, len(c.files))
	for name := range c.files {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return c.files[a].used.Compare(c.files[b].used) })
	for _, name := range names {
		if c.total <= c.max {
			return
		}
		if name != keep {
			_ = os.Remove(filepath.Join(c.dir, name)) // it may have gone, and costs room if not
			c.forget(name)
		}
	}
}
