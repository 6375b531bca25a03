package cluster

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/internal/resource"
)

// Options are what a Cluster is made of.
type Options struct {
	Conn *Conn
	// Judge is shown the bodies of kinds that are read in full.
	Judge Judge
	// Wants says whether the Judge has anything to say of the body of an object that is
	// neither tracked nor going, by its key and annotations; nil means that it always has.
	Wants func(resource.Key, map[string]string) bool
	// Observer hears of changes.
	Observer Observer
	// Full says of which kinds the bodies are read from the start; it is asked again by
	// Cluster.JudgeAnew. Others can be added with Cluster.ReadFull.
	Full func(schema.GroupKind) bool
	// Installation is the id of this installation. An object with a tracking id and
	// another installation's id is not tracked by us: two installations may well have
	// Applications of one name, and would prune each other's objects. Nil means that
	// there is no id.
	Installation func() string
	// Excluded says which kinds are not looked at; nil means none.
	Excluded func(schema.GroupKind) bool
	Log      *slog.Logger
}

// Cluster is the live side: what is in one cluster.
type Cluster struct {
	*Index
	o     Options
	kinds atomic.Pointer[Kinds]

	mu       sync.Mutex
	full     map[schema.GroupKind]bool // kinds that ReadFull asked for
	running  map[schema.GroupKind]runningWatcher
	ctx      context.Context //nolint:containedctx // that of Run while it runs, for watchers started later
	wg       sync.WaitGroup
	discover chan struct{}
}

type runningWatcher struct {
	*watcher
	cancel context.CancelFunc
	done   chan struct{} // closed when it has ended
}

var (
	crdKind        = schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}
	apiServiceKind = schema.GroupKind{Group: "apiregistration.k8s.io", Kind: "APIService"}
)

// New makes a Cluster that knows nothing yet.
func New(o Options) *Cluster {
	c := &Cluster{
		Index: newIndex(o), o: o,
		full: map[schema.GroupKind]bool{}, running: map[schema.GroupKind]runningWatcher{},
		discover: make(chan struct{}, 1),
	}
	c.kinds.Store(newKinds(nil, nil))
	return c
}

// Static is a Cluster that never runs: it serves kinds, and knows of the objects that
// it is shown by Observe and of no others.
func Static(o Options, kinds *Kinds) *Cluster {
	if o.Observer == nil {
		o.Observer = nobody{}
	}
	c := New(o)
	c.kinds.Store(kinds)
	for gk, kind := range kinds.All() {
		c.setKind(gk, func(s *KindState) { *s = KindState{Kind: kind, Served: true, Synced: true} })
	}
	return c
}

type nobody struct{}

func (nobody) ObjectChanged(_, _ *Record)     {}
func (nobody) KindChanged(_ schema.GroupKind) {}

// Conn is the connection.
func (c *Cluster) Conn() *Conn { return c.o.Conn }

// Kinds is what the cluster serves, as known now.
func (c *Cluster) Kinds() *Kinds { return c.kinds.Load() }

// Settled says whether each kind that is watched was listed once, or cannot be: whether
// what is not known is not there.
func (c *Cluster) Settled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for gk := range c.running {
		if s := c.Kind(gk); !s.Synced && s.Err == nil {
			return false
		}
	}
	return len(c.running) > 0
}

// Run discovers, lists and watches until ctx ends; then all its goroutines have ended.
func (c *Cluster) Run(ctx context.Context) {
	defer c.wg.Wait()
	c.watchWithin(ctx)
	defer c.watchWithin(nil) //nolint:staticcheck // it means: nobody starts what Wait would miss
	backoff := minBackoff
	c.rediscover()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.discover:
		}
		kinds, err := c.o.Conn.Discover(ctx)
		if err != nil {
			c.o.Log.WarnContext(ctx, "discovery failed", "err", err)
			wait(ctx, backoff)
			backoff = min(2*backoff, maxBackoff)
			c.rediscover()
			continue
		}
		backoff = minBackoff
		c.mu.Lock()
		c.adopt(kinds)
		c.mu.Unlock()
		// A burst of APIService events asks once.
		wait(ctx, time.Second)
	}
}

func (c *Cluster) watchWithin(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ctx = ctx
}

func (c *Cluster) rediscover() {
	select {
	case c.discover <- struct{}{}:
	default:
	}
}

// ReadFull has the bodies of a kind's objects read from now on. Its objects are
// read anew when they were not in full before.
func (c *Cluster) ReadFull(gk schema.GroupKind) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.full[gk] {
		return
	}
	c.full[gk] = true
	if kind, ok := c.Kinds().Preferred(gk); ok {
		c.watch(kind)
	}
}

// JudgeAnew has all objects of some kinds read and judged again, as what is said of
// these kinds has changed. Whether their bodies are read is asked anew as well.
func (c *Cluster) JudgeAnew(which func(schema.GroupKind) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for gk, w := range c.running {
		if which(gk) {
			c.start(w.kind, true)
		}
	}
}

func (c *Cluster) defined(d definition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if next := c.Kinds().withDefinition(d); next != c.Kinds() {
		c.adopt(next)
	}
}

// adopt starts and stops watchers until they are those of kinds; the lock is held.
func (c *Cluster) adopt(kinds *Kinds) {
	c.kinds.Store(kinds)
	for gk, w := range c.running {
		if kind, ok := kinds.Preferred(gk); !ok || !kind.Watchable {
			w.cancel()
			delete(c.running, gk)
			for key, uid := range c.ofKind(gk) {
				c.remove(key, uid)
			}
			c.setKind(gk, func(s *KindState) { *s = KindState{} })
		}
	}
	for _, kind := range kinds.All() {
		c.watch(kind)
	}
}

// watch sees to it that a kind is watched as it should be; the lock is held.
func (c *Cluster) watch(kind Kind) {
	gk := kind.GVK.GroupKind()
	if !kind.Watchable || c.o.Excluded != nil && c.o.Excluded(gk) {
		c.setKind(gk, func(s *KindState) { s.Kind, s.Served = kind, true })
		return
	}
	if w, ok := c.running[gk]; ok && w.kind == kind && w.full == c.readsFull(gk) {
		return
	}
	c.start(kind, false)
}

func (c *Cluster) readsFull(gk schema.GroupKind) bool {
	return c.full[gk] || gk == crdKind || gk == apiServiceKind || c.o.Full != nil && c.o.Full(gk)
}

// start has a kind watched anew; the lock is held. With anew, what is known of its
// objects is judged again.
func (c *Cluster) start(kind Kind, anew bool) {
	gk := kind.GVK.GroupKind()
	before := c.running[gk]
	if before.watcher != nil {
		before.cancel()
	}
	if c.ctx == nil {
		return
	}
	ctx, cancel := context.WithCancel(c.ctx)
	c.setKind(gk, func(s *KindState) { s.Kind, s.Served = kind, true })
	w := &watcher{conn: c.o.Conn, index: c.Index, kind: kind, full: c.readsFull(gk), anew: anew}
	done := make(chan struct{})
	c.running[gk] = runningWatcher{watcher: w, cancel: cancel, done: done}
	switch gk {
	case crdKind:
		w.defined = c.defined
	case apiServiceKind:
		w.aggregated = c.rediscover
	}
	c.wg.Go(func() {
		defer close(done)
		if before.watcher != nil {
			<-before.done // a kind has one writer
			w.anew = w.anew || before.anew
		}
		w.run(ctx)
	})
}
