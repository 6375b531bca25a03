package repository

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// Refs are a remote's refs, as Store.List gave them.
type Refs any

// Store reads remotes into local mirrors. Git is one.
type Store interface {
	// List lists a remote's refs.
	List(ctx context.Context, repo source.Repository) (Refs, error)
	// Commit is the commit that a target names among refs. It is in the
	// local mirror then.
	Commit(ctx context.Context, repo source.Repository, refs Refs, target source.Target) (string, error)
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

// Target is what a source wants, and the repository that it wants it of.
type Target struct {
	Repo source.Repository
	source.Target
}

// State is what is known of a Target.
type State struct {
	// Revision is the commit, or "" when none was ever resolved.
	Revision string
	// Tag is the annotated tag that Revision was found under, if it was.
	Tag Tag
	// Err is why the revision could not be renewed. Revision is then the last good one.
	Err error
	// At is when the refs were listed by which Revision was last found: it is what was
	// there then. Before the first listing of this process succeeds it is when one of a
	// process before did last, if that is known.
	At time.Time
	// Asked says that a listing was asked for (see Refresh) whose outcome Revision and
	// Err are not yet. A listing that fails is an outcome as well.
	Asked bool
}

// Poller owns the actors. It is safe for concurrent use.
type Poller struct {
	o  Options
	wg sync.WaitGroup

	mu     sync.Mutex
	ctx    context.Context //nolint:containedctx // that of Run while it runs, for actors started later
	actors map[source.Repository]*actor
	byApp  map[string][]*want // in the order of an Application's sources
}

// New makes a Poller.
func New(o Options) *Poller {
	return &Poller{o: o, actors: map[source.Repository]*actor{}, byApp: map[string][]*want{}}
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

// Want says which targets an Application wants, one for each of its sources, and
// returns what is known of them. Two may be of one repository. Saying it again costs
// nothing.
func (p *Poller) Want(app string, targets ...Target) []State {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.byApp[app]
	asked := slices.ContainsFunc(before, func(w *want) bool { return w.asked > 0 })
	wants := make([]*want, len(targets))
	for i, t := range targets {
		if i < len(before) && before[i].target == t {
			wants[i] = before[i]
			continue
		}
		wants[i] = p.join(app, t)
		if asked { // a refresh that is under way is answered by what is wanted now
			wants[i].refresh()
		}
	}
	for _, w := range before { // after the others have joined: an actor that is wanted still goes on
		if !slices.Contains(wants, w) {
			p.leave(w)
		}
	}
	p.byApp[app] = wants
	return states(wants)
}

// join adds a want to the actor of its repository, which is started for the first.
func (p *Poller) join(app string, t Target) *want {
	a := p.actors[t.Repo]
	if a == nil {
		a = &actor{p: p, repo: t.Repo, wants: map[*want]struct{}{}, wake: make(chan struct{}, 1), list: true}
		p.actors[t.Repo] = a
		if p.ctx != nil {
			p.start(a)
		}
	}
	w := &want{actor: a, app: app, target: t, dirty: true}
	a.wants[w] = struct{}{}
	a.poke()
	return w
}

// State is what is known of what an Application wants; nothing if it wants nothing.
func (p *Poller) State(app string) []State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return states(p.byApp[app])
}

func states(wants []*want) []State {
	out := make([]State, len(wants))
	for i, w := range wants {
		out[i] = State{Revision: w.revision, Tag: w.tag, Err: w.err, At: w.at, Asked: w.asked > 0}
	}
	return out
}

// Forget says that an Application wants nothing more. A repository that nobody
// wants is no longer looked at.
func (p *Poller) Forget(app string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.byApp[app] {
		p.leave(w)
	}
	delete(p.byApp, app)
}

func (p *Poller) leave(w *want) {
	a := w.actor
	delete(a.wants, w)
	if len(a.wants) > 0 {
		return
	}
	delete(p.actors, a.repo)
	if a.cancel != nil {
		a.cancel()
	}
}

// Refresh asks for a listing of each of an Application's repositories that begins
// after now. Until its outcome is there the State of a target says Asked; then the
// Application is woken whether or not anything changed. Many requests share one
// listing.
func (p *Poller) Refresh(app string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.byApp[app] {
		w.refresh()
	}
}

// actor is the one process for one repository and credential. Its fields are
// guarded by the Poller's lock.
type actor struct {
	p      *Poller
	repo   source.Repository
	cancel context.CancelFunc
	wake   chan struct{}

	wants      map[*want]struct{}
	list       bool // refs must be listed before anything else
	listing    bool
	due        time.Time // when refs will be listed for a push that has to wait; zero for none
	paces      paces
	refs       Refs
	at         time.Time
	generation uint64
	failures   int
	err        error // of the last listing
}

// want is what one source of an Application wants. The Poller's lock guards it.
type want struct {
	actor  *actor
	app    string
	target Target

	dirty    bool
	revision string
	tag      Tag
	at       time.Time
	err      error
	// asked is the generation of its actor that answers a refresh, 0 if none was asked for.
	asked uint64
}

func (w *want) refresh() {
	a := w.actor
	a.list = true
	a.poke()
	w.asked = a.generation + 1
	if a.listing {
		w.asked++ // the one under way began before
	}
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

// step lists if that is due, then resolves what changed. It tells whether the time of the
// next listing has to be set anew: it listed, or something failed that may succeed soon.
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
			a.refs, a.at = refs, time.Now()
		} else {
			p.o.Log.WarnContext(ctx, "repository cannot be listed", "repo", a.repo.String(), "err", listErr)
		}
		p.mu.Unlock()
	}
	passing := a.resolve(ctx, listed)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case listErr != nil || passing:
		a.failures++
	case listed:
		a.failures = 0
	}
	return listed || passing
}

// resolve brings the wants up to date: all of them after a listing, else those
// that are new. It tells whether one failed in a way that may pass: a registry is asked
// only here, and a commit or a chart is fetched here.
func (a *actor) resolve(ctx context.Context, all bool) (passing bool) {
	p := a.p
	p.mu.Lock()
	refs, listErr := a.refs, a.err
	if !all && refs != nil {
		listErr = nil // the refs that are known are good enough for a start
	}
	targets := map[source.Target][]*want{}
	for w := range a.wants {
		if all || w.dirty {
			targets[w.target.Target] = append(targets[w.target.Target], w)
		}
	}
	p.mu.Unlock()
	for target, wants := range targets {
		found, err := State{}, listErr
		if err == nil {
			found.Tag = TagOf(refs, target)
			found.Revision, err = p.o.Store.Commit(ctx, a.repo, refs, target)
			passing = passing || err != nil && fault.KindOf(err).Transient()
		}
		if ctx.Err() != nil {
			return false
		}
		if before, ok := p.o.Store.(interface{ Since(t Target) time.Time }); ok && err != nil {
			found.At = before.Since(Target{a.repo, target})
		}
		a.settle(wants, found, err)
	}
	return passing
}

// settle records an outcome and wakes those for whom it is news, or who asked.
func (a *actor) settle(wants []*want, found State, err error) {
	p := a.p
	news := map[string]bool{}
	p.mu.Lock()
	for _, w := range wants {
		if _, still := a.wants[w]; !still {
			continue
		}
		changed := w.dirty || text(w.err) != text(err) || err == nil && (w.revision != found.Revision || w.tag != found.Tag)
		w.dirty, w.err = false, err
		if err == nil {
			w.revision, w.tag, w.at = found.Revision, found.Tag, a.at
		} else if w.revision == "" {
			w.at = found.At
		}
		answered := w.asked > 0 && w.asked <= a.generation
		if answered {
			w.asked = 0
		}
		if changed || answered {
			news[w.app] = true
		}
	}
	p.mu.Unlock()
	for app := range news {
		p.o.Changed(app)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
