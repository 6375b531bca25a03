package git

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/git/remote"
	"evenkeel.dev/internal/source/lru"
)

// mirror is the bare mirror of one repository.
type mirror struct {
	store  *Store
	dir    string
	reader *reader
	// known are commits that are here with all that they contain.
	known *lru.Cache[string, struct{}]
	// roots are the trees of commits that were asked for.
	roots *lru.Cache[string, oid]

	mu sync.Mutex
	// ready: the directory exists and nothing of a crash is left in it.
	ready bool
	// damaged: an object that must be there cannot be read.
	damaged bool
	// movedTo is where a redirect has led to, without user and password; zero when there was none.
	movedTo remote.Remote
	queue   []*batch
	current *batch
	running bool
}

func newMirror(s *Store, dir string) *mirror {
	return &mirror{
		store: s, dir: dir, reader: newReader(s, dir),
		known: lru.New[string, struct{}](maxKnownCommits, nil),
		roots: lru.New[string, oid](maxKnownCommits, nil),
	}
}

// identity is the part of a repository that decides who one is to the server.
func identity(repo source.Repository) source.Repository {
	repo.Name, repo.Project, repo.Depth = "", "", 0
	return repo
}

// talk runs a git process that talks to the server and is its output. A
// redirect is followed by us and not by git, and remembered.
func (m *mirror) talk(ctx context.Context, repo source.Repository, c call) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, m.store.opts.Timeout)
	defer cancel()
	r, err := m.remote(repo)
	if err != nil {
		return nil, err
	}
	described := repo
	if repo, err = m.store.signIn(ctx, repo, r); err != nil {
		return nil, err
	}
	out, a, stderr, err := m.attempt(ctx, repo, r, c)
	if a == nil {
		return nil, err
	}
	if err == nil {
		return out, nil
	}
	if !r.OverHTTP() || !moved.MatchString(stderr) {
		m.setMovedTo(remote.Remote{})
		return nil, m.store.refused(described, a.failure(c.verb, err, stderr))
	}
	to, errMoved := m.store.whereMoved(ctx, repo, a)
	if errMoved != nil {
		return nil, errMoved
	}
	out, a, stderr, err = m.attempt(ctx, repo, to, c)
	if err != nil && a != nil {
		return nil, m.store.refused(described, a.failure(c.verb, err, stderr))
	}
	if err == nil {
		m.setMovedTo(to)
	}
	return out, err
}

// remote is where the repository is, or has moved to.
func (m *mirror) remote(repo source.Repository) (remote.Remote, error) {
	r, err := remote.Parse(repo.URL)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.movedTo != (remote.Remote{}) {
		r.URL, r.Scheme = m.movedTo.URL, m.movedTo.Scheme
	}
	return r, err
}

// minMemory is what git needs for itself.
const minMemory = 64 << 20

// attempt is one process of talk. Without an access nothing was run and err says why.
func (m *mirror) attempt(ctx context.Context, repo source.Repository, r remote.Remote, c call) ([]byte, *access, string, error) {
	a, err := m.store.open(ctx, repo, r)
	if err != nil {
		return nil, nil, "", err
	}
	defer a.close()
	c.env, c.dir = a.env, a.dir
	c.maxMemory, c.maxFile = m.store.opts.MaxMemory, m.store.opts.MaxPackSize
	if c.verb == "ls-remote" {
		c.maxMemory = min(c.maxMemory, minMemory+16*m.store.opts.MaxRefsSize)
	}
	out, stderr, err := m.store.run.output(ctx, c)
	return out, a, stderr, err
}

func (m *mirror) setMovedTo(r remote.Remote) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.movedTo = remote.Remote{URL: r.URL, Scheme: r.Scheme}
}

// prepare sees to it that the directory is a repository that can be fetched into.
func (m *mirror) prepare(ctx context.Context, repo source.Repository) error {
	m.mu.Lock()
	ready, damaged := m.ready, m.damaged
	m.mu.Unlock()
	if ready && !damaged {
		return nil
	}
	wrap := func(err error) error {
		return fault.Wrap(fault.Internal, err, "mirror of %s", repo)
	}
	if damaged || !isRepository(m.dir) {
		if damaged {
			m.store.opts.Log.WarnContext(ctx, "a mirror is damaged and is fetched anew", "repository", repo.String(), "dir", m.dir)
		}
		if err := m.create(ctx, repo); err != nil {
			return wrap(err)
		}
	}
	if err := heal(m.dir); err != nil {
		return wrap(err)
	}
	m.mu.Lock()
	m.ready, m.damaged = true, false
	m.mu.Unlock()
	return nil
}

// create replaces whatever is in the directory with an empty repository.
func (m *mirror) create(ctx context.Context, repo source.Repository) error {
	m.reader.rest()
	m.known.Clear()
	if err := os.RemoveAll(m.dir); err != nil {
		return err
	}
	// Made elsewhere and renamed, so that a half of one is never seen.
	dir, err := os.MkdirTemp(m.store.tmp, "new-")
	if err != nil {
		return err
	}
	args := []string{"--quiet", "--bare", "--template=", "--initial-branch=none", "--object-format=sha1", "--", dir}
	if _, stderr, err := m.store.run.output(ctx, call{verb: "init", args: args, env: localConfig().environ()}); err != nil {
		return errors.Join(err, errors.New(strings.TrimSpace(stderr)))
	}
	if err := os.WriteFile(filepath.Join(dir, "description"), []byte(repo.String()+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(dir, m.dir)
}

func isRepository(dir string) bool {
	for _, name := range [...]string{"HEAD", "config", "objects", "refs"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// leftovers are what git may leave behind when it is killed. No other git is
// running in the mirror when they are removed.
var leftovers = regexp.MustCompile(`\.lock$|\.keep$|^tmp_|^\.tmp-|^incoming-|\.temp$`)

// heal removes what a git that was killed left in the repository.
func heal(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if leftovers.MatchString(d.Name()) {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() || !useless(dir, path, d) {
			return nil
		}
		return os.Remove(path)
	})
}

// useless: a pack whose index was not written any more, which git cannot see,
// and a ref whose content did not reach the disk, on which git would fail.
func useless(dir, path string, d fs.DirEntry) bool {
	if pack, ok := strings.CutSuffix(path, ".pack"); ok {
		_, err := os.Stat(pack + ".idx")
		return errors.Is(err, fs.ErrNotExist)
	}
	if !strings.HasPrefix(path, filepath.Join(dir, "refs")+string(filepath.Separator)) {
		return false
	}
	info, err := d.Info()
	return err == nil && info.Size() == 0
}

// compact rolls small packs up when there are too many. It keeps every object.
func (m *mirror) compact(ctx context.Context, repo source.Repository) {
	packs, err := filepath.Glob(filepath.Join(m.dir, "objects", "pack", "*.pack"))
	if err != nil || len(packs) <= m.store.opts.MaxPacks {
		return
	}
	c := call{gitDir: m.dir, verb: "repack", args: []string{"--geometric=2", "-d", "-q"}, env: localConfig().environ()}
	if _, stderr, err := m.store.run.output(ctx, c); err != nil {
		m.store.opts.Log.WarnContext(ctx, "packs could not be rolled up", "repository", repo.String(), "error", err, "stderr", stderr)
	}
	// It would keep the old packs' files open.
	m.reader.rest()
}

// damage notes that an object is missing which must be there; the next fetch starts anew.
func (m *mirror) damage() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.damaged = true
	m.known.Clear()
	m.roots.Clear()
}
