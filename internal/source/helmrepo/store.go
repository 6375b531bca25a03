package helmrepo

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/singleflight"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/archive"
	"evenkeel.dev/internal/source/transport"
)

// Options of a Store; only Dir is needed.
type Options struct {
	// Dir holds charts. It belongs to one Store of one process at a time, can be
	// deleted while there is none, and is then made again.
	Dir string
	// MaxDirBytes bounds the charts that are kept in Dir; 0 means 1 GiB.
	MaxDirBytes int64
	// MaxIndexBytes is the largest index; 0 means 1 GiB, as in Argo CD.
	MaxIndexBytes int64
	// MaxReleases is the largest number of charts and versions in an index; 0 means 1,000,000.
	MaxReleases int
	// MaxIndexMemory bounds what indexes that are remembered need, about; 0 means 256 MiB.
	MaxIndexMemory int64
	// MaxChartBytes is the largest chart as it is packed; 0 means 64 MiB.
	MaxChartBytes int64
	// MaxUnpackedBytes and MaxFiles bound a chart as it is unpacked; 0 is archive's default.
	MaxUnpackedBytes int64
	MaxFiles         int
	// MaxFileBytes is the largest file of values; 0 means 4 MiB.
	MaxFileBytes int64
	// Timeout is the longest that one download may take; 0 means 5 minutes.
	Timeout time.Duration
	// Parallelism is the number of downloads at once; 0 means 16.
	Parallelism int
	// Proxy and NoProxy are for repositories that name no proxy of their own.
	Proxy   source.Secret
	NoProxy string
	// AllowLoopback lets files of values be on this machine itself.
	AllowLoopback bool
	// Now is the clock; nil means the system's.
	Now func() time.Time
	// Log hears of charts that were damaged on disk; nil drops it.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	o.MaxDirBytes = cmp.Or(o.MaxDirBytes, 1<<30)
	o.MaxIndexBytes = cmp.Or(o.MaxIndexBytes, 1<<30)
	o.MaxReleases = cmp.Or(o.MaxReleases, 1_000_000)
	o.MaxIndexMemory = cmp.Or(o.MaxIndexMemory, 256<<20)
	o.MaxChartBytes = cmp.Or(o.MaxChartBytes, 64<<20)
	o.MaxFileBytes = cmp.Or(o.MaxFileBytes, 4<<20)
	o.Timeout = cmp.Or(o.Timeout, 5*time.Minute)
	o.Parallelism = cmp.Or(o.Parallelism, 16)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Memory for what is asked for again with ETag and Last-Modified.
const (
	maxTreeMemory = 64 << 20
	maxRemembered = 1000
	maxProven     = 10_000
)

// Store reads Helm repositories and remembers what it has read.
type Store struct {
	opts    Options
	lock    *os.File
	cache   *cache
	indexes *shelf[source.Repository, *Index]
	// trees are files of values, and charts without a digest.
	trees  *shelf[place, content]
	proven *shelf[proof, struct{}]
	charts singleflight.Group

	ctx     context.Context
	stop    context.CancelFunc
	network chan struct{}
	count   counters

	mu     sync.Mutex
	closed bool
	work   sync.WaitGroup
}

// place is a URL that is read with the means of a repository.
type place struct {
	repo source.Repository
	url  string
	pass bool
}

// content is what is at a place; packed is the digest of a chart there.
type content struct {
	tree   *archive.Tree
	packed [32]byte
}

// Stats are counters since Open.
type Stats struct {
	// IndexRequests is the number of requests for an index; IndexNotModified the number of
	// those that said that it is still the one that is remembered.
	IndexRequests, IndexNotModified int64
	// ChartRequests is the number of requests for the content of a chart; ChartProofs
	// that of requests to see whether one may have a chart that is on disk.
	ChartRequests, ChartProofs int64
	// ChartHits is the number of charts that were read from disk.
	ChartHits int64
	// FileRequests is the number of requests for files of values.
	FileRequests int64
}

type counters struct {
	indexRequests, indexNotModified, chartRequests, chartProofs, chartHits, fileRequests atomic.Int64
}

// Stats are the counters.
func (s *Store) Stats() Stats {
	c := &s.count
	return Stats{
		IndexRequests: c.indexRequests.Load(), IndexNotModified: c.indexNotModified.Load(),
		ChartRequests: c.chartRequests.Load(), ChartProofs: c.chartProofs.Load(),
		ChartHits: c.chartHits.Load(), FileRequests: c.fileRequests.Load(),
	}
}

// Open opens the store in opts.Dir, making it when there is none.
func Open(opts Options) (*Store, error) {
	opts = opts.withDefaults()
	if opts.Dir == "" {
		return nil, fault.New(fault.Invalid, "chart store: no directory is given")
	}
	s := &Store{
		opts: opts, network: make(chan struct{}, opts.Parallelism),
		indexes: newShelf[source.Repository](opts.MaxIndexMemory, func(x *Index) int64 { return x.size }),
		trees:   newShelf[place](maxTreeMemory, func(c content) int64 { return c.tree.Size() }),
		proven:  newShelf[proof](maxProven, func(struct{}) int64 { return 1 }),
	}
	s.proven.maxCount = maxProven
	lock, err := occupy(opts.Dir)
	if err != nil {
		return nil, err
	}
	s.lock = lock
	if s.cache, err = openCache(filepath.Join(opts.Dir, "charts"), opts.MaxDirBytes); err != nil {
		_ = lock.Close() // an empty file
		return nil, err
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s, nil
}

// occupy makes a directory that is ours alone until the file that it returns is closed.
func occupy(dir string) (*os.File, error) {
	wrap := func(err error) error { return fault.Wrap(fault.Internal, err, "chart store %s", dir) }
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, wrap(err)
	}
	// It may have been there before, with other rights.
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, wrap(err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, wrap(err)
	}
	// The kernel drops the lock with the process, so that a crash leaves none.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close() // an empty file
		return nil, fault.Wrap(fault.Conflict, err, "chart store %s: in use by another process", dir)
	}
	return lock, nil
}

// Close ends all downloads, waits for them and gives the directory free.
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
	return s.lock.Close()
}

// begin says whether the store is open, and if so that Close has to wait for done.
func (s *Store) begin() (done func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, false
	}
	s.work.Add(1)
	return s.work.Done, true
}

func (s *Store) client(repo source.Repository, opts transport.Options) (*http.Client, error) {
	opts.Timeout, opts.Proxy, opts.NoProxy = s.opts.Timeout, s.opts.Proxy, s.opts.NoProxy
	return transport.NewClient(repo, opts)
}

// share does work once for all who want it at the same time. It goes on when one of
// them leaves, for the sake of the others, and ends with the store.
func share[T any](ctx context.Context, s *Store, group *singleflight.Group, key string, work func(context.Context) (T, error)) (T, error) {
	var none T
	done := group.DoChan(key, func() (any, error) {
		end, ok := s.begin()
		if !ok {
			return none, fault.Wrap(fault.Unavailable, context.Canceled, "chart store")
		}
		defer end()
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		defer context.AfterFunc(s.ctx, cancel)()
		select {
		case s.network <- struct{}{}:
			defer func() { <-s.network }()
		case <-ctx.Done():
			return none, fault.Wrap(fault.Unavailable, ctx.Err(), "chart store")
		}
		return work(ctx)
	})
	select {
	case <-ctx.Done():
		return none, fault.Wrap(fault.Unavailable, ctx.Err(), "chart store")
	case result := <-done:
		if result.Err != nil {
			return none, result.Err
		}
		return result.Val.(T), nil
	}
}
