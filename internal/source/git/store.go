package git

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/credential"
	"evenkeel.dev/internal/source/git/remote"
	"evenkeel.dev/internal/source/lru"
	"evenkeel.dev/internal/source/reach"
)

// Options of a Store; only Dir is needed.
type Options struct {
	// Dir holds the mirrors. It belongs to one Store of one process at a time.
	Dir string
	// GitBinary is git's path; empty means the git in PATH. It must be 2.39 or later.
	GitBinary string
	// SSHBinary is the path of OpenSSH's ssh; empty means the ssh in PATH. It is
	// needed for repositories behind SSH only.
	SSHBinary string
	// Timeout is the longest that one git process that talks to a server may run; 0 means 10 minutes.
	Timeout time.Duration
	// IdleTimeout is how long a repository's reading process is kept when nobody reads; 0 means 30 seconds.
	IdleTimeout time.Duration
	// MaxBlobSize is the largest file, in bytes, that can be read; 0 means 64 MiB.
	MaxBlobSize int64
	// MaxRefsSize is the longest list of refs, in bytes, that is accepted of a server; 0 means 64 MiB.
	MaxRefsSize int64
	// MaxMemory is the memory, in bytes, that a git process which fetches may use for
	// itself; 0 means 4 GiB. For a list of refs it may use sixteen times MaxRefsSize.
	MaxMemory int64
	// MaxPackSize is the largest pack, in bytes, that is accepted of a server; 0 means 16 GiB.
	MaxPackSize int64
	// MaxPacks is the number of packs in a mirror beyond which they are rolled up; 0 means 50.
	MaxPacks int
	// Parallelism is the number of git processes that may talk to servers at once; 0 means 8.
	Parallelism int
	// Proxy and NoProxy are for http and https repositories that name no proxy of their own.
	Proxy   source.Secret
	NoProxy string
	// Minter fetches the tokens of repositories that are reached with one; nil refuses those.
	Minter *credential.Minter
	// Repository is the repository of a URL as an Application of a project may use it,
	// with its credentials; nil knows no credentials. It is asked for submodules, and may
	// refuse.
	Repository func(url, project string) (source.Repository, error)
	// NoSubmodules shows submodules as empty directories, which is what Argo CD does when
	// reposerver.enable.git.submodule is "false".
	NoSubmodules bool
	// Local lets repositories be directories of this machine, file:///DIR. Whoever may
	// write an Application could then read every repository that is there, the mirrors
	// among them. (Argo CD gives its clones random names for that reason.)
	Local bool
	// Proofs are those to whom servers have shown their repositories; what is in a mirror is
	// for them only. A proof.Book outlives a restart, nil does not.
	Proofs interface {
		Get(source.Repository) (struct{}, bool)
		Add(source.Repository, struct{})
		Remove(source.Repository)
	}
	// Log hears of mirrors that had to be repaired; nil drops it.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Proofs == nil {
		o.Proofs = lru.New[source.Repository, struct{}](maxProvenAccess, nil)
	}
	o.Timeout = cmp.Or(o.Timeout, 10*time.Minute)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, 30*time.Second)
	o.MaxBlobSize = cmp.Or(o.MaxBlobSize, 64<<20)
	o.MaxRefsSize = cmp.Or(o.MaxRefsSize, 64<<20)
	o.MaxMemory = cmp.Or(o.MaxMemory, 4<<30)
	o.MaxPackSize = cmp.Or(o.MaxPackSize, 16<<30)
	o.MaxPacks = cmp.Or(o.MaxPacks, 50)
	o.Parallelism = cmp.Or(o.Parallelism, 8)
	o.GitBinary = cmp.Or(o.GitBinary, "git")
	o.SSHBinary = cmp.Or(o.SSHBinary, "ssh")
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// What is remembered: entries of trees, bytes of small files, and commits.
const (
	maxTreeEntries   = 200_000 // about 20 MiB
	maxKeptBlobs     = 16 << 20
	maxKeptBlob      = 64 << 10
	maxKnownCommits  = 4096
	maxProvenAccess  = 10_000
	maxSymlinkTarget = 4096
)

// Store is a directory of mirrors.
type Store struct {
	opts    Options
	run     *runner
	tmp     string
	lock    *os.File
	ctx     context.Context
	stop    context.CancelFunc
	work    sync.WaitGroup
	network chan struct{}
	guard   reach.Guard
	trees   *lru.Cache[oid, *directory]
	blobs   *lru.Cache[string, []byte]
	modules *lru.Cache[oid, map[string]string] // URLs by path, of a .gitmodules

	mu      sync.Mutex
	closed  bool
	mirrors map[string]*mirror
}

// Open opens the store in opts.Dir, making it when there is none, and clears
// away what a crash left behind. It ends, with all that it runs, with ctx or Close.
func Open(ctx context.Context, opts Options) (*Store, error) {
	opts = opts.withDefaults()
	if opts.Dir == "" {
		return nil, fault.New(fault.Invalid, "git store: no directory is given")
	}
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "git store %s", opts.Dir)
	}
	opts.Dir = dir
	binary, err := exec.LookPath(opts.GitBinary)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "git store %s", dir)
	}
	s := &Store{
		opts: opts, tmp: filepath.Join(dir, "tmp"), network: make(chan struct{}, opts.Parallelism),
		mirrors: map[string]*mirror{},
	}
	s.trees = lru.New[oid](maxTreeEntries, func(d *directory) int64 { return int64(len(d.entries)) + 1 })
	s.blobs = lru.New[string](maxKeptBlobs, func(b []byte) int64 { return int64(len(b)) + 300 }) // so much for the rest of an item
	s.modules = lru.New[oid](maxModulesFiles, func(m map[string]string) int64 { return 1 + int64(len(m))/64 })
	s.run = &runner{git: binary, home: filepath.Join(dir, "home"), count: map[string]int64{}}
	if err := s.occupy(); err != nil {
		return nil, err
	}
	s.ctx, s.stop = context.WithCancel(ctx)
	context.AfterFunc(s.ctx, func() { _ = s.Close() }) // nobody is left to be told
	if err := s.run.checkVersion(s.ctx); err != nil {
		_ = s.Close() // nothing was done with it yet
		return nil, err
	}
	return s, nil
}

// occupy makes the directories and sees to it that no other process uses them.
func (s *Store) occupy() error {
	wrap := func(err error) error {
		return fault.Wrap(fault.Internal, err, "git store %s", s.opts.Dir)
	}
	if err := os.MkdirAll(s.run.home, 0o700); err != nil {
		return wrap(err)
	}
	lock, err := os.OpenFile(filepath.Join(s.opts.Dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return wrap(err)
	}
	// The kernel drops the lock with the process, so that a crash leaves none.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close() // an empty file
		return fault.Wrap(fault.Conflict, err, "git store %s: in use by another process", s.opts.Dir)
	}
	s.lock = lock
	// Keys of a process that crashed, and repositories that were being made.
	if err := os.RemoveAll(s.tmp); err != nil {
		return wrap(err)
	}
	return wrap(os.Mkdir(s.tmp, 0o700))
}

// Close ends all processes, waits for them and gives the directory free.
func (s *Store) Close() error {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	if closed {
		return nil
	}
	s.stop()
	s.work.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.mirrors {
		m.reader.close()
	}
	return s.lock.Close()
}

// spawn runs work that Close waits for, unless the store is closed.
func (s *Store) spawn(work func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.work.Go(work)
	}
	return !s.closed
}

// Stats are counters since Open.
type Stats struct {
	// Processes is the number of git processes that were started, by git command.
	Processes map[string]int64
}

// Stats is what has happened so far.
func (s *Store) Stats() Stats { return Stats{Processes: s.run.counts()} }

// mirror is the mirror of a repository; nothing is on disk before the first fetch.
func (s *Store) mirror(repo source.Repository) (*mirror, error) {
	if repo.Type != "" && repo.Type != source.Git {
		return nil, fault.New(fault.Invalid, "%s is a repository of type %s, not git", repo, repo.Type)
	}
	r, err := remote.Parse(repo.URL)
	if err != nil {
		return nil, err
	}
	if r.Scheme == "file" && !s.opts.Local {
		return nil, fault.New(fault.Denied, "repository URL %q: directories of this machine are no repositories; serve it over https or ssh", repo.String())
	}
	sum := sha256.Sum256([]byte(r.Key() + route(repo)))
	name := hex.EncodeToString(sum[:16])
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := s.mirrors[name]; ok {
		return m, nil
	}
	m := newMirror(s, filepath.Join(s.opts.Dir, name))
	s.mirrors[name] = m
	return m, nil
}

// route is what besides its address decides who answers for a repository. The proxy of
// a Secret may be a server of whoever wrote that Secret: what it shows must open no
// mirror that others have filled, and where it redirects to must lead nobody else
// there. The store's own proxy is the same for all.
func route(repo source.Repository) string {
	proxy := repo.Proxy.Reveal()
	if proxy == "" {
		return ""
	}
	// A password does not belong even into a hash: it could be guessed from.
	return fmt.Sprintf("\n%q %q", source.RedactText(proxy), repo.NoProxy)
}

// acquire takes one of the places for processes that talk to servers.
func (s *Store) acquire(ctx context.Context) (release func(), err error) {
	select {
	case s.network <- struct{}{}:
		return func() { <-s.network }, nil
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Unavailable, context.Cause(ctx), "git: waiting for other repositories")
	}
}
