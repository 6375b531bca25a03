package oci

import (
	"cmp"
	"context"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/archive"
	"evenkeel.dev/internal/source/blobs"
	"evenkeel.dev/internal/source/lru"
)

// Options of a Store; only Dir is needed.
type Options struct {
	// Dir holds what has been downloaded, below a directory of each registry's
	// repository. It belongs to one Store at a time and may be deleted at any.
	Dir string
	// MaxBytes is how much is kept in Dir; 0 means 1 GiB.
	MaxBytes int64
	// MaxTreeBytes is how much of it is kept unpacked in memory, used or not; 0 means
	// 256 MiB. A larger artifact is unpacked whenever it is asked for.
	MaxTreeBytes int64
	// MaxUnpackedBytes bounds an artifact or chart, packed and unpacked; 0 means 1 GB,
	// as Argo CD's reposerver.oci.manifest.max.extracted.size; less than 0 is no bound.
	MaxUnpackedBytes int64
	// MaxFiles bounds its files; 0 leaves it to package archive.
	MaxFiles int
	// MediaTypes are those of layers that plain artifacts may have; empty means
	// DefaultMediaTypes.
	MediaTypes []string
	// MaxTags is how long a list of tags may be; 0 means 100,000.
	MaxTags int
	// Timeout bounds what one call does at registries; 0 means 5 minutes.
	Timeout time.Duration
	// Parallelism is the number of artifacts that are downloaded and unpacked at
	// once; 0 means 4.
	Parallelism int
	// Proxy and NoProxy are for repositories that name no proxy of their own.
	Proxy   source.Secret
	NoProxy string
	// Log hears what registries warn of; nil drops it.
	Log *slog.Logger
}

// DefaultMediaTypes are the layers that plain artifacts may have, as in Argo CD.
func DefaultMediaTypes() []string {
	return []string{
		"application/vnd.oci.image.layer.v1.tar",
		"application/vnd.oci.image.layer.v1.tar+gzip",
		chartLayer,
	}
}

const (
	// unbounded leaves room for adding a little to it.
	unbounded = 1 << 62
	// maxRemotes is the number of repositories, as seen with one set of credentials,
	// whose connections and tokens are remembered.
	maxRemotes = 1024
	// maxProven is the number of manifests that each of them was shown.
	maxProven = 1024
)

func (o Options) withDefaults() Options {
	o.MaxTreeBytes = cmp.Or(o.MaxTreeBytes, 256<<20)
	o.MaxUnpackedBytes = cmp.Or(o.MaxUnpackedBytes, 1e9)
	if o.MaxUnpackedBytes < 0 {
		o.MaxUnpackedBytes = unbounded
	}
	if len(o.MediaTypes) == 0 {
		o.MediaTypes = DefaultMediaTypes()
	}
	o.MaxTags = cmp.Or(o.MaxTags, 100_000)
	o.Timeout = cmp.Or(o.Timeout, 5*time.Minute)
	o.Parallelism = cmp.Or(o.Parallelism, 4)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Store reads from registries.
type Store struct {
	opts    Options
	blobs   *blobs.Store
	trees   *lru.Cache[treeKey, unpacked]
	remotes *lru.Cache[remoteKey, *remote]
	places  chan struct{}
	ctx     context.Context
	stop    context.CancelFunc

	mu     sync.Mutex
	closed bool
	work   sync.WaitGroup
}

// treeKey is a layer and how its names are read.
type treeKey struct {
	space, digest string
	chart         bool
}

// unpacked is a tree and about what it needs in memory.
type unpacked struct {
	tree   *archive.Tree
	weight int64
}

// weigh counts files too: those of an archive of empty ones are many.
func weigh(tree *archive.Tree) unpacked {
	const perFile = 512
	weight := tree.Size()
	// A tree in memory can be walked.
	_ = fs.WalkDir(tree, ".", func(string, fs.DirEntry, error) error {
		weight += perFile
		return nil
	})
	return unpacked{tree, weight}
}

// Open opens the store in opts.Dir, making it when there is none.
func Open(opts Options) (*Store, error) {
	opts = opts.withDefaults()
	kept, err := blobs.Open(blobs.Options{Dir: opts.Dir, MaxBytes: opts.MaxBytes})
	if err != nil {
		return nil, err
	}
	s := &Store{
		opts: opts, blobs: kept,
		trees:   lru.New[treeKey](opts.MaxTreeBytes, func(u unpacked) int64 { return u.weight }),
		remotes: lru.New[remoteKey, *remote](maxRemotes, nil),
		places:  make(chan struct{}, opts.Parallelism),
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s, nil
}

// Close ends all that is under way and waits for it.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.work.Wait()
	return nil
}

// share runs work once for all who ask the same of a remote at the same time, and
// is its result. Work goes on while somebody else may wait for it: it ends with the
// Store or the time limit, not with the ctx of whoever came first.
func share[T any](ctx context.Context, s *Store, r *remote, what string, work func(context.Context) (T, error)) (T, error) {
	var none T
	done := r.flights.DoChan(what, func() (any, error) {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return none, fault.New(fault.Unavailable, "%s: the store is closed", r.name)
		}
		s.work.Add(1)
		s.mu.Unlock()
		defer s.work.Done()
		ctx, cancel := context.WithTimeout(s.ctx, s.opts.Timeout)
		defer cancel()
		return work(ctx)
	})
	select {
	case got := <-done:
		if got.Err != nil {
			return none, got.Err
		}
		return got.Val.(T), nil
	case <-ctx.Done():
		return none, fault.Wrap(fault.Unavailable, context.Cause(ctx), "%s", r.name)
	}
}
