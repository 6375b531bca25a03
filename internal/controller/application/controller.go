package application

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/appstore"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/controller/comparison"
	"evenkeel.dev/internal/controller/inspect"
	"evenkeel.dev/internal/controller/integrity"
	"evenkeel.dev/internal/controller/ledger"
	"evenkeel.dev/internal/controller/operation"
	"evenkeel.dev/internal/controller/orphan"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/controller/repository"
	"evenkeel.dev/internal/controller/why"
	"evenkeel.dev/internal/health"
	"evenkeel.dev/internal/render/cache"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/settings"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/telemetry"
	"evenkeel.dev/internal/view"
)

// Publisher is told what people are to see. view.Store is one.
type Publisher interface {
	PutApp(view.App)
	RemoveApp(namespace, name string)
	TreeChanged(namespace, name string)
}

// Trees gives a repository's files at one revision, from what is here if it is.
type Trees interface {
	Tree(ctx context.Context, at repository.Place) (trace.Tree, error)
}

// Credentials finds the credentials for a repository.
type Credentials func(s settings.Snapshot, url, project string) (source.Repository, error)

// Options are what a Controller is made of.
type Options struct {
	Conn *cluster.Conn
	// Namespace is the control namespace, where Applications live.
	Namespace string
	Settings  func() settings.Snapshot
	// Rules are those for health in force; nil means those that Evenkeel has.
	Rules func() *health.Rules
	Store repository.Store
	Trees Trees
	// Sources are for what renderings need beyond their Application's sources; nil gets nothing.
	Sources *repository.Sources
	// Cache renders what was not rendered before.
	Cache       *cache.Cache
	Credentials Credentials
	// Objects are for the signatures of commits; with nil, none is ever found.
	Objects integrity.Objects
	View    Publisher
	// Metrics counts; nil counts nothing.
	Metrics *telemetry.Metrics
	Log     *slog.Logger
	// Workers is how many Applications are worked on at once; 0 means 48. A worker
	// is held while requests are sent, never while something is waited for.
	Workers int
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

const defaultWorkers = 48

// Controller keeps the Applications of one namespace equal to their sources.
type Controller struct {
	o       Options
	store   *appstore.Store
	cluster *cluster.Cluster
	poller  *repository.Poller
	claims  *claim.Set
	queue   workqueue.TypedDelayingInterface[types.NamespacedName]
	// kinds is what the cluster serves, project an AppProject or nil.
	kinds    func() *cluster.Kinds
	project  func(name string) *v1alpha1.AppProject
	maker    *rendering.Maker
	comparer *comparison.Comparer
	engine   operation.Engine
	checker  *integrity.Checker
	orphans  *orphan.Finder

	mu     sync.Mutex
	states map[types.NamespacedName]*appState
	// windowSets are the sync windows of projects by name.
	windowSets map[string]windowSet
	byName     map[string]types.NamespacedName // Application instance -> key
	// seekers are the Applications that seek orphans, by namespace.
	seekers map[string]map[types.NamespacedName]struct{}
	kube    string // the cluster's version
	ready   chan struct{}
	anew    claim.Anew
}

// New makes a Controller; Run starts it.
func New(o Options) *Controller {
	if o.Workers == 0 {
		o.Workers = defaultWorkers
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rules == nil {
		o.Rules = func() *health.Rules { return nil }
	}
	c := &Controller{
		o: o, claims: claim.NewSet(),
		queue:  workqueue.NewTypedDelayingQueue[types.NamespacedName](),
		states: map[types.NamespacedName]*appState{}, byName: map[string]types.NamespacedName{},
		windowSets: map[string]windowSet{}, seekers: map[string]map[types.NamespacedName]struct{}{},
		ready: make(chan struct{}),
	}
	installation := func() string { return o.Settings().InstallationID }
	hasRule := func(gk schema.GroupKind) bool { return o.Rules().HasRule(gk) }
	j := &claim.Judge{Claims: c.claims, Rules: o.Rules, Installation: installation, Now: o.Now}
	c.cluster = cluster.New(cluster.Options{
		Conn: o.Conn, Judge: j.Verdict, Wants: j.Wants, Observer: observer{c}, Full: hasRule, Installation: installation,
		Excluded: func(gk schema.GroupKind) bool { return rendering.Excluded(o.Settings(), gk) },
		Log:      o.Log,
	})
	c.anew = claim.Anew{Cluster: c.cluster, Rules: o.Rules}
	c.poller = repository.New(repository.Options{
		Store: o.Store, Changed: c.wakeInstance, Log: o.Log,
		Interval: func() time.Duration { return o.Settings().ReconciliationTimeout },
		Jitter:   func() time.Duration { return o.Settings().ReconciliationJitter },
	})
	c.store = appstore.New(appstore.Options{
		Conn: o.Conn, Namespace: o.Namespace, AppChanged: c.appChanged, ProjectChanged: c.wakeProject, Log: o.Log,
	})
	c.kinds, c.project = c.cluster.Kinds, c.store.Project
	c.maker = &rendering.Maker{
		Cache: o.Cache, Metrics: o.Metrics,
		Kinds: c.kinds, KubeVersion: func() string { return c.kube },
	}
	c.checker = integrity.New(integrity.Options{Objects: o.Objects, Log: o.Log, Now: o.Now})
	c.comparer = &comparison.Comparer{Cluster: c.cluster, Claims: c.claims}
	c.orphans = &orphan.Finder{Cluster: c.cluster, Claims: c.claims, App: c.store.App, Namespace: o.Namespace}
	c.engine = operation.Engine{
		Comparer: c.comparer, Applier: &apply.Applier{Conn: o.Conn}, Alive: c.alive, Child: c.child, HasRule: hasRule, Now: o.Now,
		Ledger: ledger.New(ledger.Options{Conn: o.Conn, Namespace: o.Namespace, Now: o.Now}),
	}
	return c
}

// Inspector answers questions about the Applications.
func (c *Controller) Inspector() *inspect.Inspector {
	return &inspect.Inspector{
		Store: c.store, Cluster: c.cluster, Claims: c.claims, Orphans: c.orphans, Longer: c.longer, Namespace: c.o.Namespace,
		Sensitive: func() []string { return c.o.Settings().SensitiveAnnotations },
	}
}

// Pushed looks for what a push has brought; see repository.Poller.
func (c *Controller) Pushed(p repository.Push) int { return c.poller.Pushed(p) }

// Ready is closed when the Applications were read and the cluster answered once.
func (c *Controller) Ready() <-chan struct{} { return c.ready }

// Run works until ctx ends; then all its goroutines have ended.
func (c *Controller) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { c.poller.Run(ctx) })
	wg.Go(func() { c.store.Run(ctx) })
	if c.store.Synced(ctx) == nil {
		c.readInUse()
		c.anew.Judge()
		wg.Go(func() { c.cluster.Run(ctx) })
	}
	if err := c.prepare(ctx); err != nil {
		return err
	}
	for range c.o.Workers {
		wg.Go(func() { c.work(ctx) })
	}
	<-ctx.Done()
	c.queue.ShutDown()
	return nil
}

// readInUse has the kinds that Applications have objects of read in full from the
// start, instead of twice.
func (c *Controller) readInUse() {
	for _, app := range c.store.Apps() {
		for _, s := range app.Status.Resources {
			c.cluster.ReadFull(schema.GroupKind{Group: s.Group, Kind: s.Kind})
		}
	}
}

// prepare waits for the first answers and sees to the default project.
func (c *Controller) prepare(ctx context.Context) error {
	for wait := time.Second; ; wait = min(2*wait, maxPause) {
		version, err := c.o.Conn.ServerVersion(ctx)
		if err == nil {
			err = c.ensureDefaultProject(ctx)
		}
		if err == nil {
			c.kube = version
			close(c.ready)
			return nil
		}
		c.o.Log.WarnContext(ctx, "the cluster does not answer", "err", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

const maxPause = 10 * time.Second

func (c *Controller) work(ctx context.Context) {
	for {
		key, stop := c.queue.Get()
		if stop {
			return
		}
		c.one(ctx, key)
	}
}

// one makes one pass; a panic in it is that Application's problem only.
func (c *Controller) one(ctx context.Context, key types.NamespacedName) {
	defer c.queue.Done(key)
	defer func() {
		if p := recover(); p != nil {
			c.o.Log.ErrorContext(ctx, "a pass panicked", "app", key.String(), "panic", p, "stack", stack())
			c.queue.AddAfter(key, maxPause)
		}
	}()
	if wake := c.reconcile(ctx, key); wake > 0 && ctx.Err() == nil {
		c.queue.AddAfter(key, wake)
	}
}

// wakeInstance makes a pass of an Application by its name in tracking ids.
func (c *Controller) wakeInstance(instance string) {
	c.mu.Lock()
	key, ok := c.byName[instance]
	c.mu.Unlock()
	if ok {
		c.queue.Add(key)
	}
}

// wakeProject makes a pass of every Application of a project.
func (c *Controller) wakeProject(project string) {
	for _, app := range c.store.Apps() {
		if rendering.ProjectOf(app) == project {
			c.queue.Add(types.NamespacedName{Namespace: app.Namespace, Name: app.Name})
		}
	}
}

// SettingsChanged judges anew the objects of kinds with other rules for health, and
// makes a pass of every Application.
func (c *Controller) SettingsChanged() {
	c.anew.Judge()
	for _, app := range c.store.Apps() {
		c.queue.Add(types.NamespacedName{Namespace: app.Namespace, Name: app.Name})
	}
}

// observer turns changes in the cluster into passes.
type observer struct{ c *Controller }

func (o observer) ObjectChanged(before, after *cluster.Record) {
	r := after
	if r == nil {
		r = before
	}
	changed := before == nil || after == nil || matters(before, after)
	apps := o.c.cluster.AppsOf(r)
	if len(apps) == 0 || before != nil && before.App != r.App {
		o.loose(before, after)
	}
	for _, instance := range apps {
		o.c.mu.Lock()
		key, ok := o.c.byName[instance]
		unwell := ok && o.c.states[key].explained
		o.c.mu.Unlock()
		if !ok {
			continue
		}
		o.c.o.View.TreeChanged(key.Namespace, key.Name)
		if changed && (instance == r.App || sums(before, after)) || unwell && why.Changes(before, after) {
			o.c.queue.Add(key)
		}
	}
	if !changed {
		return
	}
	if before != nil && before.App != r.App {
		o.c.wakeInstance(before.App)
	}
	// An object may be claimed by Applications that do not track it: not yet, or not
	// any more.
	for _, instance := range o.c.claims.Rivals(r.Key, r.App) {
		o.c.wakeInstance(instance)
	}
}

// matters says whether a change can change an Application's status.
func matters(a, b *cluster.Record) bool {
	x, y := &a.Verdict, &b.Verdict
	return a.UID != b.UID || a.App != b.App || a.Deleting != b.Deleting || a.Hints != b.Hints ||
		sums(a, b) || x.Health != y.Health || x.Message != y.Message || x.Sync != y.Sync || x.Desired != y.Desired || x.Confirmed != y.Confirmed ||
		x.Unruled != y.Unruled || len(x.Drift) != len(y.Drift) || len(x.Images) != len(y.Images) || why.Changes(a, b)
}

func (o observer) KindChanged(gk schema.GroupKind) {
	o.c.mu.Lock()
	defer o.c.mu.Unlock()
	for key, s := range o.c.states {
		if s.uses(gk) {
			o.c.queue.Add(key)
		}
	}
	for _, keys := range o.c.seekers {
		for key := range keys {
			o.c.queue.Add(key)
		}
	}
}
