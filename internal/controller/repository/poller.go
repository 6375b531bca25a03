package repository

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"evenkeel.dev/internal/source"
)

// Refs are a remote's refs, as Store.List gave them.
type Refs any

// Store reads remotes into local mirrors. Git is one.
type Store interface {
	// List lists a remote's refs.
	List(ctx context.Context, repo source.Repository) (Refs, error)
	// Commit is the commit that a target revision names among refs. It is in the
	// local mirror then.
	Commit(ctx context.Context, repo source.Repository, refs Refs, target string) (string, error)
}

// Options are what a Poller needs.
type Options struct {
	Store Store
	// Interval is how often refs are listed, 0 only when something asks for it, as in
	// Argo CD; Jitter is added at random.
	Interval, Jitter func() time.Duration
	// Changed is told the Applications for which the revision or the error changed.
	Changed func(app string)
	Log     *slog.Logger
}

// State is what is known of an Application's revision.
type State struct {
	// Revision is the commit, or "" when none was ever resolved.
	Revision string
	// Err is why the revision could not be renewed. Revision is then the last good one.
	Err error
	// At is when the refs were last listed with success.
	At time.Time
	// Generation grows with each listing, failed ones included, whose outcome Revision
	// or Err is.
	Generation uint64
}

// Poller owns the actors. It is safe for concurrent use.
type Poller struct {
	o  Options
	wg sync.WaitGroup

	mu     sync.Mutex
	ctx    context.Context //nolint:containedctx // that of Run while it runs, for actors started later
	actors map[source.Repository]*actor
	byApp  map[string]*actor
}

// New makes a Poller.
func New(o Options) *Poller {
	return &Poller{o: o, actors: map[source.Repository]*actor{}, byApp: map[string]*actor{}}
}

// Run lets the actors work until ctx ends; then all have ended.
func (p *Poller) Run(ctx context.Context) {
	p.mu.Lock()
	p.ctx = ctx
	for _, a := range p.actors {
		p.start(a)
	}
	p.mu.Unlock()
	<-ctx.Done()
	p.mu.Lock()
	p.ctx = nil // nobody starts what Wait would miss
	p.mu.Unlock()
	p.wg.Wait()
}

func (p *Poller) start(a *actor) {
	ctx, cancel := context.WithCancel(p.ctx)
	a.cancel = cancel
	p.wg.Go(func() { a.run(ctx) })
}

// Want says that an Application wants a repository's target revision, and returns
// what is known of it. Saying it again costs nothing.
func (p *Poller) Want(app string, repo source.Repository, target string) State {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.actors[repo]
	if a == nil {
		a = &actor{p: p, repo: repo, wants: map[string]*want{}, waiting: map[string]uint64{}, wake: make(chan struct{}, 1), list: true}
		p.actors[repo] = a
		if p.ctx != nil {
			p.start(a)
		}
	}
	if old := p.byApp[app]; old != nil && old != a {
		p.leave(app, old)
	}
	p.byApp[app] = a
	w := a.wants[app]
	if w == nil || w.target != target {
		w = &want{target: target, dirty: true}
		a.wants[app] = w
		a.poke()
	}
	return State{Revision: w.revision, Err: w.err, At: a.at, Generation: w.generation}
}

// State is what is known of what an Application wants; zero if it wants nothing.
func (p *Poller) State(app string) State {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.byApp[app]
	if a == nil || a.wants[app] == nil {
		return State{}
	}
	w := a.wants[app]
	return State{Revision: w.revision, Err: w.err, At: a.at, Generation: w.generation}
}

// Forget says that an Application wants nothing more. A repository that nobody
// wants is no longer looked at.
func (p *Poller) Forget(app string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.byApp[app]; a != nil {
		p.leave(app, a)
		delete(p.byApp, app)
	}
}

func (p *Poller) leave(app string, a *actor) {
	delete(a.wants, app)
	delete(a.waiting, app)
	if len(a.wants) > 0 {
		return
	}
	delete(p.actors, a.repo)
	if a.cancel != nil {
		a.cancel()
	}
}

// Refresh asks for a listing that begins after now, and returns the generation
// that State will have when it is done. Many requests share one listing.
func (p *Poller) Refresh(app string) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.byApp[app]
	if a == nil {
		return 0
	}
	a.list = true
	a.poke()
	next := a.generation + 1
	if a.listing {
		next++ // the one under way began before
	}
	a.waiting[app] = next
	return next
}

// actor is the one process for one repository and credential. Its fields are
// guarded by the Poller's lock.
type actor struct {
	p      *Poller
	repo   source.Repository
	cancel context.CancelFunc
	wake   chan struct{}

	wants      map[string]*want
	waiting    map[string]uint64 // app -> generation that it asked for
	list       bool              // refs must be listed before anything else
	listing    bool
	due        time.Time // when refs will be listed for a push that has to wait; zero for none
	paces      paces
	refs       Refs
	at         time.Time
	generation uint64
	failures   int
	err        error // of the last listing
}

type want struct {
	target   string
	dirty    bool
	revision string
	err      error
	// generation is that of the listing which revision or err is from.
	generation uint64
}

func (a *actor) poke() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *actor) run(ctx context.Context) {
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			a.p.mu.Lock()
			a.list = true
			a.p.mu.Unlock()
		case <-a.wake:
		}
		if ctx.Err() != nil { // select prefers none of its cases
			return
		}
		if a.step(ctx) {
			next = time.Now().Add(a.pause())
		}
		timer.Reset(time.Until(a.sooner(next)))
	}
}

const (
	firstRetry = 2 * time.Second
	maxShift   = 10
	// forever is when a repository is listed again that is not to be polled.
	forever = 100 * 365 * 24 * time.Hour
)

// pause is the time until the next listing: the interval, or sooner after a failure.
func (a *actor) pause() time.Duration {
	interval := a.p.o.Interval()
	if j := a.p.o.Jitter(); j > 0 {
		interval += rand.N(j)
	}
	if a.p.o.Interval() <= 0 {
		interval = forever
	}
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	if a.failures == 0 {
		return interval
	}
	return min(interval, firstRetry<<min(a.failures-1, maxShift))
}

// step lists if that is due, then resolves what changed. It tells whether it listed.
func (a *actor) step(ctx context.Context) bool {
	p := a.p
	p.mu.Lock()
	listed := a.list
	a.list, a.listing = false, listed
	if listed {
		a.due = time.Time{} // this listing is the answer
	}
	p.mu.Unlock()
	var listErr error
	if listed {
		var refs Refs
		refs, listErr = p.o.Store.List(ctx, a.repo)
		if ctx.Err() != nil {
			return true
		}
		p.mu.Lock()
		a.listing = false
		a.generation++
		a.err = listErr
		if listErr == nil {
			a.refs, a.at, a.failures = refs, time.Now(), 0
		} else {
			a.failures++
			p.o.Log.WarnContext(ctx, "repository cannot be listed", "repo", a.repo.String(), "err", listErr)
		}
		p.mu.Unlock()
	}
	a.resolve(ctx, listed)
	return listed
}

// resolve brings the wants up to date: all of them after a listing, else those
// that are new.
func (a *actor) resolve(ctx context.Context, all bool) {
	p := a.p
	p.mu.Lock()
	refs, listErr := a.refs, a.err
	if !all && refs != nil {
		listErr = nil // the refs that are known are good enough for a start
	}
	targets := map[string][]string{} // target revision -> apps
	for app, w := range a.wants {
		if all || w.dirty {
			targets[w.target] = append(targets[w.target], app)
		}
	}
	p.mu.Unlock()
	for target, apps := range targets {
		revision, err := "", listErr
		if err == nil {
			revision, err = p.o.Store.Commit(ctx, a.repo, refs, target)
		}
		if ctx.Err() != nil {
			return
		}
		a.settle(target, apps, revision, err)
	}
}

// settle records an outcome and wakes those for whom it is news, or who asked.
func (a *actor) settle(target string, apps []string, revision string, err error) {
	p := a.p
	var news []string
	p.mu.Lock()
	for _, app := range apps {
		w := a.wants[app]
		if w == nil || w.target != target {
			continue
		}
		changed := w.dirty || text(w.err) != text(err) || err == nil && w.revision != revision
		w.dirty, w.err, w.generation = false, err, a.generation
		if err == nil {
			w.revision = revision
		}
		asked, waits := a.waiting[app]
		if waits && asked <= a.generation {
			delete(a.waiting, app)
		}
		if changed || waits && asked <= a.generation {
			news = append(news, app)
		}
	}
	p.mu.Unlock()
	for _, app := range news {
		p.o.Changed(app)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
